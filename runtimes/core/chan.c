/* chan.c - see chan.h. The element goes straight from sender to receiver when one
 * of them waits; the ring holds elements only while no receiver waits, and
 * senders wait only while the ring is full.
 *
 *   ring:      [head ........ head+depth)   capacity slots of elem_bytes; unbounded: twice as many whenever it is full
 *   receivers: w <-> w <-> w                only while depth == 0
 *   senders:   w <-> w                      only while depth == capacity */
#include "chan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "copy.h"
#include "wordlock.h"

typedef struct waiters {
    waiter *first, *last;
} waiters;

struct core_chan {
    wordlock lock; /* guards all that follows but the two constants */
    size_t elem_bytes, capacity;
    size_t room; /* slots of the ring: the capacity, or what an unbounded channel has needed so far */
    size_t head;
    _Atomic size_t depth; /* relaxed: core_chan_depth looks at it without the lock */
    bool closed;
    waiters senders, receivers;
    unsigned char *ring;
};

int core_chan_create(core_chan **out, size_t elem_bytes, size_t capacity)
{
    enum { FIRST_ROOM = 64 };
    size_t room = capacity == FW_UNBOUNDED ? FIRST_ROOM : capacity;
    if (elem_bytes == 0 || (room && elem_bytes > SIZE_MAX / room))
        return -EINVAL;
    core_chan *c = calloc(1, sizeof *c);
    if (!c)
        return -ENOMEM;
    c->elem_bytes = elem_bytes;
    c->capacity = capacity;
    c->room = room;
    c->ring = malloc(room ? room * elem_bytes : 1);
    if (!c->ring) {
        free(c);
        return -ENOMEM;
    }
    *out = c;
    return 0;
}

void core_chan_destroy(core_chan *c)
{
    free(c->ring);
    free(c);
}

static size_t depth_of(const core_chan *c)
{
    return atomic_load_explicit(&c->depth, memory_order_relaxed);
}

static void set_depth(core_chan *c, size_t depth)
{
    atomic_store_explicit(&c->depth, depth, memory_order_relaxed);
}

static void lock(core_chan *c)
{
    wordlock_take(&c->lock);
}

static void unlock(core_chan *c)
{
    wordlock_release(&c->lock);
}

void core_chan_release(core_chan *c, bool alone)
{
    if (!alone)
        unlock(c);
}

static void append(waiters *q, waiter *w)
{
    w->next = NULL;
    w->prev = q->last;
    *(q->last ? &q->last->next : &q->first) = w;
    q->last = w;
}

static void unlink_waiter(waiters *q, waiter *w)
{
    *(w->prev ? &w->prev->next : &q->first) = w->next;
    *(w->next ? &w->next->prev : &q->last) = w->prev;
    w->next = w->prev = NULL;
    w->channel = NULL; /* stands nowhere now */
}

/* The same, of q's first, which has none before it: shorter, in every hand-off. */
static void unlink_first(waiters *q, waiter *w)
{
    q->first = w->next;
    if (w->next)
        w->next->prev = NULL;
    else
        q->last = NULL;
    w->next = NULL;
    w->channel = NULL;
}

/* The first waiter whose wait this call decides, unlinked; waiters decided elsewhere are unlinked on the way. */
static inline waiter *claim_first(waiters *q, bool alone)
{
    waiter *w;
    while ((w = q->first)) {
        unlink_first(q, w);
        if (waiter_claim(w, alone))
            return w;
    }
    return NULL;
}

static void enqueue(core_chan *c, waiters *q, waiter *w, void *element)
{
    w->channel = c;
    w->element = element;
    append(q, w);
}

/* Slot i of the ring, i < 2 * room. */
static size_t wrap(const core_chan *c, size_t i)
{
    return i < c->room ? i : i - c->room;
}

static void *slot_at(core_chan *c, size_t i)
{
    return c->ring + wrap(c, i) * c->elem_bytes;
}

/* An unbounded channel's ring is full: moves it into one twice as large, its first element first. */
static int grow(core_chan *c)
{
    size_t bytes = c->room * c->elem_bytes, before = c->head * c->elem_bytes;
    unsigned char *ring = malloc(2 * bytes);
    if (!ring)
        return -ENOMEM;
    memcpy(ring, c->ring + before, bytes - before);
    memcpy(ring + bytes - before, c->ring, before);
    free(c->ring);
    c->ring = ring;
    c->room *= 2;
    c->head = 0;
    return 0;
}

static void count_message(core_chan *c, fw_slot *slot)
{
    fw_count(slot, FW_MESSAGES, 1);
    fw_count(slot, FW_BYTES, c->elem_bytes);
}

/* The operations with c locked, in line in every message: 0, -EPIPE, -EAGAIN or -ENOMEM. *peer: whom to wake after
 * unlocking. */
static inline int send_locked(core_chan *c, const void *elem, waiter **peer, bool alone)
{
    if (c->closed)
        return -EPIPE;
    if ((*peer = claim_first(&c->receivers, alone))) {
        copy_element((*peer)->element, elem, c->elem_bytes);
        (*peer)->status = 0;
        return 0;
    }
    size_t depth = depth_of(c);
    if (depth == c->capacity)
        return -EAGAIN;
    if (depth == c->room && grow(c) != 0)
        return -ENOMEM;
    set_depth(c, depth + 1);
    copy_element(slot_at(c, c->head + depth), elem, c->elem_bytes);
    return 0;
}

static inline int recv_locked(core_chan *c, void *elem, waiter **peer, bool alone)
{
    size_t depth = depth_of(c);
    if (depth > 0) {
        set_depth(c, depth - 1);
        copy_element(elem, slot_at(c, c->head), c->elem_bytes);
        c->head = wrap(c, c->head + 1);
        if ((*peer = claim_first(&c->senders, alone))) { /* its element takes the free place, at the end */
            copy_element(slot_at(c, c->head + depth_of(c)), (*peer)->element, c->elem_bytes);
            set_depth(c, depth_of(c) + 1);
        }
    } else if ((*peer = claim_first(&c->senders, alone))) {
        copy_element(elem, (*peer)->element, c->elem_bytes);
    } else {
        return c->closed ? -EPIPE : -EAGAIN;
    }
    if (*peer)
        (*peer)->status = 0;
    return 0;
}

int core_chan_send_held(core_chan *c, const void *elem, waiter *w, fw_slot *slot, bool alone)
{
    waiter *receiver = NULL;

    if (!alone)
        lock(c);
    int result = send_locked(c, elem, &receiver, alone);
    if (result == -EAGAIN && w) {
        enqueue(c, &c->senders, w, (void *)(uintptr_t)elem);
        return -EINPROGRESS;
    }
    core_chan_release(c, alone);
    if (result == 0)
        count_message(c, slot);
    if (receiver)
        receiver->wake(receiver);
    return result;
}

int core_chan_recv_held(core_chan *c, void *elem, waiter *w, fw_slot *slot, bool alone)
{
    waiter *sender = NULL;

    if (!alone)
        lock(c);
    int result = recv_locked(c, elem, &sender, alone);
    if (result == -EAGAIN && w) {
        enqueue(c, &c->receivers, w, elem);
        return -EINPROGRESS;
    }
    core_chan_release(c, alone);
    if (sender) { /* it waited: its message is counted by who took it */
        count_message(c, slot);
        sender->wake(sender);
    }
    return result;
}

int core_chan_send(core_chan *c, const void *elem, waiter *w, fw_slot *slot, bool alone)
{
    int result = core_chan_send_held(c, elem, w, slot, alone);
    if (result == -EINPROGRESS)
        core_chan_release(c, alone);
    return result;
}

int core_chan_recv(core_chan *c, void *elem, waiter *w, fw_slot *slot, bool alone)
{
    int result = core_chan_recv_held(c, elem, w, slot, alone);
    if (result == -EINPROGRESS)
        core_chan_release(c, alone);
    return result;
}

/* ---- select ------------------------------------------------------------- */

/* The distinct channels of the cases by address. How many. */
static unsigned in_address_order(const core_case *cases, unsigned n, core_chan **channels)
{
    unsigned distinct = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned at = distinct;
        bool seen = false;
        for (unsigned k = 0; k < distinct; k++)
            seen |= channels[k] == cases[i].channel;
        if (seen)
            continue;
        for (; at > 0 && (uintptr_t)channels[at - 1] > (uintptr_t)cases[i].channel; at--)
            channels[at] = channels[at - 1];
        channels[at] = cases[i].channel;
        distinct++;
    }
    return distinct;
}

static void enqueue_all(core_case *cases, unsigned n, _Atomic uint32_t *winner, void (*wake)(waiter *), void *owner)
{
    for (unsigned i = 0; i < n; i++) {
        core_chan *c = cases[i].channel;
        cases[i].waiter = (waiter){.winner = winner, .which = i, .wake = wake, .owner = owner};
        enqueue(c, cases[i].send ? &c->senders : &c->receivers, &cases[i].waiter, cases[i].element);
    }
}

int core_chan_select(core_case *cases, unsigned n, const unsigned *order, _Atomic uint32_t *winner,
                     void (*wake)(waiter *), void *owner, fw_slot *slot)
{
    core_chan *channels[CORE_SELECT_MOST];
    waiter *peer = NULL;
    int chosen = -EAGAIN;

    FW_MUST(n <= CORE_SELECT_MOST);
    unsigned distinct = in_address_order(cases, n, channels);
    for (unsigned i = 0; i < distinct; i++)
        lock(channels[i]);
    for (unsigned k = 0; k < n && chosen < 0; k++) {
        core_case *c = &cases[order[k]];
        c->status = c->send ? send_locked(c->channel, c->element, &peer, false)
                            : recv_locked(c->channel, c->element, &peer, false);
        if (c->status != -EAGAIN)
            chosen = (int)order[k];
    }
    if (chosen < 0 && wake) {
        enqueue_all(cases, n, winner, wake, owner);
        chosen = -EINPROGRESS;
    }
    for (unsigned i = distinct; i-- > 0;)
        unlock(channels[i]);
    if (chosen >= 0 && (peer || (cases[chosen].send && cases[chosen].status == 0)))
        count_message(cases[chosen].channel, slot);
    if (peer)
        peer->wake(peer);
    return chosen;
}

bool core_chan_cancel(core_chan *c, waiter *w)
{
    lock(c);
    bool queued = w->channel == c;
    if (queued) {
        bool sends = false;
        for (waiter *at = c->senders.first; at && !sends; at = at->next)
            sends = at == w;
        unlink_waiter(sends ? &c->senders : &c->receivers, w);
    }
    unlock(c);
    return queued;
}

static waiter *claim_any(core_chan *c)
{
    waiter *w = claim_first(&c->receivers, false);
    return w ? w : claim_first(&c->senders, false);
}

int core_chan_close(core_chan *c)
{
    lock(c);
    bool closed_before = c->closed;
    c->closed = true;
    waiter *w = claim_any(c);
    unlock(c);
    while (w) { /* each is touched once: of a million, no cache holds the first until the last has been seen */
        lock(c);
        waiter *next = claim_any(c);               /* before the wake: with the last, the channel may go */
        __builtin_prefetch(c->receivers.first, 1); /* it comes while w is woken */
        unlock(c);
        w->status = -EPIPE;
        w->wake(w);
        w = next;
    }
    return closed_before ? -EPIPE : 0;
}

size_t core_chan_depth(const core_chan *c)
{
    return depth_of(c);
}
