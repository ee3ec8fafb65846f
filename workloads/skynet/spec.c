/* spec.c - skynet: parameters, blocks, oracle. */
#include "spec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static const fw_param params[] = {
    {"leaves", FW_PARAM_INT, "100", "1000000", "1000000", 1, 100000000, NULL, "leaves of the tree: a power of ten"},
    {"grain", FW_PARAM_INT, "1", "1000", "1000", 1, 100000000, NULL, "leaves that one unit covers: a power of ten"},
    {.name = NULL},
};

static const fw_block blocks[] = {
    {"a thousand leaves a unit", 0, "grain=1000"},
    {"a unit for every leaf", 0, "grain=1"},
    {NULL, 0, NULL},
};

static const fw_axis axes[] = {
    {"workers", "1,2,4,8", 0},
    {"grain", "1,10,100,1000,10000", 0},
    {NULL, NULL, 0},
};

static bool power_of_ten(int64_t n)
{
    while (n % 10 == 0)
        n /= 10;
    return n == 1;
}

static int prepare(fw_trial *t, void **input, char *why, size_t why_bytes)
{
    *input = NULL;
    for (const fw_param *p = params; p->name; p++) {
        if (power_of_ten(fw_int(t, p->name)))
            continue;
        snprintf(why, why_bytes, "%s=%" PRId64 ": expected a power of ten", p->name, fw_int(t, p->name));
        return -EINVAL;
    }
    return 0;
}

uint64_t skynet_units(const fw_trial *t)
{
    uint64_t leaves = (uint64_t)fw_int(t, "leaves"), grain = (uint64_t)fw_int(t, "grain"), units = 1;
    for (uint64_t level = 1; leaves > grain; leaves /= SKYNET_FANOUT)
        units += level *= SKYNET_FANOUT;
    return units;
}

/* One loop over all leaves; the sum of their numbers has a closed form. */
static void expect(const fw_trial *t, uint64_t repeats, uint64_t ops, fw_expect *e)
{
    skynet_sum sum = skynet_leaves(skynet_whole(t));

    e->want = (fw_receipt){.units = repeats * skynet_units(t),
                           .peak_live = skynet_units(t) > 1 ? 2 : 1,
                           .ops = repeats,
                           .checksum = repeats * sum.fold};
    e->rule.units = e->rule.ops = e->rule.checksum = FW_EXACT;
    e->rule.peak_live = FW_MINIMUM;
    e->rule.messages = e->rule.bytes = FW_INFO; /* a result travels by a link, or by joining */
    (void)ops;
}

void skynet_finish(fw_trial *t, skynet_sum sum)
{
    uint64_t n = (uint64_t)fw_int(t, "leaves"), want = n % 2 ? (n - 1) / 2 * n : n / 2 * (n - 1);
    if (sum.numbers != want)
        fw_fail(t, "the leaves' numbers sum to %" PRIu64 ", not %" PRIu64, sum.numbers, want);
    fw_result(t, 1, sum.fold);
}

const fw_spec skynet_spec = {
    .name = "skynet",
    .title = "A tree of units ten wide: what a unit costs from its creation to its joined end.",
    .op = "tree",
    .mode = FW_COMPLETE,
    .params = params,
    .blocks = blocks,
    .axes = axes,
    .prepare = prepare,
    .expect = expect,
};
