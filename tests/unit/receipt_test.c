/* receipt_test - counters of threads and forked processes add up; peaks of live units hold. */
#include "fw.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { UNITS = 8, ADDS = 10000, ROUNDS = 200 };

static void *count_and_release(void *argument)
{
    for (int i = 0; i < ADDS; i++)
        fw_count(fw_slot_here(), FW_MESSAGES, 1);
    fw_slot_release();
    return NULL;
}

static void slots_of_threads_add_up(void **state)
{
    pthread_t thread[UNITS];
    fw_counters_reset();
    for (int i = 0; i < UNITS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, count_and_release, NULL), 0);
    for (int i = 0; i < UNITS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    assert_int_equal(fw_counter_sum(FW_MESSAGES), UNITS * ADDS);
}

static void *count_once(void *argument)
{
    fw_count(fw_slot_here(), FW_CREATED, 1);
    *(fw_slot **)argument = fw_slot_here();
    fw_slot_release();
    return NULL;
}

static void released_slot_is_used_again_and_keeps_its_sum(void **state)
{
    fw_slot *first = NULL, *slot = NULL;
    fw_counters_reset();
    for (int i = 0; i < ROUNDS; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, count_once, i ? &slot : &first), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        if (i)
            assert_ptr_equal(slot, first);
    }
    assert_int_equal(fw_counter_sum(FW_CREATED), ROUNDS);
}

static void slots_of_forked_processes_add_up(void **state)
{
    fw_counters_reset();
    fw_count(fw_slot_here(), FW_BYTES, 5);
    for (int i = 0; i < UNITS; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            fw_slot_after_fork();
            for (int n = 0; n < ADDS; n++)
                fw_count(fw_slot_here(), FW_BYTES, 2);
            _exit(0);
        }
    }
    int status;
    while (wait(&status) > 0)
        assert_int_equal(status, 0);
    assert_int_equal(fw_counter_sum(FW_BYTES), 5 + 2 * UNITS * ADDS);
}

static void peak_of_os_units_is_the_most_that_lived_at_once(void **state)
{
    fw_counters_reset();
    for (int i = 0; i < 5; i++)
        fw_live_os(+1);
    for (int i = 0; i < 3; i++)
        fw_live_os(-1);
    fw_live_os(+1);
    assert_int_equal(fw_live_peak(), 5);
}

static void sampled_peak_is_never_above_the_truth(void **state)
{
    fw_counters_reset();
    fw_count(fw_slot_here(), FW_CREATED, 7);
    fw_count(fw_slot_here(), FW_ENDED, 3);
    fw_live_sample();
    fw_count(fw_slot_here(), FW_ENDED, 4);
    fw_live_sample();
    assert_int_equal(fw_live_peak(), 4);
}

static void reset_empties_every_counter(void **state)
{
    fw_count(fw_slot_here(), FW_STEALS, 9);
    fw_counters_reset();
    for (int n = 0; n < FW_COUNTERS; n++)
        assert_int_equal(fw_counter_sum((fw_counter)n), 0);
    assert_int_equal(fw_live_peak(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_of_threads_add_up),
        cmocka_unit_test(released_slot_is_used_again_and_keeps_its_sum),
        cmocka_unit_test(slots_of_forked_processes_add_up),
        cmocka_unit_test(peak_of_os_units_is_the_most_that_lived_at_once),
        cmocka_unit_test(sampled_peak_is_never_above_the_truth),
        cmocka_unit_test(reset_empties_every_counter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
