/* workers.c - the pool: where a worker looks for work, and how it makes work known. How it sleeps: idle.c.
 *
 * Looking, in this order: every 61 ticks the timers, descriptors, the inject queue, the oldest that was spawned here,
 * and what another worker has left lying; the LIFO slot (three times in a row at most); the own ring; the own inbox;
 * the newest that was spawned here; the inject queue; others' rings and what they spawned; and, before sleeping,
 * others' LIFO slots. */
#include "workers.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "workers_private.h"

enum { TICKS_PER_LOOK = 61, LIFO_IN_A_ROW = 3 };
enum { THEFT_NS = 1000, SLOT_NS = 3000, DAWDLE_MOST = 7 };

static _Thread_local worker *here;

__attribute__((noinline)) worker *worker_here(void)
{
    return here;
}

/* ---- finding work ------------------------------------------------------- */

/* The ring is full. Not in line, as it is rare. */
__attribute__((noinline)) static void overflow(struct worker_private *w, job *j)
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

static inline void push_ring(struct worker_private *w, job *j)
{
    if (!(w->self.stealing ? runq_push(&w->ring, j) : runq_push_alone(&w->ring, j)))
        overflow(w, j);
}

static inline void ask_for(const char *memory)
{
#pragma GCC unroll 12 /* with a loop, each of 100,000 green threads cost 1.2 times as much */
    for (unsigned i = 0; memory && i < MEMORY_LINES; i++)
        __builtin_prefetch(memory + i * CACHE_LINE, 1);
}

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

static job *steal(struct worker_private *w, bool lifo_slots)
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
            push_ring(w, taken[k]);
        return taken[0];
    }
    return NULL;
}

/* Where what was stolen last was done sooner than a theft takes, its victim is better left alone for a while: each
 * theft takes the line of its deque away. Twice as long each time that it happens again. */
static void dawdle(struct worker_private *w)
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

static void fire_timers(struct worker_private *w)
{
    core_timer *due;
    while (timers_next(&w->timers) != FW_FOREVER && (due = timers_pop_due(&w->timers, fw_now_ns())))
        due->fire(due, &w->self);
}

static job *take_next(struct worker_private *w)
{
    job *j = atomic_load_explicit(&w->next, memory_order_relaxed);
    if (j && w->self.stealing)
        return atomic_exchange_explicit(&w->next, NULL,
                                        memory_order_acquire); /* pairs with pool_push; a thief may win */
    if (j)
        atomic_store_explicit(&w->next, NULL, memory_order_relaxed);
    return j;
}

/* From a ring that has stood still since the last look: its owner has lost its CPU, or runs one job for long, and
 * whoever is busy would not come to steal from it. Only beside worker_poll, whose price hides that of two lines. */
static job *relieve(struct worker_private *w)
{
    pool *p = w->self.pool;
    runq *ring = &p->workers[w->watched].ring;
    job *j = NULL;

    if (!p->stealing || !pool_net(p))
        return NULL;
    if (!runq_empty(ring) && atomic_load_explicit(&ring->head, memory_order_relaxed) == w->watched_head) {
        w->victim = w->watched;
        j = steal(w, false);
    }
    do
        w->watched = (w->watched + 1) % p->n;
    while (w->watched == w->self.index);
    ring = &p->workers[w->watched].ring;
    w->watched_head = atomic_load_explicit(&ring->head, memory_order_relaxed) - runq_empty(ring); /* empty: any other */
    return j;
}

static job *take_ring(struct worker_private *w)
{
    return w->self.stealing ? runq_pop(&w->ring) : runq_pop_alone(&w->ring);
}

/* The oldest of l, the inject queue or w's inbox; and into the ring, which is empty, some that follow, each of whose
 * memory can then be asked for. Of the inject queue not so many that nothing is left for others. */
static job *refill(struct worker_private *w, job_list *l)
{
    enum { MOST = 32 };
    uint32_t count = atomic_load_explicit(&l->count, memory_order_relaxed);

    if (count == 0)
        return NULL;
    uint32_t share = l == &w->inbox ? count : count / w->self.pool->n + 1;
    job *first = list_take(l, share < MOST ? share : MOST), *next = first ? first->next : NULL;
    if (first)
        ask_for(first->memory);
    if (!next)
        return first;
    for (job *j; (j = next);) {
        next = j->next;
        push_ring(w, j);
    }
    if (w->self.stealing) /* who looked meanwhile saw them neither here nor there */
        pool_notify(w->self.pool, -1, w);
    return first;
}

enum { FAR = 5, MANY = 256 };

/* What the job after the next one will touch, and a job further on itself. Not in line: rare where few units live. */
static __attribute__((noinline)) void ask_ahead_of(struct worker_private *w, bool in_ring)
{
    const queued *far = in_ring ? runq_ahead(&w->ring, FAR) : deque_ahead(&w->spawned, FAR);
    const queued *next = in_ring ? runq_ahead(&w->ring, 1) : deque_ahead(&w->spawned, 1);

    if (next) /* else a thief took it */
        ask_for(next->memory);
    if (far) {
        const char *job = (const char *)atomic_load_explicit(&far->job, memory_order_relaxed);
        __builtin_prefetch(job, 1);
        __builtin_prefetch(job + CACHE_LINE, 1);
    }
}

/* Of many jobs no cache holds what they touch: it is asked for while those before them run. The ring has few when few
 * live; of new units, whose stacks are reused last in, first out, only very many are too many. */
static inline void ask_ahead(struct worker_private *w)
{
    bool in_ring = runq_ahead(&w->ring, FAR) != NULL;
    if (in_ring || deque_ahead(&w->spawned, MANY))
        ask_ahead_of(w, in_ring);
}

/* From the own queues. */
static job *take_local(struct worker_private *w)
{
    job *j = NULL;

    if (++w->tick % TICKS_PER_LOOK == 0) {
        fire_timers(w);
        worker_poll(w);
        if ((j = list_pop(&w->self.pool->inject)) || (j = deque_steal(&w->spawned)) || (j = relieve(w)))
            return j;
    }
    if ((j = take_next(w))) {
        if (++w->lifo_run <= LIFO_IN_A_ROW)
            return j;
        push_ring(w, j);
    }
    w->lifo_run = 0;
    /* The inbox and the ring take turns. */
    if (w->tick % 2 && (j = list_pop(&w->inbox))) {
        ask_for(j->memory);
        return j;
    }
    if ((j = take_ring(w)))
        return j;
    if ((j = w->self.stealing ? list_pop(&w->inbox) : refill(w, &w->inbox)))
        return j;
    return worker_take_spawned(&w->self);
}

/* w runs a job now, perhaps for long: what waits in the LIFO slot behind it is for others. */
static void share_next(struct worker_private *w)
{
    if (w->self.stealing && atomic_load_explicit(&w->next, memory_order_relaxed))
        pool_notify(w->self.pool, -1, w);
}

static job *next_of_many(struct worker_private *w)
{
    job *j = take_local(w);
    if (!j)
        j = refill(w, &w->self.pool->inject);
    if (j) {
        share_next(w);
        ask_ahead(w);
    }
    return j;
}

/* What take_local does on most of its calls, where nobody steals and nothing but the slot and the ring need be looked
 * at. NULL: nothing there, or ask take_local. */
static inline job *take_alone(struct worker_private *w)
{
    job *j = atomic_load_explicit(&w->next, memory_order_relaxed);

    if ((w->tick + 1) % TICKS_PER_LOOK == 0 || atomic_load_explicit(&w->inbox.count, memory_order_relaxed))
        return NULL;
    if (!j) {
        j = runq_pop_alone(&w->ring);
        w->lifo_run = 0;
    } else if (w->lifo_run < LIFO_IN_A_ROW) {
        atomic_store_explicit(&w->next, NULL, memory_order_relaxed);
        w->lifo_run++;
    } else {
        return NULL;
    }
    w->tick += j != NULL;
    return j;
}

job *worker_next(worker *w)
{
    struct worker_private *p = w->priv;

    if (atomic_load_explicit(&w->pool->stop, memory_order_relaxed))
        return NULL;
    if (w->stealing)
        return next_of_many(p);
    job *j = take_alone(p);
    if (j || (j = take_local(p)))
        ask_ahead(p);
    return j;
}

job *worker_take_turns(worker *w, job *j)
{
    struct worker_private *p = w->priv;
    job *first = take_alone(p);

    if (!first && !(first = take_local(p)))
        return j;
    if (!runq_push_alone(&p->ring, j))
        overflow(p, j);
    return first;
}

/* The next job, or NULL when the pool stops. Sleeps while there is none. */
static job *find(struct worker_private *w)
{
    pool *p = w->self.pool;

    for (;;) {
        if (atomic_load_explicit(&p->stop, memory_order_relaxed)) {
            worker_stop_searching(w, false);
            return NULL;
        }
        job *j = w->self.stealing ? NULL : take_alone(w);
        if (j)
            return j;
        if (!(j = take_local(w)) && !(j = refill(w, &p->inject)) && worker_poll(w) > 0)
            continue;
        if (!j && p->stealing) {
            if (w->stolen_ns)
                dawdle(w);
            if (!w->searching && 2 * searchers(atomic_load_explicit(&p->idle, memory_order_relaxed)) < p->n) {
                w->searching = true;
                atomic_fetch_add(&p->idle, SEARCHER);
            }
            if (w->searching && !(j = steal(w, false)))
                j = steal(w, true);
            w->stolen_ns = j ? fw_now_ns() : 0;
        }
        if (j) {
            worker_stop_searching(w, true);
            share_next(w);
            ask_ahead(w);
            return j;
        }
        fire_timers(w);
        worker_sleep(w);
    }
}

static void name_thread(const worker *w)
{
    char name[16];

    snprintf(name, sizeof name, "worker %u", w->index);
    fw_trace_name(name);
}

void *worker_main(void *arg)
{
    struct worker_private *w = arg;
    pool *p = w->self.pool;
    job *j;

    here = &w->self;
    w->tid = gettid();
    w->self.slot = fw_slot_here();
    name_thread(&w->self);
    w->spin_ns = core_spin_ns(p->n);
    int err = fw_worker_bind(w->place);
    if (err)
        atomic_store(&p->bind_error, err);
    if (atomic_fetch_add(&p->started, 1) + 1 == p->n)
        park_wake(&p->starter);
    while ((j = find(w)))
        j->run(j, &w->self);
    worker_mark(&w->self, FW_LANE_NONE);
    fw_slot_release();
    return NULL;
}

/* ---- making work known ---------------------------------------------------- */

void pool_push(pool *p, job *j, bool next)
{
    worker *self = worker_here();

    if (!self || self->pool != p) {
        list_push(&p->inject, j, j, 1);
    } else if (next && !p->stealing) {
        job *before = atomic_load_explicit(&self->priv->next, memory_order_relaxed);
        atomic_store_explicit(&self->priv->next, j, memory_order_relaxed);
        if (before)
            push_ring(self->priv, before);
    } else if (next) {
        job *before = atomic_exchange(&self->priv->next, j);
        if (before)
            push_ring(self->priv, before);
        else if (self->priv->lifo_run == 0)
            return; /* this worker runs it next: no reason to wake another for it */
    } else {
        push_ring(self->priv, j);
    }
    if (!self || self->pool != p)
        pool_notify(p, -1, NULL);
    else if (p->stealing)
        pool_notify(p, -1, self->priv);
}

void worker_spawn(worker *w, job *j)
{
    if (w->stealing) {
        deque_push(&w->priv->spawned, j);
        pool_notify(w->pool, -1, NULL);
    } else {
        deque_push_alone(&w->priv->spawned, j);
    }
}

job *worker_take_spawned(worker *w)
{
    return w->stealing ? deque_take(&w->priv->spawned) : deque_take_alone(&w->priv->spawned);
}

void pool_push_to(pool *p, unsigned index, job *j)
{
    worker *self = worker_here();

    if (self == &p->workers[index].self && !p->stealing) {
        push_ring(self->priv, j);
        return;
    }
    list_push(&p->workers[index].inbox, j, j, 1);
    if (self != &p->workers[index].self)
        pool_notify(p, (int)index, NULL);
}

static void push_last_of_many(worker *w, job *j)
{
    bool company = !runq_empty(&w->priv->ring);
    push_ring(w->priv, j);
    if (company) /* alone, it is run again at once by this worker */
        pool_notify(w->pool, -1, w->priv);
}

void worker_push_last(worker *w, job *j)
{
    if (w->stealing)
        push_last_of_many(w, j);
    else if (!runq_push_alone(&w->priv->ring, j))
        overflow(w->priv, j);
}

void core_timer_arm(worker *w, core_timer *t)
{
    t->home = w;
    timers_add(&w->priv->timers, t);
}

bool core_timer_cancel(core_timer *t)
{
    return timers_remove(&t->home->priv->timers, t);
}
