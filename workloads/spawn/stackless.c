/* Spawn with stackless tasks: a unit is a task with its frame; each further nested call is a boxed frame that the one
 * above awaits. The gate is a channel that is closed. */
#include <errno.h>
#include <stdlib.h>

#include "fw.h"
#include "spec.h"
#include "stackless/stackless.h"

enum { ARRIVALS = 128 };

typedef struct burst {
    spawn_plan plan;
    struct unit *units;
    task_chan *arrivals, *gate; /* of a byte; nothing is ever sent through the gate */
} burst;

typedef struct frame {
    future fut;
    struct unit *unit;
    struct frame *below;
    uint64_t value;
    unsigned number; /* 1: the unit's own frame */
} frame;

typedef struct unit {
    frame top;
    burst *burst;
    uint64_t id;
    task *task;
    char here;
    task_send_fut wait; /* to arrive, then at the gate */
} unit;

/* -- unit -- */
static async_fn(frame)
{
    async_begin(frame);
    if (self->number < self->unit->burst->plan.depth) {
        self->below = task_box(cx, sizeof(frame));
        self->below->unit = self->unit;
        self->below->number = self->number + 1;
        future_init(&self->below->fut, frame_poll);
        async_await(&self->below->fut);
        self->value = spawn_fold(self->below->value, self->number);
        task_unbox(cx, self->below, sizeof(frame));
        async_return;
    }
    if (self->unit->burst->plan.gate) {
        task_send(&self->unit->wait, self->unit->burst->arrivals, &self->unit->here);
        async_await(&self->unit->wait.fut);
        task_recv(&self->unit->wait, self->unit->burst->gate, &self->unit->here);
        async_await(&self->unit->wait.fut);
    }
    self->value = spawn_value(&self->unit->burst->plan, self->unit->id);
    async_end;
}
/* -- launch -- */
typedef struct crowd {
    future fut;
    burst burst;
    uint64_t first, n, made, i;
    task_recv_fut arrival;
    task_join_fut join;
    spawn_sum all;
    char here;
    int err;
} crowd;

static int spawn_unit(task_cx *cx, crowd *c)
{
    unit *u = &c->burst.units[c->made];
    u->top = (frame){.unit = u, .number = 1};
    u->burst = &c->burst;
    u->id = c->first + c->made;
    future_init(&u->top.fut, frame_poll);
    return task_spawn(cx, &u->task, -1, &u->top.fut);
}

static async_fn(crowd)
{
    async_begin(crowd);
    fw_begin(self->burst.plan.trial); /* the workers run already */
    for (; self->first < self->burst.plan.units && !self->err; self->first += self->burst.plan.burst) {
        FW_MUST(task_chan_create(&self->burst.arrivals, 1, ARRIVALS) == 0);
        FW_MUST(task_chan_create(&self->burst.gate, 1, 0) == 0);
        self->n = spawn_next_burst(&self->burst.plan, self->first);
        fw_memory_before(self->burst.plan.trial);
        for (self->made = 0; self->made < self->n && !self->err; self->made += self->err == 0)
            self->err = spawn_unit(cx, self);
        /* -- coordinate -- */
        if (self->burst.plan.gate) {
            for (self->i = 0; self->i < self->made; self->i++) {
                task_recv(&self->arrival, self->burst.arrivals, &self->here);
                async_await(&self->arrival.fut);
            }
            fw_memory_live(self->burst.plan.trial, self->made);
            task_chan_close(self->burst.gate);
        }
        for (self->i = 0; self->i < self->made; self->i++) {
            task_join(&self->join, self->burst.units[self->i].task);
            async_await(&self->join.fut);
            spawn_add(&self->all, (spawn_sum){self->burst.units[self->i].id, self->burst.units[self->i].top.value});
        }
        task_chan_destroy(self->burst.arrivals);
        task_chan_destroy(self->burst.gate);
    }
    /* -- finish -- */
    if (!self->err)
        spawn_finish(&self->burst.plan, self->all);
    fw_end(self->burst.plan.trial);
    async_end;
}

int spawn_stackless(fw_trial *t)
{
    task_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    crowd c = {.burst.plan = spawn_plan_of(t)};
    int err = fw_check_units(t, "task_spawn", c.burst.plan.burst, 2 * sizeof(unit));

    if (err)
        return err;
    c.burst.units = calloc(c.burst.plan.burst, sizeof *c.burst.units);
    if (!c.burst.units)
        return fw_refuse(t, "calloc", ENOMEM, "frames", (int64_t)c.burst.plan.burst);
    future_init(&c.fut, crowd_poll);
    err = task_run(&config, &c.fut);
    free(c.burst.units);
    if (err)
        return fw_refuse(t, "task_run", -err, "workers", fw_workers(t));
    return c.err ? fw_refuse(t, "task_spawn", -c.err, "tasks", (int64_t)c.burst.plan.burst) : 0;
}
/* -- end -- */
