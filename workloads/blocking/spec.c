/* spec.c - blocking: parameters, blocks, the disease, oracle. */
#include "spec.h"

#include <errno.h>
#include <inttypes.h>
#include <time.h>

enum { SLICE_NS = 20000 };

static const fw_param params[] = {
    {"wakers", FW_PARAM_INT, "20", "100", "100", 1, 100000, NULL,
     "units that sleep and wake, and whose lateness counts"},
    {"period_ms", FW_PARAM_INT, "5", "10", "10", 1, 60000, NULL, "milliseconds from one wake of a waker to its next"},
    {"blockers", FW_PARAM_INT, "1", "1", "1", 0, 64, NULL, "units a worker that block, rest as long, block again"},
    {"hog_ms", FW_PARAM_INT, "2", "40", "40", 1, 10000, NULL, "milliseconds that one blocks"},
    {"kind", FW_PARAM_CHOICE, "sleep", "sleep", "sleep", 0, 0, "sleep|compute",
     "what it does: a call that blocks, or a loop"},
    {"cure", FW_PARAM_CHOICE, "no", "no", "no", 0, 0, "no|yes",
     "the call goes to a pool of threads, the loop gives way every 20 us; models of OS threads need neither"},
    {.name = NULL},
};

static const fw_block blocks[] = {
    {"one a worker blocks", 0, "blockers=1"}, /* first: the axis has its parameters */
    {"nobody blocks", 0, "blockers=0"},
    {"it blocks on a pool", 0, "blockers=1;cure=yes"},
    {NULL, 0, NULL},
};

static const fw_axis axes[] = {
    {"hog_ms", "1,5,20,80", 0},
    {NULL, NULL, 0},
};

blocking_plan blocking_plan_of(fw_trial *t)
{
    uint64_t wakers = (uint64_t)fw_int(t, "wakers"), blockers = (uint64_t)fw_int(t, "blockers") * fw_workers(t);

    return (blocking_plan){.trial = t,
                           .wakers = wakers,
                           .blockers = blockers,
                           .units = wakers + blockers,
                           .period_ns = (uint64_t)fw_int(t, "period_ms") * 1000000,
                           .hog_ns = (uint64_t)fw_int(t, "hog_ms") * 1000000,
                           .seed = fw_seed(t),
                           .hog = *fw_str(t, "kind") == 'c',
                           .cure = *fw_str(t, "cure") == 'y'};
}

bool blocking_woke(const blocking_plan *p, fw_meter *meter, uint64_t deadline_ns, uint64_t now_ns)
{
    fw_count(fw_slot_here(), FW_WORK, 1);
    if (now_ns < deadline_ns)
        fw_fail(p->trial, "a unit woke %" PRIu64 " ns early", deadline_ns - now_ns);
    return !meter || fw_meter_record(meter, deadline_ns, now_ns, 1);
}

void blocking_ail(void *plan)
{
    const blocking_plan *p = plan;
    uint64_t end = fw_now_ns() + p->hog_ns;
    struct timespec until = {(time_t)(end / 1000000000), (long)(end % 1000000000)};

    fw_count(fw_slot_here(), FW_SYSCALLS, !p->hog);
    if (!p->hog)
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
            ;
    while (p->hog && fw_now_ns() < end)
        ;
}

bool blocking_slice(const blocking_plan *p, uint64_t start_ns)
{
    uint64_t end = start_ns + p->hog_ns, now = fw_now_ns(), stop = now + SLICE_NS < end ? now + SLICE_NS : end;

    while ((now = fw_now_ns()) < stop)
        ;
    return now < end;
}

int blocking_check_workers(fw_trial *t)
{
    return fw_workers(t) > FW_MAX_METERS ? fw_refuse(t, "fw_meter_of", E2BIG, "meters", FW_MAX_METERS) : 0;
}

static void expect(const fw_trial *t, uint64_t repeats, uint64_t ops, fw_expect *e)
{
    blocking_plan p = blocking_plan_of((fw_trial *)(uintptr_t)t);
    uint64_t values = 0;

    for (uint64_t i = 0; i < p.units; i++)
        values += blocking_value(&p, i);
    e->want = (fw_receipt){.units = p.units, .peak_live = p.units, .ops = ops, .checksum = values};
    e->rule.units = e->rule.peak_live = e->rule.ops = e->rule.checksum = FW_EXACT;
    e->rule.messages = e->rule.bytes = FW_INFO; /* where a wake is told by a message */
    (void)repeats;
}

const fw_spec blocking_spec = {
    .name = "blocking",
    .title = "One unit blocks, or computes without a pause: how late are the others?",
    .op = "wake",
    .mode = FW_HOLD,
    .core = true,
    .seq_none = "one program has nobody else to keep waiting",
    .params = params,
    .blocks = blocks,
    .axes = axes,
    .expect = expect,
};
