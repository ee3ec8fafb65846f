/* spec.h - mpmc: what a message holds, how it travels, how a consumer checks and folds it. */
#ifndef MPMC_SPEC_H
#define MPMC_SPEC_H

#include "fw.h"

enum { MPMC_MOST = 32, MPMC_MOST_BYTES = 4096 }; /* producers, consumers; bytes of a message */

extern const fw_spec mpmc_spec;

typedef struct mpmc_load {
    fw_trial *trial;
    uint64_t seed, work; /* rounds of arithmetic that a consumer does for a message */
    unsigned producers, consumers;
    size_t capacity; /* messages; 0: rendezvous; FW_UNBOUNDED */
    size_t size;     /* bytes of a message */
    bool move;       /* its address travels, not its bytes */
} mpmc_load;

/* What passes through the queue: the message, or its address. */
typedef struct mpmc_element {
    alignas(16) uint64_t word[MPMC_MOST_BYTES / 8];
} mpmc_element;

/* A consumer's account. */
typedef struct mpmc_tally {
    uint64_t sum, taken;
    uint64_t next[MPMC_MOST]; /* the least sequence number that may still come from each producer */
} mpmc_tally;

mpmc_load mpmc_load_of(fw_trial *t);

/* Bytes of what passes through the queue. */
static inline size_t mpmc_element_bytes(const mpmc_load *l)
{
    return l->move ? sizeof(void *) : l->size;
}

/* Makes message `sequence` of `producer` in *e; a moved one is allocated, and belongs to who receives it. */
void mpmc_make(const mpmc_load *l, mpmc_element *e, unsigned producer, uint64_t sequence);

/* Checks, works on and books the message in *e, and frees a moved one. A wrong one fails the trial. */
void mpmc_take(const mpmc_load *l, mpmc_tally *tally, const mpmc_element *e);

/* Ends a consumer: its tally enters the result. */
void mpmc_finish(const mpmc_load *l, const mpmc_tally *tally);

#endif
