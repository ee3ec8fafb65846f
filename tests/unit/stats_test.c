/* stats_test - intervals, verdicts and trends against examples worked by hand. */
#include "stats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void near(double got, double want)
{
    assert_true(fabs(got - want) < 1e-9 * fmax(1, fabs(want)));
}

static void median_of_odd_even_and_none(void **state)
{
    double x[] = {5, 1, 9, 3};
    near(fw_median(x, 3), 5);
    near(fw_median(x, 4), 4);
    assert_true(isnan(fw_median(x, 0)));
    near(x[0], 5); /* untouched */
}

/* 1 - 2 P(Bin(n, 1/2) < k): n = 6: 1 - 2/64; n = 8, k = 1: 1 - 2/256; n = 12, k = 3: 1 - 2 (1 + 12 + 66)/4096. */
static void levels_are_binomial(void **state)
{
    near(fw_interval_level(6, 1), 62.0 / 64);
    near(fw_interval_level(8, 1), 254.0 / 256);
    near(fw_interval_level(12, 3), 1 - 158.0 / 4096);
    near(fw_interval_level(2, 1), 0.5);
    near(fw_interval_level(1, 1), 0);
}

static void interval_is_the_narrowest_that_reaches_the_level(void **state)
{
    double x[12];
    for (int i = 0; i < 12; i++)
        x[i] = 12 - i;
    fw_interval i = fw_median_interval(x, 12, 0.95);
    near(i.low, 3);
    near(i.high, 10);
    i = fw_median_interval(x, 12, 0.97); /* 0.9614 is too little */
    near(i.low, 2);
    near(i.high, 11);
    i = fw_median_interval(x, 6, 0.999); /* can't be reached: all six, 96.9 % */
    near(i.low, 7);
    near(i.high, 12);
    near(i.level, 0.96875);
}

/* 102 comparisons ask for 1 - 0.05/102 = 0.99951; twelve rounds reach 1 - 2/4096 = 0.99951 and carry them, eleven
 * don't. */
static void twelve_rounds_carry_102_pairs(void **state)
{
    assert_true(fw_interval_level(12, 1) >= fw_corrected_level(102));
    assert_true(fw_interval_level(12, 1) < fw_corrected_level(103));
    assert_true(fw_interval_level(11, 1) < fw_corrected_level(102));
}

static void faster_needs_the_whole_interval_beyond_the_noise(void **state)
{
    double a[] = {100, 100, 100, 100, 100, 100}, b[] = {110, 108, 112, 109, 111, 110};
    fw_verdict v = fw_compare(a, b, 6, 1, 0.03);
    assert_int_equal(v.kind, FW_FASTER);
    near(v.ratio, sqrt(1.10 * 1.10));
    near(v.interval.low, 1.08);
    near(v.interval.high, 1.12);
    assert_false(v.exploratory);
    assert_int_equal(fw_compare(b, a, 6, 1, 0.03).kind, FW_SLOWER);
    assert_int_equal(fw_compare(a, b, 6, 1, 0.09).kind, FW_NOT_SEPARATED); /* 1.08 is within the A/A noise */
    assert_true(fw_compare(a, b, 6, 10, 0.03).exploratory);
    near(fw_smallest_ratio(&v, 0.03), 1.03 * 1.12 / 1.08);
    v = fw_compare(a, b, FW_LEAST_ROUNDS - 1, 1, 0.03);
    assert_true(isnan(fw_smallest_ratio(&v, 0.03))); /* too few to tell any */
}

static void two_per_cent_is_never_told(void **state)
{
    double a[] = {100, 100, 100, 100, 100, 100}, b[] = {101.5, 101.6, 101.7, 101.8, 101.9, 101.4};
    assert_int_equal(fw_compare(a, b, 6, 1, 0).kind, FW_NOT_SEPARATED);
}

static void one_crossing_round_is_enough_to_hold_back(void **state)
{
    double a[] = {100, 100, 100, 100, 100, 100}, b[] = {150, 150, 150, 150, 150, 99};
    assert_int_equal(fw_compare(a, b, 6, 1, 0.02).kind, FW_NOT_SEPARATED);
}

static void missing_rounds_are_left_out_and_three_separate_nothing(void **state)
{
    double a[] = {100, NAN, 100, 100, 100, 0}, b[] = {200, 200, NAN, 200, 200, 200};
    fw_verdict v = fw_compare(a, b, 6, 1, 0.02);
    assert_int_equal(v.kind, FW_NOT_SEPARATED);
    near(v.ratio, 2);
    near(v.interval.level, 0.75);
    assert_true(isnan(fw_compare(a, b, 0, 1, 0.02).ratio));
}

static void noise_is_how_far_the_interval_of_twins_leaves_1(void **state)
{
    double r[] = {0.99, 1.01, 0.96, 1.02, 1.00, 1.03};
    fw_interval i;
    near(fw_noise(r, 6, &i), 0.04);
    near(i.low, 0.96);
    near(fw_noise(r, 2, &i), 0.01);
    assert_true(isnan(fw_noise(r, 0, &i)));
}

/* 1..7 and 40: quartiles 2.75 and 6.25, fences -2.5 and 11.5. */
static void tukeys_fences(void **state)
{
    double x[] = {1, 2, 3, 4, 5, 6, 7, 40};
    assert_true(fw_is_outlier(x, 8, 40));
    assert_false(fw_is_outlier(x, 8, 11));
    assert_true(fw_is_outlier(x, 8, 12));
    assert_false(fw_is_outlier(x, 3, 1000));
}

static void drift_is_seen_and_noise_is_not(void **state)
{
    double rise[] = {100, 103, 106, 109, 112, 115, 118, 121, 124, 127};
    double noise[] = {100, 104, 98, 103, 97, 105, 99, 101, 103, 98};
    double slight[] = {100, 100.1, 100.2, 100.3, 100.4, 100.5, 100.6, 100.7, 100.8, 100.9};
    assert_int_equal(fw_stationarity(rise, 10), FW_TREND_DRIFTS);
    assert_int_equal(fw_stationarity(noise, 10), FW_TREND_NONE);
    assert_int_equal(fw_stationarity(slight, 10), FW_TREND_NONE); /* a trend, but under 5 % */
    assert_int_equal(fw_stationarity(rise, 3), FW_TREND_NA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(median_of_odd_even_and_none),
        cmocka_unit_test(levels_are_binomial),
        cmocka_unit_test(interval_is_the_narrowest_that_reaches_the_level),
        cmocka_unit_test(twelve_rounds_carry_102_pairs),
        cmocka_unit_test(faster_needs_the_whole_interval_beyond_the_noise),
        cmocka_unit_test(two_per_cent_is_never_told),
        cmocka_unit_test(one_crossing_round_is_enough_to_hold_back),
        cmocka_unit_test(missing_rounds_are_left_out_and_three_separate_nothing),
        cmocka_unit_test(noise_is_how_far_the_interval_of_twins_leaves_1),
        cmocka_unit_test(tukeys_fences),
        cmocka_unit_test(drift_is_seen_and_noise_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
