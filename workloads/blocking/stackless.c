/* Blocking with stackless tasks: a poll that blocks or computes keeps its worker from all others. The cures: task_block
 * runs the call on a thread of its own kind, task_yield gives way. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "fw.h"
#include "spec.h"
#include "stackless/stackless.h"

typedef struct house {
    blocking_plan plan;
    struct unit *units;
    _Atomic uint64_t values;
    _Atomic bool open, closed;      /* meter is there (release, acquire); it is over */
    fw_meter *meter[FW_MAX_METERS]; /* one a worker */
} house;

typedef struct unit {
    future fut;
    house *home;
    task *task;
    uint64_t deadline, start;
    union {
        task_sleep_fut sleep;
        task_block_fut block;
        task_yield_fut yield;
    } await;
} unit;

/* -- unit -- */
static bool woke(unit *u, task_cx *cx)
{
    house *home = u->home;
    bool open = atomic_load_explicit(&home->open, memory_order_acquire);
    fw_meter *meter = open ? home->meter[task_worker(cx)] : NULL;

    return blocking_woke(&home->plan, meter, u->deadline, fw_now_ns()) &&
           !atomic_load_explicit(&home->closed, memory_order_relaxed); /* it hands nothing over */
}

static void leave(unit *u)
{
    atomic_store_explicit(&u->home->closed, true, memory_order_relaxed);
    atomic_fetch_add(&u->home->values, blocking_value(&u->home->plan, (uint64_t)(u - u->home->units)));
}

typedef unit waker;
static async_fn(waker)
{
    async_begin(waker);
    self->deadline = blocking_first(&self->home->plan, (uint64_t)(self - self->home->units), fw_now_ns());
    for (;; self->deadline += self->home->plan.period_ns) {
        task_sleep_until(&self->await.sleep, self->deadline);
        async_await(&self->await.sleep.fut);
        if (!woke(self, cx))
            break;
    }
    leave(self);
    async_end;
}

typedef unit blocker;
static async_fn(blocker)
{
    async_begin(blocker);
    while (!atomic_load_explicit(&self->home->closed, memory_order_relaxed)) {
        self->start = fw_now_ns();
        if (!self->home->plan.cure) {
            blocking_ail(&self->home->plan);
        } else if (!self->home->plan.hog) {
            task_block(&self->await.block, blocking_ail, &self->home->plan);
            async_await(&self->await.block.fut);
        } else {
            while (blocking_slice(&self->home->plan, self->start)) {
                task_yield(&self->await.yield);
                async_await(&self->await.yield.fut);
            }
        }
        task_sleep_until(&self->await.sleep, fw_now_ns() + self->home->plan.hog_ns);
        async_await(&self->await.sleep.fut);
    }
    leave(self);
    async_end;
}
/* -- launch -- */
typedef struct crowd {
    future fut;
    house home;
    uint64_t made, i;
    task_join_fut join;
    int err;
} crowd;

static int spawn_unit(task_cx *cx, crowd *n)
{
    unit *s = &n->home.units[n->made];
    s->home = &n->home;
    future_init(&s->fut, n->made < n->home.plan.wakers ? waker_poll : blocker_poll);
    return task_spawn(cx, &s->task, (int)(n->made % fw_workers(n->home.plan.trial)), &s->fut);
}

static void open_window(house *home)
{
    fw_open(home->plan.trial);
    for (unsigned w = 0; w < fw_workers(home->plan.trial); w++)
        home->meter[w] = fw_meter_of(home->plan.trial, w);
    atomic_store_explicit(&home->open, true, memory_order_release);
}

static async_fn(crowd)
{
    async_begin(crowd);
    for (; self->made < self->home.plan.units && !self->err; self->made += self->err == 0)
        self->err = spawn_unit(cx, self);
    atomic_store_explicit(&self->home.closed, self->err != 0, memory_order_relaxed);
    if (!self->err)
        open_window(&self->home);
    /* -- coordinate -- */
    for (self->i = 0; self->i < self->made; self->i++) {
        task_join(&self->join, self->home.units[self->i].task);
        async_await(&self->join.fut);
    }
    async_end;
}

int blocking_stackless(fw_trial *t)
{
    task_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    crowd n = {.home.plan = blocking_plan_of(t)};
    uint64_t units = n.home.plan.units;
    int err = blocking_check_workers(t);

    if (err || (err = fw_check_units(t, "task_spawn", units, 2 * sizeof(unit))))
        return err;
    n.home.units = calloc(units, sizeof *n.home.units);
    if (!n.home.units)
        return fw_refuse(t, "calloc", ENOMEM, "frames", (int64_t)units);
    future_init(&n.fut, crowd_poll);
    err = task_run(&config, &n.fut);
    /* -- finish -- */
    fw_result(t, 0, atomic_load(&n.home.values));
    free(n.home.units);
    if (err)
        return fw_refuse(t, "task_run", -err, "workers", fw_workers(t));
    return n.err ? fw_refuse(t, "task_spawn", -n.err, "tasks", (int64_t)units) : 0;
}
/* -- end -- */
