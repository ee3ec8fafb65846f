/* doctor_test - the grade follows from the facts alone; this machine's own facts can be read. */
#include "doctor.h"
#include "driver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static json_t *ideal(void)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:i,s:f,s:f,s:s,s:{s:i}}", "virtualisation", "none", "governor", "performance",
                     "turbo", "off", "quota", "none", "cpus_allowed", 8, "load1", 0.1, "clock_cost_ns", 20.0,
                     "topology_doubts", "", "limits", "nofile_hard", 4096);
}

/* The grade once `key` is `value`; every reason must say what, effect and fix. */
static char graded(const char *key, json_t *value, const char *sanitizer, const char *reason)
{
    json_t *facts = ideal(), *r;
    size_t i;
    bool said = !reason;
    if (key)
        json_object_set_new(facts, key, value);
    fw_grade g = fw_doctor_grade(facts, sanitizer);
    json_array_foreach(g.reasons, i, r)
    {
        assert_true(*fw_str_of(r, "reason") && *fw_str_of(r, "effect") && *fw_str_of(r, "fix"));
        said |= reason && strstr(fw_str_of(r, "reason"), reason);
    }
    assert_true(said);
    assert_int_equal(json_array_size(g.reasons), key || *sanitizer ? 1 : 0);
    json_decref(facts);
    json_decref(g.reasons);
    return g.letter;
}

static void each_fact_caps_the_grade(void **state)
{
    assert_int_equal(graded(NULL, NULL, "", NULL), 'A');
    assert_int_equal(graded("governor", json_string("powersave"), "", "governor powersave"), 'B');
    assert_int_equal(graded("turbo", json_string("on"), "", "turbo"), 'B');
    assert_int_equal(graded("virtualisation", json_string("KVM guest"), "", "KVM guest"), 'C');
    assert_int_equal(graded("cpus_allowed", json_integer(1), "", "one CPU"), 'C');
    assert_int_equal(graded("limits", json_pack("{s:i}", "nofile_hard", 256), "", "256 open files"), 'C');
    assert_int_equal(graded("quota", json_string("1.50 CPUs"), "", "1.50 CPUs"), 'D');
    assert_int_equal(graded("load1", json_real(6.0), "", "load 6.0"), 'D');
    assert_int_equal(graded("battery", json_string("Discharging"), "", "battery"), 'D');
    assert_int_equal(graded("clock_cost_ns", json_real(900), "", "900 ns"), 'D');
    assert_int_equal(graded(NULL, NULL, "thread", "thread sanitizer"), 'F');
}

static void what_is_not_available_is_no_reason(void **state)
{
    json_t *facts = ideal();
    static const char *const keys[] = {"governor", "turbo", "quota", "virtualisation", "battery", "load1"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        json_object_set_new(facts, keys[i], json_string("not available"));
    fw_grade g = fw_doctor_grade(facts, "");
    assert_int_equal(g.letter, 'A');
    json_decref(facts);
    json_decref(g.reasons);
}

static void this_machines_facts_can_be_read(void **state)
{
    fw_topo *t;
    assert_int_equal(fw_topo_load(&t, NULL), 0);
    json_t *facts = fw_machine_facts(t);
    static const char *const keys[] = {"cpu",         "caches",        "cpus_allowed", "smt",   "virtualisation",
                                       "container",   "quota",         "governor",     "turbo", "memory_bytes",
                                       "clocksource", "clock_cost_ns", "load1",        "limits"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_non_null(json_object_get(facts, keys[i]));
    assert_true(fw_num_of(facts, "memory_bytes", 0) > 1e6);
    json_decref(facts);
    fw_topo_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fact_caps_the_grade),
        cmocka_unit_test(what_is_not_available_is_no_reason),
        cmocka_unit_test(this_machines_facts_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
