/* micro.c - what locks, a thread, a hand-over through the bounded buffer and a parallel loop cost. */
#include "gbench.h"
#include "threads.h"

#include <stdio.h>

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

/* ---- locks, semaphore, barrier, readers ----------------------------------- */

static void lock_alone(fw_bench *b, void *context)
{
    enum { BATCH = 64 };
    thr_any_lock l;
    thr_lock_node node;
    thr_any_init(&l, *(thr_lock_kind *)context);
    while (fw_bench_keep_running(b, BATCH))
        for (int i = 0; i < BATCH; i++) {
            thr_any_take(&l, &node);
            thr_any_release(&l, &node);
        }
    thr_any_destroy(&l);
}

enum { TAKES = 10000, RIVALS = 4 };

typedef struct contest {
    thr_any_lock lock;
    unsigned threads, present; /* present, total: guarded by lock */
    uint64_t total, taken[RIVALS];
} contest;

/* Counts from when every rival has had the lock once: who is woken first has no head start. */
static void contend(void *arg, uint64_t from, uint64_t to, unsigned worker)
{
    contest *c = arg;
    thr_lock_node node;
    uint64_t mine = 0;
    bool here = false, over = false;
    (void)from;
    (void)to;
    while (!over) {
        thr_any_take(&c->lock, &node);
        c->present += !here;
        here = true;
        over = c->total == TAKES;
        if (!over && c->present == c->threads) {
            c->total++;
            mine++;
        }
        thr_any_release(&c->lock, &node);
    }
    c->taken[worker] = mine;
}

typedef struct rivalry {
    thr_lock_kind kind;
    unsigned threads;
} rivalry;

/* An operation is one acquisition. fairness: the most that one thread got of a round's TAKES over the threads' mean (1:
 * fair; the number of threads: one got all), averaged over the rounds. It tells of the lock where every thread has a
 * CPU of its own, else of time slices too. */
static void lock_contended(fw_bench *b, void *context)
{
    const rivalry *r = context;
    thr_pool *p;
    double unfair = 0;
    uint64_t rounds = 0;
    FW_MUST(thr_pool_create(&p, NULL, r->threads) == 0);
    while (fw_bench_keep_running(b, TAKES)) {
        contest c = {.threads = r->threads};
        uint64_t most = 0;
        thr_any_init(&c.lock, r->kind);
        thr_parallel_for(p, 0, r->threads, THR_STATIC, 0, contend, &c);
        thr_any_destroy(&c.lock);
        for (unsigned i = 0; i < r->threads; i++)
            most = c.taken[i] > most ? c.taken[i] : most;
        unfair += (double)most * r->threads / TAKES;
        rounds++;
    }
    fw_bench_counter(b, "fairness", unfair / (double)rounds);
    thr_pool_destroy(p);
}

static void semaphore_post_wait(fw_bench *b, void *context)
{
    enum { BATCH = 64 };
    thr_sem s;
    (void)context;
    thr_sem_init(&s, 0);
    while (fw_bench_keep_running(b, BATCH))
        for (int i = 0; i < BATCH; i++) {
            thr_sem_post(&s);
            thr_sem_wait(&s);
        }
}

enum { MEETINGS = 1000 };

static void meet(void *arg, uint64_t from, uint64_t to, unsigned worker)
{
    (void)from;
    (void)to;
    (void)worker;
    for (int i = 0; i < MEETINGS; i++)
        thr_barrier_wait(arg);
}

static void barrier_of_2(fw_bench *b, void *context)
{
    thr_pool *p;
    thr_barrier barrier;
    (void)context;
    thr_barrier_init(&barrier, 2);
    FW_MUST(thr_pool_create(&p, NULL, 2) == 0);
    while (fw_bench_keep_running(b, MEETINGS))
        thr_parallel_for(p, 0, 2, THR_STATIC, 0, meet, &barrier);
    thr_pool_destroy(p);
}

static void read_lock_unlock(fw_bench *b, void *context)
{
    enum { BATCH = 64 };
    thr_rwlock l;
    (void)context;
    thr_rwlock_init(&l);
    while (fw_bench_keep_running(b, BATCH))
        for (int i = 0; i < BATCH; i++) {
            thr_read_lock(&l);
            thr_rw_unlock(&l);
        }
    thr_rwlock_destroy(&l);
}

/* ---- loops ---------------------------------------------------------------- */

static void count_up(void *arg, uint64_t from, uint64_t to, unsigned worker)
{
    (void)arg;
    (void)worker;
    for (volatile uint64_t i = from; i < to; i++)
        ;
}

/* An operation is a whole loop: wake two workers, share out 1,000 iterations that do nothing, sleep until it is done.
 */
static void parallel_for_empty(fw_bench *b, void *context)
{
    enum { ITERATIONS = 1000 };
    thr_pool *p;
    FW_MUST(thr_pool_create(&p, NULL, 2) == 0);
    while (fw_bench_keep_running(b, 1))
        thr_parallel_for(p, 0, ITERATIONS, *(thr_schedule *)context, 0, count_up, NULL);
    thr_pool_destroy(p);
}

static void register_locks(void)
{
    static rivalry rivals[THR_LOCK_KINDS][2];
    char name[64];
    for (thr_lock_kind kind = 0; kind < THR_LOCK_KINDS; kind++) {
        for (unsigned i = 0; i < 2; i++) {
            rivals[kind][i] = (rivalry){kind, i ? RIVALS : 2};
            snprintf(name, sizeof name, "threads/lock_contended/%s/%u", thr_lock_name[kind], rivals[kind][i].threads);
            fw_bench_register(name, lock_contended, &rivals[kind][i]);
        }
        snprintf(name, sizeof name, "threads/lock/%s", thr_lock_name[kind]);
        fw_bench_register(name, lock_alone, &rivals[kind][0].kind);
    }
}

static void register_loops(void)
{
    static thr_schedule schedules[THR_SCHEDULES];
    char name[64];
    for (thr_schedule schedule = 0; schedule < THR_SCHEDULES; schedule++) {
        schedules[schedule] = schedule;
        snprintf(name, sizeof name, "threads/parallel_for_empty/%s", thr_schedule_name[schedule]);
        fw_bench_register(name, parallel_for_empty, &schedules[schedule]);
    }
}

void threads_micro_register(void)
{
    fw_bench_register("threads/lock_unlock", lock_unlock, NULL);
    fw_bench_register("threads/spawn_join", spawn_join, NULL);
    fw_bench_register("threads/queue_round_trip", round_trip, NULL);
    register_locks();
    fw_bench_register("threads/semaphore_post_wait", semaphore_post_wait, NULL);
    fw_bench_register("threads/barrier_of_2", barrier_of_2, NULL);
    fw_bench_register("threads/read_lock_unlock", read_lock_unlock, NULL);
    register_loops();
}
