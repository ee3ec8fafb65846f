/* Spawn with threads: each writes its result into its own record; the gate is a mutex and two conditions. */
#include <errno.h>
#include <stdlib.h>

#include "fw.h"
#include "spec.h"
#include "threads/threads.h"

typedef struct burst {
    spawn_plan plan;
    thr_mutex lock; /* guards arrived and open */
    thr_cond all_here, opened;
    uint64_t arrived, size;
    bool open;
} burst;

typedef struct unit {
    burst *burst;
    thr *thread;
    spawn_sum sum; /* number; then the result */
} unit;

/* -- unit -- */
static void wait_at_gate(void *arg)
{
    burst *b = arg;

    thr_lock(&b->lock);
    if (++b->arrived == b->size)
        thr_cond_signal(&b->all_here);
    while (!b->open)
        thr_cond_wait(&b->opened, &b->lock);
    thr_unlock(&b->lock);
}

static void run(void *arg)
{
    unit *u = arg;
    u->sum = spawn_descend(&u->burst->plan, u->sum.numbers, wait_at_gate, u->burst);
}
/* -- launch -- */
static void open_gate(burst *b, uint64_t made)
{
    thr_lock(&b->lock);
    b->size = made;
    while (b->arrived < made)
        thr_cond_wait(&b->all_here, &b->lock);
    fw_memory_live(b->plan.trial, made);
    b->open = true;
    thr_unlock(&b->lock);
    thr_cond_broadcast(&b->opened);
}

static int run_burst(burst *b, unit *units, uint64_t first, spawn_sum *all)
{
    uint64_t n = spawn_next_burst(&b->plan, first), made = 0;
    int err = 0;

    b->arrived = 0;
    b->size = UINT64_MAX;
    b->open = false;
    fw_memory_before(b->plan.trial);
    for (; made < n && !err; made += err == 0) {
        units[made] = (unit){.burst = b, .sum.numbers = first + made};
        err = thr_spawn(&units[made].thread, fw_worker_of(b->plan.trial, (unsigned)made), run, &units[made]);
    }
    /* -- coordinate -- */
    if (b->plan.gate)
        open_gate(b, made);
    for (uint64_t i = 0; i < made; i++) {
        thr_join(units[i].thread);
        spawn_add(all, units[i].sum);
    }
    return err;
}

int spawn_threads(fw_trial *t)
{
    burst b = {.plan = spawn_plan_of(t)};
    spawn_sum all = {0, 0};
    int err = fw_check_os_units(t, "pthread_create", b.plan.burst, FW_THREAD_BYTES);
    unit *units = err ? NULL : calloc(b.plan.burst, sizeof *units);

    if (!units)
        return err ? err : fw_refuse(t, "calloc", ENOMEM, "records", (int64_t)b.plan.burst);
    thr_mutex_init(&b.lock);
    thr_cond_init(&b.all_here);
    thr_cond_init(&b.opened);
    fw_begin(t);
    for (uint64_t done = 0; done < b.plan.units && !err; done += b.plan.burst)
        err = run_burst(&b, units, done, &all);
    /* -- finish -- */
    if (!err)
        spawn_finish(&b.plan, all);
    fw_end(t);
    thr_mutex_destroy(&b.lock);
    free(units);
    return err ? fw_refuse_units(t, "pthread_create", -err) : 0;
}
/* -- end -- */
