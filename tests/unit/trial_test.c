/* trial_test - parameters, windows, repeats and the rules of a receipt. */
#include "trial.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const fw_param params[] = {
    {"size", FW_PARAM_INT, "8", "64", "512", 8, 4096, NULL, "message, byte"},
    {"lock", FW_PARAM_CHOICE, "spin", "mutex", "mutex", 0, 0, "spin|mutex|rw", "kind of lock"},
    {NULL, FW_PARAM_INT, NULL, NULL, NULL, 0, 0, NULL, NULL},
};

static void expect_ops(const fw_trial *t, uint64_t repeats, uint64_t ops, fw_expect *e)
{
    e->want.ops = t->mode == FW_COMPLETE ? 10 * repeats : ops;
    e->rule.ops = FW_EXACT;
}

static int solve(fw_trial *t)
{
    fw_begin(t);
    fw_end(t);
    fw_result(t, 10, 1);
    return 0;
}

static int operate(fw_trial *t)
{
    uint64_t start;
    fw_open(t);
    fw_meter *m = fw_meter_of(t, 3);
    do
        start = fw_now_ns();
    while (fw_meter_record(m, start, fw_now_ns(), 1));
    return 0;
}

static int forget(fw_trial *t)
{
    return 0;
}

static int refuse(fw_trial *t)
{
    return fw_refuse(t, "clone", EAGAIN, "RLIMIT_NPROC", 100);
}

static const fw_spec complete_spec = {
    .name = "solve", .op = "step", .mode = FW_COMPLETE, .params = params, .expect = expect_ops};
static const fw_spec steady_spec = {.name = "operate", .op = "step", .mode = FW_STEADY, .expect = expect_ops};
static const fw_cell solve_cell = {&complete_spec, "", true, solve}, forget_cell = {&complete_spec, "", true, forget},
                     refuse_cell = {&complete_spec, "", true, refuse}, operate_cell = {&steady_spec, "", true, operate};

static void parameters_start_at_the_profiles_defaults(void **state)
{
    static const char *const profiles[] = {"smoke", "quick", "standard", "soak"};
    static const int64_t sizes[] = {8, 64, 512, 512};
    for (int i = 0; i < 4; i++) {
        fw_trial *t = fw_trial_new(&solve_cell, profiles[i]);
        assert_int_equal(fw_int(t, "size"), sizes[i]);
        fw_trial_free(t);
    }
}

static void bad_parameter_gets_one_line_with_key_value_and_range(void **state)
{
    static const struct {
        const char *name, *value, *line;
    } bad[] = {
        {"size", "7", "size=7: expected a whole number from 8 to 4096"},
        {"size", "4097", "size=4097: expected a whole number from 8 to 4096"},
        {"size", "12x", "size=12x: expected a whole number from 8 to 4096"},
        {"size", "", "size=: expected a whole number from 8 to 4096"},
        {"size", "99999999999999999999", "size=99999999999999999999: expected a whole number from 8 to 4096"},
        {"lock", "mut", "lock=mut: expected one of spin|mutex|rw"},
        {"lock", "spin|mutex", "lock=spin|mutex: expected one of spin|mutex|rw"},
        {"lock", "", "lock=: expected one of spin|mutex|rw"},
        {"colour", "red", "solve: unknown parameter colour"},
    };
    char why[FW_LINE_BYTES];
    fw_trial *t = fw_trial_new(&solve_cell, "quick");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(fw_trial_set(t, bad[i].name, bad[i].value, why, sizeof why), -EINVAL);
        assert_string_equal(why, bad[i].line);
    }
    assert_int_equal(fw_trial_set(t, "lock", "rw", why, sizeof why), 0);
    assert_string_equal(fw_str(t, "lock"), "rw");
    fw_trial_free(t);
}

static void complete_cell_runs_cold_then_until_the_window_is_full(void **state)
{
    fw_trial *t = fw_trial_new(&solve_cell, "quick");
    t->warmup_ns = 1;
    t->window_ns = 1000000;
    fw_trial_judge(t);
    assert_true(t->finished);
    assert_string_equal(t->failure, "");
    assert_true(t->measured >= 1 && t->repeats > t->measured);
    assert_int_equal(t->receipt.ops, 10 * t->repeats);
    assert_int_equal(t->receipt.checksum, t->repeats);
    fw_trial_free(t);
}

static void complete_cell_runs_once_without_warm_up_and_window(void **state)
{
    fw_trial *t = fw_trial_new(&solve_cell, "quick");
    assert_int_equal(fw_trial_run(t), 0);
    assert_int_equal(t->repeats, 1);
    assert_int_equal(t->measured, 1);
    assert_int_equal(t->cold_ns, t->repeat_ns[0]);
    fw_trial_free(t);
}

static void cell_without_begin_and_end_fails(void **state)
{
    fw_trial *t = fw_trial_new(&forget_cell, "quick");
    assert_int_equal(fw_trial_run(t), -EPROTO);
    assert_string_equal(t->failure, "the cell did not call fw_begin and fw_end once");
    fw_trial_free(t);
}

static void refusal_keeps_call_errno_limit_and_value(void **state)
{
    fw_trial *t = fw_trial_new(&refuse_cell, "quick");
    fw_trial_judge(t);
    assert_true(t->refused && t->finished);
    assert_string_equal(t->failure, "");
    assert_string_equal(t->refused_call, "clone");
    assert_int_equal(t->refused_errno, EAGAIN);
    assert_int_equal(t->refused_value, 100);
    fw_trial_free(t);
}

static void only_operations_inside_the_window_are_measured(void **state)
{
    fw_trial *t = fw_trial_new(&operate_cell, "quick");
    t->warmup_ns = 2000000;
    t->window_ns = 5000000;
    fw_trial_judge(t);
    fw_meter *m = &t->meter[3];
    uint64_t sum = 0;
    for (int i = 0; i < FW_SLICES; i++)
        sum += m->slice_ops[i];
    assert_string_equal(t->failure, "");
    assert_true(m->ops_window < m->ops_total);
    assert_int_equal(sum, m->ops_window);
    assert_int_equal(m->hist.total, m->ops_window);
    assert_int_equal(t->receipt.ops, m->ops_total);
    fw_trial_free(t);
}

static void meter_books_by_begin_and_end_of_an_operation(void **state)
{
    static fw_meter m = {.warm_end_ns = 1000, .window_end_ns = 2000};
    assert_true(fw_meter_record(&m, 999, 1100, 1)); /* began in the warm-up */
    assert_true(fw_meter_record(&m, 1000, 1099, 1));
    assert_true(fw_meter_record(&m, 1900, 1999, 2));
    assert_false(fw_meter_record(&m, 1990, 2000, 1)); /* ended after the window */
    assert_int_equal(m.ops_total, 5);
    assert_int_equal(m.ops_window, 3);
    assert_int_equal(m.slice_ops[0], 1);
    assert_int_equal(m.slice_ops[9], 2);
}

static void an_empty_window_is_opened_again_but_not_for_ever(void **state)
{
    static fw_meter m = {.warm_end_ns = 1000, .window_end_ns = 2000};
    assert_true(fw_meter_record(&m, 1100, 5000, 1)); /* the machine was elsewhere */
    assert_true(fw_meter_record(&m, 5000, 6999, 1)); /* in the second window, twice as long */
    assert_int_equal(m.ops_window, 1);
    assert_int_equal(m.slice_ops[FW_SLICES - 1], 1);
    assert_false(fw_meter_record(&m, 6999, 7000, 1));
    static fw_meter slow = {.warm_end_ns = 1000, .window_end_ns = 2000};
    uint64_t now = 1000;
    unsigned windows = 1;
    const uint64_t takes = 1000 << 9;
    while (fw_meter_record(&slow, now, now + takes, 1)) {
        now += takes;
        windows++;
    }
    assert_int_equal(windows, 9);
    assert_int_equal(slow.ops_window, 0);
}

static void the_window_opens_when_all_meters_are_taken(void **state)
{
    fw_trial *t = fw_trial_new(&operate_cell, "quick");
    t->window_ns = 1000000000;
    fw_meter *first = fw_meter_of(t, 0);
    assert_true(fw_meter_record(first, 1, UINT64_MAX, 1)); /* nobody has said how many there will be */
    fw_open_when(t, 2);
    assert_true(fw_meter_record(first, 1, UINT64_MAX, 1)); /* the other has not begun */
    fw_meter *second = fw_meter_of(t, 1);
    uint64_t end = second->window_end_ns;
    assert_true(end > fw_now_ns());
    assert_true(fw_meter_record(second, end - 2, end - 1, 1));
    assert_true(fw_meter_record(first, 1, end - 3, 1)); /* sees it now; begun before it */
    assert_true(fw_meter_record(first, end - 2, end - 1, 1));
    assert_false(fw_meter_record(first, end - 1, end, 1));
    assert_int_equal(first->window_end_ns, end);
    assert_int_equal(first->ops_total, 5);
    assert_int_equal(first->ops_window, 1);
    assert_int_equal(second->ops_window, 1);
    fw_trial_free(t);
}

static void a_window_that_nobody_waits_for_opens_at_once(void **state)
{
    fw_trial *t = fw_trial_new(&operate_cell, "quick");
    fw_meter *m = fw_meter_of(t, 0);
    fw_open_when(t, 0);                                        /* as after a unit could not be made */
    assert_true(fw_meter_record(m, 1, 1 + t->warm_end_ns, 1)); /* all of it is past, and empty: again, from now */
    assert_int_equal(m->reopened, 1);
    fw_trial_free(t);
}

static void receipt_rules_are_exact_minimum_and_info(void **state)
{
    char why[FW_LINE_BYTES];
    fw_expect e = {.want = {.units = 2, .messages = 10, .peak_live = 2, .bytes = 99}};
    e.rule.units = FW_EXACT;
    e.rule.messages = FW_MINIMUM;
    fw_receipt r = {.units = 2, .messages = 11, .bytes = 1};
    assert_int_equal(fw_receipt_check(&r, &e, why, sizeof why), 0);
    r.messages = 9;
    assert_int_equal(fw_receipt_check(&r, &e, why, sizeof why), -EPROTO);
    assert_string_equal(why, "wrong receipt: messages is 9, expected at least 10");
    r = (fw_receipt){.units = 3, .messages = 10};
    assert_int_equal(fw_receipt_check(&r, &e, why, sizeof why), -EPROTO);
    assert_string_equal(why, "wrong receipt: units is 3, expected 2");
}

static void first_failure_wins(void **state)
{
    fw_trial *t = fw_trial_new(&solve_cell, "quick");
    fw_fail(t, "first %d", 1);
    fw_fail(t, "second");
    assert_string_equal(t->failure, "first 1");
    fw_trial_free(t);
}

static void binding_is_read_back_into_the_trial(void **state)
{
    cpu_set_t allowed, one;
    fw_worker w = {.index = 0, .ncpus = 1};
    unsigned cpu = 0;
    fw_trial *t = fw_trial_new(&solve_cell, "quick");
    assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    while (!CPU_ISSET(cpu, &allowed))
        cpu++;
    w.cpu_mask[cpu / 64] = UINT64_C(1) << (cpu % 64);
    assert_int_equal(fw_worker_bind(&w), 0);
    assert_int_equal(sched_getaffinity(0, sizeof one, &one), 0);
    assert_int_equal(CPU_COUNT(&one), 1);
    assert_int_equal(atomic_load(&t->got_ncpus[0]), 1);
    assert_int_equal(atomic_load(&t->got_mask[0][cpu / 64]), w.cpu_mask[cpu / 64]);
    assert_int_equal(fw_worker_bind(NULL), 0);
    assert_int_equal(sched_setaffinity(0, sizeof allowed, &allowed), 0);
    fw_trial_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_start_at_the_profiles_defaults),
        cmocka_unit_test(bad_parameter_gets_one_line_with_key_value_and_range),
        cmocka_unit_test(complete_cell_runs_cold_then_until_the_window_is_full),
        cmocka_unit_test(complete_cell_runs_once_without_warm_up_and_window),
        cmocka_unit_test(cell_without_begin_and_end_fails),
        cmocka_unit_test(refusal_keeps_call_errno_limit_and_value),
        cmocka_unit_test(only_operations_inside_the_window_are_measured),
        cmocka_unit_test(meter_books_by_begin_and_end_of_an_operation),
        cmocka_unit_test(the_window_opens_when_all_meters_are_taken),
        cmocka_unit_test(a_window_that_nobody_waits_for_opens_at_once),
        cmocka_unit_test(receipt_rules_are_exact_minimum_and_info),
        cmocka_unit_test(first_failure_wins),
        cmocka_unit_test(binding_is_read_back_into_the_trial),
        cmocka_unit_test(an_empty_window_is_opened_again_but_not_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
