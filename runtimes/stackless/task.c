/* task.c - the executor: polls tasks, wakes, spawns, joins. See task.h for the state word. */
#include "task.h"

#include <errno.h>
#include <limits.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/park.h"

enum { OPERATIONS_A_POLL = 128, HELPS_A_POLL = 1024, DEPTH_MOST = 128, FEW_SPARES = 1024 };

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

void task_release(task *t)
{
    /* Acquire, and acq_rel: all that others did with t is done before it is freed. */
    if (atomic_load_explicit(&t->state, memory_order_acquire) >= 2 * REFERENCE &&
        task_change(t, 0u - REFERENCE, memory_order_acq_rel) / REFERENCE != 1)
        return;
    worker *w = worker_here();
    if (w && w->sched == t->run) /* else the run may be over */
        spares_give(&t->run->boxes[w->index].tasks, &t->run->ended, t);
    else
        spares_free(t);
}

/* ---- polling ------------------------------------------------------------ */

static void enqueue(task *t, bool next)
{
    if (t->run->alone)
        worker_push_last(pool_worker(t->run->pool, 0), &t->job);
    else if (t->run->pinned)
        pool_push_to(t->run->pool, (unsigned)t->home, &t->job);
    else
        pool_push(t->run->pool, &t->job, next);
}

void task_wake(task *t)
{
    /* Release: what the waker wrote is seen by the poll that follows, also when NOTIFIED stood already (pairs with the
     * acquire in poll_task). */
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

/* The future was ready: t's memory may go with the last release. joining: its handle's holder is the caller. */
static void complete(task *t, worker *w, bool joining)
{
    struct parker *done = t->root ? t->run->done : NULL;

    if (!t->root)
        fw_count(w->slot, FW_ENDED, 1);
    uint32_t s = atomic_load_explicit(&t->state, memory_order_acquire); /* pairs with task_release */
    if (task_unshared(s) && joining) {
        atomic_store_explicit(&t->state, COMPLETE + REFERENCE, memory_order_relaxed);
        atomic_store_explicit(&t->joiner, TASK_ENDED, memory_order_relaxed);
        return;
    }
    if (task_unshared(s)) /* and the executor's reference goes at once; published by the exchange below */
        atomic_store_explicit(&t->state, COMPLETE + (s / REFERENCE - 1) * REFERENCE, memory_order_relaxed);
    else
        task_change(t, COMPLETE - RUNNING, memory_order_acq_rel); /* no wake queues it any more */
    /* acq_rel pairs with poll_join: what the task wrote is seen after the join. */
    task *joiner = atomic_exchange_explicit(&t->joiner, TASK_ENDED, memory_order_acq_rel);
    if (joiner) {
        task_wake(joiner);
        task_release(joiner);
    }
    if (!task_unshared(s))
        task_release(t);
    if (done)
        park_wake(done);
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
    uint32_t s = atomic_load_explicit(&t->state, memory_order_acquire);
    if (task_unshared(s))
        atomic_store_explicit(&t->state, s - RUNNING, memory_order_release); /* with the acquire in begin_poll */
    else
        s = task_change(t, 0u - RUNNING, memory_order_acq_rel); /* as above */
    return s & NOTIFIED;
}

/* By its function: async_fn left a row for each between these two. */
extern const async_name __start_fw_async[], __stop_fw_async[];

/* NULL: t is no async function. */
static const char *name_of(const task *t)
{
    for (const async_name *n = __start_fw_async; n < __stop_fw_async; n++)
        if (n->poll == t->fut->poll)
            return n->name;
    return NULL;
}

/* A unit's number is given when it is first polled in a traced trial. t NULL: no task runs. Not in line, as it is rare.
 */
static __attribute__((noinline)) void mark(worker *w, task *t)
{
    if (t && t->number == 0)
        t->number = t->root ? FW_LANE_ROOT : fw_lane_unit(name_of(t));
    fw_lane_mark(w->lane, t ? t->number : FW_LANE_NONE);
}

static void poll_once(task *t, worker *w, bool joining)
{
    task_cx cx = {.task = t, .worker = w, .budget = OPERATIONS_A_POLL};
    task *outer = w->current;

    if (t->last_worker != w->index && t->last_worker != UINT_MAX)
        fw_count(w->slot, FW_MIGRATIONS, 1);
    t->last_worker = w->index;
    begin_poll(t);
    fw_count(w->slot, FW_POLLS, 1);
    w->current = t;
    if (__builtin_expect(w->lane != NULL, 0))
        mark(w, t);
    task_poll result = t->fut->poll(t->fut, &cx);
    w->current = outer;
    if (__builtin_expect(w->lane != NULL, 0))
        mark(w, outer);
    if (result == TASK_READY)
        complete(t, w, joining);
    else if (!end_poll(t))
        return;
    else if (t->run->pinned)
        enqueue(t, false);
    else
        worker_push_last(w, &t->job);
}

static void poll_task(job *j, worker *w)
{
    boxes *b = &((task *)j)->run->boxes[w->index];
    b->helps = HELPS_A_POLL;
    poll_once((task *)j, w, false);
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
        poll_once((task *)j, w, j == &t->job);
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

static task *new_task(run *r, spares *from, future *fut, int home, unsigned references)
{
    task *t = spares_take(from, &r->ended, sizeof *t);
    if (t)
        *t = (task){.job = {.run = poll_task},
                    .state = NOTIFIED + references * REFERENCE,
                    .fut = fut,
                    .run = r,
                    .home = home,
                    .last_worker = UINT_MAX};
    return t;
}

int task_spawn(task_cx *cx, task **out, int worker, future *fut)
{
    run *r = cx->task->run;
    int home = worker >= 0 ? worker % (int)pool_size(r->pool) : (int)cx->worker->index;
    task *t = new_task(r, &r->boxes[cx->worker->index].tasks, fut, home, 2);

    if (!t)
        return -ENOMEM;
    fw_slot *slot = cx->worker->slot;
    fw_count(slot, FW_CREATED, 1);
    uint64_t created = atomic_load_explicit(&slot->n[FW_CREATED], memory_order_relaxed); /* our own */
    if ((created & (created - 1)) == 0)
        fw_live_sample();
    *out = t;
    if (r->pinned || worker >= 0)
        pool_push_to(r->pool, (unsigned)home, &t->job);
    else
        worker_spawn(cx->worker, &t->job);
    return 0;
}

static task_poll poll_join(future *f, task_cx *cx)
{
    task *t = ((task_join_fut *)f)->task, *now;

    if (f->pc == UINT32_MAX)
        task_bad_state("task_join", f->pc);
    if (!atomic_load_explicit(&t->joiner, memory_order_relaxed)) /* not ended, and the first poll */
        poll_what_is_joined(t, cx->worker);
    now = atomic_load_explicit(&t->joiner, memory_order_acquire); /* pairs with complete's exchange */
    if (now != TASK_ENDED && now != cx->task) {                   /* the first poll, or another task polls now */
        task_hold(cx->task);
        if (atomic_compare_exchange_strong_explicit(&t->joiner, &now, cx->task, memory_order_acq_rel,
                                                    memory_order_acquire)) {
            if (now)
                task_release(now);
        } else {
            task_release(cx->task);
            FW_MUST(now == TASK_ENDED); /* a task is joined once */
        }
    }
    if (now != TASK_ENDED)
        return TASK_PENDING;
    f->pc = UINT32_MAX;
    task_release(t);
    return TASK_READY;
}

void task_join(task_join_fut *j, task *t)
{
    future_init(&j->fut, poll_join);
    j->task = t;
}

static task_poll poll_join_all(future *f, task_cx *cx)
{
    task_join_all_fut *j = (task_join_all_fut *)f;
    for (; j->next < j->n; j->next++) { /* each in turn: the last decides */
        if (f->pc == 0)
            task_join(&j->join, j->tasks[j->next]);
        f->pc = 1;
        if (j->join.fut.poll(&j->join.fut, cx) == TASK_PENDING)
            return TASK_PENDING;
        f->pc = 0;
    }
    return TASK_READY;
}

void task_join_all(task_join_all_fut *j, task **tasks, size_t n)
{
    future_init(&j->fut, poll_join_all);
    j->tasks = tasks;
    j->n = n;
    j->next = 0;
}

static task_poll poll_select2(future *f, task_cx *cx)
{
    task_select2_fut *s = (task_select2_fut *)f;
    for (s->which = 0; s->which < 2; s->which++)
        if (s->of[s->which]->poll(s->of[s->which], cx) == TASK_READY)
            return TASK_READY;
    return TASK_PENDING;
}

void task_select2(task_select2_fut *s, future *a, future *b)
{
    future_init(&s->fut, poll_select2);
    s->of[0] = a;
    s->of[1] = b;
}

static task_poll poll_yield(future *f, task_cx *cx)
{
    if (f->pc++)
        return TASK_READY;
    task_wake(cx->task);
    return TASK_PENDING;
}

void task_yield(task_yield_fut *y)
{
    future_init(&y->fut, poll_yield);
}

/* ---- a run -------------------------------------------------------------- */

static const char *unit_name(const worker *w)
{
    const task *t = w->current;
    const char *name = t ? name_of(t) : NULL;

    return name || !t ? name : "a task that is no async function";
}

/* The frames are the program's; it, too, has freed them when the tasks were joined. */
static bool rest(worker *w, bool now)
{
    spares *tasks = &((run *)w->sched)->boxes[w->index].tasks;
    bool many = tasks->n > FEW_SPARES;

    if (many && now) {
        spares_free_all(tasks);
#ifdef __GLIBC__
        malloc_trim(0);
#endif
    }
    return many;
}

int task_run(const task_config *config, future *root)
{
    parker done;
    run r = {.pinned = config->pinned, .alone = config->n == 1, .done = &done};
    size_t bytes = (config->n ? config->n : 1) * sizeof *r.boxes;

    r.boxes = aligned_alloc(FW_PAD, bytes);
    if (!r.boxes)
        return -ENOMEM;
    memset(r.boxes, 0, bytes);
    task *t = new_task(&r, &r.boxes[0].tasks, root, 0, 2);
    int err = t ? pool_start(&r.pool,
                             &(pool_config){config->workers, config->n, config->pinned, (char *)&r, 0, rest, unit_name})
                : -ENOMEM;
    if (err) {
        spares_free(t);
        free(r.boxes);
        return err;
    }
    park_init(&done, false);
    t->root = true;
    pool_push_to(r.pool, 0, &t->job);
    park_wait(&done, FW_FOREVER);
    pool_stop(r.pool);
    task_release(t);
    for (unsigned i = 0; i < config->n; i++)
        boxes_free(&r.boxes[i]);
    spares_end(&r.ended, sizeof *t);
    free(r.boxes);
    return 0;
}
