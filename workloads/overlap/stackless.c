/* Overlap with stackless tasks: one a file. A pipe can be waited for: its read is a future. A regular file can't: its
 * read goes to the pool, or blocks the worker and all who would be polled there. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "fw.h"
#include "spec.h"
#include "stackless/stackless.h"

typedef struct reader {
    future fut;
    task *task;
    task_io *io;
    union {
        task_io_fut read;
        task_block_fut block;
    } await;
    overlap_reader of;
} reader;

/* -- unit -- */
static async_fn(reader)
{
    async_begin(reader);
    if (self->of.plan->pipes)
        FW_MUST(task_io_open(cx, &self->io, dup(self->of.fd)) == 0);
    do {
        if (self->io) {
            task_read(&self->await.read, self->io, self->of.data + self->of.have, OVERLAP_CHUNK - self->of.have,
                      FW_FOREVER);
            async_await(&self->await.read.fut);
            self->of.got = self->await.read.result;
        } else if (self->of.plan->pool) {
            task_block(&self->await.block, overlap_read, &self->of);
            async_await(&self->await.block.fut);
            FW_MUST(self->await.block.status == 0);
        } else {
            overlap_read(&self->of);
        }
    } while (overlap_hash(&self->of));
    if (self->io)
        task_io_close(self->io);
    async_end;
}
/* -- launch -- */
typedef struct all {
    future fut;
    overlap_plan plan;
    reader *readers;
    uint64_t made, i, values;
    task_join_fut join;
    int err;
} all;

static int spawn_reader(task_cx *cx, all *a)
{
    reader *r = &a->readers[a->made];
    overlap_reader_init(&r->of, &a->plan, a->made);
    future_init(&r->fut, reader_poll);
    return task_spawn(cx, &r->task, (int)(a->made % fw_workers(a->plan.trial)), &r->fut);
}

static async_fn(all)
{
    async_begin(all);
    for (; self->made < self->plan.files && !self->err; self->made += self->err == 0)
        self->err = spawn_reader(cx, self);
    /* -- coordinate -- */
    for (self->i = 0; self->i < self->made; self->i++) {
        task_join(&self->join, self->readers[self->i].task);
        async_await(&self->join.fut);
        self->values += overlap_value(&self->readers[self->i].of);
    }
    async_end;
}

int overlap_stackless(fw_trial *t)
{
    task_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    all a = {.values = 0};
    int err = overlap_begin(&a.plan, t);

    if (err)
        return err;
    FW_MUST((a.readers = calloc(a.plan.files, sizeof *a.readers)) != NULL);
    future_init(&a.fut, all_poll);
    err = task_run(&config, &a.fut);
    /* -- finish -- */
    free(a.readers);
    int bad = overlap_end(&a.plan, a.values);
    if (err)
        return fw_refuse(t, "task_run", -err, "workers", fw_workers(t));
    return a.err ? fw_refuse(t, "task_spawn", -a.err, "tasks", (int64_t)a.plan.files) : bad;
}
/* -- end -- */
