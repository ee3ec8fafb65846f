/* pool.c - a pool of workers from its start to its end, and what others ask of it. What its workers do: workers.c. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "barrier.h"
#include "workers_private.h"

int pool_start(pool **out, const pool_config *config)
{
    unsigned n = config->n;
    pool *p = aligned_alloc(FW_PAD, (sizeof(pool) + n * sizeof(struct worker_private) + FW_PAD - 1) / FW_PAD * FW_PAD);

    if (n == 0 || n >= SLEEPER || !p) {
        free(p);
        return n == 0 || n >= SLEEPER ? -EINVAL : -ENOMEM;
    }
    core_barrier_init();
    *p = (pool){.n = n, .stealing = n > 1 && !config->pinned, .turns = config->turns, .rest = config->rest};
    p->asleep = calloc(n, sizeof *p->asleep);
    p->places = calloc(n, sizeof *p->places);
    FW_MUST(p->asleep && p->places && pthread_mutex_init(&p->sleep_lock, NULL) == 0);
    list_init(&p->inject);
    park_init(&p->starter, false);
    for (unsigned i = 0; i < n; i++) {
        struct worker_private *w = &p->workers[i];
        *w = (struct worker_private){.self = {.index = i, .pool = p, .alone = n == 1, .stealing = p->stealing},
                                     .victim = i + 1};
        w->self.priv = w;
        w->self.lane = fw_lane_take(i);
        w->self.sched = config->sched ? config->sched + i * config->sched_bytes : NULL;
        p->places[i] = config->workers[i];
        w->place = &p->places[i];
        list_init(&w->inbox);
        deque_init(&w->spawned);
        timers_init(&w->timers);
        park_init(&w->sleeper, false);
    }
    for (unsigned i = 0; i < n; i++)
        FW_MUST(pthread_create(&p->workers[i].thread, NULL, worker_main, &p->workers[i]) == 0);
    while (atomic_load(&p->started) < n)
        park_wait(&p->starter, FW_FOREVER);
    *out = p;
    int err = atomic_load(&p->bind_error);
    if (err)
        pool_stop(p);
    else
        p->watch = watch_start(p, config->unit_name);
    return err;
}

void pool_stop(pool *p)
{
    watch_stop(p->watch);
    atomic_store(&p->stop, true);
    netpoll *net = atomic_load_explicit(&p->net, memory_order_acquire); /* pairs with pool_netpoll */
    if (net)
        netpoll_break(net);
    for (unsigned i = 0; i < p->n; i++)
        park_wake(&p->workers[i].sleeper);
    for (unsigned i = 0; i < p->n; i++)
        FW_MUST(pthread_join(p->workers[i].thread, NULL) == 0);
    watch_free(p->watch);
    if (net)
        netpoll_free(net);
    blocking *calls = atomic_load_explicit(&p->calls, memory_order_acquire); /* pairs with pool_blocking */
    if (calls)
        blocking_free(calls);
    for (unsigned i = 0; i < p->n; i++) {
        timers_free(&p->workers[i].timers);
        deque_free(&p->workers[i].spawned);
        pthread_mutex_destroy(&p->workers[i].inbox.lock);
        fw_lane_give(p->workers[i].self.lane);
    }
    pthread_mutex_destroy(&p->inject.lock);
    pthread_mutex_destroy(&p->sleep_lock);
    free(p->asleep);
    free(p->places);
    free(p);
}

int pool_netpoll(pool *p, netpoll **out)
{
    netpoll *n = atomic_load_explicit(&p->net, memory_order_acquire); /* pairs with the store below */
    int err = 0;

    if (!n) {
        job_list_lock(&p->sleep_lock);
        if (!(n = atomic_load_explicit(&p->net, memory_order_relaxed)) && (err = netpoll_new(&n)) == 0)
            atomic_store_explicit(&p->net, n, memory_order_release);
        job_list_unlock(&p->sleep_lock);
    }
    *out = n;
    return err;
}

int pool_blocking(pool *p, blocking **out)
{
    blocking *b = atomic_load_explicit(&p->calls, memory_order_acquire); /* pairs with the store below */
    int err = 0;

    if (!b) {
        job_list_lock(&p->sleep_lock);
        if (!(b = atomic_load_explicit(&p->calls, memory_order_relaxed)) && (err = blocking_new(&b, p, p->places)) == 0)
            atomic_store_explicit(&p->calls, b, memory_order_release);
        job_list_unlock(&p->sleep_lock);
    }
    *out = b;
    return err;
}

bool worker_sleeps(pool *p, unsigned index)
{
    bool found = false;

    job_list_lock(&p->sleep_lock);
    for (unsigned i = 0; i < p->asleep_count; i++)
        found |= p->asleep[i] == index;
    job_list_unlock(&p->sleep_lock);
    return found;
}

uint64_t worker_queued_ns(const pool *p, unsigned index)
{
    char path[64];
    uint64_t ran, queued = 0;

    snprintf(path, sizeof path, "/proc/self/task/%d/schedstat", (int)p->workers[index].tid);
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    if (fscanf(f, "%" SCNu64 " %" SCNu64, &ran, &queued) != 2)
        queued = 0;
    fclose(f);
    return queued;
}

void worker_signal(pool *p, unsigned index, int number)
{
    pthread_kill(p->workers[index].thread, number);
}

unsigned pool_size(const pool *p)
{
    return p->n;
}

worker *pool_worker(pool *p, unsigned index)
{
    return &p->workers[index].self;
}
