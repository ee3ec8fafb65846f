/* spec.c - yield: parameters, blocks, oracle. */
#include "spec.h"

static const fw_param params[] = {
    {"units", FW_PARAM_INT, "2", "2", "2", 2, YIELD_MOST, NULL, "units that take turns"},
    {.name = NULL},
};

static const fw_block blocks[] = {
    {"two on one CPU", 1, "units=2"},
    {"two on every CPU", 0, "units=2"},
    {NULL, 0, NULL},
};

static const fw_axis axes[] = {{NULL, NULL, 0}};

void yield_finish(fw_trial *t, unsigned others)
{
    if (fw_workers(t) == 1 && fw_meter_ops(t, 0) > YIELD_MOST && others != yield_units(t) - 1)
        fw_fail(t, "%u of %u other units had a turn", others, yield_units(t) - 1);
    fw_result(t, 0, fw_mix64(fw_seed(t) + fw_meter_ops(t, 0)));
}

static void expect(const fw_trial *t, uint64_t repeats, uint64_t ops, fw_expect *e)
{
    e->want = (fw_receipt){.units = yield_units(t), .peak_live = 2, .ops = ops, .checksum = fw_mix64(fw_seed(t) + ops)};
    e->rule.units = e->rule.ops = e->rule.checksum = FW_EXACT;
    e->rule.peak_live = FW_MINIMUM;
    e->rule.messages = e->rule.bytes = FW_INFO; /* channels need some to begin and to stop */
    (void)repeats;
}

const fw_spec yield_spec = {
    .name = "yield",
    .title = "Units that only take turns: what it costs to let another go first.",
    .op = "yield",
    .mode = FW_STEADY,
    .seq_none = "one program has nobody to let go first",
    .params = params,
    .blocks = blocks,
    .axes = axes,
    .expect = expect,
};
