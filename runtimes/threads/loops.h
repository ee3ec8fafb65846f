/* loops.h - a pool of threads that share out the iterations of a loop. Part of threads.h. The pool owns its threads; an
 * idle one looks for some microseconds where there are CPUs enough, and then sleeps. Next: loops.c. */
#ifndef THREADS_LOOPS_H
#define THREADS_LOOPS_H

#include "fw.h"

/* Who runs which iterations (OpenMP's names; n: threads of the pool).
 * static: settled beforehand. chunk 0: n contiguous parts whose lengths differ by at most one, in the order of the
 * workers; else chunk number k goes to worker k mod n.
 * dynamic: whoever is free takes the next chunk (0: of 1). guided: takes half of its share of what is left,
 * left / (2 n), but at least chunk (0: 1). */
typedef enum thr_schedule { THR_STATIC, THR_DYNAMIC, THR_GUIDED, THR_SCHEDULES } thr_schedule;
extern const char *const thr_schedule_name[THR_SCHEDULES]; /* "static", … */

typedef struct thr_pool thr_pool;
/* Starts n >= 1 threads (thr_spawn), thread i bound to workers[i]; workers is copied; NULL: none is bound. 0, -EINVAL
 * (n is 0), -ENOMEM, or pthread_create's -errno: then those that were started have ended. *out is freed by
 * thr_pool_destroy. */
int thr_pool_create(thr_pool **out, const fw_worker *workers, unsigned n);
/* Blocks until all its threads have ended; frees p. Not while a loop runs. */
void thr_pool_destroy(thr_pool *p);

/* Calls body(arg, from, to, worker) for pieces [from, to) which together are [first, end), each index in one of them;
 * worker (0 … n - 1) is the thread that runs it, with 256 KiB of stack. Blocks until all is done; what the bodies wrote
 * is then visible. first >= end: returns at once. Allocates nothing. The caller only waits: a loop runs on the pool's
 * CPUs and no others. One loop at a time: a second one, also from within a body, aborts. */
void thr_parallel_for(thr_pool *p, uint64_t first, uint64_t end, thr_schedule schedule, uint64_t chunk,
                      void (*body)(void *arg, uint64_t from, uint64_t to, unsigned worker), void *arg);

#endif
