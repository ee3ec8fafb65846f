/* pool_test - the worker pool: every job runs once, jobs are stolen, also by who is busy or was not told, pinned jobs
 * stay, no inbox is passed over, timers fire in order and never early, cancelled ones don't, and how long a sleeper
 * kept work waiting is counted. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/barrier.h"
#include "core/netpoll.h"
#include "core/park.h"
#include "core/watch.h"
#include "core/workers.h"
#include "core/workers_private.h"

enum { JOBS = 2000, TIMERS = 100 };

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

static void push_all(job *j, worker *w)
{
    (void)j;
    for (int i = 0; i < JOBS; i++)
        pool_push(w->pool, &jobs[i].job, i % 7 == 0);
}

static void start(unsigned n, bool pinned)
{
    static fw_worker places[8];
    for (unsigned i = 0; i < n; i++)
        places[i] = (fw_worker){.index = i, .l3 = -1, .numa = -1};
    park_init(&done, false);
    FW_MUST(pool_start(&p, &(pool_config){.workers = places, .n = n, .pinned = pinned}) == 0);
}

static void reset_jobs(void)
{
    for (int i = 0; i < JOBS; i++) {
        jobs[i].job = (job){.run = count_run};
        atomic_store(&jobs[i].runs, 0);
    }
    atomic_store(&left, JOBS);
}

static void every_job_runs_once(unsigned workers, bool from_inside)
{
    start(workers, false);
    reset_jobs();
    if (from_inside) {
        seed = (job){.run = push_all};
        pool_push(p, &seed, false);
    } else {
        for (int i = 0; i < JOBS; i++)
            pool_push(p, &jobs[i].job, false);
    }
    FW_MUST(park_wait(&done, FW_FOREVER) == 0);
    pool_stop(p);
    for (int i = 0; i < JOBS; i++)
        FW_MUST(atomic_load(&jobs[i].runs) == 1);
}

static void a_pinned_job_stays_where_it_was_put(void)
{
    start(3, true);
    reset_jobs();
    for (int i = 0; i < JOBS; i++)
        pool_push_to(p, (unsigned)i % 3, &jobs[i].job);
    FW_MUST(park_wait(&done, FW_FOREVER) == 0);
    pool_stop(p);
    for (int i = 0; i < JOBS; i++)
        FW_MUST(atomic_load(&jobs[i].ran_on) == (uint32_t)i % 3);
}

/* Two jobs that each wait for the other: they end only if both run at the same time. */
static _Atomic uint32_t met;

static void meet(job *j, worker *w)
{
    (void)j;
    (void)w;
    atomic_fetch_add(&met, 1);
    while (atomic_load(&met) < 2)
        core_cpu_relax();
    if (atomic_fetch_sub(&left, 1) == 1)
        park_wake(&done);
}

static void two_workers_run_at_the_same_time(void)
{
    static job pair[2];
    start(2, false);
    atomic_store(&met, 0);
    atomic_store(&left, 2);
    for (int i = 0; i < 2; i++) {
        pair[i] = (job){.run = meet};
        pool_push(p, &pair[i], false);
    }
    FW_MUST(park_wait(&done, FW_FOREVER) == 0);
    pool_stop(p);
}

/* One worker is never idle; the other runs one job until those that it made runnable have run. */
static _Atomic bool over;
static counted busy;

static void go_round(job *j, worker *w)
{
    atomic_store(&busy.ran_on, w->index);
    if (!atomic_load(&over))
        worker_push_last(w, j);
    else if (atomic_fetch_sub(&left, 1) == 1)
        park_wake(&done);
}

static void leave_jobs_lying(job *j, worker *w)
{
    (void)j;
    while (atomic_load(&busy.ran_on) != 1 - w->index)
        sched_yield();
    for (int i = 0; i < 10; i++)
        pool_push(w->pool, &jobs[i].job, false);
    while (atomic_load(&left) > 1)
        sched_yield();
    atomic_store(&over, true);
}

static void who_is_busy_takes_what_another_has_left_lying(void)
{
    netpoll *net;

    start(2, false);
    FW_MUST(pool_netpoll(p, &net) == 0);
    reset_jobs();
    atomic_store(&left, 11);
    atomic_store(&over, false);
    busy.job = (job){.run = go_round};
    atomic_store(&busy.ran_on, UINT32_MAX);
    seed = (job){.run = leave_jobs_lying};
    pool_push(p, &busy.job, false);
    pool_push(p, &seed, false);
    FW_MUST(park_wait(&done, FW_FOREVER) == 0);
    pool_stop(p);
    for (int i = 0; i < 10; i++)
        FW_MUST(atomic_load(&jobs[i].runs) == 1);
}

/* A worker whose jobs were short makes some runnable, which it would not wake another for, and then runs one until they
 * have run. The other one is that which waits for events, or the guard, by turns. */
static unsigned turns;

static void short_then_long(job *j, worker *w)
{
    if (++turns % 200 != 0) {
        worker_push_last(w, j);
        return;
    }
    for (int i = 0; i < 3; i++)
        pool_push(w->pool, &jobs[i].job, false);
    while (atomic_load(&left) > 1)
        sched_yield();
    for (int i = 0; i < 3; i++)
        FW_MUST(atomic_load(&jobs[i].ran_on) != w->index);
    if (atomic_fetch_sub(&left, 1) == 1)
        park_wake(&done);
}

static void what_was_not_worth_a_wake_is_taken_if_it_stays(void)
{
    netpoll *net;

    start(2, false);
    FW_MUST(pool_netpoll(p, &net) == 0);
    for (unsigned round = 0; round < 8; round++) {
        while (!worker_sleeps(p, 0) || !worker_sleeps(p, 1))
            sched_yield();
        reset_jobs();
        atomic_store(&left, 4);
        seed = (job){.run = short_then_long};
        pool_push_to(p, round % 2, &seed);
        FW_MUST(park_wait(&done, FW_FOREVER) == 0);
    }
    pool_stop(p);
}

/* A worker takes several along from the inject queue, where the other one, which sleeps, was not told of them, and then
 * runs one until all have run. */
static void take_along(job *j, worker *w)
{
    (void)j;
    while (!worker_sleeps(p, 1))
        sched_yield();
    for (int i = 0; i < 10; i++)
        list_push(&p->inject, &jobs[i].job, &jobs[i].job, 1);
    job *first = worker_next(w);
    if (first) /* else the other was in its last look before it slept, and has them */
        first->run(first, w);
    while (atomic_load(&left) > 1)
        sched_yield();
    if (atomic_fetch_sub(&left, 1) == 1)
        park_wake(&done);
}

static void what_is_taken_along_is_shared(void)
{
    start(2, false);
    reset_jobs();
    atomic_store(&left, 11);
    seed = (job){.run = take_along};
    pool_push_to(p, 0, &seed);
    FW_MUST(park_wait(&done, FW_FOREVER) == 0);
    pool_stop(p);
    for (int i = 0; i < 10; i++)
        FW_MUST(atomic_load(&jobs[i].runs) == 1);
}

/* Two jobs hand over to and fro, so that there is always one in the LIFO slot or in the ring; a third is in the inbox.
 * offset: what ran before, for who takes turns by a count of all that ran may always come to the same. */
static job partner, patient;
static _Atomic bool held;

static void run_nothing(job *j, worker *w)
{
    (void)j;
    (void)w;
}

static void be_patient(job *j, worker *w)
{
    (void)j;
    (void)w;
    atomic_store(&over, true);
}

static void hold_worker(job *j, worker *w)
{
    (void)j;
    (void)w;
    atomic_store(&held, true);
    while (!atomic_load(&over))
        sched_yield();
}

static void to_and_fro(job *j, worker *w)
{
    enum { PATIENCE = 8 };

    if (atomic_load(&over)) {
        park_wake(&done);
        return;
    }
    FW_MUST(turns++ < PATIENCE);
    pool_push(w->pool, &partner, true);
    worker_push_last(w, j);
}

static void begin_to_and_fro(job *j, worker *w)
{
    (void)j;
    list_push(&w->priv->inbox, &patient, &patient, 1);
    to_and_fro(&busy.job, w);
}

static void an_inbox_is_not_passed_over(unsigned workers, bool pinned, unsigned offset)
{
    static job before[2], holds;

    start(workers, pinned);
    atomic_store(&over, false);
    atomic_store(&held, workers == 1);
    turns = 0;
    busy.job = (job){.run = to_and_fro};
    partner = (job){.run = run_nothing};
    patient = (job){.run = be_patient};
    seed = (job){.run = begin_to_and_fro};
    holds = (job){.run = hold_worker};
    if (workers > 1)
        pool_push_to(p, 1, &holds);
    while (!atomic_load(&held))
        sched_yield();
    for (unsigned i = 0; i < offset; i++) {
        before[i] = (job){.run = run_nothing};
        pool_push_to(p, 0, &before[i]);
    }
    pool_push_to(p, 0, &seed);
    FW_MUST(park_wait(&done, FW_FOREVER) == 0);
    pool_stop(p);
}

static core_timer alarms[TIMERS];
static uint64_t last_deadline;

static void fired(core_timer *t, worker *w)
{
    (void)w;
    FW_MUST(fw_now_ns() >= t->deadline_ns && t->deadline_ns >= last_deadline && t->owner == NULL);
    last_deadline = t->deadline_ns;
    if (atomic_fetch_sub(&left, 1) == 1)
        park_wake(&done);
}

static void arm_all(job *j, worker *w)
{
    uint64_t now = fw_now_ns();
    (void)j;
    for (int i = 0; i < TIMERS; i++) {
        alarms[i] = (core_timer){.deadline_ns = now + (uint64_t)(i * 37 % TIMERS) * 20000, .fire = fired};
        core_timer_arm(w, &alarms[i]);
    }
    for (int i = 0; i < TIMERS; i += 2) {
        alarms[i].owner = &alarms; /* must not fire */
        FW_MUST(core_timer_cancel(&alarms[i]) && !core_timer_cancel(&alarms[i]));
    }
}

static void timers_fire_in_order_and_never_early(void)
{
    start(1, false);
    last_deadline = 0;
    atomic_store(&left, TIMERS / 2);
    seed = (job){.run = arm_all};
    pool_push(p, &seed, false);
    FW_MUST(park_wait(&done, FW_FOREVER) == 0);
    pool_stop(p);
}

/* Of the time from a push to the job, and none of any other. */
static void how_long_a_sleeper_kept_work_waiting_is_counted(void)
{
    uint64_t before = fw_counter_sum(FW_IDLE_NS), waited = 0;

    start(1, false);
    for (int i = 0; i < 100; i++) {
        while (!worker_sleeps(p, 0))
            sched_yield();
        jobs[0].job = (job){.run = count_run};
        atomic_store(&left, 1);
        uint64_t pushed = fw_now_ns();
        pool_push(p, &jobs[0].job, false);
        FW_MUST(park_wait(&done, FW_FOREVER) == 0);
        waited += fw_now_ns() - pushed;
    }
    pool_stop(p);
    uint64_t counted = fw_counter_sum(FW_IDLE_NS) - before;
    FW_MUST(counted > 0 && counted <= waited);
}

int main(void)
{
    core_barrier_init();
    for (int pass = 0; pass < 2;
         pass++, core_barrier_both = true) { /* with membarrier, if the kernel has it; without */
        every_job_runs_once(1, true);
        every_job_runs_once(2, true);
        every_job_runs_once(4, true);
        every_job_runs_once(2, false);
    }
    a_pinned_job_stays_where_it_was_put();
    two_workers_run_at_the_same_time();
    who_is_busy_takes_what_another_has_left_lying();
    what_was_not_worth_a_wake_is_taken_if_it_stays();
    what_is_taken_along_is_shared();
    for (unsigned offset = 0; offset < 3; offset++) {
        an_inbox_is_not_passed_over(1, false, offset);
        an_inbox_is_not_passed_over(2, true, offset);
        an_inbox_is_not_passed_over(2, false, offset);
    }
    timers_fire_in_order_and_never_early();
    how_long_a_sleeper_kept_work_waiting_is_counted();
    puts("ok: the pool");
    return 0;
}
