/* barrier.h - a lopsided full barrier, for two sides that each write and then read what the other wrote: the frequent
 * side pays nothing, the rare one interrupts every CPU that runs this process (membarrier(2), Linux 4.14). At least one
 * of the two sees the other's write. After Dice, Kogan et al. and liburcu's sys_membarrier. */
#ifndef CORE_BARRIER_H
#define CORE_BARRIER_H

#include <stdatomic.h>
#include <stdbool.h>

/* Once before the first use; any number of times. */
void core_barrier_init(void);
/* The rare side, between its write and its read: some microseconds. */
void core_barrier_heavy(void);

extern bool core_barrier_both; /* no membarrier here: the frequent side must order its steps itself. Set by init */
void core_barrier_plain(void);

/* The frequent side, between its write and its read. */
static inline void core_barrier_light(void)
{
    if (core_barrier_both)
        core_barrier_plain();
    atomic_signal_fence(memory_order_seq_cst);
}

#endif
