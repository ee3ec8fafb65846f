/* green.c - spawn, join, yield, park, sleep. See green.h; the switching is in sched.c,
 * the channels in green_chan.c. */
#include "sched.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "core/park.h"

enum { DEFAULT_STACK_BYTES = 65536, LEAST_STACK_BYTES = 16384, PAGE = 4096 };

green *green_self(void)
{
    worker *w = worker_here();
    return w ? w->current : NULL;
}

unsigned green_worker(void)
{
    return worker_here()->index;
}

static inline __attribute__((always_inline)) green *new_green(run *r, sched *s, void (*fn)(void *), void *arg)
{
#if CORE_HAS_CONTEXT
    green *g = spares_take(&s->units, &r->ended, sizeof *g);
    if (!g)
        return NULL;
    g->job = (job){.run = green_resume};
    g->fn = fn;
    g->arg = arg;
    g->name = NULL;
    g->run = r;
    g->home = 0;
    g->last_worker = UINT_MAX;
    g->number = 0;
    atomic_store_explicit(&g->joiner, NULL, memory_order_relaxed); /* published with the job */
    g->root = false;
    g->fake_stack = g->fiber = NULL; /* its waiter is set when it waits */
    g->stack = core_stack_take(&s->stacks);
    if (!g->stack) {
        spares_give(&s->units, &r->ended, g);
        return NULL;
    }
    g->sp = core_stack_top(g->stack);
    g->job.memory = (char *)g->sp - MEMORY_LINES * CACHE_LINE;
    return g;
#else
    (void)r, (void)s, (void)fn, (void)arg;
    return NULL;
#endif
}

int green_spawn(green **out, const green_attr *attr, void (*fn)(void *arg), void *arg)
{
    worker *w = worker_here();
    sched *s = w->sched;
    run *r = s->run;
    bool at_hand = s->units.first;
    green *g = new_green(r, s, fn, arg);

    if (!g)
        return -ENOMEM;
    g->name = attr ? attr->name : NULL;
    g->home = attr && attr->worker >= 0 ? attr->worker % (int)pool_size(r->pool) : (int)w->index;
    fw_count(w->slot, FW_CREATED, 1);
    if (!at_hand)
        worker_look_at_live(w);
    *out = g;
    if (r->pinned || (attr && attr->worker >= 0))
        pool_push_to(r->pool, (unsigned)g->home, &g->job);
    else
        worker_spawn(w, &g->job);
    return 0;
}

static bool commit_join(green *self, void *arg)
{
    green *target = arg, *nobody = NULL;
    /* Fails when it has ended: then go on. acq_rel pairs with bury. */
    return atomic_compare_exchange_strong_explicit(&target->joiner, &nobody, self, memory_order_acq_rel,
                                                   memory_order_acquire);
}

int green_join(green *g)
{
    if (atomic_load_explicit(&g->joiner, memory_order_acquire) != GREEN_ENDED) /* pairs with bury */
        green_park(commit_join, g);
    sched *s = worker_here()->sched;
    spares_give(&s->units, &s->run->ended, g);
    return 0;
}

void green_park(bool (*commit)(green *g, void *arg), void *arg)
{
    green_leave(ACTION_PARK, commit, arg);
}

void green_unpark(green *g)
{
    green_make_runnable(g);
}

static void wake_sleeper(core_timer *t, worker *w)
{
    (void)w;
    green_make_runnable(t->owner);
}

static bool commit_sleep(green *self, void *arg)
{
    core_timer *t = arg;
    t->owner = self;
    core_timer_arm(worker_here(), t); /* self may run elsewhere at once */
    return true;
}

int green_sleep_until(uint64_t deadline_ns)
{
    core_timer t = {.deadline_ns = deadline_ns, .fire = wake_sleeper};
    if (fw_now_ns() < deadline_ns)
        green_park(commit_sleep, &t);
    return 0;
}

static const char *unit_name(const worker *w)
{
    const green *g = w->current;
    return !g ? NULL : g->name ? g->name : "a green thread without a name";
}

static bool rest(worker *w, bool now)
{
    core_stack_cache *stacks = &((sched *)w->sched)->stacks;
    bool many = core_stack_many(stacks);

    if (many && now)
        core_stack_trim(stacks);
    return many;
}

int green_run(const green_config *config, void (*fn)(void *arg), void *arg)
{
    parker done;
    run r = {.pinned = config->pinned, .stays = config->pinned || config->n == 1, .done = &done};

    if (!CORE_HAS_CONTEXT)
        return -ENOTSUP;
    r.stack_bytes = config->stack_bytes ? config->stack_bytes : DEFAULT_STACK_BYTES;
    if (r.stack_bytes < LEAST_STACK_BYTES)
        r.stack_bytes = LEAST_STACK_BYTES;
    r.stack_bytes = (r.stack_bytes + PAGE - 1) / PAGE * PAGE;
    r.sched = aligned_alloc(FW_PAD, (config->n ? config->n : 1) * sizeof *r.sched);
    if (!r.sched)
        return -ENOMEM;
    for (unsigned i = 0; i < config->n; i++)
        r.sched[i] = (sched){.run = &r, .stacks = {.bytes = r.stack_bytes}};
    int err = pool_start(&r.pool, &(pool_config){config->workers, config->n, config->pinned, (char *)r.sched,
                                                 sizeof *r.sched, rest, unit_name, FW_SWITCHES});
    if (err) {
        free(r.sched);
        return err;
    }
    park_init(&done, false);
    green *root = new_green(&r, &r.sched[0], fn, arg); /* no worker uses its sched yet */
    if (root) {
        root->root = true;
        pool_push_to(r.pool, 0, &root->job);
        park_wait(&done, FW_FOREVER);
    }
    pool_stop(r.pool);
    for (unsigned i = 0; i < config->n; i++) {
        green_unwatch_overflow(&r.sched[i]);
        core_stack_free_all(&r.sched[i].stacks);
        spares_free_all(&r.sched[i].units);
    }
    spares_free(root);
    spares_end(&r.ended, sizeof *root);
    free(r.sched);
    return root ? 0 : -ENOMEM;
}
