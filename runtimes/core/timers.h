/* timers.h - a worker's timers: a 4-ary heap, earliest first, under a lock of its own, since a
 * timer may be cancelled from another worker than the one that armed it. Inside core only. */
#ifndef CORE_TIMERS_H
#define CORE_TIMERS_H

#include <pthread.h>

#include "workers.h"

typedef struct timers {
    pthread_mutex_t lock; /* guards heap, count and room */
    core_timer **heap;
    uint32_t count, room;
    _Atomic uint64_t next_ns; /* deadline of heap[0] or FW_FOREVER; written under the lock */
} timers;

void timers_init(timers *t);
void timers_free(timers *t);
void timers_add(timers *t, core_timer *timer);
bool timers_remove(timers *t, core_timer *timer);       /* false: not in the heap */
core_timer *timers_pop_due(timers *t, uint64_t now_ns); /* or NULL */

enum { TIMER_LATE_NS = 200000 }; /* what is not fired so long after its deadline, other workers fire */

static inline uint64_t timers_late(uint64_t deadline_ns)
{
    return deadline_ns < FW_FOREVER - TIMER_LATE_NS ? deadline_ns + TIMER_LATE_NS : FW_FOREVER;
}

static inline uint64_t timers_next(timers *t)
{
    return atomic_load_explicit(&t->next_ns, memory_order_relaxed);
}

#endif
