/* Sleepers with stackless tasks: a sleep is a timer of the worker and a frame; wakes are booked at the worker. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "fw.h"
#include "spec.h"
#include "stackless/stackless.h"

typedef struct dormitory {
    sleepers_plan plan;
    struct sleeper *units;
    _Atomic uint64_t arrived, values;
    task_chan *all_here;            /* of a byte, from the last that arrives */
    _Atomic bool open, closed;      /* open: meter is there (release, acquire). closed: not all could be made */
    fw_meter *meter[FW_MAX_METERS]; /* one a worker */
} dormitory;

typedef struct sleeper {
    future fut;
    dormitory *home;
    task *task;
    uint64_t deadline;
    task_sleep_fut sleep;
} sleeper;

/* -- unit -- */
static uint64_t number_of(const sleeper *s)
{
    return (uint64_t)(s - s->home->units);
}

static void arrive(sleeper *s, task_cx *cx)
{
    char here = 0;
    s->deadline = sleepers_first(&s->home->plan, number_of(s), fw_now_ns());
    if (atomic_fetch_add(&s->home->arrived, 1) + 1 == s->home->plan.units)
        task_try_send(cx, s->home->all_here, &here);
}

static bool woke(sleeper *s, task_cx *cx)
{
    dormitory *home = s->home;
    bool open = atomic_load_explicit(&home->open, memory_order_acquire);
    fw_meter *meter = open ? home->meter[task_worker(cx)] : NULL;

    return sleepers_woke(&home->plan, meter, s->deadline, fw_now_ns()) &&
           !atomic_load_explicit(&home->closed, memory_order_relaxed); /* it hands nothing over */
}

static async_fn(sleeper)
{
    async_begin(sleeper);
    arrive(self, cx);
    for (;; self->deadline += self->home->plan.period_ns) {
        task_sleep_until(&self->sleep, self->deadline);
        async_await(&self->sleep.fut);
        if (!woke(self, cx))
            break;
    }
    atomic_fetch_add(&self->home->values, sleepers_value(&self->home->plan, number_of(self)));
    async_end;
}
/* -- launch -- */
typedef struct night {
    future fut;
    dormitory home;
    uint64_t made, i;
    task_recv_fut all_here;
    task_join_fut join;
    char here;
    int err;
} night;

static int spawn_sleeper(task_cx *cx, night *n)
{
    sleeper *s = &n->home.units[n->made];
    s->home = &n->home;
    future_init(&s->fut, sleeper_poll);
    return task_spawn(cx, &s->task, (int)(n->made % fw_workers(n->home.plan.trial)), &s->fut);
}

static void open_window(dormitory *home)
{
    fw_memory_live(home->plan.trial, home->plan.units);
    fw_open(home->plan.trial);
    for (unsigned w = 0; w < fw_workers(home->plan.trial); w++)
        home->meter[w] = fw_meter_of(home->plan.trial, w);
    atomic_store_explicit(&home->open, true, memory_order_release);
}

static async_fn(night)
{
    async_begin(night);
    fw_memory_before(self->home.plan.trial);
    for (; self->made < self->home.plan.units && !self->err; self->made += self->err == 0)
        self->err = spawn_sleeper(cx, self);
    atomic_store_explicit(&self->home.closed, self->err != 0, memory_order_relaxed);
    if (!self->err) {
        task_recv(&self->all_here, self->home.all_here, &self->here);
        async_await(&self->all_here.fut);
        open_window(&self->home);
    }
    /* -- coordinate -- */
    for (self->i = 0; self->i < self->made; self->i++) {
        task_join(&self->join, self->home.units[self->i].task);
        async_await(&self->join.fut);
    }
    async_end;
}

int sleepers_stackless(fw_trial *t)
{
    task_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    night n = {.home.plan = sleepers_plan_of(t)};
    uint64_t units = n.home.plan.units;
    int err = sleepers_check_workers(t);

    if (err || (err = fw_check_units(t, "task_spawn", units, 2 * sizeof(sleeper))))
        return err;
    n.home.units = calloc(units, sizeof *n.home.units);
    if (!n.home.units)
        return fw_refuse(t, "calloc", ENOMEM, "frames", (int64_t)units);
    FW_MUST(task_chan_create(&n.home.all_here, 1, 1) == 0);
    future_init(&n.fut, night_poll);
    err = task_run(&config, &n.fut);
    /* -- finish -- */
    fw_result(t, 0, atomic_load(&n.home.values));
    task_chan_destroy(n.home.all_here);
    free(n.home.units);
    if (err)
        return fw_refuse(t, "task_run", -err, "workers", fw_workers(t));
    return n.err ? fw_refuse(t, "task_spawn", -n.err, "tasks", (int64_t)units) : 0;
}
/* -- end -- */
