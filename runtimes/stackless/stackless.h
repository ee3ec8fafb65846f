/* stackless.h - stackless tasks: futures polled by an executor, async/await written as state machines in plain C11.
 *
 *   typedef struct echo { future fut; task_chan *in; uint64_t x; task_recv_fut recv; } echo;
 *   async_fn(echo)
 *   {
 *       async_begin(echo);
 *       for (;;) {
 *           task_recv(&self->recv, self->in, &self->x);
 *           async_await(&self->recv.fut);
 *           if (self->recv.status)
 *               break;
 *       }
 *       async_end;
 *   }
 *
 * async_fn(NAME) defines  task_poll NAME_poll(future *, task_cx *)  for future_init. A future does nothing until
 * polled; a task is a future that the executor polls. There is no pre-emption: a poll that computes keeps its worker.
 * Locals do not live across an await: keep them in the frame. Next: async.h, task_futures.h. */
#ifndef STACKLESS_H
#define STACKLESS_H

#include "fw.h"

typedef enum task_poll { TASK_PENDING, TASK_READY } task_poll;
typedef struct task task;
typedef struct task_cx task_cx; /* who is being polled: the task, which is its own waker, and the worker */
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

/* For the watchdog: what an async function is called. */
typedef struct async_name {
    task_poll (*poll)(future *, task_cx *);
    const char *name;
} async_name;
#define async_fn(name)                                                                                                 \
    task_poll name##_poll(future *fut_, task_cx *cx);                                                                  \
    static const async_name name##_name_ __attribute__((section("fw_async"), used)) = {name##_poll, #name};            \
    task_poll name##_poll(future *fut_, task_cx *cx)
#include "async.h"

typedef struct task_config {
    const fw_worker *workers; /* n of them */
    unsigned n;               /* >= 1 */
    bool pinned;              /* no stealing: a task stays on the worker it was spawned to */
} task_config;

/* Polls root to its end on n workers; blocks the calling OS thread. Every spawned task must have been joined by then.
 * The root is not counted as a unit. 0 or -errno. */
int task_run(const task_config *config, future *root);

/* The calls below are for polls only. */

/* Makes fut a task of its own on worker `worker` (-1: with the spawner). fut's memory stays the caller's and must
 * outlive the task. *out is freed by joining, which must happen once. 0 or -ENOMEM. */
int task_spawn(task_cx *cx, task **out, int worker, future *fut);
/* The task being polled; to wake it from elsewhere. */
task *task_self(task_cx *cx);
/* From any poll of the same run, never blocks: t will be polled (again). Wakes coalesce: however many come before the
 * poll begins, one poll follows. The caller holds a reference to t (task_hold), or is t's own poll. */
void task_wake(task *t);
void task_hold(task *t);           /* one reference more */
void task_release(task *t);        /* one less; the last frees t */
unsigned task_worker(task_cx *cx); /* index of the worker now */

/* The leaves take turns: false when this task has done 128 operations in one poll; it is then polled again behind the
 * others, and the leaf returns TASK_PENDING. */
bool task_may_go_on(task_cx *cx);

typedef struct task_join_fut {
    future fut;
    task *task;
} task_join_fut;
void task_join(task_join_fut *j, task *t); /* init; then await &j->fut: ready when t has ended */

typedef struct task_join_all_fut {
    future fut;
    task **tasks;
    size_t n, next;
    task_join_fut join;
} task_join_all_fut;
void task_join_all(task_join_all_fut *j, task **tasks, size_t n); /* tasks stays the caller's */

typedef struct task_select2_fut {
    future fut, *of[2];
    int which; /* 0 or 1 once ready: who was first, a before b */
} task_select2_fut;
/* Ready when a or b is. The caller drops the other one (task_chan_drop, task_sleep_drop) before its memory goes. */
void task_select2(task_select2_fut *s, future *a, future *b);

typedef struct task_yield_fut {
    future fut;
} task_yield_fut;
void task_yield(task_yield_fut *y); /* once behind every runnable task of this worker */

/* A frame that can't be embedded, for recursion: zeroed memory of `bytes`, from the worker's own slab up to 2 KiB.
 * Aborts without memory. Freed by any task of the same run, with the same size. */
void *task_box(task_cx *cx, size_t bytes);
void task_unbox(task_cx *cx, void *frame, size_t bytes);

#include "task_futures.h" /* sleep and channel futures */

#endif
