/* Yield with stackless tasks: the poll returns, the worker puts the task behind the others and polls the next. */
#include <stdatomic.h>

#include "fw.h"
#include "spec.h"
#include "stackless/stackless.h"

typedef struct turns {
    fw_trial *trial;
    _Atomic bool stop;       /* set by unit 0, read by all (relaxed: it hands nothing over) */
    _Atomic unsigned others; /* that had a turn; read after join */
} turns;

/* -- unit -- */
typedef struct measure {
    future fut;
    turns *turns;
    fw_meter *meter;
    uint64_t start;
    unsigned i;
    task_yield_fut yield;
} measure;

static async_fn(measure)
{
    async_begin(measure);
    self->meter = fw_meter_of(self->turns->trial, 0);
    do {
        self->start = fw_now_ns();
        for (self->i = 0; self->i < fw_batch(self->turns->trial); self->i++) {
            task_yield(&self->yield);
            async_await(&self->yield.fut);
        }
        fw_count(fw_slot_here(), FW_WORK, 1);
    } while (fw_meter_record(self->meter, self->start, fw_now_ns(), fw_batch(self->turns->trial)));
    atomic_store_explicit(&self->turns->stop, true, memory_order_relaxed);
    async_end;
}

typedef struct give_way {
    future fut;
    turns *turns;
    unsigned i;
    task_yield_fut yield;
} give_way;

static async_fn(give_way)
{
    async_begin(give_way);
    if (!atomic_load_explicit(&self->turns->stop, memory_order_relaxed))
        atomic_fetch_add_explicit(&self->turns->others, 1, memory_order_relaxed);
    while (!atomic_load_explicit(&self->turns->stop, memory_order_relaxed))
        for (self->i = 0; self->i < YIELD_LOOK; self->i++) {
            task_yield(&self->yield);
            async_await(&self->yield.fut);
        }
    async_end;
}
/* -- launch -- */
typedef struct crowd {
    future fut;
    turns turns;
    measure first;
    give_way others[YIELD_MOST];
    task *unit[YIELD_MOST];
    unsigned made;
    task_join_all_fut all;
    int err;
} crowd;

static async_fn(crowd)
{
    async_begin(crowd);
    fw_open(self->turns.trial);
    for (; self->made < yield_units(self->turns.trial) && !self->err; self->made += self->err == 0) {
        future *fut = self->made == 0 ? &self->first.fut : &self->others[self->made].fut;
        future_init(fut, self->made == 0 ? measure_poll : give_way_poll);
        self->first.turns = self->others[self->made].turns = &self->turns;
        self->err = task_spawn(cx, &self->unit[self->made], (int)(self->made % fw_workers(self->turns.trial)), fut);
    }
    /* -- coordinate -- */
    task_join_all(&self->all, self->unit, self->made);
    async_await(&self->all.fut);
    async_end;
}

int yield_stackless(fw_trial *t)
{
    task_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    crowd c = {.turns.trial = t};

    future_init(&c.fut, crowd_poll);
    int err = task_run(&config, &c.fut);
    if (err)
        return fw_refuse(t, "task_run", -err, "workers", fw_workers(t));
    /* -- finish -- */
    yield_finish(t, atomic_load(&c.turns.others));
    return c.err ? fw_refuse(t, "task_spawn", -c.err, "tasks", yield_units(t)) : 0;
}
/* -- end -- */
