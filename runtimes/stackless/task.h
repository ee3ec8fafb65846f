/* task.h - inside stackless only: a task and what its run shares.
 *
 * The state word decides alone who may touch a task:
 *
 *   NOTIFIED             in one queue, once; or, with RUNNING, to be polled again when this poll returns
 *   RUNNING              a worker polls it
 *   COMPLETE             its future was ready; never polled again
 *   REFERENCE * n        one for the executor until COMPLETE, one for who joins, one for each waiter and timer that
 *                        will wake it. At none, the task is freed
 *
 *   spawned --> NOTIFIED --> RUNNING --ready--> COMPLETE
 *                  ^            | pending
 *                  |            v
 *                  +--wake--  (neither)          wake while RUNNING: RUNNING|NOTIFIED --pending--> NOTIFIED
 *
 * While the executor and the handle are all who know a task (REFERENCE * 2, as from its spawn until something will wake
 * it), nobody else can change the word: a plain store will do.
 *
 * So every wake that comes before COMPLETE is followed by the beginning of a poll, and no two workers poll at once. */
#ifndef STACKLESS_TASK_H
#define STACKLESS_TASK_H

#include "core/spares.h"
#include "core/workers.h"
#include "stackless.h"

enum { NOTIFIED = 1, RUNNING = 2, COMPLETE = 4, REFERENCE = 8 };

typedef struct run run;

struct task {
    job job; /* first: the worker runs this */
    _Atomic uint32_t state;
    future *fut;
    run *run;
    int home;             /* pinned: the worker it stays on */
    unsigned last_worker; /* UINT_MAX: has not run */
    uint32_t number;      /* in a traced trial, once it was polled; else 0 */
    task *_Atomic joiner; /* NULL, who waits for the end (with a reference), or TASK_ENDED */
    bool root;
};

#define TASK_ENDED ((task *)(uintptr_t)1)

struct task_cx {
    task *task;
    worker *worker;
    unsigned budget; /* operations left in this poll */
};

enum { BOX_CLASSES = 6, LEAST_BOX = 64, BOX_SLAB = 65536 }; /* 64 B … 2 KiB */

typedef struct boxes {            /* one a worker; only its worker uses it */
    alignas(FW_PAD) spares tasks; /* ended tasks */
    unsigned helps, depth;        /* polls inside the poll that the worker began with: left to do, and now */
    void *free[BOX_CLASSES];
    void *slabs;
    unsigned char *next, *end; /* what is left of the newest slab */
} boxes;

struct run {
    pool *pool;
    bool pinned, alone; /* alone: one worker */
    worker *only;       /* the one, if alone */
    struct parker *done;
    boxes *boxes; /* one a worker */
    spares_store ended;
};

/* The state plus `by`, which sets and clears what is known to be clear and set. Gives the state before. Where the
 * executor has one worker nobody else changes it meanwhile. */
static inline uint32_t task_change(task *t, uint32_t by, memory_order order)
{
    if (!t->run->alone)
        return atomic_fetch_add_explicit(&t->state, by, order);
    uint32_t before = atomic_load_explicit(&t->state, memory_order_relaxed);
    atomic_store_explicit(&t->state, before + by, memory_order_relaxed);
    return before;
}

/* Nobody but the executor and the handle knows a task in this state. */
static inline bool task_unshared(uint32_t state)
{
    return state < 3 * REFERENCE;
}

/* task_hold and task_may_go_on, in line. */
static inline void task_add_reference(task *t)
{
    task_change(t, REFERENCE, memory_order_relaxed); /* who adds has a reference already */
}

/* task_wake of the task that is polled: it is RUNNING, so that nothing is queued. */
static inline void task_wake_self(task_cx *cx)
{
    task *t = cx->task;
    uint32_t s = atomic_load_explicit(&t->state, memory_order_relaxed);

    if (task_unshared(s) || t->run->alone)
        atomic_store_explicit(&t->state, s | NOTIFIED, memory_order_relaxed);
    else
        task_wake(t);
}

static inline bool task_within_budget(task_cx *cx)
{
    if (cx->budget > 0) {
        cx->budget--;
        return true;
    }
    task_wake_self(cx);
    return false;
}

void task_wake_and_release(task *t);
/* A run's root, on its first worker; no worker runs yet. NULL: no memory. */
task *task_new(run *r, future *fut);
/* Its function's, or NULL: t is no async function. */
const char *task_name(const task *t);
void boxes_free(boxes *b);

#endif
