/* micro.c - what a green thread, a yield and a hand-off cost, on one worker: no OS thread is woken. */
#include "gbench.h"
#include "green.h"

static void on_one_worker(fw_bench *b, void (*fn)(void *))
{
    fw_worker place = {.l3 = -1, .numa = -1};
    if (green_run(&(green_config){.workers = &place, .n = 1}, fn, b) != 0)
        fw_bench_error(b, "no context switch for this machine");
}

static void yield_alone(void *arg)
{
    fw_bench *b = arg;
    while (fw_bench_keep_running(b, 1))
        green_yield();
}

static void nothing(void *arg)
{
    (void)arg;
}

static void spawn_join(void *arg)
{
    green *g;
    while (fw_bench_keep_running(arg, 1))
        FW_MUST(green_spawn(&g, NULL, nothing, NULL) == 0 && green_join(g) == 0);
}

static void echo(void *arg)
{
    green_chan **c = arg;
    uint64_t v;
    while (green_recv(c[0], &v) == 0)
        FW_MUST(green_send(c[1], &v) == 0);
}

static void round_trip(void *arg)
{
    green_chan *c[2];
    green *g;
    uint64_t v = 0;
    for (int i = 0; i < 2; i++)
        FW_MUST(green_chan_create(&c[i], sizeof v, 0) == 0);
    FW_MUST(green_spawn(&g, NULL, echo, c) == 0);
    while (fw_bench_keep_running(arg, 1))
        FW_MUST(green_send(c[0], &v) == 0 && green_recv(c[1], &v) == 0);
    green_chan_close(c[0]);
    green_join(g);
    for (int i = 0; i < 2; i++)
        green_chan_destroy(c[i]);
}

static void run(fw_bench *b, void *context)
{
    on_one_worker(b, *(void (**)(void *))context);
}

void green_micro_register(void)
{
    static void (*bodies[])(void *) = {yield_alone, spawn_join, round_trip};
    fw_bench_register("green/yield", run, &bodies[0]);
    fw_bench_register("green/spawn_join", run, &bodies[1]);
    fw_bench_register("green/rendezvous_round_trip", run, &bodies[2]);
}
