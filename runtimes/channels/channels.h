/* channels.h - communicating sequential processes (Hoare 1978): OS threads that share nothing but typed channels. */
#ifndef CHANNELS_H
#define CHANNELS_H

#include "fw.h"

/* A sequential process: an OS thread. Give it channels and values through arg, never shared variables. */
typedef struct csp csp;
int csp_spawn(csp **out, const fw_worker *worker, void (*fn)(void *arg), void *arg); /* 0 or -errno */
int csp_join(csp *p);                                                                /* blocks; frees p */

typedef struct chan chan;
/* capacity elements of elem_bytes; 0 = rendezvous: a send returns once a receiver has it; FW_UNBOUNDED: it never waits,
 * and may give -ENOMEM. 0, -EINVAL, -ENOMEM. */
int chan_create(chan **out, size_t elem_bytes, size_t capacity);
/* A channel without a lock, for a declared use: capacity a power of two, select gives -EINVAL.
 * CHAN_ONE_TO_ONE: one process sends and one receives; it is closed when nobody sends. */
typedef enum chan_use { CHAN_ONE_TO_ONE, CHAN_MANY_TO_MANY } chan_use;
int chan_create_for(chan **out, size_t elem_bytes, size_t capacity, chan_use use); /* 0, -EINVAL, -ENOMEM */
void chan_destroy(chan *c);                                                        /* only when nobody uses it */
/* Send copies *elem in; blocks while full. Receive copies out; blocks while empty. 0, or
 * -EPIPE (send: closed; receive: closed and drained), -EAGAIN (try_), -ETIMEDOUT (_until; deadline absolute
 * CLOCK_MONOTONIC ns). */
int chan_send(chan *c, const void *elem);
int chan_send_until(chan *c, const void *elem, uint64_t deadline_ns);
int chan_try_send(chan *c, const void *elem);
int chan_recv(chan *c, void *elem);
int chan_recv_until(chan *c, void *elem, uint64_t deadline_ns);
int chan_try_recv(chan *c, void *elem);
int chan_close(chan *c); /* wakes everybody; 0 or -EPIPE when closed before */

/* Waits until one of n cases can go on, does exactly that one, returns its index; the ready ones are tried in random
 * order. -ETIMEDOUT, or -EAGAIN with deadline_ns 0. A closed channel makes its case ready: cases[i].status is then
 * -EPIPE. */
typedef struct chan_case {
    chan *channel;
    bool send;
    void *element; /* read (send) or written (receive) */
    int status;    /* out: 0 or -EPIPE */
} chan_case;
int chan_select(chan_case *cases, unsigned n, uint64_t deadline_ns);

/* Instruments: off unless chan_instrument(true) came before the channel or the process was made; then every message
 * and every wait is counted, for each channel and each process by name. What has no name is "channel 1", "process 1",
 * ... in the order made, and counting begins again at 1 once none is left; outside any process is "main". Those of one
 * name add up; a select's wait counts for the channel that ended it. A name is copied and cut at 31 bytes; there is
 * room for 62 of each, the rest is counted as the "others". */
void chan_instrument(bool on);
void chan_name(chan *c, const char *name); /* before it is used */
void csp_name(const char *name);           /* the calling process */

enum { CHAN_DEPTHS = 33 };
typedef struct chan_stats {
    uint64_t sent, received, send_blocked_ns, recv_blocked_ns;
    uint64_t depth[CHAN_DEPTHS]; /* how many sends left 0, 1, 2-3, 4-7, ... elements in it; of all processes */
} chan_stats;
/* What that process did with the channel; process NULL: all of them. Zeros when it isn't instrumented. */
void chan_stats_get(const chan *c, const char *process, chan_stats *out);

#endif
