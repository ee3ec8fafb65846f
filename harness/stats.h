/* stats.h - what may be said from a few repeated measurements. Pure functions: no clock, no files, no state.
 *
 * Intervals are those of order statistics: the k-th least and k-th greatest of n values enclose the median of what they
 * were drawn from with probability 1 - 2 P(Binomial(n, 1/2) < k), whatever the distribution. Six values give 96.9 % at
 * most. Next: plan.h, driver/verdicts.c. */
#ifndef STATS_H
#define STATS_H
#include <stdbool.h>
#include <stddef.h>

typedef struct fw_interval {
    double low, high;
    double level; /* 0..1: the probability that it holds the median; 0: no value */
} fw_interval;

/* Mean of the two middle values when n is even; NaN when n is 0. x is not changed. */
double fw_median(const double *x, size_t n);
/* The level of the interval from the k-th least (k >= 1) to the k-th greatest of n values. */
double fw_interval_level(size_t n, size_t k);
/* The narrowest interval that reaches `wanted` (0..1); where none does, the widest there is, least to greatest. */
fw_interval fw_median_interval(const double *x, size_t n, double wanted);
/* 95 % corrected for `comparisons` told at once: 1 - 0.05 / comparisons (Bonferroni). */
double fw_corrected_level(size_t comparisons);

enum { FW_LEAST_ROUNDS = 4 }; /* fewer pairs than this separate nothing (three reach 75 %) */

typedef enum fw_verdict_kind { FW_NOT_SEPARATED, FW_FASTER, FW_SLOWER } fw_verdict_kind;

typedef struct fw_verdict {
    fw_verdict_kind kind; /* of a, against b */
    size_t pairs;         /* rounds that have both */
    double ratio;         /* time of b / time of a: median over rounds. NaN: no round has both */
    fw_interval interval; /* of the ratio */
    double wanted;        /* the corrected level */
    bool exploratory;     /* these rounds can't reach it: the verdict stands at interval.level */
} fw_verdict;

/* a[i], b[i]: times of the same round; NaN where a trial is missing or tainted, which leaves the round out. A verdict
 * needs FW_LEAST_ROUNDS rounds and an interval wholly beyond 1 ± max(2 %, noise); noise as of fw_noise. */
fw_verdict fw_compare(const double *a, const double *b, size_t rounds, size_t comparisons, double noise);
/* The smallest ratio that a comparison like this one tells about nine times in ten: (1 + max(2 %, noise)) * the
 * interval's width. (Of a ratio smaller by half a width the interval clears the margin only half the time.)
 * NaN: fewer pairs than FW_LEAST_ROUNDS tell nothing. */
double fw_smallest_ratio(const fw_verdict *v, double noise);

/* A/A: ratio[i] = time of a twin / time of its original in the same round. The 95 % interval of their median, as the
 * fraction by which it leaves 1 at most (0.03: 3 %). With fewer than FW_LEAST_ROUNDS pairs: the largest deviation. */
double fw_noise(const double *ratio, size_t pairs, fw_interval *interval);

/* Beyond Tukey's fences: 1.5 interquartile ranges outside the quartiles. Marked, never dropped. */
bool fw_is_outlier(const double *x, size_t n, double value);

typedef enum fw_trend { FW_TREND_NA, FW_TREND_NONE, FW_TREND_DRIFTS } fw_trend;
/* Are slices (or repeats) of one trial stationary? Mann-Kendall at 1 %, and first and last third more than 5 % apart.
 * Fewer than four values: n/a. */
fw_trend fw_stationarity(const double *x, size_t n);

#endif
