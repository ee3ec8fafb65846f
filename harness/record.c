/* record.c - the latency histogram: buckets, merging, quantiles, files. Layout
 * after HdrHistogram: buckets of 1,024 equal steps, each bucket twice as wide as the one before.
 *
 *   index   0 ... 2047   | 2048 ... 3071 | 3072 ... 4095 | ...
 *   step    1 ns         | 2 ns          | 4 ns          | ... */
#include "fw.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HALF = 1 << (FW_HIST_SUB_BITS - 1), TICKS_PER_HALF_DISTANCE = 5 };

void fw_hist_init(fw_hist *h)
{
    memset(h, 0, sizeof *h);
    h->min_ns = UINT64_MAX;
}

void fw_hist_merge(fw_hist *into, const fw_hist *h)
{
    into->total += h->total;
    into->saturated += h->saturated;
    into->sum_ns += h->sum_ns;
    if (h->min_ns < into->min_ns)
        into->min_ns = h->min_ns;
    if (h->max_ns > into->max_ns)
        into->max_ns = h->max_ns;
    for (uint32_t i = 0; i < FW_HIST_COUNTS; i++)
        into->counts[i] += h->counts[i];
}

uint64_t fw_hist_low(uint32_t index)
{
    if (index < 2 * HALF)
        return index;
    uint32_t bucket = index / HALF - 1;
    return (uint64_t)(index % HALF + HALF) << bucket;
}

uint64_t fw_hist_high(uint32_t index)
{
    uint32_t bucket = index < 2 * HALF ? 0 : index / HALF - 1;
    return fw_hist_low(index) + (UINT64_C(1) << bucket) - 1;
}

uint64_t fw_hist_quantile(const fw_hist *h, double q)
{
    if (h->total == 0)
        return 0;
    uint64_t rank = (uint64_t)ceil(q * (double)h->total), seen = 0;
    if (rank < 1)
        rank = 1;
    if (rank > h->total)
        rank = h->total;
    for (uint32_t i = 0; i < FW_HIST_COUNTS; i++) {
        seen += h->counts[i];
        if (seen >= rank)
            return fw_hist_high(i) < h->max_ns ? fw_hist_high(i) : h->max_ns;
    }
    return h->max_ns;
}

double fw_hist_mean(const fw_hist *h)
{
    return h->total ? (double)h->sum_ns / (double)h->total : 0.0;
}

static double deviation(const fw_hist *h)
{
    double mean = fw_hist_mean(h), sum = 0.0;

    for (uint32_t i = 0; i < FW_HIST_COUNTS; i++) {
        if (h->counts[i]) {
            double d = ((double)fw_hist_low(i) + (double)fw_hist_high(i)) / 2.0 - mean;
            sum += d * d * (double)h->counts[i];
        }
    }
    return h->total ? sqrt(sum / (double)h->total) : 0.0;
}

/* The next percentile to print: five steps in each halving of what is left, as HdrHistogram does. */
static double next_percentile(double percentile)
{
    double halvings = floor(log2(100.0 / (100.0 - percentile))) + 1.0;
    return percentile + 100.0 / (TICKS_PER_HALF_DISTANCE * pow(2.0, halvings));
}

static void write_percentiles(FILE *file, const fw_hist *h)
{
    uint64_t seen = 0;
    double due = 0.0;

    for (uint32_t i = 0; i < FW_HIST_COUNTS; i++) {
        if (!h->counts[i])
            continue;
        seen += h->counts[i];
        double reached = 100.0 * (double)seen / (double)h->total;
        uint64_t value = fw_hist_high(i) < h->max_ns ? fw_hist_high(i) : h->max_ns;
        while (due <= reached && due < 100.0 && seen < h->total) {
            fprintf(file, "%12.3f %14.12f %10" PRIu64 " %14.2f\n", (double)value, due / 100.0, seen,
                    1.0 / (1.0 - due / 100.0));
            due = next_percentile(due);
        }
    }
    if (h->total)
        fprintf(file, "%12.3f %14.12f %10" PRIu64 " %14s\n", (double)h->max_ns, 1.0, h->total, "inf");
}

static int finish(FILE *file)
{
    int err = ferror(file) ? EIO : 0;
    if (fclose(file) && !err)
        err = errno;
    return -err;
}

int fw_hist_write_hgrm(const fw_hist *h, const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return -errno;
    fprintf(file, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    write_percentiles(file, h);
    fprintf(file, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", fw_hist_mean(h), deviation(h));
    fprintf(file, "#[Max     = %12.3f, Total count    = %12" PRIu64 "]\n", (double)h->max_ns, h->total);
    fprintf(file, "#[Buckets = %12d, SubBuckets     = %12d]\n", FW_HIST_COUNTS / HALF - 1, 2 * HALF);
    return finish(file);
}

int fw_hist_write_csv(const fw_hist *h, const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return -errno;
    fprintf(file, "low_ns,high_ns,count\n");
    for (uint32_t i = 0; i < FW_HIST_COUNTS; i++)
        if (h->counts[i])
            fprintf(file, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n", fw_hist_low(i), fw_hist_high(i), h->counts[i]);
    return finish(file);
}

int fw_hist_read_csv(fw_hist *h, const char *path)
{
    char line[128];
    int err = 0;
    FILE *file = fopen(path, "r");

    if (!file)
        return -errno;
    if (!fgets(line, sizeof line, file) || strcmp(line, "low_ns,high_ns,count\n") != 0)
        err = EBADMSG;
    while (!err && fgets(line, sizeof line, file)) {
        uint64_t low, high, count;
        if (sscanf(line, "%" SCNu64 ",%" SCNu64 ",%" SCNu64, &low, &high, &count) != 3 || low > FW_HIST_MAX_NS ||
            fw_hist_low(fw_hist_index(low)) != low || fw_hist_high(fw_hist_index(low)) != high) {
            err = EBADMSG;
            break;
        }
        h->counts[fw_hist_index(low)] += count;
        h->total += count;
        h->sum_ns += (low + high) / 2 * count;
        if (count && low < h->min_ns)
            h->min_ns = low;
        if (count && high > h->max_ns)
            h->max_ns = high;
    }
    fclose(file);
    return -err;
}
