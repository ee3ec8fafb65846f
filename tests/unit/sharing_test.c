/* sharing_test - what a worker of the pool may run alone, and what others must get to see: jobs that meet run at the
 * same time; what one has left lying is taken, also by who is busy or was not told; no queue is passed over; a timer
 * fires though its worker is stuck. */
#include <sched.h>
#include <stdio.h>

#include "core/netpoll.h"
#include "pool_jobs.h"

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

/* When the other worker has slept for a while, a job makes another one runnable, which comes before it though it goes
 * behind itself, and waits for it. Which one of the inbox and the ring comes first changes with each turn. */
enum { TURNS_ASLEEP = 2000 };

static bool by_inbox;
static unsigned last_turn;

static void wait_until_over(job *j, worker *w)
{
    (void)j;
    (void)w;
    while (!atomic_load(&over))
        sched_yield();
    park_wake(&done);
}

static void wake_and_go_behind(job *j, worker *w)
{
    if (turns > last_turn) {
        atomic_store(&over, true);
        return;
    }
    turns = worker_sleeps(p, 1 - w->index) ? turns + 1 : 0;
    if (turns > last_turn && by_inbox)
        pool_push_to(w->pool, w->index, &partner);
    else if (turns > last_turn)
        pool_push(w->pool, &partner, true);
    worker_push_last(w, j);
}

static void who_went_behind_is_shared_when_another_comes_first(bool inbox, unsigned odd)
{
    start(2, false);
    atomic_store(&over, false);
    by_inbox = inbox;
    turns = 0;
    last_turn = TURNS_ASLEEP + odd;
    partner = (job){.run = wait_until_over};
    seed = (job){.run = wake_and_go_behind};
    pool_push(p, &seed, false);
    FW_MUST(park_wait(&done, FW_FOREVER) == 0);
    pool_stop(p);
}

/* A job arms a timer and waits for it on its worker: the other one, which then falls asleep or is busy, must fire it.
 */
static core_timer alarm_clock;
static _Atomic uint32_t fired_on;

static void fire_elsewhere(core_timer *t, worker *w)
{
    FW_MUST(fw_now_ns() >= t->deadline_ns);
    atomic_store(&fired_on, w->index);
    atomic_store(&over, true);
}

static void arm_and_wait(job *j, worker *w)
{
    (void)j;
    while (turns > 0 ? atomic_load(&busy.ran_on) != 1 - w->index : !atomic_load(&held))
        sched_yield();
    alarm_clock = (core_timer){.deadline_ns = fw_now_ns() + 1000000, .fire = fire_elsewhere};
    core_timer_arm(w, &alarm_clock);
    atomic_store(&held, false);
    while (!atomic_load(&over))
        sched_yield();
    FW_MUST(atomic_load(&fired_on) != w->index);
    if (atomic_fetch_sub(&left, 1) == 1)
        park_wake(&done);
}

static void hold_until_armed(job *j, worker *w)
{
    (void)j;
    (void)w;
    atomic_store(&held, true);
    while (atomic_load(&held))
        sched_yield();
}

static void the_timer_of_a_stuck_worker_is_fired_by_another(bool other_is_busy, bool polls)
{
    netpoll *net;

    start(2, false);
    FW_MUST(!polls || pool_netpoll(p, &net) == 0);
    atomic_store(&over, false);
    atomic_store(&left, other_is_busy ? 2 : 1);
    turns = other_is_busy;
    atomic_store(&held, false);
    busy.job = (job){.run = other_is_busy ? go_round : hold_until_armed};
    atomic_store(&busy.ran_on, UINT32_MAX);
    seed = (job){.run = arm_and_wait};
    pool_push_to(p, 1, &busy.job);
    pool_push_to(p, 0, &seed);
    FW_MUST(park_wait(&done, FW_FOREVER) == 0);
    pool_stop(p);
}

int main(void)
{
    two_workers_run_at_the_same_time();
    who_is_busy_takes_what_another_has_left_lying();
    what_was_not_worth_a_wake_is_taken_if_it_stays();
    what_is_taken_along_is_shared();
    for (unsigned offset = 0; offset < 3; offset++) {
        an_inbox_is_not_passed_over(1, false, offset);
        an_inbox_is_not_passed_over(2, true, offset);
        an_inbox_is_not_passed_over(2, false, offset);
    }
    for (unsigned odd = 0; odd < 2; odd++) {
        who_went_behind_is_shared_when_another_comes_first(false, odd);
        who_went_behind_is_shared_when_another_comes_first(true, odd);
    }
    for (int polls = 0; polls < 2; polls++) {
        the_timer_of_a_stuck_worker_is_fired_by_another(false, polls);
        the_timer_of_a_stuck_worker_is_fired_by_another(true, polls);
    }
    puts("ok: sharing");
    return 0;
}
