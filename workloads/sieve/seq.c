/* The sieve in sequence: the same divisions, each number by one prime after the other. */
#include <stdlib.h>

#include "fw.h"
#include "spec.h"

/* -- unit -- */
static bool passes_all(const uint64_t *prime, uint64_t n, uint64_t x)
{
    for (uint64_t i = 0; i < n; i++)
        if (!sieve_passes(prime[i], x))
            return false;
    return true;
}
/* -- launch -- */
int sieve_seq(fw_trial *t)
{
    sieve_plan p = sieve_plan_of(t);
    uint64_t *prime = malloc(p.primes * sizeof *prime), found = 0, sum = 0;
    int err = fw_worker_bind(fw_worker_of(t, 0));

    FW_MUST(prime);
    if (err) {
        free(prime);
        return fw_fail(t, "cannot run on worker 0's CPUs: error %d", -err);
    }
    fw_begin(t);
    /* -- coordinate -- */
    for (uint64_t x = 2; x <= p.last; x++) {
        if (passes_all(prime, found, x)) {
            sum += sieve_value(x);
            prime[found++] = x;
        }
    }
    fw_count(fw_slot_here(), FW_WORK, 1);
    /* -- finish -- */
    free(prime);
    return sieve_finish(&p, found, sum);
}
/* -- end -- */
