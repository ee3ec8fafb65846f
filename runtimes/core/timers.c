/* timers.c - see timers.h. A timer knows its place in the heap (slot, from 1), so that
 * cancelling takes O(log n). */
#include "timers.h"

#include <stdlib.h>

enum { ARITY = 4, FIRST_ROOM = 64 };

void timers_init(timers *t)
{
    *t = (timers){.room = FIRST_ROOM, .heap = malloc(FIRST_ROOM * sizeof(core_timer *))};
    FW_MUST(t->heap && pthread_mutex_init(&t->lock, NULL) == 0);
    atomic_init(&t->next_ns, FW_FOREVER);
}

void timers_free(timers *t)
{
    pthread_mutex_destroy(&t->lock);
    free(t->heap);
}

static void place(timers *t, uint32_t at, core_timer *timer)
{
    t->heap[at] = timer;
    atomic_store_explicit(&timer->slot, at + 1, memory_order_relaxed);
}

static void sift_up(timers *t, uint32_t at, core_timer *timer)
{
    while (at > 0 && t->heap[(at - 1) / ARITY]->deadline_ns > timer->deadline_ns) {
        place(t, at, t->heap[(at - 1) / ARITY]);
        at = (at - 1) / ARITY;
    }
    place(t, at, timer);
}

static void sift_down(timers *t, uint32_t at, core_timer *timer)
{
    for (;;) {
        uint32_t least = at * ARITY + 1;
        if (least >= t->count)
            break;
        for (uint32_t child = least + 1; child < t->count && child <= at * ARITY + ARITY; child++)
            if (t->heap[child]->deadline_ns < t->heap[least]->deadline_ns)
                least = child;
        if (t->heap[least]->deadline_ns >= timer->deadline_ns)
            break;
        place(t, at, t->heap[least]);
        at = least;
    }
    place(t, at, timer);
}

static void publish_next(timers *t)
{
    atomic_store(&t->next_ns,
                 t->count ? t->heap[0]->deadline_ns : FW_FOREVER); /* seq_cst: see watch_timers in idle.c */
}

static void remove_at(timers *t, uint32_t at)
{
    core_timer *last = t->heap[--t->count];

    atomic_store_explicit(&t->heap[at]->slot, 0, memory_order_relaxed);
    if (at < t->count) {
        if (at > 0 && t->heap[(at - 1) / ARITY]->deadline_ns > last->deadline_ns)
            sift_up(t, at, last);
        else
            sift_down(t, at, last);
    }
    publish_next(t);
}

void timers_add(timers *t, core_timer *timer)
{
    FW_MUST(pthread_mutex_lock(&t->lock) == 0);
    if (t->count == t->room) {
        t->room *= 2;
        t->heap = realloc(t->heap, t->room * sizeof(core_timer *));
        FW_MUST(t->heap);
    }
    sift_up(t, t->count++, timer);
    publish_next(t);
    FW_MUST(pthread_mutex_unlock(&t->lock) == 0);
}

bool timers_remove(timers *t, core_timer *timer)
{
    FW_MUST(pthread_mutex_lock(&t->lock) == 0);
    uint32_t slot = atomic_load_explicit(&timer->slot, memory_order_relaxed);
    if (slot)
        remove_at(t, slot - 1);
    FW_MUST(pthread_mutex_unlock(&t->lock) == 0);
    return slot != 0;
}

core_timer *timers_pop_due(timers *t, uint64_t now_ns)
{
    core_timer *due = NULL;
    if (timers_next(t) > now_ns)
        return NULL;
    FW_MUST(pthread_mutex_lock(&t->lock) == 0);
    if (t->count && t->heap[0]->deadline_ns <= now_ns) {
        due = t->heap[0];
        remove_at(t, 0);
    }
    FW_MUST(pthread_mutex_unlock(&t->lock) == 0);
    return due;
}
