/* deque.h - what a worker's jobs spawn: a work-stealing deque. Its owner pushes and takes at the bottom, so that a
 * tree of units is walked depth first and few of them live at once; thieves take the oldest, the largest part of the
 * tree, at the top. It grows; outgrown arrays stay until the end, since a thief may still read one. After Chase and
 * Lev (SPAA 2005) with the orderings of Lê et al. (PPoPP 2013); where those use fences, sequentially consistent
 * accesses, which ThreadSanitizer understands.
 *
 *        top (thieves, CAS)            bottom (owner)
 *         |  oldest  job  job  newest  |                    */
#ifndef CORE_DEQUE_H
#define CORE_DEQUE_H

#include "fw.h"
#include "job.h"
#include "kept.h"

enum { DEQUE_FIRST_SIZE = 1024 };

typedef struct deque_array {
    struct deque_array *outgrown;
    int64_t size; /* power of two */
    queued slot[];
} deque_array;

typedef struct deque {
    alignas(FW_PAD) _Atomic int64_t top;    /* next to steal; thieves and, for the last job, the owner; only grows */
    alignas(FW_PAD) _Atomic int64_t bottom; /* next free; written by the owner */
    deque_array *_Atomic array;             /* written by the owner */
} deque;

static inline size_t deque_bytes(int64_t size)
{
    return sizeof(deque_array) + (size_t)size * sizeof(queued);
}

static inline deque_array *deque_array_new(int64_t size, deque_array *outgrown)
{
    deque_array *a = kept_alloc(deque_bytes(size));
    FW_MUST(a);
    a->size = size;
    a->outgrown = outgrown;
    return a;
}

static inline void deque_init(deque *d)
{
    atomic_init(&d->top, 0);
    atomic_init(&d->bottom, 0);
    atomic_init(&d->array, deque_array_new(DEQUE_FIRST_SIZE, NULL));
}

static inline void deque_free(deque *d)
{
    for (deque_array *a = atomic_load(&d->array), *older; a; a = older) {
        older = a->outgrown;
        kept_free(a, deque_bytes(a->size));
    }
}

static inline queued *deque_at(deque_array *a, int64_t i)
{
    return &a->slot[i & (a->size - 1)];
}

static inline void deque_fill(deque_array *a, int64_t i, job *j, const char *memory)
{
    queued *to = deque_at(a, i);
    to->memory = memory;
    atomic_store_explicit(&to->job, j, memory_order_relaxed);
}

/* Owner: has room for twice as many. Aborts without memory. Not in line: rare, and who pushes would save registers. */
static __attribute__((noinline, unused)) void deque_grow(deque *d)
{
    int64_t bottom = atomic_load_explicit(&d->bottom, memory_order_relaxed); /* ours */
    deque_array *a = atomic_load_explicit(&d->array, memory_order_relaxed);  /* ours */
    deque_array *twice = deque_array_new(2 * a->size, a);
    for (int64_t i = atomic_load_explicit(&d->top, memory_order_acquire); i < bottom; i++) { /* with the takers' CAS */
        const queued *from = deque_at(a, i);
        deque_fill(twice, i, atomic_load_explicit(&from->job, memory_order_relaxed), from->memory);
    }
    atomic_store_explicit(&d->array, twice, memory_order_release); /* pairs with deque_steal's load of array */
}

/* Owner. False: it must grow first. The store of bottom publishes the job (pairs with deque_steal). */
static inline bool deque_push(deque *d, job *j)
{
    int64_t bottom = atomic_load_explicit(&d->bottom, memory_order_relaxed); /* ours */
    int64_t top = atomic_load_explicit(&d->top, memory_order_acquire); /* pairs with the takers' CAS: slot is free */
    deque_array *a = atomic_load_explicit(&d->array, memory_order_relaxed); /* ours */
    if (bottom - top >= a->size)
        return false;
    deque_fill(a, bottom, j, j->memory);
    atomic_store_explicit(&d->bottom, bottom + 1, memory_order_release);
    return true;
}

/* Owner: the newest, or NULL. Bottom is lowered before top is read, and a thief reads them in the other order, so that
 * one of the two sees that they want the same job; the CAS of top then decides. */
static inline job *deque_take(deque *d)
{
    int64_t bottom = atomic_load_explicit(&d->bottom, memory_order_relaxed); /* ours */
    if (bottom <= atomic_load_explicit(&d->top, memory_order_relaxed)) /* top only grows: empty, however old this is */
        return NULL;
    atomic_store(&d->bottom, --bottom);
    int64_t top = atomic_load(&d->top);
    deque_array *a = atomic_load_explicit(&d->array, memory_order_relaxed);
    job *j = top <= bottom ? atomic_load_explicit(&deque_at(a, bottom)->job, memory_order_relaxed) : NULL;
    if (top < bottom)
        return j;
    if (top == bottom && !atomic_compare_exchange_strong(&d->top, &top, top + 1))
        j = NULL; /* a thief was first */
    atomic_store_explicit(&d->bottom, bottom + 1, memory_order_relaxed);
    return j;
}

/* Where nobody steals: as deque_push and deque_take, but no access needs an order. */
static inline bool deque_push_alone(deque *d, job *j)
{
    int64_t bottom = atomic_load_explicit(&d->bottom, memory_order_relaxed);
    int64_t top = atomic_load_explicit(&d->top, memory_order_relaxed);
    deque_array *a = atomic_load_explicit(&d->array, memory_order_relaxed);
    if (bottom - top >= a->size)
        return false;
    deque_fill(a, bottom, j, j->memory);
    atomic_store_explicit(&d->bottom, bottom + 1, memory_order_relaxed);
    return true;
}

static inline job *deque_take_alone(deque *d)
{
    int64_t bottom = atomic_load_explicit(&d->bottom, memory_order_relaxed) - 1;
    if (bottom < atomic_load_explicit(&d->top, memory_order_relaxed))
        return NULL;
    deque_array *a = atomic_load_explicit(&d->array, memory_order_relaxed);
    atomic_store_explicit(&d->bottom, bottom, memory_order_relaxed);
    return atomic_load_explicit(&deque_at(a, bottom)->job, memory_order_relaxed);
}

/* Anyone: the oldest, or NULL. */
static inline job *deque_steal(deque *d)
{
    for (;;) {
        int64_t top = atomic_load(&d->top);
        if (top >= atomic_load(&d->bottom))
            return NULL;
        deque_array *a = atomic_load_explicit(&d->array, memory_order_acquire); /* pairs with deque_grow */
        job *j = atomic_load_explicit(&deque_at(a, top)->job, memory_order_relaxed);
        if (atomic_compare_exchange_strong(&d->top, &top, top + 1))
            return j;
    }
}

/* Owner: the one that is taken after k others, or NULL: there are not so many. */
static inline const queued *deque_ahead(deque *d, int64_t k)
{
    int64_t at = atomic_load_explicit(&d->bottom, memory_order_relaxed) - 1 - k;
    return at >= atomic_load_explicit(&d->top, memory_order_relaxed)
               ? deque_at(atomic_load_explicit(&d->array, memory_order_relaxed), at)
               : NULL;
}

static inline bool deque_empty(deque *d)
{
    return atomic_load(&d->top) >= atomic_load(&d->bottom); /* seq_cst: part of the look before a worker parks */
}

#endif
