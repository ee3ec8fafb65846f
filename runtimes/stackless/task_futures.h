/* task_futures.h - the leaf futures: sleep, and channels whose waiter is a task. Part of stackless.h. A frame embeds
 * them by value; init again before each use; memory must not move between the first poll and completion (that is what
 * Pin is for). */
#ifndef STACKLESS_TASK_FUTURES_H
#define STACKLESS_TASK_FUTURES_H

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

#endif
