/* stats.c - see stats.h. Sources: order-statistic intervals, Conover, Practical Nonparametric Statistics (3rd
 * ed., 3.2); fences, Tukey, Exploratory Data Analysis (1977); trend, Mann (1945) and Kendall (1975). */
#include "stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fw.h"

static const double LEAST_DIFFERENCE = 0.02;

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double *sorted(const double *x, size_t n)
{
    double *s = malloc((n ? n : 1) * sizeof *s);
    FW_MUST(s);
    if (n)
        memcpy(s, x, n * sizeof *s);
    qsort(s, n, sizeof *s, ascending);
    return s;
}

static double middle(const double *s, size_t n)
{
    return n == 0 ? NAN : n % 2 ? s[n / 2] : (s[n / 2 - 1] + s[n / 2]) / 2;
}

double fw_median(const double *x, size_t n)
{
    double *s = sorted(x, n), m = middle(s, n);
    free(s);
    return m;
}

double fw_interval_level(size_t n, size_t k)
{
    double below = 0; /* P(Binomial(n, 1/2) < k) */
    for (size_t i = 0; i < k && i <= n; i++)
        below += exp(lgamma((double)n + 1) - lgamma((double)i + 1) - lgamma((double)(n - i) + 1) - (double)n * log(2));
    return fmax(0, 1 - 2 * below);
}

fw_interval fw_median_interval(const double *x, size_t n, double wanted)
{
    if (n == 0)
        return (fw_interval){NAN, NAN, 0};
    size_t k = 1;
    while (2 * (k + 1) <= n && fw_interval_level(n, k + 1) >= wanted)
        k++;
    double *s = sorted(x, n);
    fw_interval i = {s[k - 1], s[n - k], fw_interval_level(n, k)};
    free(s);
    return i;
}

double fw_corrected_level(size_t comparisons)
{
    return 1 - 0.05 / (double)(comparisons ? comparisons : 1);
}

static double margin(double noise)
{
    return 1 + fmax(LEAST_DIFFERENCE, noise);
}

fw_verdict fw_compare(const double *a, const double *b, size_t rounds, size_t comparisons, double noise)
{
    fw_verdict v = {.kind = FW_NOT_SEPARATED, .wanted = fw_corrected_level(comparisons)};
    double *log_ratio = calloc(rounds + 1, sizeof *log_ratio);
    size_t n = 0;

    FW_MUST(log_ratio);
    for (size_t i = 0; i < rounds; i++)
        if (a[i] > 0 && b[i] > 0) /* false for NaN */
            log_ratio[n++] = log(b[i] / a[i]);
    v.pairs = n;
    v.ratio = exp(fw_median(log_ratio, n));
    v.interval = fw_median_interval(log_ratio, n, v.wanted);
    v.interval.low = exp(v.interval.low);
    v.interval.high = exp(v.interval.high);
    v.exploratory = v.interval.level < v.wanted;
    free(log_ratio);
    if (n < FW_LEAST_ROUNDS)
        return v;
    if (v.interval.low > margin(noise))
        v.kind = FW_FASTER;
    else if (v.interval.high < 1 / margin(noise))
        v.kind = FW_SLOWER;
    return v;
}

double fw_smallest_ratio(const fw_verdict *v, double noise)
{
    return v->pairs < FW_LEAST_ROUNDS ? NAN : margin(noise) * v->interval.high / v->interval.low;
}

double fw_noise(const double *ratio, size_t pairs, fw_interval *interval)
{
    *interval = fw_median_interval(ratio, pairs, pairs < FW_LEAST_ROUNDS ? 1 : 0.95);
    return pairs ? fmax(fabs(interval->high - 1), fabs(1 - interval->low)) : NAN;
}

/* Linear between order statistics. */
static double quantile(const double *s, size_t n, double q)
{
    double at = q * (double)(n - 1), low = floor(at);
    size_t i = (size_t)low;
    return i + 1 < n ? s[i] + (at - low) * (s[i + 1] - s[i]) : s[n - 1];
}

bool fw_is_outlier(const double *x, size_t n, double value)
{
    if (n < 4)
        return false;
    double *s = sorted(x, n), first = quantile(s, n, 0.25), third = quantile(s, n, 0.75), reach = 1.5 * (third - first);
    free(s);
    return value < first - reach || value > third + reach;
}

fw_trend fw_stationarity(const double *x, size_t n)
{
    if (n < 4)
        return FW_TREND_NA;
    double rises = 0, variance = (double)n * (double)(n - 1) * (double)(2 * n + 5) / 18;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            rises += (x[j] > x[i]) - (x[j] < x[i]);
    double z = fmax(0, fabs(rises) - 1) / sqrt(variance);
    double first = fw_median(x, (n + 2) / 3), last = fw_median(x + n - (n + 2) / 3, (n + 2) / 3);
    return z > 2.576 && fabs(last - first) > 0.05 * fabs(first) ? FW_TREND_DRIFTS : FW_TREND_NONE;
}
