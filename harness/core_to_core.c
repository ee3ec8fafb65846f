/* core_to_core.c - see core_to_core.h. One thread makes the number odd, the other even again; each store takes the line
 * away from the other's CPU.
 *
 *     a: 1 ──────▶ b: 2 ──────▶ a: 3 ...      a round trip: two stores seen by the other */
#include "core_to_core.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdalign.h>

#include "fw.h"

typedef struct match {
    alignas(FW_PAD) _Atomic uint64_t turn; /* each side stores (release) what the other waits for (acquire) */
    alignas(FW_PAD) pthread_barrier_t bound;
    _Atomic int err;
    int cpu[2];
    double one_way_ns[FW_C2C_BATCHES];
} match;

static void relax(void)
{
#if defined(__x86_64__)
    __asm__ volatile("pause");
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void wait_for(match *m, uint64_t turn)
{
    while (atomic_load_explicit(&m->turn, memory_order_acquire) != turn)
        relax();
}

/* Binds this thread; true when both threads run where they should. */
static bool both_bound(match *m, int cpu)
{
    fw_worker w = {.ncpus = 1};
    w.cpu_mask[cpu / 64] = UINT64_C(1) << (cpu % 64);
    int err = fw_worker_bind(&w);
    if (!err && sched_getcpu() != cpu)
        err = -EXDEV;
    if (err)
        atomic_store(&m->err, err);
    pthread_barrier_wait(&m->bound);
    return atomic_load(&m->err) == 0;
}

static void *answer(void *arg)
{
    match *m = arg;
    if (both_bound(m, m->cpu[1]))
        for (uint64_t i = 0; i < 2 * (FW_C2C_BATCHES + 1) * FW_C2C_TRIPS; i += 2) {
            wait_for(m, i + 1);
            atomic_store_explicit(&m->turn, i + 2, memory_order_release);
        }
    return NULL;
}

static void *ask(void *arg)
{
    match *m = arg;
    uint64_t turn = 0;
    if (!both_bound(m, m->cpu[0]))
        return NULL;
    for (int batch = -1; batch < FW_C2C_BATCHES; batch++) { /* the first is the warm-up */
        uint64_t start = fw_now_ns();
        for (int i = 0; i < FW_C2C_TRIPS; i++, turn += 2) {
            atomic_store_explicit(&m->turn, turn + 1, memory_order_release);
            wait_for(m, turn + 2);
        }
        if (batch >= 0)
            m->one_way_ns[batch] = (double)(fw_now_ns() - start) / (2.0 * FW_C2C_TRIPS);
    }
    return NULL;
}

int fw_core_to_core(int a, int b, fw_c2c *out)
{
    match m = {.cpu = {a, b}};
    pthread_t asker, answerer;

    if (a < 0 || b < 0 || a == b || a >= FW_MAX_CPUS || b >= FW_MAX_CPUS)
        return -EINVAL;
    pthread_barrier_init(&m.bound, NULL, 2);
    int err = -pthread_create(&answerer, NULL, answer, &m);
    if (!err && (err = -pthread_create(&asker, NULL, ask, &m)) != 0) { /* this thread meets the one that waits */
        atomic_store(&m.err, err);
        pthread_barrier_wait(&m.bound);
    } else if (!err)
        pthread_join(asker, NULL);
    if (!err || atomic_load(&m.err))
        pthread_join(answerer, NULL);
    pthread_barrier_destroy(&m.bound);
    if (err || (err = atomic_load(&m.err)) != 0)
        return err;
    out->median_ns = fw_median(m.one_way_ns, FW_C2C_BATCHES);
    out->interval = fw_median_interval(m.one_way_ns, FW_C2C_BATCHES, 0.95);
    return 0;
}
