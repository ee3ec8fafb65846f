/* green_chan.c - channels for green threads: the channel core, with a green thread as
 * the waiter. Who has to wait leaves with the channel locked, and the worker releases it after the switch: by then its
 * stack is at rest, and whoever wakes it may run it at once. */
#include "sched.h"

#include <errno.h>
#include <stdlib.h>

#include "core/chan.h"

int green_chan_create(green_chan **out, size_t elem_bytes, size_t capacity)
{
    return core_chan_create(out, elem_bytes, capacity);
}

void green_chan_destroy(green_chan *c)
{
    core_chan_destroy(c);
}

int green_chan_close(green_chan *c)
{
    return core_chan_close(c);
}

/* One operation that waits; on its green thread's stack. */
typedef struct operation {
    core_chan *channel;
    green *self; /* its waiter stands in the channel */
    uint64_t deadline_ns;
    _Atomic uint32_t winner; /* with a deadline only. 1: done or closed; TIMED_OUT: the timer's */
    core_timer timer;
    _Atomic bool fired; /* the timer's last touch of this frame */
} operation;

#define TIMED_OUT UINT32_MAX

static void wake_green(waiter *w)
{
    green_make_runnable(w->owner);
}

static void expire(core_timer *t, worker *w)
{
    operation *o = t->owner;
    green *g = o->self;
    uint32_t open = 0;

    (void)w;
    bool won = atomic_compare_exchange_strong_explicit(&o->winner, &open, TIMED_OUT, memory_order_acq_rel,
                                                       memory_order_acquire);
    atomic_store_explicit(&o->fired, true, memory_order_release); /* pairs with finish's acquire; o may be gone */
    if (won)
        green_make_runnable(g);
}

static bool commit_wait(green *self, void *arg)
{
    operation *o = arg;
    core_chan *channel = o->channel;
    worker *here = worker_here();

    (void)self;
    if (o->deadline_ns != FW_FOREVER) /* if it fires at once, elsewhere, o stays until the channel is released */
        core_timer_arm(here, &o->timer);
    core_chan_release(channel, here->alone); /* o is no longer ours */
    return true;
}

static int finish(operation *o)
{
    if (o->deadline_ns == FW_FOREVER)
        return o->self->waiter.status;
    if (!core_timer_cancel(&o->timer)) /* fired, and winner: pair with expire */
        while (!atomic_load_explicit(&o->fired, memory_order_acquire))
            green_yield();
    if (atomic_load_explicit(&o->winner, memory_order_acquire) != TIMED_OUT)
        return o->self->waiter.status;
    core_chan_cancel(o->channel, &o->self->waiter);
    return -ETIMEDOUT;
}

/* deadline 0: -EAGAIN instead of waiting. */
static int operate(green_chan *c, void *elem, bool send, uint64_t deadline_ns)
{
    worker *here = worker_here();
    green *self = here->current;
    waiter *w = NULL;
    operation o;

    o.channel = c;
    o.self = self;
    o.deadline_ns = deadline_ns;
    if (deadline_ns) {
        w = &self->waiter;
        *w = (waiter){.wake = wake_green, .owner = self};
    }
    if (w && deadline_ns != FW_FOREVER) {
        w->winner = &o.winner;
        atomic_init(&o.winner, 0);
        atomic_init(&o.fired, false);
        o.timer = (core_timer){.deadline_ns = deadline_ns, .fire = expire, .owner = &o};
    }
    int err = send ? core_chan_send_held(c, elem, w, here->slot, here->alone)
                   : core_chan_recv_held(c, elem, w, here->slot, here->alone);
    if (err != -EINPROGRESS)
        return err;
    green_park(commit_wait, &o);
    return finish(&o);
}

int green_send(green_chan *c, const void *elem)
{
    return operate(c, (void *)elem, true, FW_FOREVER);
}

int green_send_until(green_chan *c, const void *elem, uint64_t deadline_ns)
{
    return operate(c, (void *)elem, true, deadline_ns ? deadline_ns : 1);
}

int green_try_send(green_chan *c, const void *elem)
{
    return operate(c, (void *)elem, true, 0);
}

int green_recv(green_chan *c, void *elem)
{
    return operate(c, elem, false, FW_FOREVER);
}

int green_recv_until(green_chan *c, void *elem, uint64_t deadline_ns)
{
    return operate(c, elem, false, deadline_ns ? deadline_ns : 1);
}

int green_try_recv(green_chan *c, void *elem)
{
    return operate(c, elem, false, 0);
}
