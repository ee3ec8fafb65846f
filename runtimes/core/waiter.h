/* waiter.h - a thing that waits: the other type on which channels, green and
 * stackless meet. It stands in a channel's queue for a thread, a green thread
 * or a task, and makes one channel algorithm serve all three.
 *
 *            winner: 0 (open) --CAS--> which+1 (this case won)
 *
 * Sender, receiver, close, deadline and cancellation all claim by
 * compare-and-swap on *winner; whoever wins, alone, completes the operation and
 * calls wake once, after unlocking. A select shares one winner among its cases.
 * After wake the claimer must not touch the waiter: its frame may be gone. A
 * waiter that gives up unlinks itself (core_chan_cancel) before its frame goes. */
#ifndef CORE_WAITER_H
#define CORE_WAITER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct waiter waiter;
struct core_chan;

struct waiter {
    waiter *next, *prev; /* queue links, guarded by the channel's lock */
    struct core_chan *channel;
    void *element;            /* send: read from here; receive: written here */
    _Atomic uint32_t *winner; /* 0 open, else the winning case + 1. NULL: nobody but this channel can end the wait */
    uint32_t which;           /* this waiter's case in its select; 0 alone */
    int status;               /* written by the claimer before wake: 0 done, -EPIPE closed */
    void (*wake)(waiter *);   /* makes the owner runnable */
    void *owner;              /* parker, green thread or task: wake's business */
};

/* True when this call decided the wait. acq_rel pairs with every other claim of the same winner. alone: nobody else can
 * claim at the same time. */
static inline int waiter_claim(waiter *w, bool alone)
{
    uint32_t open = 0;
    if (w->winner && alone && atomic_load_explicit(w->winner, memory_order_relaxed) != 0)
        return 0;
    if (w->winner && alone)
        atomic_store_explicit(w->winner, w->which + 1, memory_order_relaxed);
    return !w->winner || alone ||
           atomic_compare_exchange_strong_explicit(w->winner, &open, w->which + 1, memory_order_acq_rel,
                                                   memory_order_acquire);
}

#endif
