/* ahead.h - asking for memory before it is touched. Of many jobs no cache holds what they touch: it comes while those
 * before them run. The ring has few when few live; of new units, whose stacks are reused last in, first out, only very
 * many are too many. */
#ifndef CORE_AHEAD_H
#define CORE_AHEAD_H

#include "deque.h"
#include "runq.h"

/* memory: job.memory. */
static inline void ask_for(const char *memory)
{
#pragma GCC unroll 12 /* with a loop, each of 100,000 green threads cost 1.2 times as much */
    for (unsigned i = 0; memory && i < MEMORY_LINES; i++)
        __builtin_prefetch(memory + i * CACHE_LINE, 1);
}

enum { ASK_FAR = 5, ASK_MANY = 256 };

/* What the job after the next one will touch, and a job further on itself. Gives j. Not in line: rare where few units
 * live; and a last call, for which the caller saves no registers. */
static __attribute__((noinline)) job *ask_ahead_of(runq *ring, deque *spawned, bool in_ring, job *j)
{
    const queued *far = in_ring ? runq_ahead(ring, ASK_FAR) : deque_ahead(spawned, ASK_FAR);
    const queued *next = in_ring ? runq_ahead(ring, 1) : deque_ahead(spawned, 1);

    if (next) /* else a thief took it */
        ask_for(next->memory);
    if (far) {
        const char *job = (const char *)atomic_load_explicit(&far->job, memory_order_relaxed);
        __builtin_prefetch(job, 1);
        __builtin_prefetch(job + CACHE_LINE, 1);
    }
    return j;
}

/* Owner of both: for the jobs that come after j, which is next, if they are many. Gives j. */
static inline job *ask_ahead(runq *ring, deque *spawned, job *j)
{
    bool in_ring = runq_ahead(ring, ASK_FAR) != NULL;
    return in_ring || deque_ahead(spawned, ASK_MANY) ? ask_ahead_of(ring, spawned, in_ring, j) : j;
}

#endif
