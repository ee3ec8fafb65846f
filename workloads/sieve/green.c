/* The sieve with green threads: one a stage, a channel between two. */
#include <errno.h>
#include <stdlib.h>

#include "fw.h"
#include "green/green.h"
#include "spec.h"

enum { STACK_IN_USE = 8192 };

typedef struct unit {
    green *thread;
    green_chan *in, *out; /* of numbers; in: NULL for the source */
    uint64_t prime;       /* the source: the last number */
} unit;

typedef struct pipeline {
    sieve_plan plan;
    unit *units;
    uint64_t n, sum;
    int err;
} pipeline;

/* -- unit -- */
static void run(void *arg)
{
    unit *u = arg;
    uint64_t x;

    for (x = 2; !u->in && x <= u->prime; x++)
        green_send(u->out, &x);
    while (u->in && green_recv(u->in, &x) == 0)
        if (sieve_passes(u->prime, x))
            green_send(u->out, &x);
    green_chan_close(u->out);
}
/* -- launch -- */
static bool append(pipeline *l, uint64_t prime)
{
    unit *u = &l->units[l->n];
    green_attr attr = {.worker = fw_pin_units(l->plan.trial) ? (int)(l->n % fw_workers(l->plan.trial)) : -1};

    *u = (unit){.in = l->n ? u[-1].out : NULL, .prime = prime};
    FW_MUST(green_chan_create(&u->out, sizeof(uint64_t), SIEVE_ROOM) == 0);
    if ((l->err = green_spawn(&u->thread, &attr, run, u)) != 0)
        green_chan_destroy(u->out);
    l->n += l->err == 0;
    return l->err == 0;
}
/* -- coordinate -- */
static void collect(void *arg)
{
    pipeline *l = arg;
    uint64_t prime;

    if (!append(l, l->plan.last))
        return;
    while (l->n <= l->plan.primes && green_recv(l->units[l->n - 1].out, &prime) == 0) {
        l->sum += sieve_value(prime);
        if (!append(l, prime))
            break;
    }
    while (green_recv(l->units[l->n - 1].out, &prime) == 0)
        ; /* until all have ended */
    for (uint64_t i = 0; i < l->n; i++)
        green_join(l->units[i].thread);
}

int sieve_green(fw_trial *t)
{
    green_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    pipeline l = {.plan = sieve_plan_of(t)};
    int err = fw_check_units(t, "green_spawn", l.plan.primes + 1, STACK_IN_USE);

    if (err)
        return err;
    FW_MUST((l.units = calloc(l.plan.primes + 1, sizeof *l.units)) != NULL);
    fw_begin(t);
    err = green_run(&config, collect, &l);
    /* -- finish -- */
    for (uint64_t i = 0; i < l.n; i++)
        green_chan_destroy(l.units[i].out);
    free(l.units);
    if (err)
        return fw_refuse(t, "green_run", -err, "workers", fw_workers(t));
    if (l.err)
        return fw_refuse(t, "green_spawn", -l.err, "green threads", (int64_t)l.n);
    return sieve_finish(&l.plan, l.n - 1, l.sum);
}
/* -- end -- */
