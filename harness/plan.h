/* plan.h - the order of trials and what fits the budget. Pure functions.
 *
 * A block's entries and one A/A twin follow the rows of a Williams design: over its rows each entry comes before each
 * other equally often, so that what a trial leaves behind (heat, caches, frequency) meets all alike. Rows are
 * relabelled by a permutation drawn from the seed, so that no entry has a place of its own. Next: stats.h,
 * driver/schedule.c.
 *
 * Williams, E. J. (1949), Experimental designs balanced for the estimation of residual effects of treatments. */
#ifndef PLAN_H
#define PLAN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many rows the design for n entries has: n when n is even (or 1), else 2n. */
unsigned fw_williams_rows(unsigned n);
/* Row `row` (taken modulo the rows): order[0..n) is a permutation of 0..n-1. */
void fw_williams_row(unsigned n, unsigned row, unsigned *order);
/* The order of a block's round: rows in turn, relabelled from seed and block. */
void fw_plan_order(unsigned n, unsigned round, uint64_t seed, unsigned block, unsigned *order);
/* Which entry has its twin in this round: each in turn, beginning at one that seed and block choose. */
unsigned fw_plan_twin(unsigned entries, unsigned round, uint64_t seed, unsigned block);

typedef struct fw_plan_point {
    bool axis;       /* a sweep's point: no verdict, dropped before rounds are */
    double round_s;  /* expected seconds of one round of it, twin included */
    unsigned rounds; /* in: wanted; out: what fits */
    bool dropped;    /* out: an axis point that does not fit */
} fw_plan_point;

/* Fits points into `budget` seconds: drops the costliest axis points first, then rounds, one after another, of the
 * block that takes longest in all, down to one: cheap blocks keep theirs. The expected seconds of what is left; more
 * than the budget only if one round of every block does not fit. */
double fw_plan_fit(fw_plan_point *points, size_t n, double budget);
/* Does a point with `rounds` of its own run in round `round` of `all`? Spread evenly; the first always. */
bool fw_plan_runs(unsigned round, unsigned all, unsigned rounds);

#endif
