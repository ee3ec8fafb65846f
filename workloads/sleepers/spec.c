/* spec.c - sleepers: parameters, blocks, oracle. */
#include "spec.h"

#include <errno.h>
#include <inttypes.h>

static const fw_param params[] = {
    {"units", FW_PARAM_INT, "50", "1000", "1000", 1, 10000000, NULL, "units that sleep"},
    {"period_ms", FW_PARAM_INT, "0", "0", "0", 0, 60000, NULL,
     "milliseconds from one wake of a unit to its next; 0: 100 to 4000, for 20,000 wakes a second of all"},
    {.name = NULL},
};

static const fw_block blocks[] = {
    {"a thousand", 0, "units=1000"},
    {NULL, 0, NULL},
};

static const fw_axis axes[] = {
    {"units", "100,1000,10000,100000,1000000", 0},
    {NULL, NULL, 0},
};

sleepers_plan sleepers_plan_of(fw_trial *t)
{
    enum { LEAST_MS = 100, MOST_MS = 4000, WAKES_A_MS = 20 };
    uint64_t units = (uint64_t)fw_int(t, "units"), ms = (uint64_t)fw_int(t, "period_ms"), fit = units / WAKES_A_MS;

    if (ms == 0)
        ms = fit < LEAST_MS ? LEAST_MS : fit > MOST_MS ? MOST_MS : fit;
    return (sleepers_plan){.trial = t, .units = units, .period_ns = ms * 1000000, .seed = fw_seed(t)};
}

bool sleepers_woke(const sleepers_plan *p, fw_meter *meter, uint64_t deadline_ns, uint64_t now_ns)
{
    fw_count(fw_slot_here(), FW_WORK, 1);
    if (now_ns < deadline_ns)
        fw_fail(p->trial, "a unit woke %" PRIu64 " ns early", deadline_ns - now_ns);
    return !meter || fw_meter_record(meter, deadline_ns, now_ns, 1);
}

int sleepers_check_workers(fw_trial *t)
{
    return fw_workers(t) > FW_MAX_METERS ? fw_refuse(t, "fw_meter_of", E2BIG, "meters", FW_MAX_METERS) : 0;
}

static void expect(const fw_trial *t, uint64_t repeats, uint64_t ops, fw_expect *e)
{
    sleepers_plan p = sleepers_plan_of((fw_trial *)(uintptr_t)t);
    uint64_t values = 0;

    for (uint64_t i = 0; i < p.units; i++)
        values += sleepers_value(&p, i);
    e->want = (fw_receipt){.units = p.units, .peak_live = p.units, .ops = ops, .checksum = values};
    e->rule.units = e->rule.peak_live = e->rule.ops = e->rule.checksum = FW_EXACT;
    e->rule.messages = e->rule.bytes = FW_INFO; /* where a wake is told by a message */
    (void)repeats;
}

const fw_spec sleepers_spec = {
    .name = "sleepers",
    .title = "Many units that do nothing but sleep: how late each wakes, and what memory a waiting one holds.",
    .op = "wake",
    .mode = FW_HOLD,
    .seq_none = "one program sleeps one sleep at a time",
    .params = params,
    .blocks = blocks,
    .axes = axes,
    .expect = expect,
};
