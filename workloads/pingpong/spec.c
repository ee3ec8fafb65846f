/* spec.c - ping-pong: parameters, blocks, oracle. */
#include "spec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static const fw_param params[] = {
    {.name = "size",
     .type = FW_PARAM_INT,
     .smoke = "64",
     .quick = "64",
     .standard = "64",
     .min = 8,
     .max = 65536,
     .help = "bytes of a message, each way; a multiple of 8"},
    {.name = NULL},
};

static const fw_block blocks[] = {
    {"both ends on one CPU", 1, ""},
    {"each end on its own CPU", 2, ""},
    {"both ends on one CPU, 16 KiB", 1, "size=16384"}, /* long enough to time one by one: has percentiles */
    {NULL, 0, NULL},
};

static const fw_axis axes[] = {
    {"size", "8,64,512,4096,16384,65536", 1},
    {NULL, NULL, 0},
};

static int prepare(fw_trial *t, void **input, char *why, size_t why_bytes)
{
    *input = NULL;
    if (fw_int(t, "size") % 8 == 0)
        return 0;
    snprintf(why, why_bytes, "size=%" PRId64 ": expected a multiple of 8", fw_int(t, "size"));
    return -EINVAL;
}

/* The sum over an answer's words has a closed form: sum of ~(base + i*step). */
static void expect(const fw_trial *t, uint64_t repeats, uint64_t ops, fw_expect *e)
{
    uint64_t words = pingpong_words(t), seed = fw_seed(t), checksum = 0;
    uint64_t steps = words % 2 ? (words - 1) / 2 * words : words / 2 * (words - 1);

    for (uint64_t s = 0; s < ops; s++)
        checksum += fw_mix64((0 - words - words * pingpong_base(seed, s) - FW_STEP * steps) ^ s);
    e->want = (fw_receipt){.units = 2, .messages = 2 * ops, .peak_live = 2, .ops = ops, .checksum = checksum};
    e->rule.units = e->rule.messages = e->rule.ops = e->rule.checksum = FW_EXACT;
    e->rule.peak_live = FW_MINIMUM;
    e->rule.bytes = FW_INFO;
    (void)repeats;
}

const fw_spec pingpong_spec = {
    .name = "pingpong",
    .title = "What one hand-off there and back costs when nothing else happens.",
    .op = "round trip",
    .mode = FW_STEADY,
    .core = true,
    .seq_none = "one program that hands itself a value waits for nobody",
    .params = params,
    .blocks = blocks,
    .axes = axes,
    .prepare = prepare,
    .expect = expect,
};
