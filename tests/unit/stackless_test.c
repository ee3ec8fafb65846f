/* stackless_test - tasks are what they say: polled by few OS threads, at once on two workers, stolen, resumed
 * elsewhere; wakes coalesce; joins, sleeps, budgets, channels with deadlines, drops. */
#include "os_threads.h"
#include "stackless/stackless.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { UNITS = 500 };

static void run(unsigned workers, bool pinned, future *root)
{
    static fw_worker places[8];
    for (unsigned i = 0; i < workers; i++)
        places[i] = (fw_worker){.index = i, .l3 = -1, .numa = -1};
    FW_MUST(task_run(&(task_config){places, workers, pinned}, root) == 0);
}

/* ---- at the same time --------------------------------------------------- */

static _Atomic uint32_t met;

typedef struct meet {
    future fut;
} meet;

/* Each waits for the other without ever giving up its worker: they end only if both run at once. */
static async_fn(meet)
{
    async_begin(meet);
    atomic_fetch_add(&met, 1);
    while (atomic_load(&met) < 2)
        ;
    async_end;
}

typedef struct two_meet {
    future fut;
    meet each[2];
    task *tasks[2];
    task_join_all_fut join;
} two_meet;

static async_fn(two_meet)
{
    async_begin(two_meet);
    for (int i = 0; i < 2; i++) {
        future_init(&self->each[i].fut, meet_poll);
        FW_MUST(task_spawn(cx, &self->tasks[i], -1, &self->each[i].fut) == 0);
    }
    task_join_all(&self->join, self->tasks, 2);
    async_await(&self->join.fut);
    async_end;
}

static void tasks_run_at_the_same_time_on_two_workers(void)
{
    uint64_t steals = fw_counter_sum(FW_STEALS);
    two_meet m = {0};
    atomic_store(&met, 0);
    future_init(&m.fut, two_meet_poll);
    run(2, false, &m.fut);
    FW_MUST(fw_counter_sum(FW_STEALS) > steals);
}

/* ---- many, without OS threads ------------------------------------------- */

typedef struct waiting {
    future fut;
    task_chan *arrived, *open;
    int token;
    task_chan_fut io;
} waiting;

static async_fn(waiting)
{
    async_begin(waiting);
    task_send(&self->io, self->arrived, &self->token);
    async_await(&self->io.fut);
    FW_MUST(self->io.status == 0);
    task_recv(&self->io, self->open, &self->token);
    async_await(&self->io.fut);
    FW_MUST(self->io.status == -EPIPE);
    async_end;
}

typedef struct crowd {
    future fut;
    waiting each[UNITS];
    task *tasks[UNITS];
    task_chan *arrived, *open;
    int i, token, threads;
    uint64_t created;
    task_chan_fut io;
    task_join_all_fut join;
} crowd;

static async_fn(crowd)
{
    async_begin(crowd);
    self->threads = os_threads();
    self->created = fw_counter_sum(FW_CREATED);
    for (int i = 0; i < UNITS; i++) {
        self->each[i] = (waiting){.arrived = self->arrived, .open = self->open};
        future_init(&self->each[i].fut, waiting_poll);
        FW_MUST(task_spawn(cx, &self->tasks[i], -1, &self->each[i].fut) == 0);
    }
    for (self->i = 0; self->i < UNITS; self->i++) {
        task_recv(&self->io, self->arrived, &self->token);
        async_await(&self->io.fut);
        FW_MUST(self->io.status == 0);
    }
    FW_MUST(os_threads() <= self->threads);
    FW_MUST(fw_counter_sum(FW_CREATED) == self->created + UNITS);
    task_chan_close(self->open); /* wakes every one of them */
    task_join_all(&self->join, self->tasks, UNITS);
    async_await(&self->join.fut);
    async_end;
}

static void no_os_thread_per_task_and_close_wakes_everyone(void)
{
    static crowd c;
    c = (crowd){0};
    FW_MUST(task_chan_create(&c.arrived, sizeof(int), 0) == 0 && task_chan_create(&c.open, sizeof(int), 0) == 0);
    future_init(&c.fut, crowd_poll);
    run(2, false, &c.fut);
    task_chan_destroy(c.arrived);
    task_chan_destroy(c.open);
}

/* ---- resumed on another worker ------------------------------------------ */

typedef struct moving {
    task_chan *c;
    _Atomic unsigned before, after; /* worker + 1 */
    _Atomic bool busy;
} moving;

typedef struct mover {
    future fut;
    moving *m;
    uint64_t migrations;
    int token;
    task_recv_fut io;
} mover;

static async_fn(mover)
{
    async_begin(mover);
    self->migrations = fw_counter_sum(FW_MIGRATIONS);
    atomic_store(&self->m->before, task_worker(cx) + 1);
    task_recv(&self->io, self->m->c, &self->token);
    async_await(&self->io.fut);
    FW_MUST(fw_counter_sum(FW_MIGRATIONS) == self->migrations + 1);
    atomic_store(&self->m->after, task_worker(cx) + 1);
    async_end;
}

typedef struct joiner {
    future fut;
    mover *mover;
    task *task;
    task_join_fut join;
} joiner;

/* The mover's first poll is within this one's. */
static async_fn(joiner)
{
    async_begin(joiner);
    FW_MUST(task_spawn(cx, &self->task, -1, &self->mover->fut) == 0);
    task_join(&self->join, self->task);
    async_await(&self->join.fut);
    async_end;
}

typedef struct keep_busy {
    future fut;
    moving *m;
} keep_busy;

static async_fn(keep_busy)
{
    async_begin(keep_busy);
    atomic_store(&self->m->busy, true);
    while (!atomic_load(&self->m->after))
        ;
    async_end;
}

typedef struct waker {
    future fut;
    moving *m;
    keep_busy busy;
    task *task;
    int token;
    task_send_fut io;
    task_join_fut join;
} waker;

/* On worker 0: keeps worker 1 busy, so that the mover, woken from here, can go on only here. */
static async_fn(waker)
{
    async_begin(waker);
    self->busy.m = self->m;
    future_init(&self->busy.fut, keep_busy_poll);
    FW_MUST(task_spawn(cx, &self->task, 1, &self->busy.fut) == 0);
    while (!atomic_load(&self->m->busy))
        ;
    task_send(&self->io, self->m->c, &self->token);
    async_await(&self->io.fut);
    task_join(&self->join, self->task);
    async_await(&self->join.fut);
    async_end;
}

typedef struct move {
    future fut;
    moving m;
    bool joined;
    mover mover;
    joiner joiner;
    waker waker;
    task *tasks[2];
    task_join_all_fut join;
} move;

static async_fn(move)
{
    async_begin(move);
    self->mover.m = self->waker.m = &self->m;
    self->joiner.mover = &self->mover;
    future_init(&self->mover.fut, mover_poll);
    future_init(&self->joiner.fut, joiner_poll);
    future_init(&self->waker.fut, waker_poll);
    FW_MUST(task_spawn(cx, &self->tasks[0], 1, self->joined ? &self->joiner.fut : &self->mover.fut) == 0);
    while (!atomic_load(&self->m.before)) /* on worker 0, which so takes nothing from the other */
        ;
    FW_MUST(task_spawn(cx, &self->tasks[1], 0, &self->waker.fut) == 0);
    task_join_all(&self->join, self->tasks, 2);
    async_await(&self->join.fut);
    async_end;
}

static void a_parked_task_resumes_on_another_worker(bool joined)
{
    move m = {.joined = joined};
    FW_MUST(task_chan_create(&m.m.c, sizeof(int), 0) == 0);
    future_init(&m.fut, move_poll);
    run(2, false, &m.fut);
    FW_MUST(atomic_load(&m.m.before) == 2 && atomic_load(&m.m.after) == 1);
    task_chan_destroy(m.m.c);
}

/* ---- wakes, sleep, budget, select, boxes -------------------------------- */

typedef struct woken {
    future fut;
    unsigned polls;
} woken;

/* A future by hand: wakes its task three times in the first poll. */
static task_poll woken_poll(future *f, task_cx *cx)
{
    woken *w = (woken *)f;
    if (++w->polls > 1)
        return TASK_READY;
    for (int i = 0; i < 3; i++)
        task_wake(task_self(cx));
    return TASK_PENDING;
}

static void wakes_coalesce_and_a_poll_follows(void)
{
    uint64_t polls = fw_counter_sum(FW_POLLS);
    woken w = {.polls = 0};
    future_init(&w.fut, woken_poll);
    run(2, false, &w.fut);
    FW_MUST(w.polls == 2 && fw_counter_sum(FW_POLLS) == polls + 2);
}

typedef struct sleeper {
    future fut;
    uint64_t deadline_ns;
    task_sleep_fut sleep;
} sleeper;

static async_fn(sleeper)
{
    async_begin(sleeper);
    task_sleep_until(&self->sleep, self->deadline_ns);
    async_await(&self->sleep.fut);
    FW_MUST(fw_now_ns() >= self->deadline_ns);
    async_end;
}

typedef struct sleepers {
    future fut;
    sleeper each[50];
    task *tasks[50];
    task_join_all_fut join;
} sleepers;

static async_fn(sleepers)
{
    async_begin(sleepers);
    for (int i = 0; i < 50; i++) {
        self->each[i].deadline_ns = fw_now_ns() + (uint64_t)(i * 7 % 50) * 20000;
        future_init(&self->each[i].fut, sleeper_poll);
        FW_MUST(task_spawn(cx, &self->tasks[i], -1, &self->each[i].fut) == 0);
    }
    task_join_all(&self->join, self->tasks, 50);
    async_await(&self->join.fut);
    async_end;
}

typedef struct greedy {
    future fut;
    task_chan *c;
    int i, value;
    _Atomic int *others;
    task_chan_fut io;
} greedy;

/* Sends to itself, which never has to wait; without a budget nobody else would ever run on its worker. */
static async_fn(greedy)
{
    async_begin(greedy);
    while (!atomic_load(self->others)) {
        task_send(&self->io, self->c, &self->value);
        async_await(&self->io.fut);
        task_recv(&self->io, self->c, &self->value);
        async_await(&self->io.fut);
    }
    async_end;
}

typedef struct modest {
    future fut;
    _Atomic int *others;
} modest;

static async_fn(modest)
{
    async_begin(modest);
    atomic_store(self->others, 1);
    async_end;
}

typedef struct sharing {
    future fut;
    _Atomic int others;
    greedy greedy;
    modest modest;
    task *tasks[2];
    task_join_all_fut join;
} sharing;

static async_fn(sharing)
{
    async_begin(sharing);
    self->greedy.others = self->modest.others = &self->others;
    future_init(&self->greedy.fut, greedy_poll);
    future_init(&self->modest.fut, modest_poll);
    FW_MUST(task_spawn(cx, &self->tasks[0], -1, &self->greedy.fut) == 0);
    FW_MUST(task_spawn(cx, &self->tasks[1], -1, &self->modest.fut) == 0);
    task_join_all(&self->join, self->tasks, 2);
    async_await(&self->join.fut);
    async_end;
}

static void the_budget_lets_others_run_on_the_same_worker(void)
{
    sharing s = {.others = 0};
    FW_MUST(task_chan_create(&s.greedy.c, sizeof(int), 1) == 0);
    future_init(&s.fut, sharing_poll);
    run(1, false, &s.fut);
    task_chan_destroy(s.greedy.c);
}

int main(void)
{
    sleepers *s = calloc(1, sizeof *s);
    tasks_run_at_the_same_time_on_two_workers();
    no_os_thread_per_task_and_close_wakes_everyone();
    a_parked_task_resumes_on_another_worker(false);
    a_parked_task_resumes_on_another_worker(true);
    wakes_coalesce_and_a_poll_follows();
    FW_MUST(s);
    future_init(&s->fut, sleepers_poll);
    run(2, false, &s->fut);
    free(s);
    the_budget_lets_others_run_on_the_same_worker();
    puts("ok: stackless tasks");
    return 0;
}
