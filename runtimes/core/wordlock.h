/* wordlock.h - a lock of one word for a few instructions' work: three states and a futex (Drepper, "Futexes are
 * tricky", mutex 3). Another thread than the one that took it may release it; that is how a green thread goes to sleep
 * with a channel's lock held, released once its stack is at rest.
 *
 *   FREE --take--> HELD --another comes--> CONTENDED (whoever releases wakes one)         */
#ifndef CORE_WORDLOCK_H
#define CORE_WORDLOCK_H

#include "fw.h"
#include "park.h"

typedef struct wordlock {
    _Atomic uint32_t state;
} wordlock;

enum { WORDLOCK_FREE, WORDLOCK_HELD, WORDLOCK_CONTENDED, WORDLOCK_LOOKS = 100, WORDLOCK_BACK_NS = 1000 };

/* Stands back, looks for a while where another CPU may hold it, then sleeps. Acquire: pairs with wordlock_release. */
static inline void wordlock_wait(wordlock *l)
{
    core_stand_back(WORDLOCK_BACK_NS);
    for (int i = core_spin_ns(1) ? WORDLOCK_LOOKS : 0; i > 0; i--) {
        uint32_t free = WORDLOCK_FREE;
        if (atomic_load_explicit(&l->state, memory_order_relaxed) == WORDLOCK_FREE &&
            atomic_compare_exchange_strong_explicit(&l->state, &free, WORDLOCK_HELD, memory_order_acquire,
                                                    memory_order_relaxed))
            return;
        core_cpu_relax();
    }
    while (atomic_exchange_explicit(&l->state, WORDLOCK_CONTENDED, memory_order_acquire) != WORDLOCK_FREE)
        core_futex_wait(&l->state, WORDLOCK_CONTENDED, FW_FOREVER, false);
}

static inline void wordlock_take(wordlock *l)
{
    uint32_t free = WORDLOCK_FREE;
    if (!atomic_compare_exchange_strong_explicit(&l->state, &free, WORDLOCK_HELD, memory_order_acquire,
                                                 memory_order_relaxed))
        wordlock_wait(l);
}

static inline void wordlock_release(wordlock *l)
{
    /* Release: pairs with the acquires of the next who takes it. */
    if (atomic_exchange_explicit(&l->state, WORDLOCK_FREE, memory_order_release) == WORDLOCK_CONTENDED)
        core_futex_wake(&l->state, 1, false);
}

#endif
