/* Overlap with green threads: one a file. A pipe can be waited for: who reads parks. A regular file can't: its read
 * goes to the pool, or blocks the worker and all who would run there. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "fw.h"
#include "green/green.h"
#include "spec.h"

typedef struct unit {
    green *thread;
    overlap_reader reader;
} unit;

typedef struct job {
    overlap_plan plan;
    unit *units;
    uint64_t values;
    int err;
} job;

/* -- unit -- */
static void run(void *arg)
{
    overlap_reader *r = arg;
    green_io *io = NULL;

    if (r->plan->pipes)
        FW_MUST(green_io_open(&io, dup(r->fd)) == 0);
    do {
        if (io)
            r->got = green_read(io, r->data + r->have, OVERLAP_CHUNK - r->have, FW_FOREVER);
        else if (r->plan->pool)
            FW_MUST(green_block(overlap_read, r) == 0);
        else
            overlap_read(r);
    } while (overlap_hash(r));
    if (io)
        green_io_close(io);
}
/* -- launch -- */
static void launch(void *arg)
{
    job *j = arg;
    uint64_t made = 0;

    for (; made < j->plan.files && !j->err; made += j->err == 0) {
        overlap_reader_init(&j->units[made].reader, &j->plan, made);
        green_attr attr = {.worker = (int)(made % fw_workers(j->plan.trial))};
        j->err = green_spawn(&j->units[made].thread, &attr, run, &j->units[made].reader);
    }
    /* -- coordinate -- */
    for (uint64_t i = 0; i < made; i++) {
        green_join(j->units[i].thread);
        j->values += overlap_value(&j->units[i].reader);
    }
}

int overlap_green(fw_trial *t)
{
    green_config config = {.workers = fw_worker_of(t, 0),
                           .n = fw_workers(t),
                           .pinned = fw_pin_units(t),
                           .stack_bytes = 128 * 1024}; /* a piece lies on the stack while it is hashed */
    job j = {.values = 0};
    int err = overlap_begin(&j.plan, t);

    if (err)
        return err;
    FW_MUST((j.units = calloc(j.plan.files, sizeof *j.units)) != NULL);
    err = green_run(&config, launch, &j);
    /* -- finish -- */
    free(j.units);
    int bad = overlap_end(&j.plan, j.values);
    if (err)
        return fw_refuse(t, "green_run", -err, "workers", fw_workers(t));
    return j.err ? fw_refuse(t, "green_spawn", -j.err, "green threads", (int64_t)j.plan.files) : bad;
}
/* -- end -- */
