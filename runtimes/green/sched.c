/* sched.c - resuming and leaving green threads. See sched.h. */
#include "sched.h"

#include <limits.h>
#include <stdlib.h>

#include "core/park.h"

#if defined(__SANITIZE_ADDRESS__)
#define ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TSAN 1
#endif
#endif

#ifdef ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef TSAN
#include <sanitizer/tsan_interface.h>
#define UNINSTRUMENTED __attribute__((noinline, no_sanitize("thread")))
#else
#define UNINSTRUMENTED __attribute__((noinline))
#endif

/* From the worker's stack into g. Returns when g leaves. */
UNINSTRUMENTED static void enter(sched *s, green *g)
{
#ifdef ASAN
    __sanitizer_start_switch_fiber(&s->fake_stack, g->stack->low, g->stack->bytes);
#endif
#ifdef TSAN
    s->fiber = __tsan_get_current_fiber();
    if (!g->fiber)
        g->fiber = __tsan_create_fiber(0);
    __tsan_switch_to_fiber(g->fiber, 0);
#endif
#if CORE_HAS_CONTEXT
    core_switch(&s->sp, g->sp);
#endif
#ifdef ASAN
    __sanitizer_finish_switch_fiber(s->fake_stack, NULL, NULL);
#endif
}

/* From g back to the worker whose sched is s. Returns on whichever worker resumes g. */
UNINSTRUMENTED static void exit_to(sched *s, green *g, bool final)
{
#ifdef ASAN
    __sanitizer_start_switch_fiber(final ? NULL : &g->fake_stack, s->stack_low, s->stack_bytes);
#endif
#ifdef TSAN
    __tsan_switch_to_fiber(s->fiber, 0);
#endif
    (void) final;
#if CORE_HAS_CONTEXT
    core_switch(&g->sp, s->sp);
#endif
}

/* On g's stack, just arrived: notes the stack of the worker that we came from. */
static void arrived(green *g)
{
#ifdef ASAN
    sched *s = worker_here()->sched;
    __sanitizer_finish_switch_fiber(g->fake_stack, &s->stack_low, &s->stack_bytes);
#endif
    (void)g;
}

void green_leave(green *g, action what, bool (*commit)(green *, void *), void *arg)
{
    sched *s = worker_here()->sched;
    s->action = what;
    s->commit = commit;
    s->commit_arg = arg;
    exit_to(s, g, what == ACTION_EXIT);
    arrived(g); /* asks anew where it is: the worker may be another one */
}

void green_main(void *self)
{
    green *g = self;
    arrived(g);
    g->fn(g->arg);
    green_leave(g, ACTION_EXIT, NULL, NULL);
}

void green_make_runnable(green *g)
{
    if (g->run->pinned)
        pool_push_to(g->run->pool, (unsigned)g->home, &g->job);
    else
        pool_push(g->run->pool, &g->job, true);
}

/* g has left for good: its stack is free, and once the joiner knows, so is g. */
static void bury(green *g, worker *w)
{
    sched *s = w->sched;
    struct parker *done = g->root ? g->run->done : NULL;

    core_stack_give(&s->stacks, g->stack);
#ifdef TSAN
    __tsan_destroy_fiber(g->fiber);
#endif
    if (!g->root)
        fw_count(w->slot, FW_ENDED, 1);
    /* acq_rel pairs with green_join: what the unit wrote is seen after the join. */
    green *joiner = atomic_exchange_explicit(&g->joiner, GREEN_ENDED, memory_order_acq_rel);
    if (joiner)
        green_make_runnable(joiner);
    if (done)
        park_wake(done);
}

void green_resume(job *j, worker *w)
{
    green *g = (green *)j;
    sched *s = w->sched;

    if (!s->signal_stack)
        green_watch_overflow(s);
    for (;;) {
        if (g->last_worker != w->index && g->last_worker != UINT_MAX)
            fw_count(w->slot, FW_MIGRATIONS, 1);
        g->last_worker = w->index;
        fw_count(w->slot, FW_SWITCHES, 1);
        w->current = g;
        enter(s, g);
        w->current = NULL;
        switch (s->action) {
        case ACTION_YIELD:
            worker_push_last(w, &g->job);
            return;
        case ACTION_EXIT:
            bury(g, w);
            return;
        case ACTION_PARK:
            if (s->commit(g, s->commit_arg))
                return; /* g may run elsewhere by now, or be gone */
            break;
        }
    }
}
