/* spec.c - refcount: parameters, blocks, a reader's account, oracle. */
#include "spec.h"

#include <errno.h>
#include <string.h>

static const fw_param params[] = {
    {"size", FW_PARAM_INT, "256", "64", "64", 8, 65536, NULL, "bytes of the object, a multiple of 8"},
    {"readers", FW_PARAM_INT, "0", "0", "0", 0, REFCOUNT_MOST_READERS, NULL, "units that read; 0: one a worker"},
    {"update", FW_PARAM_INT, "50", "10000", "10000", 0, 1000000000, NULL,
     "reads of a reader from one replacement by it to the next; 0: it is never replaced"},
    {"cycle", FW_PARAM_CHOICE, "no", "no", "no", 0, 0, "no|yes",
     "yes: each version comes with a part that refers back to it"},
    {"check", FW_PARAM_CHOICE, "yes", "no", "no", 0, 0, "no|yes",
     "yes: what is freed is overwritten and never used again"},
    {"fault", FW_PARAM_CHOICE, "none", "none", "none", 0, 0, "none|early|twice",
     "early: the first reader reads what it has given back; twice: what was freed is freed again"},
    {.name = NULL},
};

static const fw_block blocks[] = {
    {"a reader on each CPU", 0, "size=64"},
    {NULL, 0, NULL},
};

static const fw_axis axes[] = {
    {"workers", "1,2,4", 0},
    {NULL, NULL, 0},
};

static uint64_t sum_of_words(uint64_t seal, unsigned words)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < words; i++)
        sum += fw_mix64(seal + i);
    return sum;
}

static bool is(const fw_trial *t, const char *name, const char *value)
{
    return strcmp(fw_str(t, name), value) == 0;
}

static refcount of(fw_trial *t)
{
    refcount r = {.trial = t,
                  .readers = fw_int(t, "readers") ? (unsigned)fw_int(t, "readers") : fw_workers(t),
                  .words = (unsigned)(fw_int(t, "size") / sizeof(uint64_t)),
                  .update = (uint64_t)fw_int(t, "update"),
                  .seal = fw_mix64(fw_seed(t)),
                  .cycle = is(t, "cycle", "yes"),
                  .check = is(t, "check", "yes"),
                  .fault = is(t, "fault", "early")   ? REFCOUNT_EARLY
                           : is(t, "fault", "twice") ? REFCOUNT_TWICE
                                                     : REFCOUNT_SOUND};
    r.sum = sum_of_words(r.seal, r.words);
    return r;
}

int refcount_open(refcount *r, fw_trial *t, refcount_policy policy)
{
    int err;

    *r = of(t);
    r->policy = policy;
    if (fw_int(t, "size") % (int64_t)sizeof(uint64_t) != 0)
        return fw_fail(t, "size=%lld: expected a multiple of 8", (long long)fw_int(t, "size"));
    if (r->readers > REFCOUNT_MOST_READERS)
        return fw_refuse(t, "fw_meter_of", E2BIG, "meters for readers", REFCOUNT_MOST_READERS);
    if (r->fault && policy != REFCOUNT_COUNT && policy != REFCOUNT_EPOCH)
        return fw_refuse(t, "fault", ENOTSUP, "references to give back here", 0);
    if (policy == REFCOUNT_EPOCH && (err = refcount_epoch_open(r)) != 0)
        return err;
    if ((err = refcount_store_open(r)) != 0)
        return err;
    for (unsigned i = 0; i <= r->readers; i++)
        (void)fw_lag_of(t, i); /* touched before the window */
    if (refcount_never_waits(r))
        refcount_policy_open(r);
    return 0;
}

int refcount_close(refcount *r)
{
    if (refcount_never_waits(r))
        refcount_policy_close(r);
    int err = refcount_store_report(r);
    refcount_store_close(r);
    return err;
}

void refcount_book(const refcount *r, const refcount_tally *a)
{
    fw_result(r->trial, 0, a->sum + a->updates * r->seal);
}

static void expect(const fw_trial *t, uint64_t repeats, uint64_t ops, fw_expect *e)
{
    refcount r = of((fw_trial *)(uintptr_t)t);
    uint64_t sum = 0;

    for (unsigned i = 0; i < r.readers; i++) {
        uint64_t reads = fw_meter_ops(t, i);
        sum += reads * r.sum + (r.update ? reads / r.update * r.seal : 0);
    }
    e->want = (fw_receipt){.units = r.readers, .peak_live = r.readers > 1 ? 2 : 1, .ops = ops, .checksum = sum};
    e->rule.ops = e->rule.checksum = FW_EXACT;
    e->rule.units = e->rule.peak_live = FW_MINIMUM; /* an owner is a unit too; a peak may be seen too low */
    e->rule.messages = e->rule.bytes = FW_INFO;     /* only an owner is asked */
    (void)repeats;
}

const fw_spec refcount_spec = {
    .name = "refcount",
    .title =
        "One object, read by all and replaced now and then: who frees the old versions, and what it costs readers.",
    .op = "read",
    .mode = FW_STEADY,
    .lag = "free_lag",
    .params = params,
    .blocks = blocks,
    .axes = axes,
    .expect = expect,
};
