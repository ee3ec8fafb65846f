/* task.c - the executor: polls tasks, wakes, spawns, joins. See task.h for the state word; a run's begin and end are in
 * run.c. */
#include "task.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/park.h"

enum { OPERATIONS_A_POLL = 128, HELPS_A_POLL = 1024, DEPTH_MOST = 128 };

void task_bad_state(const char *function, uint32_t state)
{
    if (state == UINT32_MAX)
        fprintf(stderr, "stackless: %s: polled after it was ready\n", function);
    else
        fprintf(stderr,
                "stackless: %s: no state %u (an await inside a nested switch, or a frame that was not initialised)\n",
                function, (unsigned)state);
    abort();
}

void task_hold(task *t)
{
    task_add_reference(t);
}

/* Gives one back. Acquire, and acq_rel: pair with the acq_rel here of all who gave one back before, so that what they
 * did with t is done before it is freed. */
static inline bool was_last_reference(task *t)
{
    return atomic_load_explicit(&t->state, memory_order_acquire) < 2 * REFERENCE ||
           task_change(t, 0u - REFERENCE, memory_order_acq_rel) / REFERENCE == 1;
}

/* task_release, in line. w: the caller's. */
static inline void release_on(task *t, worker *w)
{
    if (was_last_reference(t))
        spares_give(&t->run->boxes[w->index].tasks, &t->run->ended, t);
}

void task_release(task *t)
{
    worker *w = worker_here();

    if (w && w->sched == t->run) /* else the run may be over */
        release_on(t, w);
    else if (was_last_reference(t))
        spares_free(t);
}

/* ---- polling ------------------------------------------------------------ */

static void enqueue(task *t, bool next)
{
    if (t->run->alone)
        worker_push_last(t->run->only, &t->job);
    else if (t->run->pinned)
        pool_push_to(t->run->pool, (unsigned)t->home, &t->job);
    else
        pool_push(t->run->pool, &t->job, next);
}

void task_wake(task *t)
{
    /* Release: what the waker wrote is seen by the poll that follows, also when NOTIFIED stood already (pairs with the
     * acquire in begin_poll). */
    uint32_t before = atomic_load_explicit(&t->state, memory_order_relaxed);
    if (!t->run->alone)
        before = atomic_fetch_or_explicit(&t->state, NOTIFIED, memory_order_acq_rel);
    else
        atomic_store_explicit(&t->state, before | NOTIFIED, memory_order_relaxed);
    if (!(before & (NOTIFIED | RUNNING | COMPLETE)))
        enqueue(t, true);
}

/* Together, as they mostly come: by a waiter or a timer whose work is done. */
void task_wake_and_release(task *t)
{
    uint32_t s = atomic_load_explicit(&t->state, memory_order_relaxed);

    if (!t->run->alone || s < 2 * REFERENCE) {
        task_wake(t);
        task_release(t);
        return;
    }
    atomic_store_explicit(&t->state, (s | NOTIFIED) - REFERENCE, memory_order_relaxed);
    if (!(s & (NOTIFIED | RUNNING | COMPLETE)))
        enqueue(t, true);
}

/* As complete, of a task that others know, too. Not in line: most ends need no registers for it. */
static __attribute__((noinline)) void complete_shared(task *t, worker *w)
{
    struct parker *done = t->root ? t->run->done : NULL;
    uint32_t s = atomic_load_explicit(&t->state, memory_order_acquire); /* pairs with task_release */

    if (!t->root)
        fw_count(w->slot, FW_ENDED, 1);
    if (task_unshared(s)) /* and the executor's reference goes at once; published by the exchange below */
        atomic_store_explicit(&t->state, COMPLETE + (s / REFERENCE - 1) * REFERENCE, memory_order_relaxed);
    else
        task_change(t, COMPLETE - RUNNING, memory_order_acq_rel); /* no wake queues it any more */
    /* acq_rel pairs with poll_join: what the task wrote is seen after the join. */
    task *joiner = atomic_exchange_explicit(&t->joiner, TASK_ENDED, memory_order_acq_rel);
    if (joiner) {
        task_wake(joiner);
        release_on(joiner, w);
    }
    if (!task_unshared(s))
        release_on(t, w);
    if (done)
        park_wake(done);
}

/* The future was ready: t's memory may go with the last release. joining: its handle's holder is the caller. */
static inline void complete(task *t, worker *w, bool joining)
{
    uint32_t s = atomic_load_explicit(&t->state, memory_order_acquire); /* pairs with task_release */
    /* Nobody waits for its end, nor will before this returns. */
    bool unseen = joining || (t->run->alone && !t->root && !atomic_load_explicit(&t->joiner, memory_order_relaxed));

    if (!unseen || !task_unshared(s)) {
        complete_shared(t, w);
        return;
    }
    fw_count(w->slot, FW_ENDED, 1);
    atomic_store_explicit(&t->state, COMPLETE + REFERENCE, memory_order_relaxed);
    atomic_store_explicit(&t->joiner, TASK_ENDED, memory_order_relaxed);
}

static void begin_poll(task *t)
{
    /* NOTIFIED -> RUNNING; acquire pairs with task_wake's and task_release's release. */
    uint32_t s = atomic_load_explicit(&t->state, memory_order_acquire);
    if (task_unshared(s))
        atomic_store_explicit(&t->state, s + RUNNING - NOTIFIED, memory_order_relaxed);
    else
        task_change(t, RUNNING - NOTIFIED, memory_order_acq_rel);
}

/* The poll gave TASK_PENDING. True: t was woken meanwhile; else t is no longer ours. */
static bool end_poll(task *t)
{
    uint32_t s = atomic_load_explicit(&t->state, memory_order_acquire); /* pairs with task_release */
    if (task_unshared(s))
        atomic_store_explicit(&t->state, s - RUNNING, memory_order_release); /* with the acquire in begin_poll */
    else
        s = task_change(t, 0u - RUNNING, memory_order_acq_rel); /* as above */
    return s & NOTIFIED;
}

/* A unit's number is given when it is first polled in a traced trial. t NULL: no task runs. Not in line, as it is rare.
 */
static __attribute__((noinline)) void mark(worker *w, task *t)
{
    if (t && t->number == 0)
        t->number = t->root ? FW_LANE_ROOT : fw_lane_unit(task_name(t));
    fw_lane_mark(w->lane, t ? t->number : FW_LANE_NONE);
}

/* True: t was woken meanwhile, and goes behind the others. joined: NULL, or for whose end the poll waits that this one
 * is within; t was then spawned here and is polled the first time. */
static inline bool poll_once(task *t, worker *w, const task *joined)
{
    task_cx cx = {.task = t, .worker = w, .budget = OPERATIONS_A_POLL};
    task *outer = w->current;

    if (joined) {
        t->last_worker = w->index;
    } else if (t->last_worker != w->index) {
        if (__builtin_expect(t->last_worker != UINT_MAX, 0))
            fw_count(w->slot, FW_MIGRATIONS, 1);
        t->last_worker = w->index;
    }
    begin_poll(t);
    w->current = t;
    if (__builtin_expect(w->lane != NULL, 0))
        mark(w, t);
    task_poll result = t->fut->poll(t->fut, &cx);
    w->current = outer;
    if (__builtin_expect(w->lane != NULL, 0))
        mark(w, outer);
    if (result == TASK_PENDING)
        return end_poll(t);
    complete(t, w, t == joined);
    return false;
}

static void put_behind(task *t, worker *w)
{
    worker_poll_if_late(w);
    if (t->run->pinned)
        enqueue(t, false);
    else
        worker_push_last(w, &t->job);
}

static void poll_task(job *j, worker *w)
{
    task *t = (task *)j;

    t->run->boxes[w->index].helps = HELPS_A_POLL;
    if (poll_once(t, w, NULL))
        put_behind(t, w);
}

/* Where there is one worker: the next task, too, without going back to it. */
static void poll_in_turns(job *j, worker *w)
{
    boxes *b = &((task *)j)->run->boxes[0];

    do {
        b->helps = HELPS_A_POLL;
        j = poll_once((task *)j, w, NULL) ? worker_take_turns(w, j) : worker_next(w);
    } while (j && j->run == poll_in_turns);
    if (j)
        j->run(j, w);
}

/* Who joins t would sleep until its worker comes to t: polls what was spawned here since, and t itself, within the
 * joiner's poll. Not without end: others wait for the worker too, and this is its stack. */
static void poll_what_is_joined(task *t, worker *w)
{
    boxes *b = &t->run->boxes[w->index];
    job *j;

    if (b->depth == DEPTH_MOST)
        return;
    b->depth++;
    while (b->helps > 0 && atomic_load_explicit(&t->joiner, memory_order_relaxed) != TASK_ENDED &&
           (j = worker_take_spawned(w))) {
        b->helps--;
        if (poll_once((task *)j, w, t))
            put_behind((task *)j, w);
    }
    b->depth--;
}

bool task_may_go_on(task_cx *cx)
{
    return task_within_budget(cx);
}

task *task_self(task_cx *cx)
{
    return cx->task;
}

unsigned task_worker(task_cx *cx)
{
    return cx->worker->index;
}

/* ---- spawn, join, yield ------------------------------------------------- */

static inline task *new_task(run *r, spares *from, future *fut, int home)
{
    enum { REFERENCES = 2 }; /* the executor's and the handle's */
    task *t = spares_take(from, &r->ended, sizeof *t);
    if (t)
        *t = (task){.job = {.run = r->alone ? poll_in_turns : poll_task},
                    .state = NOTIFIED + REFERENCES * REFERENCE,
                    .fut = fut,
                    .run = r,
                    .home = home,
                    .last_worker = UINT_MAX};
    return t;
}

task *task_new(run *r, future *fut)
{
    return new_task(r, &r->boxes[0].tasks, fut, 0);
}

/* As task_spawn: to a worker, or where no ended task's memory is at hand. Not in line: the others need no registers for
 * it. */
static __attribute__((noinline)) int spawn_further(task_cx *cx, task **out, int worker, future *fut)
{
    run *r = cx->task->run;
    int home = worker >= 0 ? worker % (int)pool_size(r->pool) : (int)cx->worker->index;
    spares *ended = &r->boxes[cx->worker->index].tasks;
    bool at_hand = ended->first;
    task *t = new_task(r, ended, fut, home);

    if (!t)
        return -ENOMEM;
    *out = t;
    fw_count(cx->worker->slot, FW_CREATED, 1);
    if (!at_hand)
        worker_look_at_live(cx->worker);
    if (r->pinned || worker >= 0)
        pool_push_to(r->pool, (unsigned)home, &t->job);
    else
        worker_spawn(cx->worker, &t->job);
    return 0;
}

int task_spawn(task_cx *cx, task **out, int worker, future *fut)
{
    run *r = cx->task->run;
    spares *ended = &r->boxes[cx->worker->index].tasks;

    if (worker >= 0 || r->pinned || !ended->first)
        return spawn_further(cx, out, worker, fut);
    task *t = *out = new_task(r, ended, fut, (int)cx->worker->index);
    fw_count(cx->worker->slot, FW_CREATED, 1);
    worker_spawn(cx->worker, &t->job);
    return 0;
}

/* t will wake who polls now. True: it has ended meanwhile. */
static __attribute__((noinline)) bool await_end(task *t, task_cx *cx)
{
    task *now = atomic_load_explicit(&t->joiner, memory_order_acquire); /* here and below: with complete_shared */

    if (now == TASK_ENDED || now == cx->task)
        return now == TASK_ENDED;
    task_hold(cx->task); /* the first poll, or another task polls now */
    if (atomic_compare_exchange_strong_explicit(&t->joiner, &now, cx->task, memory_order_acq_rel,
                                                memory_order_acquire)) {
        if (now)
            release_on(now, cx->worker);
        return false;
    }
    release_on(cx->task, cx->worker);
    FW_MUST(now == TASK_ENDED); /* a task is joined once */
    return true;
}

static task_poll end_join(task_join_fut *j, task_cx *cx)
{
    j->fut.pc = UINT32_MAX;
    release_on(j->task, cx->worker);
    return TASK_READY;
}

/* As poll_join, of a task that has not ended. Not in line: the others need no registers for it. */
static __attribute__((noinline)) task_poll join_live(task_join_fut *j, task_cx *cx)
{
    if (!atomic_load_explicit(&j->task->joiner, memory_order_relaxed)) /* the first poll */
        poll_what_is_joined(j->task, cx->worker);
    return await_end(j->task, cx) ? end_join(j, cx) : TASK_PENDING;
}

static task_poll poll_join(future *f, task_cx *cx)
{
    task_join_fut *j = (task_join_fut *)f;

    if (f->pc == UINT32_MAX)
        task_bad_state("task_join", f->pc);
    /* pairs with complete_shared's exchange */
    if (atomic_load_explicit(&j->task->joiner, memory_order_acquire) != TASK_ENDED)
        return join_live(j, cx);
    return end_join(j, cx);
}

void task_join(task_join_fut *j, task *t)
{
    future_init(&j->fut, poll_join);
    j->task = t;
}

static task_poll poll_yield(future *f, task_cx *cx)
{
    if (f->pc++)
        return TASK_READY;
    task_wake_self(cx);
    return TASK_PENDING;
}

void task_yield(task_yield_fut *y)
{
    future_init(&y->fut, poll_yield);
}
