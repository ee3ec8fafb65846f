/* runq.h - a worker's run queue: a ring of 256 jobs with one owner, from which
 * thieves take half. After Go's runtime (runqput, runqgrab) and Tokio's queue.
 *
 *     head (owner and thieves, CAS)        tail (owner)
 *       |  job  job  job  job  job  |
 *
 * A thief reads the jobs first and then claims them by moving head with a compare-and-swap: if that fails,
 * what it read is thrown away. A slot is reused only after head has passed it, so a
 * successful CAS proves that what was read was still there (head and tail are 32-bit counts that wrap; a thief would
 * have to sleep through 2^32 pops between two instructions to be fooled). */
#ifndef CORE_RUNQ_H
#define CORE_RUNQ_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "fw.h"
#include "job.h"

enum { RUNQ_SIZE = 256 };

typedef struct runq {
    alignas(FW_PAD) _Atomic uint32_t head; /* next to take; owner and thieves */
    alignas(FW_PAD) _Atomic uint32_t tail; /* next free; written by the owner */
    alignas(sizeof(queued)) queued slot[RUNQ_SIZE];
} runq;

static inline void runq_fill(runq *q, uint32_t at, job *j)
{
    queued *to = &q->slot[at % RUNQ_SIZE];
    to->memory = j->memory;
    atomic_store_explicit(&to->job, j, memory_order_relaxed);
}

/* Owner: appends. False when full. The store of tail publishes the slot (pairs with the acquires of tail below). */
static inline bool runq_push(runq *q, job *j)
{
    uint32_t head = atomic_load_explicit(&q->head, memory_order_acquire); /* pairs with the takers' CAS: slot is free */
    uint32_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed); /* ours */
    if (tail - head >= RUNQ_SIZE)
        return false;
    runq_fill(q, tail, j);
    atomic_store_explicit(&q->tail, tail + 1, memory_order_release);
    return true;
}

/* Owner: the oldest, or NULL. */
static inline job *runq_pop(runq *q)
{
    uint32_t head = atomic_load_explicit(&q->head, memory_order_acquire); /* as below */
    for (;;) {
        if (head == atomic_load_explicit(&q->tail, memory_order_relaxed))
            return NULL;
        job *j = atomic_load_explicit(&q->slot[head % RUNQ_SIZE].job, memory_order_relaxed);
        if (atomic_compare_exchange_weak_explicit(&q->head, &head, head + 1, memory_order_acq_rel,
                                                  memory_order_acquire)) /* pairs with thieves' CAS */
            return j;
    }
}

/* Where nobody steals: the owner is alone with its ring, and no access needs an order. */
static inline bool runq_push_alone(runq *q, job *j)
{
    uint32_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);
    if (tail - atomic_load_explicit(&q->head, memory_order_relaxed) >= RUNQ_SIZE)
        return false;
    runq_fill(q, tail, j);
    atomic_store_explicit(&q->tail, tail + 1, memory_order_relaxed);
    return true;
}

static inline job *runq_pop_alone(runq *q)
{
    uint32_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
    if (head == atomic_load_explicit(&q->tail, memory_order_relaxed))
        return NULL;
    atomic_store_explicit(&q->head, head + 1, memory_order_relaxed);
    return atomic_load_explicit(&q->slot[head % RUNQ_SIZE].job, memory_order_relaxed);
}

/* The oldest, in turn for j, which goes behind all; or NULL: there is none, and j is as before. */
static inline job *runq_turn_alone(runq *q, job *j)
{
    job *oldest = runq_pop_alone(q);
    if (oldest) { /* so there is room */
        uint32_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);
        runq_fill(q, tail, j);
        atomic_store_explicit(&q->tail, tail + 1, memory_order_relaxed);
    }
    return oldest;
}

/* Anyone: takes half of q's jobs (rounded up, at most `most`), oldest first, into taken. How many. */
static inline uint32_t runq_take_half(runq *q, job **taken, uint32_t most)
{
    uint32_t head = atomic_load_explicit(&q->head, memory_order_acquire);
    for (;;) {
        uint32_t tail = atomic_load_explicit(&q->tail, memory_order_acquire); /* pairs with runq_push */
        uint32_t there = tail - head;
        if (there > RUNQ_SIZE) { /* head and tail were read at different times */
            head = atomic_load_explicit(&q->head, memory_order_acquire);
            continue;
        }
        uint32_t n = there - there / 2;
        if (n > most)
            n = most;
        if (n == 0)
            return 0;
        for (uint32_t i = 0; i < n; i++)
            taken[i] = atomic_load_explicit(&q->slot[(head + i) % RUNQ_SIZE].job, memory_order_relaxed);
        /* pairs with runq_push's and the other takers' acquires of head */
        if (atomic_compare_exchange_weak_explicit(&q->head, &head, head + n, memory_order_acq_rel,
                                                  memory_order_acquire))
            return n;
    }
}

/* Owner: how many are there, at most. */
static inline uint32_t runq_used(runq *q)
{
    return atomic_load_explicit(&q->tail, memory_order_relaxed) - atomic_load_explicit(&q->head, memory_order_relaxed);
}

/* Owner: the one that is taken after k others, or NULL: there are not so many. */
static inline const queued *runq_ahead(runq *q, uint32_t k)
{
    uint32_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
    return atomic_load_explicit(&q->tail, memory_order_relaxed) - head > k ? &q->slot[(head + k) % RUNQ_SIZE] : NULL;
}

static inline bool runq_empty(runq *q)
{
    return atomic_load(&q->head) == atomic_load(&q->tail); /* seq_cst: part of the look before a worker parks */
}

#endif
