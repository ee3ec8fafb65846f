/* spec.h - spawn: what a unit computes on its way down and up again, and in which portions units are made. */
#ifndef SPAWN_SPEC_H
#define SPAWN_SPEC_H

#include "fw.h"

extern const fw_spec spawn_spec;

typedef struct spawn_plan {
    fw_trial *trial;
    uint64_t units, burst; /* in all; made before the first of them is joined */
    uint64_t seed;
    unsigned depth; /* frames of a unit, >= 1 */
    bool gate;      /* a unit waits in its last frame until its whole burst is there */
} spawn_plan;

/* A unit's number and value, or the sums of many. */
typedef struct spawn_sum {
    uint64_t numbers, values;
} spawn_sum;

spawn_plan spawn_plan_of(fw_trial *t);

/* How many units come next, when `made` exist already. */
static inline uint64_t spawn_next_burst(const spawn_plan *p, uint64_t made)
{
    return p->units - made < p->burst ? p->units - made : p->burst;
}

static inline uint64_t spawn_value(const spawn_plan *p, uint64_t number)
{
    return fw_mix64(p->seed + number);
}

/* What frame `frame` makes of the value of the frame below it. */
static inline uint64_t spawn_fold(uint64_t value, unsigned frame)
{
    return fw_mix64(value + frame);
}

static inline void spawn_add(spawn_sum *to, spawn_sum s)
{
    to->numbers += s.numbers;
    to->values += s.values;
}

/* Goes down to frame p->depth, there calls at_bottom(arg) if the plan has a gate, and comes back with unit `number`'s
 * sum. The frames are real calls. */
spawn_sum spawn_descend(const spawn_plan *p, uint64_t number, void (*at_bottom)(void *arg), void *arg);

/* The sum of all units: fails the trial when a number is missing or was there twice. */
void spawn_finish(const spawn_plan *p, spawn_sum all);

#endif
