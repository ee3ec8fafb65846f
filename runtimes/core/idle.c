/* idle.c - when a worker sleeps, who wakes it, and who asks for events meanwhile.
 *
 * One word, idle, counts who searches (low half) and who sleeps (high half). A push publishes its job and then reads
 * the word; a worker that goes to sleep changes the word and then looks everywhere once more. By barrier.h, either the
 * push sees the sleeper and wakes it, or the sleeper's last look sees the job. (The push only reads, so that the word's
 * line stays with everybody while nobody falls asleep.) A push wakes nobody while somebody searches: the last searcher
 * that finds work wakes the next. Nor does it for the little that its worker will have done by then, as long as one of
 * the sleepers guards the others. Another of them, or the same, watches their timers. */
#include "barrier.h"
#include "workers_private.h"

enum { LINGER_NS = 60000, LINGER_LOOK_NS = 20000, SHORT_WAIT_NS = 100000 };
enum { LITTLE_NS = 200000, GUARD_NS = 10000000 };
enum { SLICE_NS = 500000, CROWD_NS = 250000000 }; /* so long away: somebody else had the CPU */
#define REST_NS UINT64_C(2000000000)

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

    return atomic_load_explicit(&p->guarded, memory_order_relaxed) && /* the barriers of pool_notify and park pair */
           w->job_ns > 0 && (runq_used(&w->ring) + 1) * w->job_ns < LITTLE_NS && deque_empty(&w->spawned) &&
           !atomic_load_explicit(&p->inject.count, memory_order_relaxed);
}

void pool_wake(pool *p, int index, struct worker_private *by)
{
    struct worker_private *w = by && little_to_share(by) ? NULL : rouse(p, index);

    if (w)
        wake(w);
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

void worker_stop_searching(struct worker_private *w, bool found)
{
    pool *p = w->self.pool;

    if (!w->searching)
        return;
    w->searching = false;
    uint32_t before = atomic_fetch_sub(&p->idle, SEARCHER);
    /* Where all others sleep, nothing was pushed that was told to nobody because w searched, and w sees what there is.
     */
    bool alone = before / SLEEPER + 1 == p->n;
    if (found && searchers(before) == 1 && !(alone && !work_visible(w)))
        pool_notify(p, -1, w);
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

/* From now on the time per job counts anew. */
static void count_jobs(struct worker_private *w, uint64_t now)
{
    w->looked_ns = now;
    w->looked_turn = turns_of(w);
}

/* For the guard, little_to_share and worker_poll_if_late. */
static void count_look(struct worker_private *w)
{
    uint64_t now = fw_now_ns();
    uint64_t jobs = turns_of(w) - w->looked_turn;

    if (jobs > 0)
        w->job_ns = (now - w->looked_ns) / jobs;
    count_jobs(w, now);
    atomic_store_explicit(&w->looks, atomic_load_explicit(&w->looks, memory_order_relaxed) + 1,
                          memory_order_relaxed); /* a count; pairs with nothing */
}

enum { FEW_EVENTS = 16, LEAST_EVENTS = 8 };

unsigned worker_poll(struct worker_private *w)
{
    netpoll *net = pool_net(w->self.pool);
    uint32_t used = runq_used(&w->ring), full = used == 0 || w->ran_dry ? FEW_EVENTS : RUNQ_SIZE;

    if (!net)
        return 0;
    count_look(w);
    if (!netpoll_claim(net))
        return 0;
    w->ran_dry = used == 0;
    netpoll_wait(net, 0, used + LEAST_EVENTS < full ? full - used : LEAST_EVENTS, &w->self);
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
        netpoll_wait(net, 0, FEW_EVENTS, &w->self);
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

    netpoll_wait(net, most, FEW_EVENTS, &w->self);
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

static void park(struct worker_private *w, uint64_t most)
{
    pool *p = w->self.pool;

    if (p->stealing && pool_net(p) && !atomic_exchange(&p->guarded, true)) {
        bool up = guard(w, most);
        atomic_store(&p->guarded, false);
        core_barrier_heavy();
        if (up || work_visible(w))
            return;
    }
    park_wait(&w->sleeper, most);
}

/* Until when the watcher may sleep, at most. Who arms a timer writes next_ns, then reads watched_until; the watcher
 * writes that, then reads theirs (sequentially consistent): so either it is woken, or it has seen the timer. */
static uint64_t watch_timers(struct worker_private *w, uint64_t most)
{
    pool *p = w->self.pool;

    atomic_store_explicit(&p->watcher, w->self.index, memory_order_relaxed); /* published by the next line */
    atomic_store(&p->watched_until, most);
    for (unsigned i = 0; i < p->n; i++) {
        uint64_t late = timers_late(atomic_load(&p->workers[i].timers.next_ns));
        most = late < most ? late : most;
    }
    atomic_store(&p->watched_until, most);
    return most;
}

/* net NULL: another asks for events. Who fell asleep while another watched goes on sleeping when that one wakes: then
 * nobody watches until one of them sleeps anew. To hand this over would cost a wake each time. */
static void sleep_for(struct worker_private *w, netpoll *net, uint64_t most)
{
    pool *p = w->self.pool;
    bool watches = p->stealing && !atomic_exchange(&p->watched, true);

    if (watches)
        most = watch_timers(w, most);
    if (net)
        wait_for_events(w, net, most);
    else
        park(w, most);
    if (!watches)
        return;
    atomic_store(&p->watched_until, 0);
    atomic_store(&p->watched, false);
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
    netpoll *net = pool_net(w->self.pool);
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
    bool last = p->asleep_count == p->n;
    atomic_fetch_add(&p->idle, change);
    job_list_unlock(&p->sleep_lock);
    worker_mark(&w->self, FW_LANE_ASLEEP);
    if (!last) /* else no worker pushes before it has been taken off the list, and so knows of w */
        core_barrier_heavy();
    if (!work_visible(w))
        sleep_for(w, polls ? net : NULL, most);
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

void worker_sleep(struct worker_private *w)
{
    sleep_until_work(w);
    if (pool_net(w->self.pool))
        count_jobs(w, fw_now_ns());
}
