/* sched.h - inside green only: a green thread, what a worker keeps for it, and the switch
 * between the two with the sanitizers told.
 *
 *   worker's own stack          green thread a's stack         green thread b's stack
 *   green_resume ------------->  fn ... green_leave  -------->  does what a asked for (settle), goes on
 *   does what b asked for  <----------------------------------  fn ... green_leave, and nobody is next
 *
 * What was asked for (action, commit) is done on the next one's stack after the switch, so that nobody can resume a
 * green thread whose stack is still in use. */
#ifndef GREEN_SCHED_H
#define GREEN_SCHED_H

#include "core/context.h"
#include "core/spares.h"
#include "core/stack.h"
#include "core/waiter.h"
#include "core/workers.h"
#include "green.h"

typedef struct run run;

typedef enum action { ACTION_YIELD, ACTION_PARK, ACTION_EXIT } action;

/* One a worker; only its worker uses it. */
typedef struct sched {
    alignas(FW_PAD) void *sp; /* the worker's context while a green thread runs */
    run *run;
    core_stack_cache stacks;
    spares units;
    green *left; /* the green thread that left last and wants something done now that it is at rest, or NULL */
    action action;
    bool (*commit)(green *g, void *arg);
    void *commit_arg;
    void *signal_stack;
    const void *stack_low; /* the worker's own stack, for AddressSanitizer */
    size_t stack_bytes;
    void *fake_stack, *fiber; /* AddressSanitizer's and ThreadSanitizer's */
    bool from_worker;         /* AddressSanitizer: who switched last, the worker itself or a green thread */
} sched;

struct green {
    job job; /* first: the worker runs this */
    void *sp;
    core_stack *stack;
    void (*fn)(void *arg);
    void *arg;
    const char *name;
    run *run;
    int home;              /* pinned: the worker it stays on */
    unsigned last_worker;  /* UINT_MAX: has not run */
    uint32_t number;       /* in a traced trial, once it has run; else 0 */
    green *_Atomic joiner; /* NULL, who waits for the end, or GREEN_ENDED */
    bool root;
    void *fake_stack, *fiber;
    waiter waiter; /* in a channel. Not on the stack: who wakes many touches none of their stacks */
};

#define GREEN_ENDED ((green *)(uintptr_t)1)

struct run {
    pool *pool;
    bool pinned, stays; /* stays: a green thread never changes its worker */
    size_t stack_bytes;
    struct parker *done;
    sched *sched; /* one a worker */
    spares_store ended;
};

/* Makes g runnable; any thread. */
void green_make_runnable(green *g);
/* job.run of every green thread. */
void green_resume(job *j, worker *w);
/* Leaves the running green thread for the next one or its worker, which then does the action. Returns when resumed. A
 * yield returns at once when nobody is next. */
void green_leave(action what, bool (*commit)(green *, void *), void *arg);
/* First code on a green thread's stack. */
void green_main(void *g);

/* overflow.c: SIGSEGV in a guard is reported by name. Once a worker thread; once a process. */
void green_watch_overflow(sched *s);
void green_unwatch_overflow(sched *s);
/* g wrote over its canary, and so perhaps over another's stack: says so and aborts. */
_Noreturn void green_overflowed(const green *g);

#endif
