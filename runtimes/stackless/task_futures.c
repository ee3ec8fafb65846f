/* task_futures.c - sleep and channel futures. Whoever will wake a task (a waiter, a timer) holds a reference to it and
 * touches the future a last time before it wakes: `fired`, `woken` or `spent`. */
#include "task.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "core/chan.h"
#include "core/park.h"

#define TIMED_OUT UINT32_MAX

/* ---- sleep -------------------------------------------------------------- */

static void end_sleep(core_timer *timer, worker *w)
{
    task_sleep_fut *s = timer->owner;
    task *t = s->task;

    (void)w;
    atomic_store_explicit(&s->fired, 1, memory_order_release); /* pairs with poll_sleep and drop; s may be gone */
    task_wake_and_release(t);
}

static task_poll poll_sleep(future *f, task_cx *cx)
{
    task_sleep_fut *s = (task_sleep_fut *)f;

    if (f->pc == 1 && atomic_load_explicit(&s->fired, memory_order_acquire)) /* pairs with end_sleep */
        return TASK_READY;
    if (f->pc == 1 && s->task != cx->task) /* another task polls now: the timer must wake that one */
        task_sleep_drop(s);
    if (f->pc == 1)
        return TASK_PENDING;
    if (fw_now_ns() >= s->deadline_ns)
        return TASK_READY;
    s->task = cx->task;
    atomic_store_explicit(&s->fired, 0, memory_order_relaxed); /* published with the timer */
    s->timer = (core_timer){.deadline_ns = s->deadline_ns, .fire = end_sleep, .owner = s};
    task_add_reference(cx->task);
    f->pc = 1;
    core_timer_arm(cx->worker, &s->timer);
    return TASK_PENDING;
}

void task_sleep_until(task_sleep_fut *s, uint64_t deadline_ns)
{
    future_init(&s->fut, poll_sleep);
    s->deadline_ns = deadline_ns;
}

void task_sleep_drop(task_sleep_fut *s)
{
    if (s->fut.pc != 1)
        return;
    s->fut.pc = 0;
    if (core_timer_cancel(&s->timer))
        task_release(s->task);
    else
        while (!atomic_load_explicit(&s->fired, memory_order_acquire)) /* end_sleep is at it: a few instructions */
            core_yield();
}

/* ---- channels ----------------------------------------------------------- */

int task_chan_create(task_chan **out, size_t elem_bytes, size_t capacity)
{
    return core_chan_create(out, elem_bytes, capacity);
}

void task_chan_destroy(task_chan *c)
{
    core_chan_destroy(c);
}

int task_chan_close(task_chan *c)
{
    return core_chan_close(c);
}

/* The channel has decided the wait. */
static void wake_waiter(waiter *w)
{
    task_chan_fut *f = (task_chan_fut *)((unsigned char *)w - offsetof(task_chan_fut, waiter));
    task *t = w->owner;

    atomic_store_explicit(&f->woken, 1, memory_order_release); /* pairs with poll_chan and drop; f may be gone */
    task_wake_and_release(t);
}

static void expire(core_timer *timer, worker *w)
{
    task_chan_fut *f = timer->owner;
    task *t = f->task;
    uint32_t open = 0;

    (void)w;
    if (atomic_compare_exchange_strong_explicit(&f->winner, &open, TIMED_OUT, memory_order_acq_rel,
                                                memory_order_acquire)) {
        atomic_store_explicit(&f->woken, 1, memory_order_release); /* as above */
        task_wake(t);
    } else {
        atomic_store_explicit(&f->spent, 1, memory_order_release); /* pairs with timer_gone; f may be gone */
    }
    task_release(t);
}

/* Queues f's waiter if the operation can't go on: -EINPROGRESS, with the channel held. */
static int operate(task_chan_fut *f, const worker *by)
{
    return f->send ? core_chan_send_held(f->channel, f->element, &f->waiter, by->slot, by->alone)
                   : core_chan_recv_held(f->channel, f->element, &f->waiter, by->slot, by->alone);
}

/* The waiter is queued and nobody has seen it yet: says whom it wakes, and when it gives up. */
static void enlist(task_chan_fut *f, task_cx *cx)
{
    f->task = cx->task;
    atomic_store_explicit(&f->winner, 0, memory_order_relaxed); /* these are published by the channel's lock */
    atomic_store_explicit(&f->woken, 0, memory_order_relaxed);
    f->waiter.winner = &f->winner;
    f->waiter.which = 0;
    f->waiter.wake = wake_waiter;
    f->waiter.owner = cx->task;
    task_add_reference(cx->task);
    f->fut.pc = 1;
    if (f->deadline_ns == FW_FOREVER)
        return;
    atomic_store_explicit(&f->spent, 0, memory_order_relaxed);
    f->timer = (core_timer){.deadline_ns = f->deadline_ns, .fire = expire, .owner = f};
    task_add_reference(cx->task);
    core_timer_arm(cx->worker, &f->timer); /* if it fires at once, elsewhere, f stays: its task is polled here */
}

/* The timer was beaten: is it out of the way? */
static bool timer_gone(task_chan_fut *f)
{
    if (f->deadline_ns == FW_FOREVER || atomic_load_explicit(&f->spent, memory_order_acquire)) /* pairs with expire */
        return true;
    if (!core_timer_cancel(&f->timer))
        return false;
    task_release(f->task);
    atomic_store_explicit(&f->spent, 1, memory_order_relaxed); /* ours alone now */
    return true;
}

/* The winner has touched f for the last time: takes the result. The acquire pairs with its claim (waiter_claim,
 * expire). */
static void settle(task_chan_fut *f)
{
    if (atomic_load_explicit(&f->winner, memory_order_acquire) == TIMED_OUT) {
        core_chan_cancel(f->channel, &f->waiter);
        task_release(f->task); /* the waiter's */
        f->status = -ETIMEDOUT;
    } else {
        f->status = f->waiter.status;
    }
    f->fut.pc = UINT32_MAX;
}

/* The first poll, or the first by this task. */
static task_poll try_chan(task_chan_fut *f, task_cx *cx)
{
    if (!task_within_budget(cx))
        return TASK_PENDING;
    f->status = operate(f, cx->worker);
    if (f->status != -EINPROGRESS) {
        f->fut.pc = UINT32_MAX;
        return TASK_READY;
    }
    core_chan *channel = f->channel;
    enlist(f, cx);
    if (!cx->worker->alone)
        core_chan_release(channel, false); /* f may be done at once */
    return TASK_PENDING;
}

/* As poll_chan, where there is a deadline or another task has polled. Not in line: the others need no registers for it.
 */
static __attribute__((noinline)) task_poll poll_chan_further(task_chan_fut *f, task_cx *cx)
{
    if (f->fut.pc == UINT32_MAX)
        task_bad_state(f->send ? "task_send" : "task_recv", f->fut.pc);
    if (f->task != cx->task) /* it must be woken */
        return task_chan_drop(f) ? TASK_READY : try_chan(f, cx);
    if (!atomic_load_explicit(&f->woken, memory_order_acquire)) /* pairs with wake_waiter and expire */
        return TASK_PENDING;
    if (atomic_load_explicit(&f->winner, memory_order_acquire) != TIMED_OUT && !timer_gone(f)) {
        task_wake(cx->task); /* the timer is firing: look again */
        return TASK_PENDING;
    }
    settle(f);
    return TASK_READY;
}

static task_poll poll_chan(future *fut, task_cx *cx)
{
    task_chan_fut *f = (task_chan_fut *)fut;

    if (fut->pc == 0)
        return try_chan(f, cx);
    if (fut->pc != 1 || f->task != cx->task || f->deadline_ns != FW_FOREVER)
        return poll_chan_further(f, cx);
    if (!atomic_load_explicit(&f->woken, memory_order_acquire)) /* pairs with wake_waiter */
        return TASK_PENDING;
    f->status = f->waiter.status;
    fut->pc = UINT32_MAX;
    return TASK_READY;
}

bool task_chan_drop(task_chan_fut *f)
{
    uint32_t open = 0;

    if (f->fut.pc != 1)
        return f->fut.pc == UINT32_MAX;
    /* Claimed by us (pairs with waiter_claim's and expire's), nobody else completes it: the waiter can be unlinked and
     * the timer is beaten. */
    if (atomic_compare_exchange_strong_explicit(&f->winner, &open, 2, memory_order_acq_rel, memory_order_acquire)) {
        core_chan_cancel(f->channel, &f->waiter);
        task_release(f->task);
        while (!timer_gone(f))
            core_yield();
        f->fut.pc = 0;
        return false;
    }
    while (!atomic_load_explicit(&f->woken, memory_order_acquire)) /* wake_waiter or expire is at it */
        core_yield();
    while (atomic_load_explicit(&f->winner, memory_order_acquire) != TIMED_OUT && !timer_gone(f))
        core_yield();
    settle(f);
    return true;
}

static void init(task_chan_fut *f, task_chan *c, void *elem, bool send, uint64_t deadline_ns)
{
    future_init(&f->fut, poll_chan);
    f->channel = c;
    f->element = elem;
    f->send = send;
    f->deadline_ns = deadline_ns;
}

void task_send(task_send_fut *f, task_chan *c, const void *elem)
{
    init(f, c, (void *)(uintptr_t)elem, true, FW_FOREVER);
}

void task_recv(task_recv_fut *f, task_chan *c, void *elem)
{
    init(f, c, elem, false, FW_FOREVER);
}

void task_send_until(task_send_fut *f, task_chan *c, const void *elem, uint64_t deadline_ns)
{
    init(f, c, (void *)(uintptr_t)elem, true, deadline_ns);
}

void task_recv_until(task_recv_fut *f, task_chan *c, void *elem, uint64_t deadline_ns)
{
    init(f, c, elem, false, deadline_ns);
}

int task_try_send(task_cx *cx, task_chan *c, const void *elem)
{
    return core_chan_send(c, elem, NULL, cx->worker->slot, cx->worker->alone);
}

int task_try_recv(task_cx *cx, task_chan *c, void *elem)
{
    return core_chan_recv(c, elem, NULL, cx->worker->slot, cx->worker->alone);
}
