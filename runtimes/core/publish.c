/* publish.c - how work is made known: into which queue a job goes, and whom that wakes. Who looks there: workers.c. The
 * barrier between the push of a job and the look at who sleeps: pool_notify (workers_private.h). */
#include "workers_private.h"

__attribute__((noinline)) void worker_overflow(struct worker_private *w, job *j)
{
    job *taken[RUNQ_SIZE / 2];

    fw_count(w->self.slot, FW_OVERFLOWS, 1);
    if (!w->self.stealing) {
        list_push(&w->inbox, j, j, 1);
        return;
    }
    uint32_t n = runq_take_half(&w->ring, taken, RUNQ_SIZE / 2);
    for (uint32_t i = 0; i + 1 < n; i++)
        taken[i]->next = taken[i + 1];
    if (n) {
        taken[n - 1]->next = j;
        list_push(&w->self.pool->inject, taken[0], j, n + 1);
    } else {
        list_push(&w->self.pool->inject, j, j, 1);
    }
}

void pool_push(pool *p, job *j, bool next)
{
    worker *self = worker_here();

    if (!self || self->pool != p) {
        list_push(&p->inject, j, j, 1);
    } else if (next && !p->stealing) {
        job *before = atomic_load_explicit(&self->priv->next, memory_order_relaxed);
        atomic_store_explicit(&self->priv->next, j, memory_order_relaxed);
        if (before)
            worker_push_ring(self->priv, before);
    } else if (next) {
        job *before = atomic_exchange(&self->priv->next, j);
        if (before)
            worker_push_ring(self->priv, before);
        else if (self->priv->lifo_run == 0)
            return; /* this worker runs it next: no reason to wake another for it */
    } else {
        worker_push_ring(self->priv, j);
    }
    if (!self || self->pool != p)
        pool_notify(p, -1, NULL);
    else if (p->stealing)
        pool_notify(p, -1, self->priv);
}

/* Rare, and its last call: worker_spawn saves no register for it. */
static __attribute__((noinline)) void grow_and_spawn(worker *w, job *j)
{
    deque_grow(&w->priv->spawned);
    worker_spawn(w, j);
}

void worker_spawn(worker *w, job *j)
{
    deque *spawned = &w->priv->spawned;

    if (!(w->stealing ? deque_push(spawned, j) : deque_push_alone(spawned, j)))
        grow_and_spawn(w, j);
    else if (w->stealing)
        pool_notify(w->pool, -1, NULL);
}

void pool_push_to(pool *p, unsigned index, job *j)
{
    worker *self = worker_here();

    if (self == &p->workers[index].self && !p->stealing) {
        worker_push_ring(self->priv, j);
        return;
    }
    list_push(&p->workers[index].inbox, j, j, 1);
    if (self != &p->workers[index].self)
        pool_notify(p, (int)index, NULL);
}

static __attribute__((noinline)) void push_last_of_many(worker *w, job *j)
{
    w->priv->untold = runq_empty(&w->priv->ring);
    worker_push_ring(w->priv, j);
    if (!w->priv->untold) /* alone, it is run again at once by this worker; else see share_rest */
        pool_notify(w->pool, -1, w->priv);
}

void worker_push_last(worker *w, job *j)
{
    if (w->stealing)
        push_last_of_many(w, j);
    else if (!runq_push_alone(&w->priv->ring, j))
        worker_overflow(w->priv, j);
}
