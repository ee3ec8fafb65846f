/* green_test - green threads are what they say: many on few OS threads, run at once on two workers, stolen, resumed
 * elsewhere; joins, sleeps, channels with deadlines. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "green/green.h"
#include "os_threads.h"

enum { UNITS = 500, TURNS = 300, STACK = 32768 };

static void run(unsigned workers, bool pinned, void (*fn)(void *), void *arg)
{
    static fw_worker places[8];
    for (unsigned i = 0; i < workers; i++)
        places[i] = (fw_worker){.index = i, .l3 = -1, .numa = -1};
    FW_MUST(green_run(&(green_config){places, workers, pinned, STACK}, fn, arg) == 0);
}

/* Each waits for the other without ever giving up its worker: they end only if both run at once. */
static _Atomic uint32_t met;

static void meet(void *arg)
{
    (void)arg;
    atomic_fetch_add(&met, 1);
    while (atomic_load(&met) < 2)
        ;
}

static void two_meet(void *arg)
{
    green *a, *b;
    (void)arg;
    atomic_store(&met, 0);
    FW_MUST(green_spawn(&a, NULL, meet, NULL) == 0 && green_spawn(&b, NULL, meet, NULL) == 0);
    green_join(a);
    green_join(b);
}

static void units_run_at_the_same_time_on_two_workers(void)
{
    uint64_t steals = fw_counter_sum(FW_STEALS);
    run(2, false, two_meet, NULL);
    FW_MUST(fw_counter_sum(FW_STEALS) > steals);
}

typedef struct gate {
    green_chan *open, *arrived;
} gate;

static void wait_at_gate(void *arg)
{
    gate *g = arg;
    int token = 1;
    FW_MUST(green_send(g->arrived, &token) == 0);
    FW_MUST(green_recv(g->open, &token) == -EPIPE);
}

static void many_live(void *arg)
{
    gate g;
    green *units[UNITS];
    int token;
    (void)arg;
    int threads = os_threads();
    uint64_t created = fw_counter_sum(FW_CREATED);
    FW_MUST(green_chan_create(&g.open, sizeof(int), 0) == 0 && green_chan_create(&g.arrived, sizeof(int), 0) == 0);
    for (int i = 0; i < UNITS; i++)
        FW_MUST(green_spawn(&units[i], NULL, wait_at_gate, &g) == 0);
    for (int i = 0; i < UNITS; i++)
        FW_MUST(green_recv(g.arrived, &token) == 0);
    FW_MUST(os_threads() <= threads);
    FW_MUST(fw_counter_sum(FW_CREATED) == created + UNITS);
    green_chan_close(g.open); /* wakes every one of them */
    for (int i = 0; i < UNITS; i++)
        green_join(units[i]);
    green_chan_destroy(g.open);
    green_chan_destroy(g.arrived);
}

static void no_os_thread_per_unit_and_close_wakes_everyone(void)
{
    run(2, false, many_live, NULL);
}

/* A unit parks on one worker; then that worker is kept busy until the unit has gone on, so that it can go on only on
 * the other one, from where it is woken. */
typedef struct moved {
    green_chan *c;
    _Atomic unsigned before, after; /* worker + 1 */
    _Atomic bool busy;
} moved;

static void mover(void *arg)
{
    moved *m = arg;
    int token;
    atomic_store(&m->before, green_worker() + 1);
    FW_MUST(green_recv(m->c, &token) == 0);
    atomic_store(&m->after, green_worker() + 1);
}

static void keep_busy(void *arg)
{
    moved *m = arg;
    atomic_store(&m->busy, true);
    while (!atomic_load(&m->after))
        ;
}

static void waker(void *arg)
{
    moved *m = arg;
    green *busy;
    int token = 1;
    FW_MUST(green_spawn(&busy, &(green_attr){.worker = (int)atomic_load(&m->before) - 1}, keep_busy, m) == 0);
    while (!atomic_load(&m->busy))
        ;
    FW_MUST(green_send(m->c, &token) == 0);
    green_join(busy);
}

static void park_and_move(void *arg)
{
    moved m = {0};
    green *unit, *other;
    (void)arg;
    FW_MUST(green_chan_create(&m.c, sizeof(int), 0) == 0);
    FW_MUST(green_spawn(&unit, &(green_attr){.worker = 1}, mover, &m) == 0);
    while (!atomic_load(&m.before))
        green_yield();
    FW_MUST(green_spawn(&other, &(green_attr){.worker = 0}, waker, &m) == 0);
    green_join(other);
    green_join(unit);
    FW_MUST(atomic_load(&m.before) == 2 && atomic_load(&m.after) == 1);
    green_chan_destroy(m.c);
}

static void a_parked_unit_resumes_on_another_worker(void)
{
    uint64_t migrations = fw_counter_sum(FW_MIGRATIONS);
    run(2, false, park_and_move, NULL);
    FW_MUST(fw_counter_sum(FW_MIGRATIONS) > migrations);
}

static void sleeper(void *arg)
{
    uint64_t *slept = arg, until = fw_now_ns() + *slept;
    FW_MUST(green_sleep_until(until) == 0 && fw_now_ns() >= until);
}

static void many_sleep(void *arg)
{
    green *units[50];
    uint64_t how_long[50];
    (void)arg;
    for (int i = 0; i < 50; i++) {
        how_long[i] = (uint64_t)(i * 7 % 50) * 20000;
        FW_MUST(green_spawn(&units[i], NULL, sleeper, &how_long[i]) == 0);
    }
    for (int i = 0; i < 50; i++)
        green_join(units[i]);
}

static void echo(void *arg)
{
    green_chan **c = arg;
    int value;
    while (green_recv(c[0], &value) == 0)
        FW_MUST(green_send(c[1], &value) == 0);
    green_chan_close(c[1]);
}

static void ping_pong(void *arg)
{
    size_t capacity = *(size_t *)arg;
    green_chan *c[2];
    green *other;
    int got;
    for (int i = 0; i < 2; i++)
        FW_MUST(green_chan_create(&c[i], sizeof(int), capacity) == 0);
    FW_MUST(green_try_recv(c[1], &got) == -EAGAIN);
    FW_MUST(green_recv_until(c[1], &got, fw_now_ns() + 50000) == -ETIMEDOUT);
    FW_MUST(green_spawn(&other, NULL, echo, c) == 0);
    for (int i = 0; i < TURNS; i++) {
        FW_MUST(green_send(c[0], &i) == 0);
        FW_MUST(i % 3 ? green_recv(c[1], &got) == 0 : green_recv_until(c[1], &got, fw_now_ns() + 60000000000u) == 0);
        FW_MUST(got == i);
    }
    FW_MUST(green_chan_close(c[0]) == 0 && green_chan_close(c[0]) == -EPIPE);
    FW_MUST(green_recv(c[1], &got) == -EPIPE);
    green_join(other);
    for (int i = 0; i < 2; i++)
        green_chan_destroy(c[i]);
}

/* Deadlines race with senders: every message arrives once, none is lost to a timeout. */
typedef struct race {
    green_chan *c;
    _Atomic uint64_t sum;
} race;

static void racing_receiver(void *arg)
{
    race *r = arg;
    uint64_t value;
    int err;
    while ((err = green_recv_until(r->c, &value, fw_now_ns() + 1000)) != -EPIPE)
        if (err == 0)
            atomic_fetch_add(&r->sum, value);
}

static void racing(void *arg)
{
    race r = {.sum = 0};
    green *receivers[4];
    (void)arg;
    FW_MUST(green_chan_create(&r.c, sizeof(uint64_t), 0) == 0);
    for (int i = 0; i < 4; i++)
        FW_MUST(green_spawn(&receivers[i], NULL, racing_receiver, &r) == 0);
    for (uint64_t i = 1; i <= TURNS; i++)
        FW_MUST(green_send(r.c, &i) == 0);
    green_chan_close(r.c);
    for (int i = 0; i < 4; i++)
        green_join(receivers[i]);
    FW_MUST(atomic_load(&r.sum) == (uint64_t)TURNS * (TURNS + 1) / 2);
    green_chan_destroy(r.c);
}

static _Atomic bool awake;

static void wakes_soon(void *arg)
{
    (void)arg;
    FW_MUST(green_sleep_until(fw_now_ns() + 200000) == 0);
    atomic_store(&awake, true);
}

static void is_in_the_way(void *arg)
{
    (void)arg;
    while (!atomic_load(&awake))
        ;
}

static void gives_way_until_it_wakes(void *workers)
{
    green *sleeper, *busy;

    atomic_store(&awake, false);
    FW_MUST(green_spawn(&sleeper, NULL, wakes_soon, NULL) == 0);
    if (*(unsigned *)workers == 2)
        FW_MUST(green_spawn(&busy, &(green_attr){.worker = 1}, is_in_the_way, NULL) == 0);
    while (!atomic_load(&awake))
        green_yield();
    green_join(sleeper);
    if (*(unsigned *)workers == 2)
        green_join(busy);
}

static void who_gives_way_to_nobody_still_looks_for_timers(void)
{
    for (unsigned workers = 1; workers <= 2; workers++)
        for (unsigned pinned = 0; pinned < 2; pinned++)
            run(workers, pinned, gives_way_until_it_wakes, &workers);
}

/* On one worker: who runs, and how often that was another than before. */
static unsigned running;
static uint64_t arrivals;

static void arrive(unsigned who)
{
    arrivals += running != who;
    running = who;
}

static void give_way(void *who)
{
    for (int i = 0; i < TURNS; i++) {
        arrive(*(unsigned *)who);
        green_yield();
    }
    arrive(*(unsigned *)who);
}

static void alone_and_in_turn(void *arg)
{
    unsigned me = 1, others[] = {2, 3};
    green *unit[2];

    (void)arg;
    give_way(&me);
    for (int i = 0; i < 2; i++)
        FW_MUST(green_spawn(&unit[i], NULL, give_way, &others[i]) == 0);
    give_way(&me);
    for (int i = 0; i < 2; i++) {
        green_join(unit[i]);
        arrive(me);
    }
}

static void a_yield_to_nobody_is_no_switch(void)
{
    uint64_t switches = fw_counter_sum(FW_SWITCHES);

    run(1, false, alone_and_in_turn, NULL);
    FW_MUST(arrivals > 2 * TURNS && fw_counter_sum(FW_SWITCHES) - switches == arrivals);
}

int main(void)
{
    units_run_at_the_same_time_on_two_workers();
    no_os_thread_per_unit_and_close_wakes_everyone();
    a_parked_unit_resumes_on_another_worker();
    run(2, false, many_sleep, NULL);
    for (size_t capacity = 0; capacity < 3; capacity++)
        for (unsigned workers = 1; workers <= 4; workers *= 2)
            run(workers, workers == 2 && capacity == 1, ping_pong, &capacity);
    run(1, false, racing, NULL);
    run(4, false, racing, NULL);
    a_yield_to_nobody_is_no_switch();
    who_gives_way_to_nobody_still_looks_for_timers();
    puts("ok: green threads");
    return 0;
}
