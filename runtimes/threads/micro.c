/* micro.c - what a lock, a thread and a hand-over through the bounded buffer cost. */
#include "gbench.h"
#include "threads.h"

static void lock_unlock(fw_bench *b, void *context)
{
    enum { BATCH = 64 };
    thr_mutex m;
    (void)context;
    thr_mutex_init(&m);
    while (fw_bench_keep_running(b, BATCH))
        for (int i = 0; i < BATCH; i++) {
            thr_lock(&m);
            thr_unlock(&m);
        }
    thr_mutex_destroy(&m);
}

static void nothing(void *arg)
{
    (void)arg;
}

static void spawn_join(fw_bench *b, void *context)
{
    thr *t;
    (void)context;
    while (fw_bench_keep_running(b, 1))
        FW_MUST(thr_spawn(&t, NULL, nothing, NULL) == 0 && thr_join(t) == 0);
}

typedef struct wire {
    thr_queue *there, *back;
} wire;

static void echo(void *arg)
{
    wire *w = arg;
    uint64_t v;
    while (thr_queue_get(w->there, &v) == 0)
        FW_MUST(thr_queue_put(w->back, &v) == 0);
}

static void round_trip(fw_bench *b, void *context)
{
    wire w;
    thr *t;
    uint64_t v = 0;
    (void)context;
    FW_MUST(thr_queue_create(&w.there, sizeof v, 1) == 0 && thr_queue_create(&w.back, sizeof v, 1) == 0);
    FW_MUST(thr_spawn(&t, NULL, echo, &w) == 0);
    while (fw_bench_keep_running(b, 1))
        FW_MUST(thr_queue_put(w.there, &v) == 0 && thr_queue_get(w.back, &v) == 0);
    thr_queue_close(w.there);
    FW_MUST(thr_join(t) == 0);
    thr_queue_destroy(w.there);
    thr_queue_destroy(w.back);
}

void threads_micro_register(void)
{
    fw_bench_register("threads/lock_unlock", lock_unlock, NULL);
    fw_bench_register("threads/spawn_join", spawn_join, NULL);
    fw_bench_register("threads/queue_round_trip", round_trip, NULL);
}
