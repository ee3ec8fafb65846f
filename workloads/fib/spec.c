/* spec.c - fib: parameters, blocks, oracle. */
#include "spec.h"

static const fw_param params[] = {
    {"n", FW_PARAM_INT, "12", "30", "35", 1, 45, NULL, "which number of Fibonacci's"},
    {"cutoff", FW_PARAM_INT, "6", "20", "20", 1, 45, NULL, "calls for more than this fork; the others are plain calls"},
    {.name = NULL},
};

static const fw_block blocks[] = {
    {"forks above 20", 0, "cutoff=20"},
    {"every call forks", 0, "cutoff=1"},
    {NULL, 0, NULL},
};

static const fw_axis axes[] = {
    {"workers", "1,2,4,8", 0},
    {"cutoff", "1,5,10,15,20,25", 0},
    {NULL, NULL, 0},
};

fib_call fib_root(const fw_trial *t)
{
    return (fib_call){
        .n = (unsigned)fw_int(t, "n"), .cutoff = (unsigned)fw_int(t, "cutoff"), .salt = fw_mix64(fw_seed(t))};
}

uint64_t fib_plain(unsigned n, uint64_t salt)
{
    return n < 2 ? n + salt : fib_plain(n - 1, salt) + fib_plain(n - 2, salt);
}

/* forks(n) = 0 up to the cutoff, else 1 + forks(n - 1) + forks(n - 2). */
uint64_t fib_units(const fw_trial *t)
{
    uint64_t before = 0, forks = 0;
    for (int64_t n = fw_int(t, "cutoff") + 1; n <= fw_int(t, "n"); n++) {
        uint64_t next = 1 + before + forks;
        before = forks;
        forks = next;
    }
    return 1 + forks;
}

/* By iteration. The salt is added once for each call with n < 2, so that the value tells how many there were: fib(n +
 * 1), and 2 fib(n + 1) - 1 calls in all. */
static void expect(const fw_trial *t, uint64_t repeats, uint64_t ops, fw_expect *e)
{
    fib_call root = fib_root(t);
    uint64_t value = root.salt, next = 1 + root.salt;
    for (unsigned i = 0; i < root.n; i++) {
        uint64_t sum = value + next;
        value = next;
        next = sum;
    }
    e->want = (fw_receipt){.units = repeats * fib_units(t),
                           .peak_live = fib_units(t) > 1 ? 2 : 1,
                           .ops = repeats,
                           .checksum = repeats * fw_mix64(value)};
    e->rule.units = e->rule.ops = e->rule.checksum = FW_EXACT;
    e->rule.peak_live = FW_MINIMUM;
    e->rule.messages = e->rule.bytes = FW_INFO; /* a result travels by a link, or by joining */
    (void)ops;
}

void fib_finish(fw_trial *t, uint64_t value)
{
    fw_result(t, 1, fw_mix64(value));
}

const fw_spec fib_spec = {
    .name = "fib",
    .title = "Fork and join with nothing to do: what a fork costs, and a recursion that needs a box.",
    .op = "fib(n)",
    .mode = FW_COMPLETE,
    .params = params,
    .blocks = blocks,
    .axes = axes,
    .expect = expect,
};
