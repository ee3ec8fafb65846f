/* micro.c - what the parts cost that green and stackless are made of. */
#include <pthread.h>
#include <stdlib.h>

#include "context.h"
#include "deque.h"
#include "gbench.h"
#include "park.h"
#include "runq.h"
#include "stack.h"
#include "timers.h"
#include "wordlock.h"

#if CORE_HAS_CONTEXT
static void *here, *there;

static void come_and_go(void *arg)
{
    (void)arg;
    for (;;)
        core_switch(&there, here);
}

/* To another context and back: two switches. */
static void context_round_trip(fw_bench *b, void *context)
{
    enum { STACK_BYTES = 16384, BATCH = 64 };
    unsigned char *stack = aligned_alloc(16, STACK_BYTES);
    (void)context;
    FW_MUST(stack);
    there = core_context_make(stack + STACK_BYTES, come_and_go, NULL);
    while (fw_bench_keep_running(b, BATCH))
        for (int i = 0; i < BATCH; i++)
            core_switch(&here, there);
    free(stack);
}

static void stack_take_give(fw_bench *b, void *context)
{
    core_stack_cache cache = {.bytes = 65536};
    (void)context;
    while (fw_bench_keep_running(b, 1)) {
        core_stack *s = core_stack_take(&cache);
        FW_MUST(s);
        core_stack_give(&cache, s);
    }
    core_stack_free_all(&cache);
}
#endif

enum { JOBS = 64 };
static job jobs[JOBS];

static void deque_push_take(fw_bench *b, void *context)
{
    deque d;
    (void)context;
    deque_init(&d);
    while (fw_bench_keep_running(b, JOBS)) {
        for (int i = 0; i < JOBS; i++)
            FW_MUST(deque_push(&d, &jobs[i]));
        while (deque_take(&d))
            ;
    }
    deque_free(&d);
}

/* Without a rival: the price of the compare-and-swap, and of pushing what is stolen. */
static void deque_push_steal(fw_bench *b, void *context)
{
    deque d;
    (void)context;
    deque_init(&d);
    while (fw_bench_keep_running(b, JOBS)) {
        for (int i = 0; i < JOBS; i++)
            FW_MUST(deque_push(&d, &jobs[i]));
        while (deque_steal(&d))
            ;
    }
    deque_free(&d);
}

static void runq_push_pop(fw_bench *b, void *context)
{
    runq *q = aligned_alloc(FW_PAD, sizeof *q);
    (void)context;
    FW_MUST(q);
    atomic_init(&q->head, 0);
    atomic_init(&q->tail, 0);
    while (fw_bench_keep_running(b, JOBS)) {
        for (int i = 0; i < JOBS; i++)
            runq_push(q, &jobs[i]);
        while (runq_pop(q))
            ;
    }
    free(q);
}

/* A timer more among a thousand that stay. */
static void timer_arm_cancel(fw_bench *b, void *context)
{
    enum { OTHERS = 1000 };
    static core_timer others[OTHERS], one;
    timers t;
    uint64_t i = 0;
    (void)context;
    timers_init(&t);
    for (int k = 0; k < OTHERS; k++) {
        others[k] = (core_timer){.deadline_ns = 1000 + fw_mix64((uint64_t)k) % 1000000};
        timers_add(&t, &others[k]);
    }
    while (fw_bench_keep_running(b, 1)) {
        one.deadline_ns = 1000 + fw_mix64(i++) % 1000000;
        timers_add(&t, &one);
        timers_remove(&t, &one);
    }
    timers_free(&t);
}

static void wordlock_take_release(fw_bench *b, void *context)
{
    wordlock l = {WORDLOCK_FREE};
    (void)context;
    while (fw_bench_keep_running(b, JOBS))
        for (int i = 0; i < JOBS; i++) {
            wordlock_take(&l);
            wordlock_release(&l);
        }
}

/* A permit that is there already: no system call. */
static void wake_then_wait(fw_bench *b, void *context)
{
    parker p;
    (void)context;
    park_init(&p, false);
    while (fw_bench_keep_running(b, 1)) {
        park_wake(&p);
        park_wait(&p, FW_FOREVER);
    }
}

typedef struct pair {
    parker a, b;
    atomic_bool over;
} pair;

static void *other(void *arg)
{
    pair *p = arg;
    for (;;) {
        park_wait(&p->b, FW_FOREVER);
        if (atomic_load(&p->over))
            return NULL;
        park_wake(&p->a);
    }
}

/* Two OS threads wake one another: there and back, through the kernel. */
static void park_round_trip(fw_bench *b, void *context)
{
    pair p = {.over = false};
    pthread_t t;
    (void)context;
    park_init(&p.a, false);
    park_init(&p.b, false);
    FW_MUST(pthread_create(&t, NULL, other, &p) == 0);
    while (fw_bench_keep_running(b, 1)) {
        park_wake(&p.b);
        park_wait(&p.a, FW_FOREVER);
    }
    atomic_store(&p.over, true);
    park_wake(&p.b);
    pthread_join(t, NULL);
}

void core_micro_register(void)
{
#if CORE_HAS_CONTEXT
    fw_bench_register("core/context_round_trip", context_round_trip, NULL);
    fw_bench_register("core/stack_take_give", stack_take_give, NULL);
#endif
    fw_bench_register("core/deque_push_take", deque_push_take, NULL);
    fw_bench_register("core/deque_push_steal", deque_push_steal, NULL);
    fw_bench_register("core/run_queue_push_pop", runq_push_pop, NULL);
    fw_bench_register("core/timer_arm_cancel", timer_arm_cancel, NULL);
    fw_bench_register("core/lock_unlock", wordlock_take_release, NULL);
    fw_bench_register("core/wake_then_wait", wake_then_wait, NULL);
    fw_bench_register("core/park_round_trip", park_round_trip, NULL);
}
