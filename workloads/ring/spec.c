/* spec.c - ring: parameters, blocks, oracle. */
#include "spec.h"

static const fw_param params[] = {
    {"nodes", FW_PARAM_INT, "8", "503", "503", 2, 100000, NULL, "units in the ring"},
    {.name = NULL},
};

static const fw_block blocks[] = {
    {"all on one CPU", 1, ""},
    {"every allowed CPU", 0, ""},
    {NULL, 0, NULL},
};

static const fw_axis axes[] = {
    {"nodes", "10,100,503,1000,10000", 1},
    {NULL, NULL, 0},
};

/* The same hops in one loop; the node at which the token ends has a closed form. */
static void expect(const fw_trial *t, uint64_t repeats, uint64_t ops, fw_expect *e)
{
    ring_game g = {.nodes = (unsigned)fw_int(t, "nodes"), .seed = fw_seed(t)};
    ring_token token = {.fold = 0};
    uint64_t node = 0, hops = ops * g.nodes;

    ring_last(&g, &token);
    uint64_t last = token.left % g.nodes;
    hops += token.left;
    for (uint64_t i = 0; i < hops; i++) {
        node = node + 1 < g.nodes ? node + 1 : 0;
        token.fold = fw_mix64(token.fold ^ (g.seed + node));
        if (i % 1000000 == 0)
            fw_count(fw_slot_here(), FW_WORK, 1);
    }
    e->want = (fw_receipt){.units = g.nodes,
                           .messages = hops,
                           .peak_live = g.nodes / 2, /* a user-space runtime samples it */
                           .ops = ops,
                           .checksum = fw_mix64(token.fold ^ last)};
    e->rule.units = e->rule.messages = e->rule.ops = e->rule.checksum = FW_EXACT;
    e->rule.peak_live = FW_MINIMUM;
    e->rule.bytes = FW_INFO;
    (void)repeats;
}

const fw_spec ring_spec = {
    .name = "ring",
    .title = "A token goes round a ring of units: what a switch costs as the units grow in number.",
    .op = "lap",
    .mode = FW_STEADY,
    .seq_none = "a loop that hands itself a token waits for nobody",
    .params = params,
    .blocks = blocks,
    .axes = axes,
    .expect = expect,
};
