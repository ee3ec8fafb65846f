/* spec.c - spawn: parameters, blocks, oracle. */
#include "spec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static const fw_param params[] = {
    {"units", FW_PARAM_INT, "100", "1000", "1000", 1, 10000000, NULL, "units in all"},
    {"burst", FW_PARAM_INT, "0", "0", "0", 0, 10000000, NULL, "units made before the first is joined; 0: all"},
    {"gate", FW_PARAM_CHOICE, "1", "1", "1", 0, 0, "0|1", "1: units wait until their whole burst is live"},
    {"depth", FW_PARAM_INT, "1", "1", "1", 1, 64, NULL, "nested calls in a unit"},
    {"parent_rss", FW_PARAM_INT, "0", "0", "0", 0, 1024, NULL, "MiB that the process holds before it begins"},
    {.name = NULL},
};

static const fw_block blocks[] = {
    {"a thousand, all live behind a gate", 0, "units=1000"},
    {"a thousand, a hundred at a time", 0, "units=1000;burst=100;gate=0"},
    {NULL, 0, NULL},
};

static const fw_axis axes[] = {
    {"units", "100,1000,10000,100000,1000000", 0},
    {NULL, NULL, 0},
};

spawn_plan spawn_plan_of(fw_trial *t)
{
    uint64_t units = (uint64_t)fw_int(t, "units"), burst = (uint64_t)fw_int(t, "burst");
    return (spawn_plan){.trial = t,
                        .units = units,
                        .burst = burst && burst < units ? burst : units,
                        .seed = fw_seed(t),
                        .depth = (unsigned)fw_int(t, "depth"),
                        .gate = fw_int(t, "gate") != 0};
}

static int prepare(fw_trial *t, void **input, char *why, size_t why_bytes)
{
    size_t bytes = (size_t)fw_int(t, "parent_rss") << 20;

    *input = NULL;
    if (bytes == 0)
        return 0;
    *input = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); /* stays */
    if (*input == MAP_FAILED) {
        snprintf(why, why_bytes, "parent_rss=%s: mmap: %s", fw_str(t, "parent_rss"), strerror(errno));
        return -ENOMEM;
    }
    memset(*input, 1, bytes); /* a page that was never written costs fork nothing */
    return 0;
}

__attribute__((noinline)) static uint64_t descend(const spawn_plan *p, uint64_t number, unsigned frame,
                                                  void (*at_bottom)(void *arg), void *arg)
{
    if (frame < p->depth)
        return spawn_fold(descend(p, number, frame + 1, at_bottom, arg), frame);
    if (p->gate)
        at_bottom(arg);
    return spawn_value(p, number);
}

spawn_sum spawn_descend(const spawn_plan *p, uint64_t number, void (*at_bottom)(void *arg), void *arg)
{
    return (spawn_sum){number, descend(p, number, 1, at_bottom, arg)};
}

void spawn_finish(const spawn_plan *p, spawn_sum all)
{
    uint64_t n = p->units, want = n % 2 ? (n - 1) / 2 * n : n / 2 * (n - 1);
    if (all.numbers != want)
        fw_fail(p->trial, "the units' numbers sum to %" PRIu64 ", not %" PRIu64, all.numbers, want);
    fw_result(p->trial, 1, all.values);
}

static void expect(const fw_trial *t, uint64_t repeats, uint64_t ops, fw_expect *e)
{
    spawn_plan p = spawn_plan_of((fw_trial *)(uintptr_t)t);
    uint64_t values = 0;

    for (uint64_t i = 0; i < p.units; i++) {
        uint64_t value = spawn_value(&p, i);
        for (unsigned frame = p.depth - 1; frame >= 1; frame--)
            value = spawn_fold(value, frame);
        values += value;
    }
    e->want = (fw_receipt){
        .units = repeats * p.units, .peak_live = p.gate ? p.burst : 1, .ops = repeats, .checksum = repeats * values};
    e->rule.units = e->rule.ops = e->rule.checksum = FW_EXACT;
    e->rule.peak_live = p.gate ? FW_EXACT : FW_MINIMUM;
    e->rule.messages = e->rule.bytes = FW_INFO; /* a result travels by a link, or by joining */
    (void)ops;
}

const fw_spec spawn_spec = {
    .name = "spawn",
    .title = "Many units at once: what one costs from its creation to its joined end, and what memory it holds.",
    .op = "crowd",
    .mode = FW_COMPLETE,
    .core = true,
    .params = params,
    .blocks = blocks,
    .axes = axes,
    .prepare = prepare,
    .expect = expect,
};
