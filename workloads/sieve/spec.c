/* spec.c - sieve: parameters, blocks, oracle. */
#include "spec.h"

#include <inttypes.h>
#include <stdlib.h>

enum { MOST_PRIMES = 30000, LIMIT = 360000 }; /* the 30,000th prime is 350,377 */

static const fw_param params[] = {
    {"primes", FW_PARAM_INT, "20", "100", "1000", 1, MOST_PRIMES, NULL, "stages: primes that are found"},
    {.name = NULL},
};

static const fw_block blocks[] = {
    {"every allowed CPU", 0, ""},
    {"all on one CPU", 1, ""},
    {NULL, 0, NULL},
};

static const fw_axis axes[] = {
    {"primes", "30,100,300", 0},
    {NULL, NULL, 0},
};

/* Calls book(arg, x, k) for x = 2, 3, ... up to the last prime: k is the place, from 1, of x's least prime factor among
 * the primes; prime: x is that. By Eratosthenes, which shares nothing with the stages. */
static void visit(uint64_t primes, void (*book)(void *arg, uint64_t x, uint64_t k, bool prime), void *arg)
{
    uint32_t *place = calloc(LIMIT, sizeof *place);
    uint64_t found = 0;

    FW_MUST(place);
    for (uint64_t x = 2; found < primes; x++) {
        bool prime = place[x] == 0;
        if (prime) {
            found++;
            for (uint64_t y = x; y < LIMIT; y += x)
                place[y] = place[y] ? place[y] : (uint32_t)found;
        }
        book(arg, x, place[x], prime);
    }
    free(place);
}

typedef struct sums {
    uint64_t last, messages, values;
} sums;

/* x is sent to the first stage, and on by each that it passes: k sends, the last of a prime's to the collector. */
static void add(void *arg, uint64_t x, uint64_t k, bool prime)
{
    sums *s = arg;
    s->last = x;
    s->messages += k;
    s->values += prime ? sieve_value(x) : 0;
}

static sums sums_of(const fw_trial *t)
{
    sums s = {0};
    visit((uint64_t)fw_int(t, "primes"), add, &s);
    return s;
}

static int prepare(fw_trial *t, void **input, char *why, size_t why_bytes)
{
    static sums s;
    (void)why, (void)why_bytes;
    s = sums_of(t);
    *input = &s;
    return 0;
}

sieve_plan sieve_plan_of(fw_trial *t)
{
    const sums *s = fw_input(t);
    return (sieve_plan){.trial = t, .primes = (uint64_t)fw_int(t, "primes"), .last = s->last};
}

int sieve_finish(const sieve_plan *p, uint64_t found, uint64_t sum)
{
    fw_end(p->trial);
    fw_result(p->trial, found, sum);
    return found == p->primes ? 0
                              : fw_fail(p->trial, "%" PRIu64 " primes came out, expected %" PRIu64, found, p->primes);
}

static void expect(const fw_trial *t, uint64_t repeats, uint64_t ops, fw_expect *e)
{
    sums s = sums_of(t);
    uint64_t primes = (uint64_t)fw_int(t, "primes");

    e->want = (fw_receipt){.units = repeats * (primes + 1),
                           .messages = repeats * s.messages,
                           .peak_live = primes + 1,
                           .ops = repeats * primes,
                           .checksum = repeats * s.values};
    e->rule.units = e->rule.messages = e->rule.ops = e->rule.checksum = FW_EXACT;
    e->rule.peak_live = e->rule.bytes = FW_INFO; /* the source may have ended before the last stage begins */
    (void)ops;
}

const fw_spec sieve_spec = {
    .name = "sieve",
    .title =
        "Primes by a pipeline with a stage for each: thousands of units, and hardly any work between two messages.",
    .op = "prime",
    .mode = FW_COMPLETE,
    .params = params,
    .blocks = blocks,
    .axes = axes,
    .prepare = prepare,
    .expect = expect,
};
