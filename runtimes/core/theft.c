/* theft.c - what a worker takes from others: half of a ring, the oldest that was spawned, what stays in a LIFO slot;
 * and when it had better not. */
#include "ahead.h"
#include "workers_private.h"

enum { THEFT_NS = 1000, SLOT_NS = 3000, DAWDLE_MOST = 7 };

/* What is in the LIFO slot is mostly about to be run, where its data are: only what stays there is taken. */
static job *steal_next(struct worker_private *victim)
{
    job *j = atomic_load_explicit(&victim->next, memory_order_relaxed);

    if (!j)
        return NULL;
    if (core_spin_ns(1) == 0)
        core_yield();
    for (uint64_t until = fw_now_ns() + SLOT_NS; core_spin_ns(1) && fw_now_ns() < until;) {
        if (atomic_load_explicit(&victim->next, memory_order_relaxed) != j)
            return NULL;
        core_cpu_relax();
    }
    return atomic_exchange_explicit(&victim->next, NULL, memory_order_acquire); /* pairs with pool_push */
}

job *worker_steal(struct worker_private *w, bool lifo_slots)
{
    pool *p = w->self.pool;
    job *taken[RUNQ_SIZE / 2];

    for (unsigned i = 0; i < p->n; i++) {
        struct worker_private *victim = &p->workers[(w->victim + i) % p->n];
        if (victim == w)
            continue;
        uint32_t n = runq_take_half(&victim->ring, taken, RUNQ_SIZE / 2);
        if (n == 0 && (taken[0] = deque_steal(&victim->spawned)))
            n = 1;
        if (n == 0 && lifo_slots && (taken[0] = steal_next(victim)))
            n = 1;
        if (n == 0)
            continue;
        ask_for(taken[0]->memory);
        fw_count(w->self.slot, FW_STEALS, n);
        w->victim = victim->self.index;
        for (uint32_t k = 1; k < n; k++)
            worker_push_ring(w, taken[k]);
        return taken[0];
    }
    return NULL;
}

void worker_dawdle(struct worker_private *w)
{
    pool *p = w->self.pool;
    uint64_t now = fw_now_ns();

    w->in_vain = now - w->stolen_ns >= THEFT_NS ? 0 : w->in_vain < DAWDLE_MOST ? w->in_vain + 1 : DAWDLE_MOST;
    w->stolen_ns = 0;
    if (w->in_vain == 0 || core_spin_ns(1) == 0)
        return;
    worker_stop_searching(w, false); /* others may be woken meanwhile */
    for (uint64_t until = now + ((THEFT_NS / 2) << w->in_vain); now < until; now = fw_now_ns()) {
        if (atomic_load(&p->stop) || atomic_load(&w->inbox.count) || atomic_load(&p->inject.count))
            return;
        for (int i = 0; i < 16; i++)
            core_cpu_relax();
    }
}

job *worker_relieve(struct worker_private *w)
{
    pool *p = w->self.pool;
    runq *ring = &p->workers[w->watched].ring;
    job *j = NULL;

    if (!p->stealing || !pool_net(p))
        return NULL;
    if (!runq_empty(ring) && atomic_load_explicit(&ring->head, memory_order_relaxed) == w->watched_head) {
        w->victim = w->watched;
        j = worker_steal(w, false);
    }
    do
        w->watched = (w->watched + 1) % p->n;
    while (w->watched == w->self.index);
    ring = &p->workers[w->watched].ring;
    w->watched_head = atomic_load_explicit(&ring->head, memory_order_relaxed) - runq_empty(ring); /* empty: any other */
    return j;
}
