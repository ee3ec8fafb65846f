/* loops.c - see loops.h.
 *
 *  caller                                      worker
 *  running 0 -> n; writes the loop
 *  generation + 1  --------------------------> sees it, runs its pieces
 *  wakes every worker, sleeps                  running - 1; the last one wakes the caller
 *  sees running 0  <--------------------------
 *
 * All workers take part in every loop, so none can miss a generation. A permit that comes late makes a parker return
 * early: both sides look at the word again. The parkers lie in the pool, which lives until its threads are joined: no
 * wake touches freed memory.
 */
#include "loops.h"

#include <errno.h>
#include <stdlib.h>

#include "core/park.h"
#include "threads.h"

const char *const thr_schedule_name[THR_SCHEDULES] = {"static", "dynamic", "guided"};

typedef struct loop_worker {
    alignas(FW_PAD) parker sleeper;
    thr_pool *pool;
    thr *thread;
    fw_worker place;
    unsigned index;
} loop_worker;

struct thr_pool {
    /* The loop. The caller writes it before it raises generation; the workers read it after they saw that. */
    uint64_t first, count, chunk; /* iterations: count of them from first on */
    uint64_t chunks;              /* never near 2^64: that loop would take centuries */
    thr_schedule schedule;
    void (*body)(void *arg, uint64_t from, uint64_t to, unsigned worker); /* NULL: end */
    void *arg;
    unsigned n;
    _Atomic uint32_t generation;              /* the caller writes it */
    alignas(FW_PAD) _Atomic uint32_t running; /* workers that have not finished the loop */
    parker done;                              /* the caller's */
    alignas(FW_PAD) _Atomic uint64_t next;    /* dynamic: the next chunk's number; guided: iterations handed out */
    loop_worker workers[];
};

/* ---- schedules ----------------------------------------------------------- */

static void run_piece(const thr_pool *p, unsigned worker, uint64_t offset, uint64_t size)
{
    p->body(p->arg, p->first + offset, p->first + offset + size, worker);
}

static void run_chunk(const thr_pool *p, unsigned worker, uint64_t number)
{
    uint64_t offset = number * p->chunk, left = p->count - offset;
    run_piece(p, worker, offset, left < p->chunk ? left : p->chunk);
}

static void run_static(const thr_pool *p, unsigned worker)
{
    if (p->chunk > 0) {
        for (uint64_t number = worker; number < p->chunks; number += p->n)
            run_chunk(p, worker, number);
        return;
    }
    uint64_t size = p->count / p->n, longer = p->count % p->n; /* the first parts have one more */
    uint64_t offset = worker * size + (worker < longer ? worker : longer);
    size += worker < longer;
    if (size > 0)
        run_piece(p, worker, offset, size);
}

/* next is relaxed, here and in run_guided: it only hands out numbers; generation orders its reset before them. */
static void run_dynamic(thr_pool *p, unsigned worker)
{
    uint64_t number;
    while ((number = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed)) < p->chunks)
        run_chunk(p, worker, number);
}

static void run_guided(thr_pool *p, unsigned worker)
{
    uint64_t offset = atomic_load_explicit(&p->next, memory_order_relaxed), left;
    while ((left = p->count - offset) > 0) {
        uint64_t size = left / 2 / p->n;
        if (size < p->chunk)
            size = p->chunk < left ? p->chunk : left;
        if (!atomic_compare_exchange_weak_explicit(&p->next, &offset, offset + size, memory_order_relaxed,
                                                   memory_order_relaxed))
            continue;
        run_piece(p, worker, offset, size);
        offset = atomic_load_explicit(&p->next, memory_order_relaxed);
    }
}

/* ---- the pool ------------------------------------------------------------ */

static void work(void *arg)
{
    loop_worker *w = arg;
    thr_pool *p = w->pool;

    for (uint32_t seen = 0;; seen++) {
        while (atomic_load_explicit(&p->generation, memory_order_acquire) == seen) /* pairs with start */
            park_wait(&w->sleeper, FW_FOREVER);
        if (!p->body)
            return;
        if (p->schedule == THR_STATIC)
            run_static(p, w->index);
        else if (p->schedule == THR_DYNAMIC)
            run_dynamic(p, w->index);
        else
            run_guided(p, w->index);
        /* Release: pairs with thr_parallel_for's loads; the others' decrements carry it on. */
        if (atomic_fetch_sub_explicit(&p->running, 1, memory_order_release) == 1)
            park_wake(&p->done);
    }
}

/* Hands all workers the loop that p holds. */
static void start(thr_pool *p)
{
    atomic_fetch_add_explicit(&p->generation, 1, memory_order_release); /* pairs with work */
    for (unsigned i = 0; i < p->n; i++)
        park_wake(&p->workers[i].sleeper);
}

int thr_pool_create(thr_pool **out, const fw_worker *workers, unsigned n)
{
    uint64_t spin_ns = core_spin_ns(UINT64_C(1) + n); /* the workers, and the caller between two loops */
    if (n == 0)
        return -EINVAL;
    thr_pool *p = aligned_alloc(FW_PAD, sizeof *p + n * sizeof(loop_worker));
    if (!p)
        return -ENOMEM;
    *p = (thr_pool){.n = 0};
    park_init(&p->done, false);
    p->done.spin_ns = spin_ns;
    for (; p->n < n; p->n++) {
        loop_worker *w = &p->workers[p->n];
        *w = (loop_worker){.pool = p, .index = p->n};
        if (workers)
            w->place = workers[p->n];
        park_init(&w->sleeper, false);
        w->sleeper.spin_ns = spin_ns;
        int err = thr_spawn(&w->thread, &w->place, work, w);
        if (err) {
            thr_pool_destroy(p);
            return err;
        }
    }
    *out = p;
    return 0;
}

void thr_pool_destroy(thr_pool *p)
{
    FW_MUST(atomic_load_explicit(&p->running, memory_order_relaxed) == 0);
    p->body = NULL;
    start(p);
    for (unsigned i = 0; i < p->n; i++)
        FW_MUST(thr_join(p->workers[i].thread) == 0);
    free(p);
}

void thr_parallel_for(thr_pool *p, uint64_t first, uint64_t end, thr_schedule schedule, uint64_t chunk,
                      void (*body)(void *arg, uint64_t from, uint64_t to, unsigned worker), void *arg)
{
    uint32_t none = 0;

    if (first >= end)
        return;
    /* Acquire: pairs with work's last decrement for the loop before. */
    FW_MUST(
        atomic_compare_exchange_strong_explicit(&p->running, &none, p->n, memory_order_acquire, memory_order_relaxed));
    p->first = first;
    p->count = end - first;
    p->chunk = chunk == 0 && schedule != THR_STATIC ? 1 : chunk;
    p->chunks = p->chunk ? (p->count - 1) / p->chunk + 1 : 0;
    p->schedule = schedule;
    p->body = body;
    p->arg = arg;
    atomic_store_explicit(&p->next, 0, memory_order_relaxed);
    start(p);
    while (atomic_load_explicit(&p->running, memory_order_acquire) > 0) /* pairs with work's decrements */
        park_wait(&p->done, FW_FOREVER);
}
