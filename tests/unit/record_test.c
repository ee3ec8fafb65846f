/* record_test - the histogram against sorted data, over its whole range, and its files. */
#include "fw.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { SAMPLES = 50000 };

static fw_hist *fresh(void)
{
    fw_hist *h = malloc(sizeof *h);
    FW_MUST(h);
    fw_hist_init(h);
    return h;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Spread over nine decades. */
static uint64_t sample(uint64_t i)
{
    return 1 + fw_mix64(i) % (UINT64_C(1) << (4 + fw_mix64(i + SAMPLES) % 31));
}

static void file_name(char *path, size_t bytes)
{
    snprintf(path, bytes, "/tmp/record_test_%d", (int)getpid());
}

static void index_low_and_high_agree_over_the_whole_range(void **state)
{
    uint32_t last = fw_hist_index(FW_HIST_MAX_NS);
    assert_true(last < FW_HIST_COUNTS);
    for (uint32_t i = 0; i <= last; i++) {
        assert_int_equal(fw_hist_index(fw_hist_low(i)), i);
        assert_int_equal(fw_hist_index(fw_hist_high(i)), i);
        if (i)
            assert_int_equal(fw_hist_low(i), fw_hist_high(i - 1) + 1);
        /* three significant figures */
        assert_true((double)(fw_hist_high(i) - fw_hist_low(i)) <= (double)fw_hist_low(i) / 1000.0);
    }
}

static void quantiles_are_within_a_thousandth_of_sorted_data(void **state)
{
    static const double qs[] = {0.001, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0};
    static uint64_t data[SAMPLES];
    fw_hist *h = fresh();
    for (uint64_t i = 0; i < SAMPLES; i++)
        fw_hist_record(h, data[i] = sample(i), 1);
    qsort(data, SAMPLES, sizeof *data, by_value);
    for (size_t i = 0; i < sizeof qs / sizeof *qs; i++) {
        uint64_t rank = (uint64_t)(qs[i] * SAMPLES + 0.9999999), want = data[rank - 1],
                 got = fw_hist_quantile(h, qs[i]);
        assert_true(got >= want);
        assert_true((double)(got - want) <= (double)want / 1000.0);
    }
    assert_int_equal(fw_hist_quantile(h, 1.0), data[SAMPLES - 1]);
    free(h);
}

static void merge_of_two_equals_one_of_all(void **state)
{
    fw_hist *a = fresh(), *b = fresh(), *all = fresh();
    for (uint64_t i = 0; i < SAMPLES; i++) {
        fw_hist_record(i % 3 ? a : b, sample(i), 1 + i % 4);
        fw_hist_record(all, sample(i), 1 + i % 4);
    }
    fw_hist_merge(a, b);
    assert_memory_equal(a, all, sizeof *a);
    free(a);
    free(b);
    free(all);
}

static void value_above_the_range_is_saturated_and_counted(void **state)
{
    fw_hist *h = fresh();
    fw_hist_record(h, FW_HIST_MAX_NS + 1, 2);
    fw_hist_record(h, 0, 1);
    assert_int_equal(h->saturated, 2);
    assert_int_equal(h->total, 3);
    assert_int_equal(h->max_ns, FW_HIST_MAX_NS);
    free(h);
}

static void empty_histogram_has_no_quantile(void **state)
{
    fw_hist *h = fresh();
    assert_int_equal(fw_hist_quantile(h, 0.5), 0);
    assert_true(fw_hist_mean(h) == 0.0);
    free(h);
}

static void csv_comes_back_without_loss(void **state)
{
    char path[64];
    fw_hist *h = fresh(), *back = fresh();
    for (uint64_t i = 0; i < SAMPLES; i++)
        fw_hist_record(h, sample(i), 1);
    file_name(path, sizeof path);
    assert_int_equal(fw_hist_write_csv(h, path), 0);
    assert_int_equal(fw_hist_read_csv(back, path), 0);
    assert_memory_equal(h->counts, back->counts, sizeof h->counts);
    assert_int_equal(h->total, back->total);
    unlink(path);
    free(h);
    free(back);
}

static void damaged_csv_is_refused(void **state)
{
    static const char *const texts[] = {"", "low,high\n", "low_ns,high_ns,count\n5,6,1\n", "low_ns,high_ns,count\nx\n",
                                        "low_ns,high_ns,count\n99999999999999,99999999999999,1\n"};
    char path[64];
    fw_hist *h = fresh();
    file_name(path, sizeof path);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(texts[i], file);
        fclose(file);
        assert_int_equal(fw_hist_read_csv(h, path), -EBADMSG);
    }
    unlink(path);
    assert_int_equal(fw_hist_read_csv(h, path), -ENOENT);
    free(h);
}

static void hgrm_has_four_columns_that_rise_and_three_footer_lines(void **state)
{
    char path[64], line[256];
    fw_hist *h = fresh();
    for (uint64_t i = 0; i < SAMPLES; i++)
        fw_hist_record(h, sample(i), 1);
    file_name(path, sizeof path);
    assert_int_equal(fw_hist_write_hgrm(h, path), 0);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, "       Value     Percentile TotalCount 1/(1-Percentile)\n");
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, "\n");
    double value, percentile, last_value = -1, last_percentile = -1;
    unsigned long long count = 0, last_count = 0;
    char inverse[32];
    int footers = 0, rows = 0;
    while (fgets(line, sizeof line, file)) {
        if (line[0] == '#') {
            footers++;
            continue;
        }
        assert_int_equal(footers, 0);
        assert_int_equal(sscanf(line, "%lf %lf %llu %31s", &value, &percentile, &count, inverse), 4);
        assert_true(value >= last_value && percentile > last_percentile && count >= last_count);
        last_value = value, last_percentile = percentile, last_count = count;
        rows++;
    }
    assert_int_equal(footers, 3);
    assert_true(rows > 20);
    assert_int_equal(count, SAMPLES);
    assert_true(percentile == 1.0);
    assert_string_equal(inverse, "inf");
    fclose(file);
    unlink(path);
    free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(index_low_and_high_agree_over_the_whole_range),
        cmocka_unit_test(quantiles_are_within_a_thousandth_of_sorted_data),
        cmocka_unit_test(merge_of_two_equals_one_of_all),
        cmocka_unit_test(value_above_the_range_is_saturated_and_counted),
        cmocka_unit_test(empty_histogram_has_no_quantile),
        cmocka_unit_test(csv_comes_back_without_loss),
        cmocka_unit_test(damaged_csv_is_refused),
        cmocka_unit_test(hgrm_has_four_columns_that_rise_and_three_footer_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
