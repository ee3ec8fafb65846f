/* workers_private.h - what a pool and its workers consist of: for workers.c and publish.c, which work with it, idle.c,
 * where workers sleep, and pool.c, which makes and ends it. */
#ifndef CORE_WORKERS_PRIVATE_H
#define CORE_WORKERS_PRIVATE_H

#include <pthread.h>

#include "barrier.h"
#include "blocking.h"
#include "deque.h"
#include "joblist.h"
#include "netpoll.h"
#include "park.h"
#include "runq.h"
#include "timers.h"
#include "watch.h"
#include "workers.h"

enum { SEARCHER = 1, SLEEPER = 1 << 16 };

struct worker_private {
    worker self;
    runq ring;                         /* woken, and on their way back */
    deque spawned;                     /* not run yet */
    alignas(FW_PAD) job *_Atomic next; /* LIFO slot: the owner, and thieves by exchange */
    job_list inbox;
    alignas(FW_PAD) timers timers; /* others look at it */
    alignas(FW_PAD) parker sleeper;
    pthread_t thread;
    pid_t tid; /* set before the pool has started */
    const fw_worker *place;
    _Atomic uint64_t *turns; /* in slot: the jobs that it was given to run; its clock, too */
    uint64_t look_turn;      /* with so many it next looks at what is rarely ready */
    uint64_t seen_live;      /* how many units it had made when it last looked how many live */
    uint32_t victim, lifo_run;
    uint32_t watched, watched_head;  /* whose ring relieve looks at next, and where that was */
    _Atomic uint32_t looks;          /* how often it looked for events; the owner counts, the guard reads */
    uint32_t looks_seen;             /* of this worker, by the guard */
    uint64_t looked_turn, looked_ns; /* turns and time at its last look */
    uint64_t job_ns;                 /* what a job has taken since the one before */
    uint64_t spin_ns;
    uint64_t waited_ns;        /* how long it last slept in netpoll_wait, or lingered with success */
    uint64_t roused_ns;        /* when another took it off the list of sleepers; under sleep_lock */
    uint64_t crowded_until_ns; /* it has found others on its CPU, and does not linger or look around until then */
    uint64_t stolen_ns;        /* when it last stole; 0: and has asked since whether that was worth it */
    unsigned in_vain;          /* thefts in a row that were not */
    uint32_t look_first;       /* in which of the queues that are rarely ready it looks first */
    bool inbox_first;          /* whether it looks into the inbox before the ring */
    bool ran_dry;              /* at its last look for events the ring was empty */
    bool untold;               /* what the ring has is one that went behind, of which nobody was told */
    bool searching;
    _Atomic bool in_poll; /* sleeps in netpoll_wait; set before it is on the list of sleepers */
};

struct pool {
    unsigned n; /* this line hardly ever changes */
    bool stealing;
    _Atomic bool stop;
    fw_counter turns;
    bool (*rest)(worker *w, bool now);
    fw_worker *places;
    watch *watch;
    netpoll *_Atomic net;    /* NULL: no descriptor was ever waited for. Release; pairs with pool_net */
    blocking *_Atomic calls; /* NULL: none was ever made. Changed under sleep_lock, as net */
    parker starter;
    _Atomic uint32_t started;
    _Atomic int bind_error;
    alignas(FW_PAD) _Atomic uint32_t idle; /* searchers | sleepers << 16 */
    alignas(FW_PAD) job_list inject;
    alignas(FW_PAD) pthread_mutex_t sleep_lock; /* guards asleep and asleep_count, and changes of the sleepers' half */
    unsigned *asleep, asleep_count;
    _Atomic bool guarded; /* one of those who sleep looks up now and then: see guard */
    _Atomic bool watched; /* one of those who sleep, the watcher, wakes for the timers of others, too */
    _Atomic uint32_t watcher;
    _Atomic uint64_t watched_until; /* when it wakes; 0: it is awake */
    struct worker_private workers[];
};

static inline uint32_t searchers(uint32_t idle)
{
    return idle & (SLEEPER - 1);
}

/* Only w changes it; a count, pairs with nothing. */
static inline uint64_t turns_of(const struct worker_private *w)
{
    return atomic_load_explicit(w->turns, memory_order_relaxed);
}

/* NULL: nobody ever waited for a descriptor. */
static inline netpoll *pool_net(pool *p)
{
    return atomic_load_explicit(&p->net, memory_order_acquire); /* pairs with pool_netpoll */
}

/* The rare end of pool_notify: there may be a sleeper to wake. */
void pool_wake(pool *p, int index, struct worker_private *by);

/* After a job was published: in worker `index`'s inbox, or (-1) where anybody may find it. by: in whose ring or LIFO
 * slot it is, or NULL. Never blocks. */
static inline void pool_notify(pool *p, int index, struct worker_private *by)
{
    core_barrier_light();
    uint32_t idle = atomic_load(&p->idle);
    if (idle / SLEEPER != 0 && (index >= 0 || searchers(idle) == 0))
        pool_wake(p, index, by);
}

/* w's ring is full: half of it and j go to the inject queue; where nobody steals, j to w's inbox. */
void worker_overflow(struct worker_private *w, job *j);

static inline void worker_push_ring(struct worker_private *w, job *j)
{
    if (!(w->self.stealing ? runq_push(&w->ring, j) : runq_push_alone(&w->ring, j)))
        worker_overflow(w, j);
}

/* From another, which the caller then must run; what more it took is in w's ring. NULL: nothing. lifo_slots: also what
 * stays in a LIFO slot, after a wait of some microseconds. */
job *worker_steal(struct worker_private *w, bool lifo_slots);
/* Where what was stolen last was done sooner than a theft takes, its victim is better left alone for a while: each
 * theft takes the line of its deque away. Twice as long each time that it happens again. */
void worker_dawdle(struct worker_private *w);
/* From a ring that has stood still since the last look: its owner has lost its CPU, or runs one job for long, and
 * whoever is busy would not come to steal from it. Only beside worker_poll, whose price hides that of two lines. */
job *worker_relieve(struct worker_private *w);

/* w, if it searched, does so no longer: because it has found something, or as the pool stops. */
void worker_stop_searching(struct worker_private *w, bool found);
/* Never blocks: wakes who waits for what has come, unless another worker is at it. How many. Few, for the kernel
 * touches the socket of each, which should still be near when its unit runs; but where the ring has not run dry since
 * the last look, as many as it has room for: beside units that give way all the time they would have few turns. What
 * overflows would be overtaken by those who come later. */
unsigned worker_poll(struct worker_private *w);
/* Blocks until there is, perhaps, something for w to do: a push, an event, a timer. */
void worker_sleep(struct worker_private *w);

/* A worker's thread: binds itself, counts itself as started, runs jobs until the pool stops. arg: its worker_private.
 */
void *worker_main(void *arg);

#endif
