/* spec.h - sieve: which numbers go in, what a stage does with one, what must come out. */
#ifndef SIEVE_SPEC_H
#define SIEVE_SPEC_H

#include "fw.h"

enum { SIEVE_ROOM = 64 }; /* numbers that a queue between two stages holds; a pipe: what the kernel gives it */

extern const fw_spec sieve_spec;

typedef struct sieve_plan {
    fw_trial *trial;
    uint64_t primes;
    uint64_t last; /* the source sends 2, 3, ... last, which is the last prime, and ends */
} sieve_plan;

sieve_plan sieve_plan_of(fw_trial *t);

/* Whether stage `prime` lets x through. */
static inline bool sieve_passes(uint64_t prime, uint64_t x)
{
    return x % prime != 0;
}

/* What the collector adds up for a prime that came out. */
static inline uint64_t sieve_value(uint64_t prime)
{
    return fw_mix64(prime);
}

/* The collector has `found` primes, whose values are `sum`; the last stage is known to have ended: repeat over. */
int sieve_finish(const sieve_plan *p, uint64_t found, uint64_t sum);

#endif
