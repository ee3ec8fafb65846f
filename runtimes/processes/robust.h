/* robust.h - a futex word in shared memory that outlives its owner: when the owning thread dies, however it dies, the
 * kernel sets FUTEX_OWNER_DIED in the word and wakes who sleeps on it. So a sleeper needs no timer to notice a death.
 * After set_robust_list(2); what glibc's robust mutexes are made of, and in a process that owns such a word they do not
 * work.
 *
 *   word:  0  -- robust_own -->  owner's thread id  -- a sleeper: -->  | FUTEX_WAITERS  -- the owner, waking: --> tid
 *                                                   -- death: -->  FUTEX_OWNER_DIED | what FUTEX_WAITERS was */
#ifndef PROCESSES_ROBUST_H
#define PROCESSES_ROBUST_H

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct robust {
    struct robust_list node; /* the owner's: the kernel follows it */
    _Atomic uint32_t word;
} robust; /* all zero: nobody's */

/* The calling thread owns r until it says otherwise, unless somebody does. Where the kernel has no robust lists r stays
 * nobody's. */
void robust_own(robust *r);
/* Before r's memory goes. Not the owner, or nobody's: does nothing. */
void robust_disown(robust *r);

/* The word names an owner, so a death will wake. */
static inline bool robust_owned(uint32_t word)
{
    return word & FUTEX_TID_MASK;
}

#endif
