/* spec.c - mpmc: parameters, blocks, messages, oracle. */
#include "spec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const fw_param params[] = {
    {"producers", FW_PARAM_INT, "2", "4", "4", 1, MPMC_MOST, NULL, "units that send"},
    {"consumers", FW_PARAM_INT, "2", "4", "4", 1, MPMC_MOST, NULL, "units that receive"},
    {"capacity", FW_PARAM_CHOICE, "128", "128", "128", 0, 0, "0|1|16|128|1024|inf", "messages that the queue holds"},
    {"size", FW_PARAM_INT, "16", "16", "16", 16, MPMC_MOST_BYTES, NULL, "bytes of a message, a multiple of 8"},
    {"pass", FW_PARAM_CHOICE, "copy", "copy", "copy", 0, 0, "copy|move", "copy the bytes, or hand over their address"},
    {"work", FW_PARAM_INT, "0", "0", "0", 0, 1000000, NULL, "rounds of arithmetic a message, ~1 ns each"},
    {.name = NULL},
};

static const fw_block blocks[] = {
    {"four to four", 0, "producers=4;consumers=4"},
    {"one to one", 0, "producers=1;consumers=1"},
    {NULL, 0, NULL},
};

static const fw_axis axes[] = {
    {"capacity", "0,1,16,128,1024", 0},
    {NULL, NULL, 0},
};

mpmc_load mpmc_load_of(fw_trial *t)
{
    const char *capacity = fw_str(t, "capacity");
    return (mpmc_load){.trial = t,
                       .seed = fw_seed(t),
                       .work = (uint64_t)fw_int(t, "work"),
                       .producers = (unsigned)fw_int(t, "producers"),
                       .consumers = (unsigned)fw_int(t, "consumers"),
                       .capacity = strcmp(capacity, "inf") == 0 ? FW_UNBOUNDED : (size_t)fw_int(t, "capacity"),
                       .size = (size_t)fw_int(t, "size"),
                       .move = strcmp(fw_str(t, "pass"), "move") == 0};
}

static int prepare(fw_trial *t, void **input, char *why, size_t why_bytes)
{
    *input = NULL;
    if (fw_int(t, "size") % 8 == 0)
        return 0;
    snprintf(why, why_bytes, "size=%s: expected a multiple of 8", fw_str(t, "size"));
    return -EINVAL;
}

static uint64_t value_of(const mpmc_load *l, uint64_t producer, uint64_t sequence)
{
    return fw_mix64(l->seed + (producer << 40) + sequence);
}

static uint64_t worked(const mpmc_load *l, uint64_t value)
{
    for (uint64_t i = 0; i < l->work; i++)
        value = fw_mix64(value);
    return value;
}

void mpmc_make(const mpmc_load *l, mpmc_element *e, unsigned producer, uint64_t sequence)
{
    uint64_t *m = l->move ? malloc(l->size) : e->word;

    FW_MUST(m);
    m[0] = producer;
    m[1] = sequence;
    if (l->size > 16) {
        uint64_t word = value_of(l, producer, sequence);
        for (size_t i = 2; i < l->size / 8; i++, word += FW_STEP)
            m[i] = word;
    }
    if (l->move)
        memcpy(e->word, &m, sizeof m);
}

void mpmc_take(const mpmc_load *l, mpmc_tally *tally, const mpmc_element *e)
{
    const uint64_t *m = e->word;
    uint64_t wrong = 0;

    if (l->move)
        memcpy(&m, e->word, sizeof m);
    uint64_t producer = m[0], sequence = m[1], value = value_of(l, producer, sequence), word = value;
    for (size_t i = 2; i < l->size / 8; i++, word += FW_STEP)
        wrong |= m[i] ^ word;
    if (producer >= l->producers || wrong)
        fw_fail(l->trial, "message %" PRIu64 " of producer %" PRIu64 " is damaged", sequence, producer);
    else if (sequence < tally->next[producer])
        fw_fail(l->trial, "message %" PRIu64 " of producer %" PRIu64 " came out of order", sequence, producer);
    else
        tally->next[producer] = sequence + 1;
    tally->sum += worked(l, value);
    if (tally->taken++ % 1024 == 0)
        fw_count(fw_slot_here(), FW_WORK, 1); /* a sign of life while a long queue is drained */
    if (l->move)
        free((void *)(uintptr_t)m);
}

void mpmc_finish(const mpmc_load *l, const mpmc_tally *tally)
{
    fw_result(l->trial, 0, tally->sum);
}

/* Every producer's messages from the first to its last; how many those are its meter says. */
static void expect(const fw_trial *t, uint64_t repeats, uint64_t ops, fw_expect *e)
{
    mpmc_load l = mpmc_load_of((fw_trial *)(uintptr_t)t);
    uint64_t sum = 0;

    for (unsigned p = 0; p < l.producers; p++)
        for (uint64_t s = 0; s < fw_meter_ops(t, p); s++)
            sum += worked(&l, value_of(&l, p, s));
    e->want =
        (fw_receipt){.units = l.producers + l.consumers, .messages = ops, .peak_live = 2, .ops = ops, .checksum = sum};
    e->rule.units = e->rule.messages = e->rule.ops = e->rule.checksum = FW_EXACT;
    e->rule.peak_live = FW_MINIMUM;
    e->rule.bytes = FW_INFO;
    (void)repeats;
}

const fw_spec mpmc_spec = {
    .name = "mpmc",
    .title =
        "Many producers and many consumers at one queue: throughput under contention, and who waits when it is full.",
    .op = "message",
    .mode = FW_STEADY,
    .core = true,
    .params = params,
    .blocks = blocks,
    .axes = axes,
    .prepare = prepare,
    .expect = expect,
};
