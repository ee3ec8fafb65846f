/* workers.h - a pool of OS threads, each bound to the CPUs its trial names, that
 * run jobs: green threads and tasks share it. Each worker has a run queue
 * (LIFO slot + ring, one owner; thieves take half) and a deque of what its jobs
 * spawned, there is one inject queue for pushes from outside, an inbox per worker for pinned jobs, and a timer
 * heap per worker. An idle worker looks at every queue again, then parks until a
 * push or its next timer. */
#ifndef CORE_WORKERS_H
#define CORE_WORKERS_H

#include "fw.h"
#include "job.h"

typedef struct pool pool;

typedef struct pool_config {
    const fw_worker *workers; /* n of them; copied */
    unsigned n;               /* >= 1 */
    bool pinned;              /* no stealing: a job stays on the worker it was pushed to */
    char *sched;              /* worker i's `sched` is sched + i * sched_bytes */
    size_t sched_bytes;
    /* Whether worker w keeps much that only a crowd would need; with `now`, gives it back. Called on w: before it
     * sleeps, and, if so, with `now` when it has slept for two seconds. NULL: there is never much. */
    bool (*rest)(worker *w, bool now);
    /* What unit runs on w, or NULL. In a signal handler on w's thread. Static storage. */
    const char *(*unit_name)(const worker *w);
    fw_counter turns; /* a job's run is one of these, and counted so */
} pool_config;

struct worker {
    unsigned index;
    pool *pool;
    bool alone;    /* the pool has no other: what only its jobs touch needs no lock and no order */
    bool stealing; /* else ring, slot and deque are this worker's own, and only its inbox is for others */
    fw_slot *slot; /* this worker's counters; the only ones a job may use */
    void *current; /* the unit running now: green's or stackless's business */
    void *sched;   /* what green or stackless keeps for this worker */
    fw_lane *lane; /* NULL: the trial is not traced */
    struct worker_private *priv;
};

/* In a traced trial: from now on w runs this unit (fw_lane_mark). Else one branch. */
static inline void worker_mark(worker *w, uint32_t unit)
{
    if (__builtin_expect(w->lane != NULL, 0))
        fw_lane_mark(w->lane, unit);
}

/* Starts n threads. Blocks until all run and are bound. *out is freed by pool_stop. 0 or -errno. */
int pool_start(pool **out, const pool_config *config);
/* Waits until every worker has finished the job in hand, ends and joins them. Jobs still queued are not run. Not from a
 * worker. */
void pool_stop(pool *p);
unsigned pool_size(const pool *p);
worker *pool_worker(pool *p, unsigned index);
/* The calling thread's worker or NULL. Not inlined: never keep its result across a switch of a green thread. */
worker *worker_here(void);

/* Any thread, never blocks: makes j runnable. From a worker of p: into its own queue (LIFO slot when `next`), else the
 * inject queue. Wakes a worker if all who could run it sleep. */
void pool_push(pool *p, job *j, bool next);
/* Any thread, never blocks: j will run on worker `index` (its inbox is not stolen from). */
void pool_push_to(pool *p, unsigned index, job *j);
/* From a worker of a pool that is not pinned: j has not run yet. This worker runs its newest first; a thief takes the
 * oldest. Wakes a worker if all who could run it sleep. */
void worker_spawn(worker *w, job *j);
/* From a worker whose job has made a unit for which there was no memory at hand: where it has made twice as many as the
 * last time, looks how many live (fw_live_sample). */
void worker_look_at_live(worker *w);
/* From a worker: the newest of what its jobs spawned and nobody has begun, which it then must run, or NULL. */
job *worker_take_spawned(worker *w);
/* From a worker: the next job of its own queues, which it then must run, or NULL: none there, or the pool stops. For
 * units that hand over to one another without returning to the worker. */
job *worker_next(worker *w);
/* From a worker: what it was last given was no unit's turn, and is not counted as one. */
void worker_uncount_turn(worker *w);
/* From a worker whose unit gives way, before it does: asks for events when that was 50 us ago and few are queued here.
 * Turns may be long, and those who are ready would wait for 61 of them. Never blocks. */
void worker_poll_if_late(worker *w);
/* From a worker: behind everything in its queue (yield). */
void worker_push_last(worker *w, job *j);
/* All this at once, from a worker of a pool where nobody steals: j goes last, and what is next must be run: j itself
 * when it is alone. */
__attribute__((nonnull)) job *worker_take_turns(worker *w, job *j);

/* A one-shot timer, memory the caller's. fire runs on some worker's own stack, outside all locks. */
typedef struct core_timer core_timer;
struct core_timer {
    uint64_t deadline_ns; /* CLOCK_MONOTONIC, absolute */
    void (*fire)(core_timer *, worker *);
    void *owner;           /* fire's business */
    worker *home;          /* whose heap; set by arm */
    _Atomic uint32_t slot; /* index in the heap + 1; 0: not in it. Guarded by the heap's lock */
};
/* From a worker. O(log n). Fires on w, or, where others steal from it and w has not come to it within 200 us, on one
 * that is awake or watches (idle.c): t may have fired when this returns. */
void core_timer_arm(worker *w, core_timer *t);
/* Any worker. True: it will not fire. False: it has fired or is firing. When false, the memory may be reused only after
 * fire has run. */
bool core_timer_cancel(core_timer *t);

#endif
