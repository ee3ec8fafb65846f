/* lane.h - a bounded queue without a lock, for OS threads: one sender and one receiver, or many. Elements are copied.
 *
 *   many (after Vyukov's bounded queue): each slot has a stamp, which says for which position it is free or full:
 *     2p: free for position p    2p+1: holds position p's element    2(p + capacity): taken, free for the next lap
 *     A sender claims a position by compare-and-swap of tail, writes, and publishes by the stamp; a receiver likewise.
 *   one to one: tail is the sender's and head the receiver's; each remembers what it last saw of the other.
 *
 * Waiting: whoever finds it full or empty looks for a while, lets others run, and sleeps on an event. The event counts
 * who is about to sleep; who publishes looks at that count. One of the two sees the other:
 *     sleeper: count up, then look at head and tail         publisher: head or tail changes, then look at the count
 * With many, the compare-and-swap orders the publisher's two steps; one to one, barrier.h does. */
#ifndef CORE_LANE_H
#define CORE_LANE_H

#include <errno.h>
#include <stdalign.h>

#include "barrier.h"
#include "copy.h"
#include "fw.h"
#include "park.h"

enum {
    LANE_AHEAD = 8, /* slots to fetch early: their lines are with the other side's CPU. One to one with much room, 16 */
    LANE_BACK_NS = 2000,  /* for who loses a position */
    LANE_GATHER_NS = 700, /* one to one: some thirty messages come in it */
};

typedef struct lane_event {
    alignas(FW_PAD) _Atomic uint32_t epoch; /* what they sleep on */
    _Atomic uint32_t sleepers;              /* that nobody has woken; may be too many, never too few */
} lane_event;

typedef struct lane {
    size_t elem_bytes, slot_bytes, capacity, mask;
    size_t ahead; /* one to one: slots to fetch early */
    size_t few;   /* one to one: fewer messages at once are not worth a look; 0 with little room */
    bool many;
    unsigned char *slots;
    alignas(FW_PAD) _Atomic size_t tail; /* position * 2 + closed; senders */
    size_t head_seen;                    /* one to one: the sender's */
    alignas(FW_PAD) _Atomic size_t head; /* position; receivers */
    size_t tail_seen, found;             /* one to one: the receiver's; found: how many when it last looked */
    lane_event items, room;              /* receivers and senders sleep here */
} lane;

/* capacity: a power of two. one to one: one thread sends, one receives, at a time; it is closed when none sends. 0,
 * -EINVAL or -ENOMEM. */
int lane_create(lane **out, size_t elem_bytes, size_t capacity, bool many);
void lane_destroy(lane *l);
int lane_close(lane *l); /* wakes everybody; 0, or -EPIPE when it was closed before */
size_t lane_depth(const lane *l);

/* Block until deadline_ns (0: not at all). 0, -EPIPE (send: closed; receive: closed and drained), -EAGAIN, -ETIMEDOUT.
 */
int lane_send_slowly(lane *l, const void *elem, uint64_t deadline_ns);
int lane_recv_slowly(lane *l, void *elem, uint64_t deadline_ns);
void lane_rouse(lane_event *e);

/* After a publication. Sequentially consistent: pairs with the count in lane.c, sleep. */
static inline void lane_notify(const lane *l, lane_event *e)
{
    if (!l->many)
        core_barrier_light();
    if (atomic_load(&e->sleepers))
        lane_rouse(e);
}

static inline _Atomic size_t *lane_stamp(lane *l, size_t position)
{
    return (_Atomic size_t *)(void *)(l->slots + (position & l->mask) * l->slot_bytes);
}

static inline int lane_send_many(lane *l, const void *elem)
{
    for (;; core_stand_back(LANE_BACK_NS)) {
        size_t tail = atomic_load_explicit(&l->tail, memory_order_relaxed), at = tail / 2;
        _Atomic size_t *stamp = lane_stamp(l, at);
        ptrdiff_t ahead = (ptrdiff_t)(atomic_load_explicit(stamp, memory_order_acquire) - 2 * at); /* with receivers */
        if (tail & 1)
            return -EPIPE;
        if (ahead < 0)
            return -EAGAIN;
        /* else somebody else has the position. seq_cst: before the look at the count */
        if (ahead == 0 && atomic_compare_exchange_strong(&l->tail, &tail, tail + 2)) {
            __builtin_prefetch(lane_stamp(l, at + LANE_AHEAD), 1);
            copy_element(stamp + 1, elem, l->elem_bytes);
            atomic_store_explicit(stamp, 2 * at + 1, memory_order_release); /* with lane_recv_many */
            lane_notify(l, &l->items);
            return 0;
        }
    }
}

static inline int lane_recv_many(lane *l, void *elem)
{
    for (;; core_stand_back(LANE_BACK_NS)) {
        size_t at = atomic_load_explicit(&l->head, memory_order_relaxed);
        _Atomic size_t *stamp = lane_stamp(l, at);
        ptrdiff_t ahead = (ptrdiff_t)(atomic_load_explicit(stamp, memory_order_acquire) - (2 * at + 1)); /* senders */
        if (ahead < 0) {
            size_t tail = atomic_load(&l->tail);
            return tail == 2 * at + 1 ? -EPIPE : -EAGAIN;
        }
        if (ahead == 0 && atomic_compare_exchange_strong(&l->head, &at, at + 1)) { /* as in lane_send_many */
            __builtin_prefetch(lane_stamp(l, at + LANE_AHEAD), 1);
            copy_element(elem, stamp + 1, l->elem_bytes);
            atomic_store_explicit(stamp, 2 * (at + l->capacity), memory_order_release); /* with lane_send_many */
            lane_notify(l, &l->room);
            return 0;
        }
    }
}

static inline int lane_send_one(lane *l, const void *elem)
{
    size_t tail = atomic_load_explicit(&l->tail, memory_order_relaxed), at = tail / 2; /* ours */
    if (tail & 1)
        return -EPIPE;
    if (at - l->head_seen == l->capacity) {
        l->head_seen = atomic_load_explicit(&l->head, memory_order_acquire); /* with lane_recv_one: the slot is free */
        if (at - l->head_seen == l->capacity)
            return -EAGAIN;
    }
    __builtin_prefetch(lane_stamp(l, at + l->ahead), 1);
    copy_element(l->slots + (at & l->mask) * l->slot_bytes, elem, l->elem_bytes);
    atomic_store_explicit(&l->tail, tail + 2, memory_order_release); /* with lane_recv_one */
    lane_notify(l, &l->items);
    return 0;
}

static inline int lane_recv_one(lane *l, void *elem)
{
    size_t at = atomic_load_explicit(&l->head, memory_order_relaxed); /* ours */
    if (at == l->tail_seen / 2) {
        /* Each look takes tail's line away from the sender. Close behind a sender that is as fast it would look for
         * each handful and stay there for good, so it lets the distance grow. One at a time is a conversation: no
         * delay. */
        if (l->found > 1 && l->found < l->few)
            core_stand_back(LANE_GATHER_NS);
        l->tail_seen =
            atomic_load_explicit(&l->tail, memory_order_acquire); /* with lane_send_one: the element is there */
        l->found = l->tail_seen / 2 - at;
        if (at == l->tail_seen / 2)
            return l->tail_seen & 1 ? -EPIPE : -EAGAIN;
    }
    __builtin_prefetch(lane_stamp(l, at + l->ahead), 0);
    copy_element(elem, l->slots + (at & l->mask) * l->slot_bytes, l->elem_bytes);
    atomic_store_explicit(&l->head, at + 1, memory_order_release); /* with lane_send_one */
    lane_notify(l, &l->room);
    return 0;
}

static inline int lane_send(lane *l, const void *elem, uint64_t deadline_ns)
{
    int err = l->many ? lane_send_many(l, elem) : lane_send_one(l, elem);
    return err == -EAGAIN && deadline_ns ? lane_send_slowly(l, elem, deadline_ns) : err;
}

static inline int lane_recv(lane *l, void *elem, uint64_t deadline_ns)
{
    int err = l->many ? lane_recv_many(l, elem) : lane_recv_one(l, elem);
    return err == -EAGAIN && deadline_ns ? lane_recv_slowly(l, elem, deadline_ns) : err;
}

#endif
