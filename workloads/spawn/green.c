/* Spawn with green threads: as with threads, each writes into its own record; the gate is a channel that is closed. */
#include <errno.h>
#include <stdlib.h>

#include "fw.h"
#include "green/green.h"
#include "spec.h"

enum { STACK_BYTES = 16384, STACK_IN_USE = 8192, ARRIVALS = 128 }; /* small stacks share lines of the page table */

typedef struct burst {
    spawn_plan plan;
    struct unit *units;
    green_chan *arrivals, *gate; /* of a byte; nothing is ever sent through the gate */
    spawn_sum all;
    int err;
} burst;

typedef struct unit {
    burst *burst;
    green *thread;
    spawn_sum sum; /* number; then the result */
} unit;

/* -- unit -- */
static void wait_at_gate(void *arg)
{
    burst *b = arg;
    char here = 0;

    green_send(b->arrivals, &here);
    green_recv(b->gate, &here);
}

static void run(void *arg)
{
    unit *u = arg;
    u->sum = spawn_descend(&u->burst->plan, u->sum.numbers, wait_at_gate, u->burst);
}
/* -- launch -- */
static int run_burst(burst *b, uint64_t first)
{
    uint64_t n = spawn_next_burst(&b->plan, first), made = 0;
    char here;
    int err = 0;

    FW_MUST(green_chan_create(&b->arrivals, 1, ARRIVALS) == 0 && green_chan_create(&b->gate, 1, 0) == 0);
    fw_memory_before(b->plan.trial);
    for (; made < n && !err; made += err == 0) {
        b->units[made] = (unit){.burst = b, .sum.numbers = first + made};
        err = green_spawn(&b->units[made].thread, NULL, run, &b->units[made]);
    }
    /* -- coordinate -- */
    if (b->plan.gate) {
        for (uint64_t i = 0; i < made; i++)
            green_recv(b->arrivals, &here);
        fw_memory_live(b->plan.trial, made);
        green_chan_close(b->gate);
    }
    for (uint64_t i = 0; i < made; i++) {
        green_join(b->units[i].thread);
        spawn_add(&b->all, b->units[i].sum);
    }
    green_chan_destroy(b->arrivals);
    green_chan_destroy(b->gate);
    return err;
}

static void launch(void *arg)
{
    burst *b = arg;

    fw_begin(b->plan.trial); /* the workers run already */
    for (uint64_t done = 0; done < b->plan.units && !b->err; done += b->plan.burst)
        b->err = run_burst(b, done);
    /* -- finish -- */
    if (!b->err)
        spawn_finish(&b->plan, b->all);
    fw_end(b->plan.trial);
}

int spawn_green(fw_trial *t)
{
    green_config config = {
        .workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t), .stack_bytes = STACK_BYTES};
    burst b = {.plan = spawn_plan_of(t)};
    int err = fw_check_units(t, "green_spawn", b.plan.burst, STACK_IN_USE);

    if (err)
        return err;
    b.units = calloc(b.plan.burst, sizeof *b.units);
    if (!b.units)
        return fw_refuse(t, "calloc", ENOMEM, "records", (int64_t)b.plan.burst);
    err = green_run(&config, launch, &b);
    free(b.units);
    if (err)
        return fw_refuse(t, "green_run", -err, "workers", fw_workers(t));
    return b.err ? fw_refuse(t, "green_spawn", -b.err, "green threads", (int64_t)b.plan.burst) : 0;
}
/* -- end -- */
