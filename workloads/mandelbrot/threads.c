/* Mandelbrot with threads: a pool shares out the rows as a parallel loop; each thread adds up its own rows. */
#include <stdalign.h>

#include "fw.h"
#include "spec.h"
#include "threads/threads.h"

typedef struct part {
    alignas(FW_PAD) uint64_t fold; /* one thread's */
} part;

typedef struct loop {
    const mandelbrot *m;
    part part[FW_MAX_WORKERS];
} loop;

/* -- unit -- */
static void rows(void *arg, uint64_t from, uint64_t to, unsigned worker)
{
    loop *l = arg;
    l->part[worker].fold += mandelbrot_rows(l->m, (unsigned)from, (unsigned)to);
}
/* -- launch -- */
static const thr_schedule schedule_of[] = {
    [MANDELBROT_STATIC] = THR_STATIC, [MANDELBROT_DYNAMIC] = THR_DYNAMIC, [MANDELBROT_GUIDED] = THR_GUIDED};

int mandelbrot_threads(fw_trial *t)
{
    mandelbrot m;
    loop l = {.m = &m};
    thr_pool *pool;
    uint64_t fold = 0;
    int err = mandelbrot_begin(&m, t, MANDELBROT_GUIDES);

    if (err)
        return err;
    fw_begin(t);
    if ((err = thr_pool_create(&pool, fw_worker_of(t, 0), fw_workers(t)))) {
        mandelbrot_end(&m);
        return fw_refuse_units(t, "pthread_create", -err);
    }
    thr_parallel_for(pool, 0, m.height, schedule_of[m.schedule], 0, rows, &l);
    /* -- coordinate -- */
    for (unsigned w = 0; w < fw_workers(t); w++)
        fold += l.part[w].fold;
    thr_pool_destroy(pool);
    /* -- finish -- */
    fw_result(t, 1, fold);
    fw_end(t);
    return mandelbrot_end(&m);
}
/* -- end -- */
