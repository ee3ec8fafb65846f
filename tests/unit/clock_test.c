/* clock_test - the clock goes forward and its cost and step are figures. */
#include "fw.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void clock_never_goes_back(void **state)
{
    uint64_t last = fw_now_ns();
    for (int i = 0; i < 100000; i++) {
        uint64_t now = fw_now_ns();
        assert_true(now >= last);
        last = now;
    }
}

static void clock_cost_and_step_are_positive(void **state)
{
    assert_true(fw_clock_cost_ns() > 0);
    assert_true(fw_clock_step_ns() > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_never_goes_back),
        cmocka_unit_test(clock_cost_and_step_are_positive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
