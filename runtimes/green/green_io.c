/* green_io.c - calls that wait for a descriptor, and calls that really block. Who has to wait is enlisted by the worker
 * after the switch: by then its stack is at rest, and whoever wakes it may run it at once. */
#include "sched.h"

#include <errno.h>

#include "core/blocking.h"
#include "core/netpoll.h"

int green_io_open(green_io **out, int fd)
{
    return core_io_open(worker_here()->pool, out, fd);
}

void green_io_close(green_io *io)
{
    core_io_close(io);
}

int green_io_fd(const green_io *io)
{
    return core_io_fd(io);
}

/* ---- descriptors ---------------------------------------------------------- */

typedef struct wait { /* on its green thread's stack */
    core_io_wait core;
    core_io *io;
    core_io_side side;
    uint64_t deadline_ns;
} wait;

/* Behind those that are runnable: many mostly come at once. */
static void wake_green(core_io_wait *w)
{
    green *g = w->owner;
    if (g->run->pinned)
        pool_push_to(g->run->pool, (unsigned)g->home, &g->job);
    else
        pool_push(g->run->pool, &g->job, false);
}

static bool commit_wait(green *self, void *arg)
{
    wait *w = arg;

    w->core.owner = self;
    int err = core_io_wait_for(w->io, w->side, &w->core, w->deadline_ns, worker_here());
    if (err == -EINPROGRESS)
        return true; /* w is no longer ours */
    w->core.status = err;
    return false;
}

/* 0: try again. */
static int wait_for(core_io *io, core_io_side side, uint64_t deadline_ns)
{
    wait w = {.core = {.wake = wake_green}, .io = io, .side = side, .deadline_ns = deadline_ns};

    green_park(commit_wait, &w);
    return w.core.status;
}

int green_readable(green_io *io, uint64_t deadline_ns)
{
    return wait_for(io, CORE_IO_READ, deadline_ns);
}

int64_t green_try_read(green_io *io, void *buffer, size_t bytes)
{
    return core_io_read(io, buffer, bytes, worker_here()->slot);
}

int64_t green_read(green_io *io, void *buffer, size_t bytes, uint64_t deadline_ns)
{
    for (;;) {
        int64_t got = core_io_read(io, buffer, bytes, worker_here()->slot);
        int err = got == -EAGAIN ? wait_for(io, CORE_IO_READ, deadline_ns) : 0;
        if (got != -EAGAIN || err)
            return err ? err : got;
    }
}

int64_t green_write(green_io *io, const void *data, size_t bytes, uint64_t deadline_ns)
{
    for (size_t done = 0; done < bytes;) {
        int64_t put = core_io_write(io, (const char *)data + done, bytes - done, worker_here()->slot);
        int err = put == -EAGAIN ? wait_for(io, CORE_IO_WRITE, deadline_ns) : put < 0 ? (int)put : 0;
        if (err)
            return err;
        done += put > 0 ? (size_t)put : 0;
    }
    return (int64_t)bytes;
}

int green_accept(green_io *listener, uint64_t deadline_ns)
{
    for (;;) {
        int fd = core_io_accept(listener, worker_here()->slot);
        int err = fd == -EAGAIN ? wait_for(listener, CORE_IO_READ, deadline_ns) : 0;
        if (fd != -EAGAIN || err)
            return err ? err : fd;
    }
}

int green_connect(green_io *io, const struct sockaddr *to, socklen_t bytes, uint64_t deadline_ns)
{
    for (;;) {
        int err = core_io_connect(io, to, bytes, worker_here()->slot);
        if (err != -EAGAIN || (err = wait_for(io, CORE_IO_WRITE, deadline_ns)))
            return err;
    }
}

/* ---- calls that really block ---------------------------------------------- */

static bool commit_call(green *self, void *arg)
{
    core_call *call = arg;
    blocking *b;

    call->then = &self->job;
    call->home = self->run->pinned ? self->home : -1;
    int err = pool_blocking(self->run->pool, &b);
    if (err || (err = blocking_submit(b, call))) {
        call->then = NULL; /* it was not made */
        return false;
    }
    return true;
}

int green_block(void (*fn)(void *arg), void *arg)
{
    core_call call = {.fn = fn, .arg = arg};

    green_park(commit_call, &call);
    return call.then ? 0 : -EAGAIN;
}
