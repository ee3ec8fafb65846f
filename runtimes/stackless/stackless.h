/* stackless.h - stackless tasks: futures polled by an executor, async/await written as state machines in plain C11.
 *
 *   struct echo { future fut; task_chan *in, *out; uint64_t x; task_recv_fut recv; task_send_fut send; };
 *   async_fn(echo) { async_begin(echo);
 *     for (;;) {
 *       task_recv(&self->recv, self->in, &self->x);
 *       async_await(&self->recv.fut);
 *       if (self->recv.status) break;
 *       ...
 *     }
 *   async_end; }
 *
 * A future does nothing until polled. Locals do not live across an await: keep them in the frame. No await inside a nested switch.
 * async_fn(NAME) defines  task_poll NAME_poll(future *, task_cx *); use NAME_poll as fut.poll (future_init). */
#ifndef STACKLESS_H
#define STACKLESS_H

#include "fw.h"

typedef enum task_poll { TASK_PENDING, TASK_READY } task_poll;
typedef struct task task;
typedef struct task_cx task_cx; /* who is being polled: carries the waker (the task) and its worker */
typedef struct future future;
struct future {
    task_poll (*poll)(future *, task_cx *);
    uint32_t pc; /* 0: not started; UINT32_MAX: done; else the await it stands at */
};
static inline void future_init(future *f, task_poll (*poll)(future *, task_cx *))
{
    f->poll = poll;
    f->pc = 0;
}

#define async_fn(name) task_poll name##_poll(future *fut_, task_cx *cx)
/* async_begin, async_await, async_return and async_end live in stackless/async.h, included below. */
#include "async.h"

typedef struct task_config {
    const fw_worker *workers;
    unsigned n;
    bool pinned; /* no stealing */
} task_config;

/* Runs root to its end on n workers; blocks the calling OS thread. Every spawned task must have ended or been joined. The root is not counted as a unit. 0 or -errno. */
int task_run(const task_config *config, future *root);

/* From inside a poll: makes fut a task of its own, on worker `worker` (-1: with the spawner). fut's memory stays the caller's until the task has ended.
 * *out is freed by joining. 0 or -ENOMEM. */
int task_spawn(task_cx *cx, task **out, int worker, future *fut);
typedef struct task_join_fut { future fut; task *task; } task_join_fut;
void task_join(task_join_fut *j, task *t); /* init; then await &j->fut */
typedef struct task_yield_fut { future fut; } task_yield_fut;
void task_yield(task_yield_fut *y);
unsigned task_worker(task_cx *cx); /* index of the worker now */

#include "task_futures.h" /* sleep and channel futures: task_sleep_fut, task_send_fut, task_recv_fut, task_chan */

#endif
