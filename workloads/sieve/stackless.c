/* The sieve with stackless tasks: one a stage, a channel between two. */
#include <errno.h>
#include <stdlib.h>

#include "fw.h"
#include "spec.h"
#include "stackless/stackless.h"

typedef struct stage {
    future fut;
    task *task;
    task_chan *in, *out; /* of numbers; in: NULL for the source */
    uint64_t prime;      /* the source: the last number */
    uint64_t x;
    task_chan_fut await;
} stage;

/* -- unit -- */
static async_fn(stage)
{
    async_begin(stage);
    for (self->x = 2; !self->in && self->x <= self->prime; self->x++) {
        task_send(&self->await, self->out, &self->x);
        async_await(&self->await.fut);
    }
    while (self->in) {
        task_recv(&self->await, self->in, &self->x);
        async_await(&self->await.fut);
        if (self->await.status)
            break;
        if (!sieve_passes(self->prime, self->x))
            continue;
        task_send(&self->await, self->out, &self->x);
        async_await(&self->await.fut);
    }
    task_chan_close(self->out);
    async_end;
}
/* -- launch -- */
typedef struct pipeline {
    future fut;
    sieve_plan plan;
    stage *stages;
    uint64_t n, i, prime, sum;
    task_recv_fut hear;
    task_join_fut join;
    int err;
} pipeline;

static bool append(pipeline *l, task_cx *cx, uint64_t prime)
{
    stage *s = &l->stages[l->n];
    int worker = fw_pin_units(l->plan.trial) ? (int)(l->n % fw_workers(l->plan.trial)) : -1;

    *s = (stage){.fut.poll = stage_poll, .in = l->n ? s[-1].out : NULL, .prime = prime};
    FW_MUST(task_chan_create(&s->out, sizeof(uint64_t), SIEVE_ROOM) == 0);
    if ((l->err = task_spawn(cx, &s->task, worker, &s->fut)) != 0)
        task_chan_destroy(s->out);
    l->n += l->err == 0;
    return l->err == 0;
}
/* -- coordinate -- */
static async_fn(pipeline)
{
    async_begin(pipeline);
    append(self, cx, self->plan.last);
    while (self->n > 0) { /* until the last stage has ended, and so all */
        task_recv(&self->hear, self->stages[self->n - 1].out, &self->prime);
        async_await(&self->hear.fut);
        if (self->hear.status)
            break;
        if (self->n <= self->plan.primes && !self->err) {
            self->sum += sieve_value(self->prime);
            append(self, cx, self->prime);
        }
    }
    for (self->i = 0; self->i < self->n; self->i++) {
        task_join(&self->join, self->stages[self->i].task);
        async_await(&self->join.fut);
    }
    async_end;
}

int sieve_stackless(fw_trial *t)
{
    task_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    pipeline l = {.fut.poll = pipeline_poll, .plan = sieve_plan_of(t)};
    int err = fw_check_units(t, "task_spawn", l.plan.primes + 1, 2 * sizeof(stage));

    if (err)
        return err;
    FW_MUST((l.stages = calloc(l.plan.primes + 1, sizeof *l.stages)) != NULL);
    fw_begin(t);
    err = task_run(&config, &l.fut);
    /* -- finish -- */
    for (uint64_t i = 0; i < l.n; i++)
        task_chan_destroy(l.stages[i].out);
    free(l.stages);
    if (err)
        return fw_refuse(t, "task_run", -err, "workers", fw_workers(t));
    if (l.err)
        return fw_refuse(t, "task_spawn", -l.err, "tasks", (int64_t)l.n);
    return sieve_finish(&l.plan, l.n - 1, l.sum);
}
/* -- end -- */
