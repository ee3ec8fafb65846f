/* netpoll.h - waiting for descriptors: one edge-triggered epoll instance a pool. A worker with nothing to run looks at
 * it, one at a time, and the one that goes to sleep for it also sleeps until its next timer.
 *
 * Each descriptor has two sides, and each side one word:
 *
 *            event                 event: wakes w
 *   NOTHING ------> READY        WAITER w ------> NOTHING
 *   NOTHING --wait--> WAITER w   WAITER w --deadline, close, cancel: who swaps it out, wakes w--> NOTHING
 *   READY   --wait--> NOTHING    (the wait is over at once: try again)
 *
 * Invariant: READY, or a wake, is used up before the system call that it lets through. So an event that comes after
 * that call is never lost; one that came before it costs a call that would block, and another wait. */
#ifndef CORE_NETPOLL_H
#define CORE_NETPOLL_H

#include <sys/socket.h>

#include "workers.h"

typedef struct core_io core_io; /* an open descriptor; its memory stays the pool's, so that a late event does no harm */
typedef enum core_io_side { CORE_IO_READ, CORE_IO_WRITE } core_io_side;

typedef struct core_io_wait core_io_wait;
struct core_io_wait {
    void (*wake)(core_io_wait *); /* makes the owner runnable, once; the waiter's memory may be gone after it */
    void *owner;
    int status; /* before wake: 0 (try again), -ETIMEDOUT, -ECANCELED (closed) */
};

/* Takes fd over and makes it non-blocking. 0 or -errno; -EPERM: of a kind that epoll can't wait for (a regular file),
 * fd is the caller's still. */
int core_io_open(pool *p, core_io **out, int fd);
/* Wakes who waits, closes the descriptor. From a worker of the pool. */
void core_io_close(core_io *io);
int core_io_fd(const core_io *io);

/* One waiter a side. From a worker of the pool. -EINPROGRESS: w will be woken, perhaps before this returns; 0: try now;
 * -ETIMEDOUT: deadline_ns has passed. */
int core_io_wait_for(core_io *io, core_io_side side, core_io_wait *w, uint64_t deadline_ns, worker *by);
bool core_io_waited(const core_io *io, core_io_side side); /* somebody waits, just now */
/* True: w will not be woken. False: it has been, or is being. */
bool core_io_cancel(core_io *io, core_io_side side, core_io_wait *w);

/* What they transferred, 0 (end), -EAGAIN (wait, then again), or -errno. A read that came short has emptied the
 * descriptor, so that the next one gives -EAGAIN without asking the kernel. */
int64_t core_io_read(core_io *io, void *buffer, size_t bytes, fw_slot *slot);
int64_t core_io_write(core_io *io, const void *data, size_t bytes, fw_slot *slot);
int core_io_accept(core_io *io, fw_slot *slot); /* a non-blocking descriptor, -EAGAIN or -errno */
/* First call: -EAGAIN while the connection is being made; then, after a wait for CORE_IO_WRITE: 0 or -errno. */
int core_io_connect(core_io *io, const struct sockaddr *to, socklen_t bytes, fw_slot *slot);

/* For idle.c. */
typedef struct netpoll netpoll;
int netpoll_new(netpoll **out);
void netpoll_free(netpoll *n);  /* after the workers ended */
bool netpoll_claim(netpoll *n); /* true: the caller alone may wait, until it releases */
void netpoll_release(netpoll *n);
/* Who has the claim: blocks until something has come or deadline_ns (0: not at all); at most so many events, the rest
 * stays where it is. Then netpoll_deliver wakes those who wait for them, in the order in which they came. How many. */
void netpoll_wait(netpoll *n, uint64_t deadline_ns, unsigned most, worker *by);
unsigned netpoll_deliver(netpoll *n);
void netpoll_break(netpoll *n); /* any thread: netpoll_wait returns */
/* The pool's, made at the first call. 0 or -errno. pool.c. */
int pool_netpoll(pool *p, netpoll **out);

#endif
