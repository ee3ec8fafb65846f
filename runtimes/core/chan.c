/* chan.c - see chan.h. The element goes straight from sender to receiver when one
 * of them waits; the ring holds elements only while no receiver waits, and
 * senders wait only while the ring is full.
 *
 *   ring:      [head ........ head+depth)   capacity slots of elem_bytes
 *   receivers: w <-> w <-> w                only while depth == 0
 *   senders:   w <-> w                      only while depth == capacity */
#include "chan.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct waiters {
    waiter *first, *last;
} waiters;

struct core_chan {
    pthread_mutex_t lock; /* guards all that follows but the two constants */
    size_t elem_bytes, capacity;
    size_t head, depth;
    bool closed;
    waiters senders, receivers;
    unsigned char *ring;
};

int core_chan_create(core_chan **out, size_t elem_bytes, size_t capacity)
{
    if (elem_bytes == 0 || (capacity && elem_bytes > SIZE_MAX / capacity))
        return -EINVAL;
    core_chan *c = calloc(1, sizeof *c);
    if (!c)
        return -ENOMEM;
    c->elem_bytes = elem_bytes;
    c->capacity = capacity;
    c->ring = malloc(capacity ? capacity * elem_bytes : 1);
    if (!c->ring) {
        free(c);
        return -ENOMEM;
    }
    FW_MUST(pthread_mutex_init(&c->lock, NULL) == 0);
    *out = c;
    return 0;
}

void core_chan_destroy(core_chan *c)
{
    pthread_mutex_destroy(&c->lock);
    free(c->ring);
    free(c);
}

static void lock(core_chan *c)
{
    FW_MUST(pthread_mutex_lock(&c->lock) == 0);
}

static void unlock(core_chan *c)
{
    FW_MUST(pthread_mutex_unlock(&c->lock) == 0);
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

/* The first waiter whose wait this call decides, unlinked; waiters decided elsewhere are unlinked on the way. */
static waiter *claim_first(waiters *q)
{
    waiter *w;
    while ((w = q->first)) {
        unlink_waiter(q, w);
        if (waiter_claim(w))
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

static void *slot_at(core_chan *c, size_t i)
{
    return c->ring + (i % c->capacity) * c->elem_bytes;
}

static void count_message(core_chan *c, fw_slot *slot)
{
    fw_count(slot, FW_MESSAGES, 1);
    fw_count(slot, FW_BYTES, c->elem_bytes);
}

int core_chan_send(core_chan *c, const void *elem, waiter *w, fw_slot *slot)
{
    waiter *receiver = NULL;
    int result = 0;

    lock(c);
    if (c->closed) {
        result = -EPIPE;
    } else if ((receiver = claim_first(&c->receivers))) {
        memcpy(receiver->element, elem, c->elem_bytes);
        receiver->status = 0;
    } else if (c->depth < c->capacity) {
        memcpy(slot_at(c, c->head + c->depth), elem, c->elem_bytes);
        c->depth++;
    } else if (w) {
        enqueue(c, &c->senders, w, (void *)elem);
        result = -EINPROGRESS;
    } else {
        result = -EAGAIN;
    }
    unlock(c);
    if (result == 0)
        count_message(c, slot);
    if (receiver)
        receiver->wake(receiver);
    return result;
}

int core_chan_recv(core_chan *c, void *elem, waiter *w, fw_slot *slot)
{
    waiter *sender = NULL;
    int result = 0;

    lock(c);
    if (c->depth > 0) {
        memcpy(elem, slot_at(c, c->head), c->elem_bytes);
        c->head = (c->head + 1) % c->capacity;
        c->depth--;
        if ((sender = claim_first(&c->senders))) { /* its element takes the free place, at the end */
            memcpy(slot_at(c, c->head + c->depth), sender->element, c->elem_bytes);
            c->depth++;
        }
    } else if ((sender = claim_first(&c->senders))) {
        memcpy(elem, sender->element, c->elem_bytes);
    } else if (c->closed) {
        result = -EPIPE;
    } else if (w) {
        enqueue(c, &c->receivers, w, elem);
        result = -EINPROGRESS;
    } else {
        result = -EAGAIN;
    }
    if (sender)
        sender->status = 0;
    unlock(c);
    if (sender) {
        count_message(c, slot);
        sender->wake(sender);
    }
    return result;
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

int core_chan_close(core_chan *c)
{
    waiters woken = {NULL, NULL};
    waiter *w;

    lock(c);
    bool closed_before = c->closed;
    c->closed = true;
    while ((w = claim_first(&c->receivers)) || (w = claim_first(&c->senders))) {
        w->status = -EPIPE;
        append(&woken, w);
    }
    unlock(c);
    while ((w = woken.first)) {
        woken.first = w->next; /* before the wake: its frame goes with it */
        w->wake(w);
    }
    return closed_before ? -EPIPE : 0;
}

size_t core_chan_depth(core_chan *c)
{
    lock(c);
    size_t depth = c->depth;
    unlock(c);
    return depth;
}
