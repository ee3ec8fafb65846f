/* park.h - puts an OS thread to sleep until another one wakes it: a futex event
 * count with one permit. A wake before the sleep is kept; wakes may be spurious,
 * never lost. Deliberately not a pthread condition variable (glibc bug 25847).
 *
 *   EMPTY --wake--> PERMIT          SLEEPING --wake--> PERMIT (+ FUTEX_WAKE)
 *   EMPTY --wait--> SLEEPING        PERMIT   --wait--> EMPTY  (returns at once)
 */
#ifndef CORE_PARK_H
#define CORE_PARK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct parker {
    _Atomic uint32_t state; /* EMPTY, PERMIT or SLEEPING; the owner waits, anyone wakes */
    bool shared;            /* lies in memory shared between processes */
    uint64_t spin_ns;       /* its owner's: how long to look before sleeping; 0 after park_init */
} parker;

void park_init(parker *p, bool shared);
/* Blocks the calling thread (the parker's one owner) until a permit is there or
 * deadline_ns (CLOCK_MONOTONIC, absolute; FW_FOREVER: none). 0 or -ETIMEDOUT.
 * Spins first, for p->spin_ns. */
int park_wait(parker *p, uint64_t deadline_ns);
/* Never blocks. After it the parker may be gone: the call touches no memory of it after the state change
 * but the futex address (a wake of a dead address is harmless and spurious). */
void park_wake(parker *p);

/* Nanoseconds worth spinning before a sleep, when `rivals` OS threads or processes of this trial want CPUs: 0 unless
 * its workers have two CPUs (fw_cpus) and enough for all rivals. */
uint64_t core_spin_ns(uint64_t rivals);
/* After losing a race for a line that all want: lets the winner have it for a while, for each attempt takes it away
 * from who makes progress. Returns at once where there is one CPU. */
void core_stand_back(uint64_t ns);
/* sched_yield, counted in the caller's slot. */
void core_yield(void);
/* PAUSE / YIELD. */
void core_cpu_relax(void);

/* Bare futex calls, counted in the caller's slot. 0 or -errno. shared: between processes. */
int core_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns, bool shared);
/* As core_futex_wait, but for timeout_ns from now: the caller need not read the clock. */
int core_futex_wait_for(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns, bool shared);
int core_futex_wake(_Atomic uint32_t *word, int count, bool shared);

#endif
