/* spec.h - fib: which calls fork, and what the calls that don't compute. */
#ifndef FIB_SPEC_H
#define FIB_SPEC_H

#include "fw.h"

extern const fw_spec fib_spec;

/* One call. Every model's unit holds one; value and err are what it returns. */
typedef struct fib_call {
    unsigned n, cutoff; /* forks when n > cutoff */
    uint64_t salt;      /* of the seed */
    uint64_t value;
    int err;
} fib_call;

fib_call fib_root(const fw_trial *t);
/* The call for n - less, 1 or 2. */
static inline fib_call fib_less(const fib_call *c, unsigned less)
{
    return (fib_call){.n = c->n - less, .cutoff = c->cutoff, .salt = c->salt};
}
static inline bool fib_forks(const fib_call *c)
{
    return c->n > c->cutoff;
}
/* The recursion without forks: fib(0) = salt, fib(1) = 1 + salt. */
uint64_t fib_plain(unsigned n, uint64_t salt);
/* Units of this trial: the root and one for each call that forks. */
uint64_t fib_units(const fw_trial *t);
/* Books one operation and the value. */
void fib_finish(fw_trial *t, uint64_t value);

#endif
