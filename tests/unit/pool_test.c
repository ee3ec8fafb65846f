/* pool_test - the worker pool: every job runs once, pinned jobs stay, timers fire in order and never early, cancelled
 * ones don't, and how long a sleeper kept work waiting is counted. What workers take from each other: sharing_test.c.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/barrier.h"
#include "pool_jobs.h"

enum { TIMERS = 100 };

static void push_all(job *j, worker *w)
{
    (void)j;
    for (int i = 0; i < JOBS; i++)
        pool_push(w->pool, &jobs[i].job, i % 7 == 0);
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
    timers_fire_in_order_and_never_early();
    how_long_a_sleeper_kept_work_waiting_is_counted();
    puts("ok: the pool");
    return 0;
}
