/* workers.c - the pool: where a worker looks for work, and how it sleeps.
 *
 * Looking, in this order: every 61 ticks the timers, descriptors, the inject queue, the oldest that was spawned here,
 * and what another worker has left lying; the LIFO slot (three times in a row at most); the own ring; the own inbox;
 * the newest that was spawned here; the inject queue; others' rings and what they spawned; and, before sleeping,
 * others' LIFO slots.
 *
 * Sleeping: one word, idle, counts who searches (low half) and who sleeps (high half). A push publishes its job and
 * then reads the word; a worker that goes to sleep changes the word and then looks everywhere once more. By barrier.h,
 * either the push sees the sleeper and wakes it, or the sleeper's last look sees the job. (The push only reads, so that
 * the word's line stays with everybody while nobody falls asleep.) A push wakes nobody while somebody searches: the
 * last searcher that finds work wakes the next. Nor does it for the little that this worker will have done by then, as
 * long as one of the sleepers guards the others.
 */
#include "workers.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "barrier.h"
#include "workers_private.h"

enum { TICKS_PER_LOOK = 61, LIFO_IN_A_ROW = 3 };
enum { THEFT_NS = 1000, SLOT_NS = 3000, DAWDLE_MOST = 7 };
enum { LINGER_NS = 60000, LINGER_LOOK_NS = 20000, SHORT_WAIT_NS = 100000 };
enum { LITTLE_NS = 200000, GUARD_NS = 10000000 };
enum { SLICE_NS = 500000, CROWD_NS = 250000000 }; /* so long away: somebody else had the CPU */
#define REST_NS UINT64_C(2000000000)

static _Thread_local worker *here;

__attribute__((noinline)) worker *worker_here(void)
{
    return here;
}

/* ---- sleeping and waking ------------------------------------------------ */

static uint32_t searchers(uint32_t idle)
{
    return idle & (SLEEPER - 1);
}

/* Takes worker `index` (or, with -1, the last to fall asleep) off the list of sleepers. NULL: it does not sleep. The
 * woken one counts as a searcher from now on. */
static struct worker_private *rouse(pool *p, int index)
{
    struct worker_private *found = NULL;

    job_list_lock(&p->sleep_lock);
    for (unsigned i = p->asleep_count; i-- > 0 && !found;) {
        if (index >= 0 && p->asleep[i] != (unsigned)index)
            continue;
        found = &p->workers[p->asleep[i]];
        found->roused_ns = fw_now_ns();
        p->asleep[i] = p->asleep[--p->asleep_count];
        atomic_fetch_add(&p->idle, SEARCHER - (uint32_t)SLEEPER);
    }
    job_list_unlock(&p->sleep_lock);
    return found;
}

/* Where w sleeps it is told; if it has woken by itself meanwhile, for nothing. */
static void wake(struct worker_private *w)
{
    if (atomic_load_explicit(&w->in_poll, memory_order_relaxed))
        netpoll_break(atomic_load_explicit(&w->self.pool->net, memory_order_relaxed));
    else
        park_wake(&w->sleeper);
}

/* What waits in w's ring is done by w itself before another would be awake and have taken half of it; that one might
 * even get the CPU of who sends the next events. If it takes longer than thought, there is the guard. */
static bool little_to_share(struct worker_private *w)
{
    pool *p = w->self.pool;

    return atomic_load_explicit(&p->guarded, memory_order_relaxed) && /* the barriers of notify and park pair */
           w->job_ns > 0 && (runq_used(&w->ring) + 1) * w->job_ns < LITTLE_NS && deque_empty(&w->spawned) &&
           !atomic_load_explicit(&p->inject.count, memory_order_relaxed);
}

/* After a job was published: in worker `index`'s inbox, or (-1) where anybody may find it. by: in whose ring or LIFO
 * slot it is, or NULL. */
static void notify(pool *p, int index, struct worker_private *by)
{
    core_barrier_light();
    uint32_t idle = atomic_load(&p->idle);
    if (idle / SLEEPER == 0 || (index < 0 && searchers(idle) > 0) || (by && little_to_share(by)))
        return;
    struct worker_private *w = rouse(p, index);
    if (w)
        wake(w);
}

static void stop_searching(struct worker_private *w, bool found)
{
    if (!w->searching)
        return;
    w->searching = false;
    uint32_t before = atomic_fetch_sub(&w->self.pool->idle, SEARCHER);
    if (found && searchers(before) == 1)
        notify(w->self.pool, -1, w);
}

/* Anything anywhere that w could run. */
static bool work_visible(struct worker_private *w)
{
    pool *p = w->self.pool;
    if (atomic_load(&p->stop) || atomic_load(&w->inbox.count) || atomic_load(&p->inject.count) ||
        atomic_load(&w->next) || !runq_empty(&w->ring) || !deque_empty(&w->spawned))
        return true;
    for (unsigned i = 0; p->stealing && i < p->n; i++)
        if (!runq_empty(&p->workers[i].ring) || !deque_empty(&p->workers[i].spawned) ||
            atomic_load(&p->workers[i].next))
            return true;
    return false;
}

/* Looks for as long as a sleep and a wake would take: true when there is something. A worker that others need not wake
 * costs them nothing. */
static bool look_around(struct worker_private *w)
{
    uint64_t now = fw_now_ns(), until = now + w->spin_ns, timer = timers_next(&w->timers);

    if ((w->self.pool->stealing && !w->searching) || now < w->crowded_until_ns) /* enough others look */
        return false;
    for (uint64_t last = now; now < until && now < timer; last = now, now = fw_now_ns()) {
        for (int i = 0; i < 16; i++) {
            if (work_visible(w))
                return true;
            core_cpu_relax();
        }
        if (fw_now_ns() - last > SLICE_NS)
            w->crowded_until_ns = last + CROWD_NS;
    }
    return now >= timer;
}

/* NULL: nobody ever waited for a descriptor. */
static netpoll *net_of(const struct worker_private *w)
{
    return atomic_load_explicit(&w->self.pool->net, memory_order_acquire); /* pairs with pool_netpoll */
}

/* From now on the time per job counts anew. */
static void count_jobs(struct worker_private *w, uint64_t now)
{
    w->looked_ns = now;
    w->looked_tick = w->tick;
}

/* For the guard and for little_to_share. */
static void count_look(struct worker_private *w)
{
    uint64_t now = fw_now_ns();
    uint32_t jobs = w->tick - w->looked_tick;

    if (jobs > 0)
        w->job_ns = (now - w->looked_ns) / jobs;
    count_jobs(w, now);
    atomic_store_explicit(&w->looks, atomic_load_explicit(&w->looks, memory_order_relaxed) + 1,
                          memory_order_relaxed); /* a count; pairs with nothing */
}

/* Wakes who waits for what has come, unless another worker is at it. How many. Not more than the ring has room for, if
 * that goes: what overflows would be overtaken by those who come later. */
static unsigned poll_network(struct worker_private *w)
{
    enum { LEAST_EVENTS = 16 };
    netpoll *net = net_of(w);
    uint32_t used = runq_used(&w->ring);

    if (!net)
        return 0;
    if (w->self.stealing)
        count_look(w);
    if (!netpoll_claim(net))
        return 0;
    netpoll_wait(net, 0, RUNQ_SIZE - used > LEAST_EVENTS ? RUNQ_SIZE - used : LEAST_EVENTS, &w->self);
    unsigned woken = netpoll_deliver(net);
    netpoll_release(net);
    return woken;
}

/* Asks for events for somewhat longer than a sleep and a wake take, where the last wait was short: a wake costs the
 * sender as much as its send. Not often, as each look takes a line from who sends, and a later one brings more. Gives
 * way first, so that it is no spinning against who shares the CPU; but who gives way comes back when the other's slice
 * ends, and who sleeps when the event does: with others there it sleeps. True: there is something to do. */
static bool linger(struct worker_private *w, netpoll *net)
{
    uint64_t now = fw_now_ns(), since = now, timer = timers_next(&w->timers), until = now + LINGER_NS;
    bool found = false;

    if (w->waited_ns > SHORT_WAIT_NS || now < w->crowded_until_ns)
        return false;
    while (!found && now < until && now < timer) {
        uint64_t look = now + LINGER_LOOK_NS, last = now;
        core_yield();
        if ((now = fw_now_ns()) - last > SLICE_NS)
            w->crowded_until_ns = now + CROWD_NS;
        for (; now < look; now = fw_now_ns())
            core_cpu_relax();
        netpoll_wait(net, 0, RUNQ_SIZE, &w->self);
        found = netpoll_deliver(net) > 0 || work_visible(w);
    }
    w->waited_ns = found ? now - since : w->waited_ns;
    return found;
}

/* When to wake at the latest: for a timer, or to give back what a crowd has left, *to_rest. */
static uint64_t sleep_most(struct worker_private *w, bool *to_rest)
{
    uint64_t timer = timers_next(&w->timers), rest;
    bool (*many)(worker *, bool) = w->self.pool->rest;

    *to_rest = many && many(&w->self, false) && (rest = fw_now_ns() + REST_NS) < timer;
    return *to_rest ? rest : timer;
}

static void wait_for_events(struct worker_private *w, netpoll *net, uint64_t most)
{
    uint64_t since = fw_now_ns();

    netpoll_wait(net, most, RUNQ_SIZE, &w->self);
    w->waited_ns = fw_now_ns() - since;
}

/* What the guard sees of the others. */
enum others { OTHERS_SLEEP, OTHERS_GET_ON, ONE_IS_STUCK };

static enum others look_at_others(struct worker_private *w)
{
    pool *p = w->self.pool;
    enum others seen = OTHERS_SLEEP;

    for (unsigned i = 0; i < p->n; i++) {
        struct worker_private *other = &p->workers[i];
        uint32_t looks = atomic_load_explicit(&other->looks, memory_order_relaxed);
        bool still = looks == other->looks_seen;

        other->looks_seen = looks;
        if (other == w || (still && worker_sleeps(p, i)))
            continue;
        if (still)
            return ONE_IS_STUCK;
        seen = OTHERS_GET_ON;
    }
    return seen;
}

/* Sleeps, but looks every GUARD_NS whether the others get on: so that they need not wake anybody for what they do at
 * once themselves. Who has not looked for events meanwhile is in a long job, or has no CPU: w gets up, takes what waits
 * behind that job, and asks for events. Invariant: who clears `guarded` looks at every queue before it sleeps on, so
 * that what was not told while it was set is found. False: the others sleep, and w sleeps on without a look. */
static bool guard(struct worker_private *w, uint64_t most)
{
    enum others seen;

    look_at_others(w);
    do {
        uint64_t look = fw_now_ns() + GUARD_NS;
        if (park_wait(&w->sleeper, look < most ? look : most) == 0 || look >= most)
            return true;
    } while ((seen = look_at_others(w)) == OTHERS_GET_ON);
    return seen == ONE_IS_STUCK;
}

static void park(struct worker_private *w, bool guards, uint64_t most)
{
    pool *p = w->self.pool;
    bool up = guards && guard(w, most);

    if (guards) {
        atomic_store(&p->guarded, false);
        core_barrier_heavy();
    }
    if (!up && !(guards && work_visible(w)))
        park_wait(&w->sleeper, most);
}

/* There was something for w to do from since_ns on, and it slept. What an event brings is not seen: the kernel does not
 * say when it came. */
static void count_idle(struct worker_private *w, uint64_t since_ns)
{
    uint64_t now = fw_now_ns();

    if (now > since_ns)
        fw_count(w->self.slot, FW_IDLE_NS, now - since_ns);
}

/* One of those who sleep does so in netpoll_wait. */
static void sleep_until_work(struct worker_private *w)
{
    bool to_rest;
    uint64_t most = sleep_most(w, &to_rest);
    pool *p = w->self.pool;
    uint32_t change = SLEEPER - (w->searching ? SEARCHER : 0);
    netpoll *net = net_of(w);
    bool polls = net && netpoll_claim(net);

    fw_live_sample();
    if (!polls && look_around(w))
        return;
    if (polls && linger(w, net)) {
        netpoll_release(net);
        return;
    }
    w->searching = false;
    atomic_store_explicit(&w->in_poll, polls, memory_order_relaxed); /* published by sleep_lock */
    job_list_lock(&p->sleep_lock);
    p->asleep[p->asleep_count++] = w->self.index;
    atomic_fetch_add(&p->idle, change);
    job_list_unlock(&p->sleep_lock);
    worker_mark(&w->self, FW_LANE_ASLEEP);
    core_barrier_heavy();
    if (work_visible(w))
        ;
    else if (polls)
        wait_for_events(w, net, most);
    else
        park(w, net && p->stealing && !atomic_exchange(&p->guarded, true), most);
    /* Awake by a wake, an event, a timer or the look: whoever is still on the list takes itself off. Either way it now
     * searches. */
    count_idle(w, rouse(p, (int)w->self.index) ? (to_rest ? FW_FOREVER : most) : w->roused_ns);
    w->searching = true;
    worker_mark(&w->self, FW_LANE_NONE);
    unsigned woken = 0;
    if (polls) { /* and so needs nobody to wake it for what the events bring */
        woken = netpoll_deliver(net);
        netpoll_release(net);
    }
    if (to_rest && woken == 0 && !work_visible(w) && fw_now_ns() >= most)
        w->self.pool->rest(&w->self, true);
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
    stop_searching(w, false); /* others may be woken meanwhile */
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
 * whoever is busy would not come to steal from it. Only beside poll_network, whose price hides that of two lines. */
static job *relieve(struct worker_private *w)
{
    pool *p = w->self.pool;
    runq *ring = &p->workers[w->watched].ring;
    job *j = NULL;

    if (!p->stealing || !net_of(w))
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

static job *take_spawned(struct worker_private *w)
{
    return w->self.stealing ? deque_take(&w->spawned) : deque_take_alone(&w->spawned);
}

/* From the own queues. */
static job *take_local(struct worker_private *w)
{
    job *j = NULL;

    if (++w->tick % TICKS_PER_LOOK == 0) {
        fire_timers(w);
        poll_network(w);
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
    if (w->tick % 2 && (j = list_pop(&w->inbox)))
        return j;
    if ((j = take_ring(w)))
        return j;
    if ((j = list_pop(&w->inbox)))
        return j;
    return take_spawned(w);
}

/* w runs a job now, perhaps for long: what waits in the LIFO slot behind it is for others. */
static void share_next(struct worker_private *w)
{
    if (w->self.stealing && atomic_load_explicit(&w->next, memory_order_relaxed))
        notify(w->self.pool, -1, w);
}

static job *next_of_many(struct worker_private *w)
{
    job *j = take_local(w);
    if (j)
        share_next(w);
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
    return j ? j : take_local(p);
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
            stop_searching(w, false);
            return NULL;
        }
        job *j = w->self.stealing ? NULL : take_alone(w);
        if (j)
            return j;
        if (!(j = take_local(w)) && !(j = list_pop(&p->inject)) && poll_network(w) > 0)
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
            stop_searching(w, true);
            share_next(w);
            return j;
        }
        fire_timers(w);
        sleep_until_work(w);
        if (net_of(w))
            count_jobs(w, fw_now_ns());
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
        notify(p, -1, NULL);
    else if (p->stealing)
        notify(p, -1, self->priv);
}

void worker_spawn(worker *w, job *j)
{
    if (w->stealing) {
        deque_push(&w->priv->spawned, j);
        notify(w->pool, -1, NULL);
    } else {
        deque_push_alone(&w->priv->spawned, j);
    }
}

job *worker_take_spawned(worker *w)
{
    return take_spawned(w->priv);
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
        notify(p, (int)index, NULL);
}

static void push_last_of_many(worker *w, job *j)
{
    bool company = !runq_empty(&w->priv->ring);
    push_ring(w->priv, j);
    if (company) /* alone, it is run again at once by this worker */
        notify(w->pool, -1, w->priv);
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
