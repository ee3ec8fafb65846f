/* spec.h - skynet: what a node of the tree covers, what it returns, how a leaf computes it. */
#ifndef SKYNET_SPEC_H
#define SKYNET_SPEC_H

#include "fw.h"

enum { SKYNET_FANOUT = 10 };

extern const fw_spec skynet_spec;

/* What a node returns: the sum of its leaves' numbers, and the fold of their values. */
typedef struct skynet_sum {
    uint64_t numbers, fold;
} skynet_sum;

/* The part of the tree below one node: leaves first … first + leaves - 1; and what the whole tree shares. */
typedef struct skynet_part {
    uint64_t first, leaves, grain, seed;
} skynet_part;

static inline skynet_part skynet_whole(const fw_trial *t)
{
    return (skynet_part){0, (uint64_t)fw_int(t, "leaves"), (uint64_t)fw_int(t, "grain"), fw_seed(t)};
}

/* Part number child (0 … 9) of ten. */
static inline skynet_part skynet_child(skynet_part whole, unsigned child)
{
    uint64_t leaves = whole.leaves / SKYNET_FANOUT;
    return (skynet_part){whole.first + child * leaves, leaves, whole.grain, whole.seed};
}

static inline void skynet_add(skynet_sum *into, skynet_sum part)
{
    into->numbers += part.numbers;
    into->fold += part.fold;
}

/* One unit covers it. */
static inline bool skynet_is_leaf(const skynet_part *part)
{
    return part->leaves <= part->grain;
}

/* The work of such a unit. */
static inline skynet_sum skynet_leaves(skynet_part part)
{
    skynet_sum sum = {0, 0};
    for (uint64_t i = part.first; i < part.first + part.leaves; i++)
        skynet_add(&sum, (skynet_sum){i, fw_mix64(part.seed + i)});
    return sum;
}

/* Units that a tree of this trial has. */
uint64_t skynet_units(const fw_trial *t);
/* The root's sum: checks the numbers, books one operation and the fold. */
void skynet_finish(fw_trial *t, skynet_sum sum);

#endif
