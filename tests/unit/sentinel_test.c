/* sentinel_test - made-up counts with a known disturbance, and this machine's own files. */
#include "fw.h"
#include "sentinel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char quiet[] = "cpu  1 2 3 4\ncpu0 100 0 50 1000 5 0 1 7 0 0\ncpu1 200 0 60 2000 5 0 1 0 0 0\nintr 1\n";

/* One second apart, CPUs 0 and 1; then after's text; what was found, as one line. */
static const char *found(const char *after_text, uint64_t own_ns)
{
    static char text[500];
    fw_sentinel a = {.now_ns = 1, .cpus = 2, .cpu = {{.cpu = 0}, {.cpu = 1}}}, b = a;
    json_t *taints = json_array(), *t;
    size_t i;
    b.now_ns += 1000000000;
    fw_sentinel_read_stat(&a, quiet);
    fw_sentinel_read_stat(&b, after_text);
    unsigned n = fw_sentinel_compare(&a, &b, own_ns, taints);
    assert_int_equal(n, json_array_size(taints));
    text[0] = '\0';
    json_array_foreach(taints, i, t)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s;", json_string_value(t));
    json_decref(taints);
    return text;
}

static void own_work_is_no_disturbance(void **state)
{
    assert_string_equal(found("cpu0 190 0 55 1005 5 0 1 7\ncpu1 295 0 60 2005 5 0 1 0\n", 1900000000), "");
}

static void steal_counts_from_two_ticks_and_two_per_cent(void **state)
{
    assert_string_equal(found("cpu0 100 0 50 1099 5 0 1 8\ncpu1 200 0 60 2100 5 0 1 0\n", 0), "");
    assert_string_equal(found("cpu0 100 0 50 1097 5 0 1 10\ncpu1 200 0 60 2100 5 0 1 0\n", 0),
                        "steal: 30 ms of 1000 ms on CPU 0 went to other guests;");
}

static void others_work_counts_from_five_per_cent(void **state)
{
    assert_string_equal(found("cpu0 109 0 50 1091 5 0 1 7\ncpu1 200 0 60 2100 5 0 1 0\n", 0), "");
    assert_string_equal(found("cpu0 150 0 50 1050 5 0 1 7\ncpu1 200 0 60 2100 5 0 1 0\n", 200000000),
                        "others used 300 ms of CPU time in 1000 ms on the trial's 2 CPUs;");
}

static void what_the_kernel_does_for_new_tasks_is_not_others_work(void **state)
{
    const char *after =
        "cpu0 150 0 50 1050 5 0 1 7\ncpu1 200 0 60 2100 5 0 1 0\nprocesses 10000\n"; /* 200 ms at most */
    assert_string_equal(found(after, 250000000), "");
    assert_string_equal(found(after, 150000000), "others used 150 ms of CPU time in 1000 ms on the trial's 2 CPUs;");
}

static void a_cpu_that_went_away(void **state)
{
    assert_string_equal(found("cpu0 100 0 50 1100 5 0 1 7\n", 0), "CPU 1 went away or came;");
}

static void throttling_and_governor(void **state)
{
    fw_sentinel a = {.now_ns = 1, .cgroups = 2, .throttled = {0, 5}, .governor = "performance"}, b = a;
    json_t *taints = json_array();
    b.now_ns = 2;
    assert_int_equal(fw_sentinel_compare(&a, &b, 0, taints), 0);
    b.throttled[1] = 7;
    snprintf(b.governor, sizeof b.governor, "powersave");
    assert_int_equal(fw_sentinel_compare(&a, &b, 0, taints), 2);
    assert_string_equal(json_string_value(json_array_get(taints, 0)), "throttled 2 times by a CPU quota");
    json_decref(taints);
}

static void this_machine_can_be_read(void **state)
{
    fw_sentinel s;
    fw_sentinel_take(&s, NULL, 0);
    assert_true(s.cpus >= 1 && s.now_ns > 0);
    assert_true(s.cpu[0].there && s.cpu[0].busy > 0);
    fw_sentinel_take(&s, (int[]){0, 0, 0}, 3); /* workers that share a CPU */
    assert_int_equal(s.cpus, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_work_is_no_disturbance),
        cmocka_unit_test(steal_counts_from_two_ticks_and_two_per_cent),
        cmocka_unit_test(others_work_counts_from_five_per_cent),
        cmocka_unit_test(what_the_kernel_does_for_new_tasks_is_not_others_work),
        cmocka_unit_test(a_cpu_that_went_away),
        cmocka_unit_test(throttling_and_governor),
        cmocka_unit_test(this_machine_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
