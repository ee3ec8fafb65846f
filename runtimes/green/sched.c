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
#define UNINSTRUMENTED inline
#endif

/* From `from` to `to`, either NULL for the worker's own stack. Returns when somebody switches back, for a green thread
 * perhaps on another worker. final: nobody will. */
static UNINSTRUMENTED void cross(sched *s, green *from, green *to, bool final)
{
#ifdef ASAN
    s->from_worker = !from;
    __sanitizer_start_switch_fiber(final  ? NULL
                                   : from ? &from->fake_stack
                                          : &s->fake_stack,
                                   to ? to->stack->low : s->stack_low, to ? to->stack->bytes : s->stack_bytes);
#endif
#ifdef TSAN
    if (!from)
        s->fiber = __tsan_get_current_fiber();
    if (to && !to->fiber)
        to->fiber = __tsan_create_fiber(0);
    __tsan_switch_to_fiber(to ? to->fiber : s->fiber, 0);
#endif
    (void) final;
#if CORE_HAS_CONTEXT
    core_switch(from ? &from->sp : &s->sp, to ? to->sp : s->sp);
#endif
}

/* Just arrived on g's stack, or (NULL) on the worker's own. */
static void arrived(worker *w, green *g)
{
#ifdef ASAN
    sched *s = w->sched;
    const void *low;
    size_t bytes;
    __sanitizer_finish_switch_fiber(g ? g->fake_stack : s->fake_stack, &low, &bytes);
    if (s->from_worker) {
        s->stack_low = low;
        s->stack_bytes = bytes;
    }
#endif
    (void)w;
    (void)g;
}

void green_make_runnable(green *g)
{
    if (g->run->pinned)
        pool_push_to(g->run->pool, (unsigned)g->home, &g->job);
    else
        pool_push(g->run->pool, &g->job, true);
}

/* g has left for good: its stack is free, and once the joiner knows, so is g. Not in line: others that leave need no
 * registers for it. */
static __attribute__((noinline)) void bury(green *g, worker *w)
{
    sched *s = w->sched;
    struct parker *done = g->root ? g->run->done : NULL;

    if (!g->root)
        fw_count(w->slot, FW_ENDED, 1);
    if (!core_stack_intact(g->stack))
        green_overflowed(g);
    core_stack_give(&s->stacks, g->stack);
#ifdef TSAN
    __tsan_destroy_fiber(g->fiber);
#endif
    /* acq_rel pairs with green_join: what the unit wrote is seen after the join. */
    green *joiner = atomic_exchange_explicit(&g->joiner, GREEN_ENDED, memory_order_acq_rel);
    if (joiner)
        green_make_runnable(joiner);
    if (done)
        park_wake(done);
}

/* Does what the one that left asked for: its stack is at rest now. After it, that one may run elsewhere, or be gone. */
static void settle(worker *w)
{
    sched *s = w->sched;
    green *left = s->left;

    s->left = NULL;
    left->job.memory = left->sp;
    switch (s->action) {
    case ACTION_YIELD:
        worker_push_last(w, &left->job);
        break;
    case ACTION_EXIT:
        bury(left, w);
        break;
    case ACTION_PARK:
        if (!s->commit(left, s->commit_arg))
            green_make_runnable(left);
        break;
    }
}

/* A unit's number is given when it first runs in a traced trial. Not in line, as it is rare. */
static __attribute__((noinline)) void mark(worker *w, green *g)
{
    if (g->number == 0)
        g->number = g->root ? FW_LANE_ROOT : fw_lane_unit(g->name);
    fw_lane_mark(w->lane, g->number);
}

/* g was elsewhere before. Only now is a new one's stack written to, by the CPU that uses it: who makes many touches
 * none. */
static __attribute__((noinline)) void move_in(worker *w, green *g)
{
    if (g->last_worker == UINT_MAX)
        g->sp = core_context_make(g->sp, green_main, g);
    else
        fw_count(w->slot, FW_MIGRATIONS, 1);
    g->last_worker = w->index;
}

/* g runs next on w. */
static inline void board(worker *w, green *g)
{
    if (g->last_worker != w->index)
        move_in(w, g);
    w->current = g;
    if (__builtin_expect(w->lane != NULL, 0))
        mark(w, g);
}

/* Just arrived on g's stack; w is its worker. */
static void land(green *g, worker *w)
{
    sched *s = w->sched;

    arrived(w, g);
    if (s->left)
        settle(w);
}

void green_leave(action what, bool (*commit)(green *, void *), void *arg)
{
    worker *w = worker_here();
    sched *s = w->sched;
    green *g = w->current, *next = (green *)worker_next(w);

    if (!next && what == ACTION_YIELD)
        return; /* nobody to let go first */
    s->left = g;
    s->action = what;
    s->commit = commit;
    s->commit_arg = arg;
    if (next) {
        board(w, next);
    } else {
        w->current = NULL;
        worker_mark(w, FW_LANE_NONE);
    }
    cross(s, g, next, what == ACTION_EXIT);
    land(g, g->run->stays ? w : worker_here());
}

CORE_RETURN_BY_JUMP void green_yield(void)
{
    worker *w = worker_here();
    green *g = w->current;

    if (w->stealing) {
        worker_poll_if_late(w);
        green_leave(ACTION_YIELD, NULL, NULL);
        return;
    }
    green *next = (green *)worker_take_turns(w, &g->job); /* only this worker takes it from there: after the switch */
    if (next == g) {
        worker_uncount_turn(w);
        return;
    }
    board(w, next);
    cross(w->sched, g, next, false);
    land(g, w);
}

void green_main(void *self)
{
    green *g = self;
    land(g, worker_here());
    g->fn(g->arg);
    green_leave(ACTION_EXIT, NULL, NULL);
}

void green_resume(job *j, worker *w)
{
    green *g = (green *)j;
    sched *s = w->sched;

    if (!s->signal_stack)
        green_watch_overflow(s);
    board(w, g);
    cross(s, NULL, g, false);
    arrived(w, NULL);
    settle(w);
}
