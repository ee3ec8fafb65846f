/* pool_jobs.h - for pool_test and sharing_test, each one pool at a time: it, and jobs that count their runs. */
#ifndef POOL_JOBS_H
#define POOL_JOBS_H

#include "core/park.h"
#include "core/watch.h"
#include "core/workers.h"
#include "core/workers_private.h"

enum { JOBS = 2000 };

typedef struct counted {
    job job; /* first */
    _Atomic uint32_t runs;
    _Atomic uint32_t ran_on;
} counted;

static pool *p;
static counted jobs[JOBS];
static job seed;
static _Atomic uint32_t left;
static parker done;

static void count_run(job *j, worker *w)
{
    counted *c = (counted *)j;
    atomic_fetch_add(&c->runs, 1);
    atomic_store(&c->ran_on, w->index);
    if (atomic_fetch_sub(&left, 1) == 1)
        park_wake(&done);
}

static void start(unsigned n, bool pinned)
{
    static fw_worker places[8];
    for (unsigned i = 0; i < n; i++)
        places[i] = (fw_worker){.index = i, .l3 = -1, .numa = -1};
    park_init(&done, false);
    FW_MUST(pool_start(&p, &(pool_config){.workers = places, .n = n, .pinned = pinned, .turns = FW_SWITCHES}) == 0);
}

static void reset_jobs(void)
{
    for (int i = 0; i < JOBS; i++) {
        jobs[i].job = (job){.run = count_run};
        atomic_store(&jobs[i].runs, 0);
    }
    atomic_store(&left, JOBS);
}

#endif
