/* task_futures.h - the leaf futures: sleep, and channels whose waiter is a task. Part of stackless.h. A frame embeds
 * them by value; init again before each use; memory must not move between the first poll and completion (that is what
 * Pin is for). */
#ifndef STACKLESS_TASK_FUTURES_H
#define STACKLESS_TASK_FUTURES_H

#include <sys/socket.h>

#include "../core/blocking.h"
#include "../core/netpoll.h"
#include "../core/waiter.h"
#include "../core/workers.h"

typedef struct task_sleep_fut {
    future fut;
    uint64_t deadline_ns;
    core_timer timer;
    task *task;             /* registered with the timer, which holds a reference */
    _Atomic uint32_t fired; /* the timer's last touch */
} task_sleep_fut;
void task_sleep_until(task_sleep_fut *s, uint64_t deadline_ns); /* never early */

typedef struct core_chan task_chan;
int task_chan_create(task_chan **out, size_t elem_bytes, size_t capacity); /* as chan_create in channels.h */
void task_chan_destroy(task_chan *c);                                      /* nobody waits in it any more */
int task_chan_close(task_chan *c);                                         /* any thread; 0 or -EPIPE */

/* One type serves both directions; status is 0, -EPIPE, -ETIMEDOUT or -ENOMEM once ready. */
typedef struct task_chan_fut {
    future fut;
    task_chan *channel;
    void *element;
    int status;
    bool send;
    uint64_t deadline_ns;
    waiter waiter;
    _Atomic uint32_t winner; /* 0 open; 1: the channel's; UINT32_MAX: the timer's */
    _Atomic uint32_t woken;  /* the winner's last touch */
    _Atomic uint32_t spent;  /* a beaten timer's last touch */
    task *task;              /* registered; the waiter and the timer hold a reference each */
    core_timer timer;        /* last: without a deadline nobody touches it */
} task_chan_fut;
typedef task_chan_fut task_send_fut;
typedef task_chan_fut task_recv_fut;
void task_send(task_send_fut *f, task_chan *c, const void *elem); /* elem must live until ready */
void task_recv(task_recv_fut *f, task_chan *c, void *elem);
void task_send_until(task_send_fut *f, task_chan *c, const void *elem, uint64_t deadline_ns);
void task_recv_until(task_recv_fut *f, task_chan *c, void *elem, uint64_t deadline_ns);
int task_try_send(task_cx *cx, task_chan *c, const void *elem); /* 0, -EAGAIN, -EPIPE */
int task_try_recv(task_cx *cx, task_chan *c, void *elem);

/* Drop: unregisters a future that was polled and is not ready. After it nobody touches its memory. A message that was
 * handed over at the last moment counts: true, and status tells (0: element was sent or holds what came). */
bool task_chan_drop(task_chan_fut *f);
void task_sleep_drop(task_sleep_fut *f);

/* Descriptors that can be waited for (sockets, pipes, terminals). One task at a time reads, one writes. */
typedef core_io task_io;
int task_io_open(task_cx *cx, task_io **out, int fd); /* takes fd over; 0, -errno; -EPERM: never waits (a regular file),
                                                         and stays the caller's: see task_block */
void task_io_close(task_io *io);                      /* who waits in it gets -ECANCELED */

typedef struct task_io_fut {
    future fut;
    task_io *io;
    int64_t (*call)(struct task_io_fut *, fw_slot *); /* what is tried; -EAGAIN: wait and try again */
    void *buffer;
    size_t bytes;
    int64_t result; /* once ready: bytes read (0: the end), all bytes written, a descriptor, 0; -errno; -ETIMEDOUT */
    uint64_t deadline_ns;
    task *task; /* registered; the wait holds a reference */
    core_io_wait wait;
    uint32_t written;
    _Atomic uint32_t woken; /* the wait's last touch */
} task_io_fut;
void task_read(task_io_fut *f, task_io *io, void *buffer, size_t bytes,
               uint64_t deadline_ns); /* FW_FOREVER: no limit */
void task_write(task_io_fut *f, task_io *io, const void *data, size_t bytes, uint64_t deadline_ns); /* < 4 GiB */
void task_accept(task_io_fut *f, task_io *listener, uint64_t deadline_ns);
void task_connect(task_io_fut *f, task_io *io, const struct sockaddr *to, socklen_t bytes, uint64_t deadline_ns);
/* Ready when a read may get on, so that who waits needs no buffer; result is 0 or an error. */
void task_readable(task_io_fut *f, task_io *io, uint64_t deadline_ns);
/* What could be transferred now: bytes, 0 (read: the end), -EAGAIN or -errno. */
int64_t task_try_read(task_cx *cx, task_io *io, void *buffer, size_t bytes);
int64_t task_try_write(task_cx *cx, task_io *io, const void *data, size_t bytes);
void task_io_drop(
    task_io_fut *f); /* as the drops above. What was read or written before the wait is lost to the caller */

/* fn(arg) runs on an OS thread of its own kind, at most 128 at once: for calls that really block. fn may use no other
 * call of this header. Begun, it can't be dropped: the task that polled it first awaits it. */
typedef struct task_block_fut {
    future fut;
    int status; /* once ready: 0; -EAGAIN: it was not run, no thread could be made */
    core_call call;
    job job; /* brings the end of the call to a worker */
    task *task;
    _Atomic uint32_t over; /* the job's last touch */
} task_block_fut;
void task_block(task_block_fut *f, void (*fn)(void *arg), void *arg);

#endif
