/* task_io.c - futures that wait for a descriptor, or for a call that really blocks. As in task_futures.c, whoever will
 * wake a task holds a reference to it and touches the future a last time before it wakes. */
#include "task.h"

#include <errno.h>
#include <stddef.h>

#include "core/park.h"

int task_io_open(task_cx *cx, task_io **out, int fd)
{
    return core_io_open(cx->worker->pool, out, fd);
}

void task_io_close(task_io *io)
{
    core_io_close(io);
}

/* ---- what is tried -------------------------------------------------------- */

static int64_t try_read(task_io_fut *f, fw_slot *slot)
{
    return core_io_read(f->io, f->buffer, f->bytes, slot);
}

/* Waits once, or not at all where something has come meanwhile. */
static int64_t try_nothing(task_io_fut *f, fw_slot *slot)
{
    (void)slot;
    return f->written++ ? 0 : -EAGAIN;
}

static int64_t try_write(task_io_fut *f, fw_slot *slot)
{
    while (f->written < f->bytes) {
        int64_t put = core_io_write(f->io, (const char *)f->buffer + f->written, f->bytes - f->written, slot);
        if (put < 0)
            return put;
        f->written += (uint32_t)put;
    }
    return (int64_t)f->bytes;
}

static int64_t try_accept(task_io_fut *f, fw_slot *slot)
{
    return core_io_accept(f->io, slot);
}

static int64_t try_connect(task_io_fut *f, fw_slot *slot)
{
    return core_io_connect(f->io, f->buffer, (socklen_t)f->bytes, slot);
}

/* ---- waiting -------------------------------------------------------------- */

static void wake_task(core_io_wait *w)
{
    task_io_fut *f = w->owner;
    task *t = f->task;

    atomic_store_explicit(&f->woken, 1, memory_order_release); /* pairs with poll_io and drop; f may be gone */
    task_wake_and_release(t);
}

static core_io_side side_of(const task_io_fut *f)
{
    return f->call == try_write || f->call == try_connect ? CORE_IO_WRITE : CORE_IO_READ;
}

/* 0: try again; -EINPROGRESS: the task will be woken. */
static int enlist(task_io_fut *f, task_cx *cx)
{
    f->task = cx->task;
    f->wait = (core_io_wait){.wake = wake_task, .owner = f};
    atomic_store_explicit(&f->woken, 0, memory_order_relaxed); /* published with the wait */
    f->fut.pc = 1;
    task_add_reference(cx->task);
    int err = core_io_wait_for(f->io, side_of(f), &f->wait, f->deadline_ns, cx->worker);
    if (err == -EINPROGRESS)
        return err;
    f->fut.pc = 0;
    task_release(cx->task);
    return err;
}

static task_poll finish(task_io_fut *f, int64_t result)
{
    f->result = result;
    f->fut.pc = UINT32_MAX;
    return TASK_READY;
}

static task_poll poll_io(future *fut, task_cx *cx)
{
    task_io_fut *f = (task_io_fut *)fut;

    if (fut->pc == UINT32_MAX)
        task_bad_state("task_read, task_write, task_accept or task_connect", fut->pc);
    if (fut->pc == 1 && atomic_load_explicit(&f->woken, memory_order_acquire)) { /* pairs with wake_task */
        fut->pc = 0;
        if (f->wait.status)
            return finish(f, f->wait.status);
    }
    if (fut->pc == 1 && f->task == cx->task)
        return TASK_PENDING;
    if (fut->pc == 1) /* another task polls now: it must be woken */
        task_io_drop(f);
    if (!task_within_budget(cx))
        return TASK_PENDING;
    for (;;) {
        int64_t result = f->call(f, cx->worker->slot);
        if (result != -EAGAIN)
            return finish(f, result);
        int err = enlist(f, cx);
        if (err == -EINPROGRESS)
            return TASK_PENDING;
        if (err)
            return finish(f, err);
    }
}

void task_io_drop(task_io_fut *f)
{
    if (f->fut.pc != 1)
        return;
    f->fut.pc = 0;
    if (core_io_cancel(f->io, side_of(f), &f->wait))
        task_release(f->task);
    else
        while (!atomic_load_explicit(&f->woken, memory_order_acquire)) /* wake_task is at it: a few instructions */
            core_yield();
}

static void init(task_io_fut *f, int64_t (*call)(task_io_fut *, fw_slot *), task_io *io, const void *buffer,
                 size_t bytes, uint64_t deadline_ns)
{
    future_init(&f->fut, poll_io);
    f->io = io;
    f->call = call;
    f->buffer = (void *)(uintptr_t)buffer;
    f->bytes = bytes;
    f->deadline_ns = deadline_ns;
    f->written = 0;
}

void task_read(task_io_fut *f, task_io *io, void *buffer, size_t bytes, uint64_t deadline_ns)
{
    init(f, try_read, io, buffer, bytes, deadline_ns);
}

void task_write(task_io_fut *f, task_io *io, const void *data, size_t bytes, uint64_t deadline_ns)
{
    init(f, try_write, io, data, bytes, deadline_ns);
}

void task_accept(task_io_fut *f, task_io *listener, uint64_t deadline_ns)
{
    init(f, try_accept, listener, NULL, 0, deadline_ns);
}

void task_connect(task_io_fut *f, task_io *io, const struct sockaddr *to, socklen_t bytes, uint64_t deadline_ns)
{
    init(f, try_connect, io, to, bytes, deadline_ns);
}

void task_readable(task_io_fut *f, task_io *io, uint64_t deadline_ns)
{
    init(f, try_nothing, io, NULL, 0, deadline_ns);
}

int64_t task_try_read(task_cx *cx, task_io *io, void *buffer, size_t bytes)
{
    return core_io_read(io, buffer, bytes, cx->worker->slot);
}

int64_t task_try_write(task_cx *cx, task_io *io, const void *data, size_t bytes)
{
    return core_io_write(io, data, bytes, cx->worker->slot);
}

/* ---- calls that really block ---------------------------------------------- */

static void end_call(job *j, worker *w)
{
    task_block_fut *f = (task_block_fut *)((unsigned char *)j - offsetof(task_block_fut, job));
    task *t = f->task;

    worker_uncount_turn(w);
    atomic_store_explicit(&f->over, 1, memory_order_release); /* pairs with poll_block; f may be gone */
    task_wake_and_release(t);
}

static task_poll poll_block(future *fut, task_cx *cx)
{
    task_block_fut *f = (task_block_fut *)fut;
    run *r = cx->task->run;
    blocking *calls;

    if (fut->pc == UINT32_MAX)
        task_bad_state("task_block", fut->pc);
    if (fut->pc == 0) {
        f->task = cx->task;
        f->job = (job){.run = end_call};
        f->call.then = &f->job;
        f->call.home = r->pinned ? (int)cx->worker->index : -1;
        atomic_store_explicit(&f->over, 0, memory_order_relaxed); /* published with the call */
        fut->pc = 1;
        task_add_reference(cx->task);
        if (pool_blocking(r->pool, &calls) == 0 && blocking_submit(calls, &f->call) == 0)
            return TASK_PENDING;
        task_release(cx->task);
        f->status = -EAGAIN;
    } else {
        FW_MUST(f->task == cx->task);
        if (!atomic_load_explicit(&f->over, memory_order_acquire)) /* pairs with end_call */
            return TASK_PENDING;
        f->status = 0;
    }
    fut->pc = UINT32_MAX;
    return TASK_READY;
}

void task_block(task_block_fut *f, void (*fn)(void *arg), void *arg)
{
    future_init(&f->fut, poll_block);
    f->call = (core_call){.fn = fn, .arg = arg};
}
