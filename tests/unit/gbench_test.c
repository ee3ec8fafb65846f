/* gbench_test - trials as benchmarks: names, figures, skipped rows, valid JSON. */
#include "gbench.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

static int calls;

static void give(void *context, fw_gbench_row *row)
{
    calls++;
    *row = *(const fw_gbench_row *)context;
}

static json_t *written(const fw_gbench *g)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/gbench_test_%d.json", (int)getpid());
    assert_int_equal(fw_gbench_write(g, path, "fiveways", "host-\"1\""), 0);
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    unlink(path);
    assert_non_null(root);
    return root;
}

static double number(const json_t *row, const char *key)
{
    const json_t *v = json_object_get(row, key);
    assert_true(json_is_number(v));
    return json_number_value(v);
}

static void row_has_its_name_and_figures_as_given(void **state)
{
    fw_gbench *g = fw_gbench_new();
    fw_gbench_row row = {.ops = 1000, .real_ns = 112.5, .cpu_ns = 99.25, .label = "ok", .counters = 2};
    strcpy(row.counter[0].name, "steals");
    row.counter[0].value = 3;
    strcpy(row.counter[1].name, "nothing");
    row.counter[1].value = NAN;
    calls = 0;
    fw_gbench_context(g, "profile", "quick");
    assert_true(fw_gbench_trial(g, "pingpong/runtime:green/size:64", give, &row));
    assert_int_equal(calls, 1);
    json_t *root = written(g), *b = json_array_get(json_object_get(root, "benchmarks"), 0);
    assert_string_equal(json_string_value(json_object_get(b, "name")), "pingpong/runtime:green/size:64");
    assert_string_equal(json_string_value(json_object_get(b, "run_type")), "iteration");
    assert_true(fabs(number(b, "real_time") - 112.5) < 1e-3);
    assert_true(number(b, "cpu_time") == 99.25);
    assert_true(number(b, "iterations") == 1000);
    assert_true(number(b, "steals") == 3);
    assert_null(json_object_get(b, "nothing"));
    assert_string_equal(json_string_value(json_object_get(json_object_get(root, "context"), "profile")), "quick");
    json_decref(root);
    fw_gbench_free(g);
}

static void same_name_is_a_repetition(void **state)
{
    fw_gbench *g = fw_gbench_new();
    fw_gbench_row row = {.ops = 1, .real_ns = 5};
    assert_true(fw_gbench_trial(g, "a", give, &row));
    assert_true(fw_gbench_trial(g, "b", give, &row));
    assert_true(fw_gbench_trial(g, "a", give, &row));
    json_t *root = written(g), *b = json_array_get(json_object_get(root, "benchmarks"), 2);
    assert_true(number(b, "repetitions") == 2 && number(b, "repetition_index") == 1 && number(b, "family_index") == 0);
    json_decref(root);
    fw_gbench_free(g);
}

static void skipped_rows_and_rows_without_a_figure_are_left_out(void **state)
{
    fw_gbench *g = fw_gbench_new();
    fw_gbench_row skip = {.skip = true, .real_ns = 1}, zero = {.ops = 1}, nan = {.ops = 1, .real_ns = NAN};
    assert_false(fw_gbench_trial(g, "skip", give, &skip));
    assert_false(fw_gbench_trial(g, "zero", give, &zero));
    assert_false(fw_gbench_trial(g, "nan", give, &nan));
    json_t *root = written(g);
    assert_int_equal(json_array_size(json_object_get(root, "benchmarks")), 0);
    json_decref(root);
    fw_gbench_free(g);
}

static void file_that_cannot_be_written_is_an_error_and_removed(void **state)
{
    struct rlimit old, tiny;
    char path[64];
    fw_gbench *g = fw_gbench_new();
    snprintf(path, sizeof path, "/tmp/gbench_test_%d.json", (int)getpid());
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tiny = old;
    tiny.rlim_cur = 16;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
    int err = fw_gbench_write(g, path, "e", "h");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(err, -EFBIG);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(fw_gbench_write(g, "/nonexistent/x.json", "e", "h"), -ENOENT);
    fw_gbench_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(row_has_its_name_and_figures_as_given),
        cmocka_unit_test(same_name_is_a_repetition),
        cmocka_unit_test(skipped_rows_and_rows_without_a_figure_are_left_out),
        cmocka_unit_test(file_that_cannot_be_written_is_an_error_and_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
