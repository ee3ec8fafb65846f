/* micro.c - what a task, a yield and a hand-off cost, on one worker: no OS thread is woken. */
#include "gbench.h"
#include "stackless.h"

/* Awaits a child that is ready at once: one poll and its state. */
typedef struct ready {
    future fut;
} ready;

static async_fn(ready)
{
    async_begin(ready);
    async_end;
}

typedef struct polling {
    future fut;
    fw_bench *b;
    ready child;
} polling;

static async_fn(polling)
{
    async_begin(polling);
    while (fw_bench_keep_running(self->b, 1)) {
        future_init(&self->child.fut, ready_poll);
        async_await(&self->child.fut);
    }
    async_end;
}

typedef struct yielding {
    future fut;
    fw_bench *b;
    task_yield_fut yield;
} yielding;

static async_fn(yielding)
{
    async_begin(yielding);
    while (fw_bench_keep_running(self->b, 1)) {
        task_yield(&self->yield);
        async_await(&self->yield.fut);
    }
    async_end;
}

typedef struct nothing {
    future fut;
} nothing;

static async_fn(nothing)
{
    async_begin(nothing);
    async_end;
}

typedef struct spawning {
    future fut;
    fw_bench *b;
    nothing child;
    task *task;
    task_join_fut join;
} spawning;

static async_fn(spawning)
{
    async_begin(spawning);
    while (fw_bench_keep_running(self->b, 1)) {
        future_init(&self->child.fut, nothing_poll);
        FW_MUST(task_spawn(cx, &self->task, -1, &self->child.fut) == 0);
        task_join(&self->join, self->task);
        async_await(&self->join.fut);
    }
    async_end;
}

typedef struct echo {
    future fut;
    task_chan **c;
    uint64_t v;
    task_chan_fut io;
} echo;

static async_fn(echo)
{
    async_begin(echo);
    for (;;) {
        task_recv(&self->io, self->c[0], &self->v);
        async_await(&self->io.fut);
        if (self->io.status)
            break;
        task_send(&self->io, self->c[1], &self->v);
        async_await(&self->io.fut);
    }
    async_end;
}

typedef struct playing {
    future fut;
    fw_bench *b;
    task_chan *c[2];
    echo other;
    task *task;
    uint64_t v;
    task_chan_fut io;
    task_join_fut join;
} playing;

static async_fn(playing)
{
    async_begin(playing);
    self->other.c = self->c;
    future_init(&self->other.fut, echo_poll);
    FW_MUST(task_spawn(cx, &self->task, -1, &self->other.fut) == 0);
    while (fw_bench_keep_running(self->b, 1)) {
        task_send(&self->io, self->c[0], &self->v);
        async_await(&self->io.fut);
        task_recv(&self->io, self->c[1], &self->v);
        async_await(&self->io.fut);
    }
    task_chan_close(self->c[0]);
    task_join(&self->join, self->task);
    async_await(&self->join.fut);
    async_end;
}

static void run(future *root)
{
    fw_worker place = {.l3 = -1, .numa = -1};
    FW_MUST(task_run(&(task_config){.workers = &place, .n = 1}, root) == 0);
}

static void poll(fw_bench *b, void *context)
{
    polling p = {.b = b};
    (void)context;
    future_init(&p.fut, polling_poll);
    run(&p.fut);
}

static void yield(fw_bench *b, void *context)
{
    yielding y = {.b = b};
    (void)context;
    future_init(&y.fut, yielding_poll);
    run(&y.fut);
}

static void spawn_join(fw_bench *b, void *context)
{
    spawning s = {.b = b};
    (void)context;
    future_init(&s.fut, spawning_poll);
    run(&s.fut);
}

static void round_trip(fw_bench *b, void *context)
{
    playing p = {.b = b};
    (void)context;
    for (int i = 0; i < 2; i++)
        FW_MUST(task_chan_create(&p.c[i], sizeof(uint64_t), 0) == 0);
    future_init(&p.fut, playing_poll);
    run(&p.fut);
    for (int i = 0; i < 2; i++)
        task_chan_destroy(p.c[i]);
}

void stackless_micro_register(void)
{
    fw_bench_register("stackless/poll", poll, NULL);
    fw_bench_register("stackless/yield", yield, NULL);
    fw_bench_register("stackless/spawn_join", spawn_join, NULL);
    fw_bench_register("stackless/rendezvous_round_trip", round_trip, NULL);
}
