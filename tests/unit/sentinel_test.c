/* sentinel_test - made-up counts with a known disturbance, and this machine's own files. */
#include "fw.h"
#include "gaps.h"
#include "sentinel.h"

#include <sched.h>
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

static void a_gap_is_time_that_the_thread_is_said_to_have_run(void **state)
{
    enum { STEPS = 100 };
    fw_gap_step step[STEPS];
    for (unsigned i = 0; i < STEPS; i++)
        step[i] = (fw_gap_step){20000 + i * 100, 20000 + i * 100}; /* no two are alike */
    step[7] = (fw_gap_step){20000 + 5000000, 21000};               /* another program had the CPU */
    step[8] = (fw_gap_step){20000 + 60000, 20000 + 60000};         /* an interrupt */
    fw_gaps g = fw_gaps_judge(step, STEPS);
    assert_int_equal(g.lost_ns, 0);
    step[50] = (fw_gap_step){20000 + 3000000, 20000 + 3000000}; /* nobody says who */
    step[60] = (fw_gap_step){20000 + 1000000, 20000 + 1000000};
    g = fw_gaps_judge(step, STEPS);
    assert_int_equal(g.lost_ns, 4000000);
    assert_int_equal(g.longest_ns, 3000000);
    uint64_t sum = 0;
    for (unsigned i = 0; i < STEPS; i++)
        sum += step[i].wall_ns;
    assert_int_equal(g.elapsed_ns, sum);
    assert_int_equal(fw_gaps_judge(step, 0).lost_ns, 0);
}

static void the_probe_spins_where_it_is_told_and_comes_back(void **state)
{
    cpu_set_t had, has;
    fw_gaps g;
    assert_int_equal(sched_getaffinity(0, sizeof had, &had), 0);
    int cpu = 0;
    while (!CPU_ISSET((size_t)cpu, &had))
        cpu++;
    assert_int_equal(fw_gaps_look(cpu, 1000000, &g), 0);
    assert_true(g.elapsed_ns > 0 && g.lost_ns <= g.elapsed_ns && g.longest_ns <= g.lost_ns);
    assert_int_equal(sched_getaffinity(0, sizeof has, &has), 0);
    assert_true(CPU_EQUAL(&had, &has));
    assert_true(fw_gaps_look(-1, 1000000, &g) < 0 && fw_gaps_look(CPU_SETSIZE, 1000000, &g) < 0);
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
        cmocka_unit_test(a_gap_is_time_that_the_thread_is_said_to_have_run),
        cmocka_unit_test(the_probe_spins_where_it_is_told_and_comes_back),
        cmocka_unit_test(a_cpu_that_went_away),
        cmocka_unit_test(throttling_and_governor),
        cmocka_unit_test(this_machine_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
