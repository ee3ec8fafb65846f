/* workers.c - the pool: where a worker looks for work. How work is made known: publish.c; what it takes from others:
 * theft.c; how it sleeps: idle.c.
 *
 * Looking, in this order: every 61 turns the timers, descriptors, the inject queue, the oldest that was spawned here,
 * and what another worker has left lying; the LIFO slot (three times in a row at most); the own ring; the own inbox;
 * the newest that was spawned here; the inject queue; others' rings and what they spawned; and, before sleeping,
 * others' LIFO slots. */
#include "workers.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "ahead.h"
#include "workers_private.h"

enum { TURNS_PER_LOOK = 61, LIFO_IN_A_ROW = 3 };

static _Thread_local worker *here;

__attribute__((noinline)) worker *worker_here(void)
{
    return here;
}

/* ---- finding work ------------------------------------------------------- */

static inline void count_turns(struct worker_private *w, uint64_t by)
{
    fw_add(w->turns, by);
}

void worker_uncount_turn(worker *w)
{
    count_turns(w->priv, UINT64_MAX);
    w->priv->look_turn--; /* but the next look comes no later for it */
}

void worker_look_at_live(worker *w)
{
    uint64_t made = atomic_load_explicit(&w->slot->n[FW_CREATED], memory_order_relaxed); /* its own */

    if (made < 2 * w->priv->seen_live)
        return;
    w->priv->seen_live = made;
    fw_live_sample();
}

static void fire_due(struct worker_private *w, timers *t, uint64_t late_ns)
{
    core_timer *due;
    while (timers_next(t) != FW_FOREVER && (due = timers_pop_due(t, fw_now_ns() - late_ns)))
        due->fire(due, &w->self);
}

/* What worker `of` has left lying: it is in a long job, or has no CPU. */
static void fire_late(struct worker_private *w, unsigned of)
{
    if (w->self.stealing && of != w->self.index)
        fire_due(w, &w->self.pool->workers[of].timers, TIMER_LATE_NS);
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

static job *take_ring(struct worker_private *w)
{
    if (!w->self.stealing)
        return runq_pop_alone(&w->ring);
    w->untold = false;
    return runq_pop(&w->ring);
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
        worker_push_ring(w, j);
    }
    if (w->self.stealing) /* who looked meanwhile saw them neither here nor there */
        pool_notify(w->self.pool, -1, w);
    return first;
}

/* From where nothing would come as long as the ring has something. They take turns at being the first. */
static job *take_passed_over(struct worker_private *w)
{
    enum { INJECT, SPAWNED, OTHERS, KINDS };
    job *j = NULL;

    w->look_first++;
    for (uint32_t i = 0; i < KINDS && !j; i++) {
        uint32_t kind = (w->look_first + i) % KINDS;
        j = kind == INJECT    ? list_pop(&w->self.pool->inject)
            : kind == SPAWNED ? deque_steal(&w->spawned)
                              : worker_relieve(w);
    }
    return j;
}

static inline job *take_spawned(struct worker_private *w)
{
    return w->self.stealing ? deque_take(&w->spawned) : deque_take_alone(&w->spawned);
}

/* From the own queues. Nothing in them waits for ever. */
static job *take_local(struct worker_private *w)
{
    job *j = NULL;

    if (turns_of(w) >= w->look_turn) {
        w->look_turn = turns_of(w) + TURNS_PER_LOOK;
        fire_due(w, &w->timers, 0);
        fire_late(w, w->look_first % w->self.pool->n);
        worker_poll(w);
        if ((j = take_passed_over(w)))
            return j;
    }
    if ((j = take_next(w))) {
        if (++w->lifo_run <= LIFO_IN_A_ROW)
            return j;
        worker_push_ring(w, j);
    }
    w->lifo_run = 0;
    /* The inbox and the ring take turns, counted here: of all turns it may be each second or fourth that comes here. */
    w->inbox_first = !w->inbox_first;
    if (w->inbox_first && (j = list_pop(&w->inbox))) {
        ask_for(j->memory);
        return j;
    }
    if ((j = take_ring(w)))
        return j;
    if ((j = w->self.stealing ? list_pop(&w->inbox) : refill(w, &w->inbox)))
        return j;
    return take_spawned(w);
}

/* w runs a job now, perhaps for long: what waits behind it in the LIFO slot, or alone in the ring, is for others. */
static void share_rest(struct worker_private *w)
{
    if (!w->self.stealing || !(w->untold || atomic_load_explicit(&w->next, memory_order_relaxed)))
        return;
    w->untold = false;
    pool_notify(w->self.pool, -1, w);
}

static __attribute__((noinline)) job *next_of_many(struct worker_private *w)
{
    job *j = take_local(w);
    if (!j)
        j = refill(w, &w->self.pool->inject);
    if (!j) {
        w->look_turn--; /* who gives way to nobody looks at what is rarely ready, too */
        return NULL;
    }
    count_turns(w, 1);
    share_rest(w);
    return ask_ahead(&w->ring, &w->spawned, j);
}

/* What take_local does on most of its calls, where nobody steals and nothing but the slot and the ring need be looked
 * at. NULL: nothing there, or ask take_local. */
static inline job *take_alone(struct worker_private *w)
{
    job *j = atomic_load_explicit(&w->next, memory_order_relaxed);

    if (turns_of(w) >= w->look_turn || atomic_load_explicit(&w->inbox.count, memory_order_relaxed))
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
    count_turns(w, j != NULL);
    return j;
}

/* As worker_next, where take_alone has found nothing. */
static __attribute__((noinline)) job *next_of_one(struct worker_private *w)
{
    job *j = take_local(w);
    count_turns(w, j != NULL);
    return j ? ask_ahead(&w->ring, &w->spawned, j) : NULL;
}

job *worker_next(worker *w)
{
    struct worker_private *p = w->priv;

    if (atomic_load_explicit(&w->pool->stop, memory_order_relaxed))
        return NULL;
    if (w->stealing)
        return next_of_many(p);
    job *j = take_alone(p);
    return j ? ask_ahead(&p->ring, &p->spawned, j) : next_of_one(p);
}

/* Behind a long queue who is ready has no earlier turn for it: the next look comes before that queue's end. */
void worker_poll_if_late(worker *w)
{
    enum { LATE_NS = 50000 };

    if (pool_net(w->pool) && runq_used(&w->priv->ring) < TURNS_PER_LOOK && fw_now_ns() - w->priv->looked_ns > LATE_NS)
        worker_poll(w->priv);
}

/* As worker_take_turns, where there is more to look at than the ring. */
static __attribute__((noinline)) job *take_turns_of_one(struct worker_private *w, job *j)
{
    worker_poll_if_late(&w->self);
    job *first = take_local(w);
    count_turns(w, 1);
    if (first)
        worker_push_ring(w, j);
    return first ? first : j;
}

job *worker_take_turns(worker *w, job *j)
{
    struct worker_private *p = w->priv;
    bool rare = turns_of(p) >= p->look_turn || atomic_load_explicit(&p->inbox.count, memory_order_relaxed) ||
                atomic_load_explicit(&p->next, memory_order_relaxed) || pool_net(w->pool);
    job *first = rare ? NULL : runq_turn_alone(&p->ring, j);

    if (!first)
        return take_turns_of_one(p, j);
    p->lifo_run = 0;
    count_turns(p, 1);
    return first;
}

job *worker_take_spawned(worker *w)
{
    job *j = take_spawned(w->priv);

    if (j) {
        count_turns(w->priv, 1);
        w->priv->look_turn++; /* a look would take the oldest, and who joins wants the newest */
    }
    return j;
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
                worker_dawdle(w);
            if (!w->searching && 2 * searchers(atomic_load_explicit(&p->idle, memory_order_relaxed)) < p->n) {
                w->searching = true;
                atomic_fetch_add(&p->idle, SEARCHER);
            }
            if (w->searching && !(j = worker_steal(w, false)))
                j = worker_steal(w, true);
            w->stolen_ns = j ? fw_now_ns() : 0;
        }
        if (j) {
            worker_stop_searching(w, true);
            count_turns(w, 1);
            share_rest(w);
            return ask_ahead(&w->ring, &w->spawned, j);
        }
        fire_due(w, &w->timers, 0);
        for (unsigned i = 0; i < p->n; i++)
            fire_late(w, i);
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
    w->turns = &w->self.slot->n[w->self.pool->turns];
    w->look_turn = turns_of(w) + TURNS_PER_LOOK;
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

/* ---- timers ---------------------------------------------------------------- */

void core_timer_arm(worker *w, core_timer *t)
{
    uint64_t late = timers_late(t->deadline_ns);

    t->home = w;
    timers_add(&w->priv->timers, t);                                /* t may be gone now */
    if (w->stealing && late < atomic_load(&w->pool->watched_until)) /* seq_cst: see watch_timers */
        pool_wake(w->pool, (int)atomic_load_explicit(&w->pool->watcher, memory_order_relaxed), NULL);
}

bool core_timer_cancel(core_timer *t)
{
    return timers_remove(&t->home->priv->timers, t);
}
