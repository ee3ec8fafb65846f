/* chan.h - the channel core: lock, ring buffer and two queues of waiters, with
 * direct hand-off. Capacity 0 is a rendezvous. It never blocks: an operation that
 * can't go on queues the caller's waiter and says so; how to sleep is the
 * caller's affair (channels: a thread's parker; green: park; stackless: Pending).
 *
 * Who is `alone` (all users of the channel are jobs of the one worker, see workers.h) takes no lock.
 *
 * Order: elements leave in the order they entered; waiters are served first come
 * first served. Lock: held for a copy of elem_bytes at most, and wakes are called after it is released. */
#ifndef CORE_CHAN_H
#define CORE_CHAN_H

#include "fw.h"
#include "waiter.h"

typedef struct core_chan core_chan;

/* elem_bytes >= 1; capacity elements, 0 = rendezvous, FW_UNBOUNDED: a send then never waits, and may give -ENOMEM. *out
 * is the caller's, freed by core_chan_destroy. 0 or -ENOMEM, -EINVAL. */
int core_chan_create(core_chan **out, size_t elem_bytes, size_t capacity);
/* Only when nobody waits in it any more. */
void core_chan_destroy(core_chan *c);

/* Copies *elem in. 0: sent (a message is counted in slot). -EPIPE: closed. Would block: -EAGAIN when
 * w is NULL, else w is queued and -EINPROGRESS: w->wake comes exactly once if it is not cancelled first. The caller
 * sets winner, which, wake, owner before; element is set here. */
int core_chan_send(core_chan *c, const void *elem, waiter *w, fw_slot *slot, bool alone);
/* Copies one element out; the same returns; -EPIPE only when closed and drained. */
int core_chan_recv(core_chan *c, void *elem, waiter *w, fw_slot *slot, bool alone);
/* The same, but after -EINPROGRESS the channel is still locked, so that nobody claims w before the caller is at rest;
 * it then calls core_chan_release, from any thread. */
int core_chan_send_held(core_chan *c, const void *elem, waiter *w, fw_slot *slot, bool alone);
int core_chan_recv_held(core_chan *c, void *elem, waiter *w, fw_slot *slot, bool alone);
void core_chan_release(core_chan *c, bool alone);
/* One case of a select. waiter is core's; status is 0 or -EPIPE for the case that was done. */
typedef struct core_case {
    core_chan *channel;
    bool send;
    void *element;
    int status;
    waiter waiter;
} core_case;
enum { CORE_SELECT_MOST = 64 };

/* Does exactly one of n <= CORE_SELECT_MOST cases, the first in `order` (a permutation of 0..n-1) that can go on, and
 * returns its index. None can: -EAGAIN when wake is NULL; else all wait with *winner (set to 0 before) and
 * -EINPROGRESS: wake(waiter with this owner) comes once, *winner - 1 is the case, its waiter's status counts, and the
 * others must be cancelled. All channels are locked in address order meanwhile, so two selects can meet. */
int core_chan_select(core_case *cases, unsigned n, const unsigned *order, _Atomic uint32_t *winner,
                     void (*wake)(waiter *), void *owner, fw_slot *slot);
/* Unlinks w if it still stands in a queue. True when it did (nobody has claimed it by this channel). A waiter whose
 * claim was lost to another case is unlinked too. After it, c never touches w again. */
bool core_chan_cancel(core_chan *c, waiter *w);
/* Wakes everybody who waits with -EPIPE (receivers only once drained, which holds: they wait only while it is empty).
 * 0, or -EPIPE when it was closed before. With the last wake c may be gone. */
int core_chan_close(core_chan *c);
size_t core_chan_depth(const core_chan *c); /* elements buffered now; takes no lock */

#endif
