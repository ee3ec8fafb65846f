/* Word count with stackless tasks: a state machine a stage, a channel between two of
 * them. The frames of all stages are members of the pipeline; nothing has a stack. */
#include <stdlib.h>

#include "fw.h"
#include "spec.h"
#include "stackless/stackless.h"

/* -- unit -- */
typedef struct stage {
    future fut;
    wordcount_pass *pass;
    unsigned number;
    task_chan *in, *out; /* of wordcount_batch *; NULL: the first and the last stage */
    wordcount_batch *batch;
    task_recv_fut recv;
    task_send_fut send;
} stage;

static async_fn(stage)
{
    async_begin(stage);
    for (;;) {
        if (self->in) {
            task_recv(&self->recv, self->in, &self->batch);
            async_await(&self->recv.fut);
            if (self->recv.status)
                break;
        } else if (!(self->batch = wordcount_next(self->pass))) {
            break;
        }
        wordcount_transform(self->pass, self->number, self->batch);
        if (self->out) {
            task_send(&self->send, self->out, &self->batch);
            async_await(&self->send.fut);
        } else {
            wordcount_count(self->pass, self->batch);
            free(self->batch);
        }
    }
    if (self->out)
        task_chan_close(self->out);
    else
        wordcount_finish(self->pass);
    async_end;
}
/* -- launch -- */
typedef struct pipeline {
    future fut;
    wordcount_pass pass;
    task_chan *channel[WORDCOUNT_STAGES + 1]; /* channel[i] leads into stage i */
    stage stages[WORDCOUNT_STAGES];
    task *units[WORDCOUNT_STAGES];
    unsigned first;
    task_join_fut join;
    int err;
} pipeline;

static async_fn(pipeline)
{
    async_begin(pipeline);
    self->first = self->pass.stages;
    while (self->first > 0 && !self->err) { /* the counter first, the reader last */
        unsigned i = self->first - 1;
        self->stages[i] =
            (stage){.pass = &self->pass, .number = i, .in = self->channel[i], .out = self->channel[i + 1]};
        future_init(&self->stages[i].fut, stage_poll);
        self->err = task_spawn(cx, &self->units[i], (int)(i % fw_workers(self->pass.trial)), &self->stages[i].fut);
        self->first -= self->err == 0;
    }
    if (self->err && self->first < self->pass.stages)
        task_chan_close(self->channel[self->first]);
    /* -- coordinate -- */
    for (; self->first < self->pass.stages; self->first++) {
        task_join(&self->join, self->units[self->first]);
        async_await(&self->join.fut);
    }
    async_end;
}

int wordcount_stackless(fw_trial *t)
{
    task_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};

    fw_begin(t);
    pipeline p = {.pass = wordcount_begin(t)};
    for (unsigned i = 1; i < p.pass.stages; i++)
        FW_MUST(task_chan_create(&p.channel[i], sizeof(wordcount_batch *), WORDCOUNT_QUEUE) == 0);
    future_init(&p.fut, pipeline_poll);
    int err = task_run(&config, &p.fut);
    /* -- finish -- */
    for (unsigned i = 1; i < p.pass.stages; i++)
        task_chan_destroy(p.channel[i]);
    fw_end(t);
    if (err)
        return fw_refuse(t, "task_run", -err, "workers", fw_workers(t));
    return p.err ? fw_refuse(t, "task_spawn", -p.err, "tasks", p.pass.stages) : 0;
}
/* -- end -- */
