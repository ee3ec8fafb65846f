/* plan_test - every order is fair, repeats from its seed and fits its budget. */
#include "plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 17 };

static void every_entry_precedes_every_other_equally_often(void **state)
{
    for (unsigned n = 2; n <= MOST; n++) {
        unsigned before[MOST][MOST] = {{0}}, order[MOST], place[MOST][MOST] = {{0}};
        unsigned rows = fw_williams_rows(n), each = n % 2 ? 2 : 1;
        for (unsigned row = 0; row < rows; row++) {
            fw_williams_row(n, row, order);
            for (unsigned k = 0; k < n; k++) {
                assert_true(order[k] < n);
                place[order[k]][k]++;
                if (k)
                    before[order[k - 1]][order[k]]++;
            }
        }
        for (unsigned a = 0; a < n; a++)
            for (unsigned b = 0; b < n; b++) {
                assert_int_equal(before[a][b], a == b ? 0 : each);
                assert_int_equal(place[a][b], each); /* and stands in every place equally often */
            }
    }
}

static void orders_are_permutations_that_repeat_from_the_seed(void **state)
{
    unsigned differing = 0;
    for (unsigned round = 0; round < 20; round++) {
        unsigned a[8], b[8], c[8], seen = 0;
        fw_plan_order(8, round, 42, 3, a);
        fw_plan_order(8, round, 42, 3, b);
        fw_plan_order(8, round, 43, 3, c);
        assert_memory_equal(a, b, sizeof a);
        differing += memcmp(a, c, sizeof a) != 0;
        for (unsigned k = 0; k < 8; k++)
            seen |= 1u << a[k];
        assert_int_equal(seen, 0xff);
    }
    assert_true(differing > 10);
}

static void a_relabelled_design_is_still_balanced(void **state)
{
    unsigned before[6][6] = {{0}}, order[6];
    for (unsigned round = 0; round < fw_williams_rows(6); round++) {
        fw_plan_order(6, round, 7, 0, order);
        for (unsigned k = 1; k < 6; k++)
            before[order[k - 1]][order[k]]++;
    }
    for (unsigned a = 0; a < 6; a++)
        for (unsigned b = 0; b < 6; b++)
            assert_int_equal(before[a][b], a != b);
}

static void the_twin_rotates_over_all(void **state)
{
    unsigned seen = 0;
    for (unsigned round = 0; round < 5; round++)
        seen |= 1u << fw_plan_twin(5, round, 99, 2);
    assert_int_equal(seen, 31);
    assert_int_equal(fw_plan_twin(1, 3, 99, 2), 0);
}

static void axis_points_go_before_rounds_and_the_costliest_first(void **state)
{
    fw_plan_point p[] = {{false, 4, 6, false}, {true, 1, 2, false}, {true, 5, 2, false}, {false, 2, 6, false}};
    double left = fw_plan_fit(p, 4, 40); /* 36 + 2 + 10 wanted */
    assert_true(left == 38 && p[2].dropped && !p[1].dropped && p[0].rounds == 6);
    left = fw_plan_fit(p, 4, 20); /* of the block that takes longest: 24, 20, 16, 12 s, then as long as the other */
    assert_true(left == 20 && p[1].dropped && p[0].rounds == 2 && p[3].rounds == 6);
    left = fw_plan_fit(p, 4, 1); /* one round can't be had for less */
    assert_true(left == 6 && p[0].rounds == 1 && p[3].rounds == 1);
}

static void the_budget_is_kept_whenever_one_round_fits(void **state)
{
    uint64_t x = 1;
    for (int i = 0; i < 2000; i++) {
        fw_plan_point p[10];
        double one = 0, budget;
        for (unsigned k = 0; k < 10; k++) {
            x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
            p[k] = (fw_plan_point){x >> 63, 0.1 + (double)(x >> 40 & 255) / 16, 1 + (unsigned)(x >> 50 & 15), false};
            one += p[k].axis ? 0 : p[k].round_s;
        }
        budget = one + (double)(x >> 33 & 255);
        assert_true(fw_plan_fit(p, 10, budget) <= budget);
        for (unsigned k = 0; k < 10; k++)
            assert_true(p[k].axis || (p[k].rounds >= 1 && !p[k].dropped));
    }
}

static void few_rounds_are_spread_over_many(void **state)
{
    for (unsigned all = 1; all <= 24; all++)
        for (unsigned own = 1; own <= all; own++) {
            unsigned runs = 0;
            for (unsigned round = 0; round < all; round++)
                runs += fw_plan_runs(round, all, own);
            assert_int_equal(runs, own);
            assert_true(fw_plan_runs(0, all, own));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_entry_precedes_every_other_equally_often),
        cmocka_unit_test(orders_are_permutations_that_repeat_from_the_seed),
        cmocka_unit_test(a_relabelled_design_is_still_balanced),
        cmocka_unit_test(the_twin_rotates_over_all),
        cmocka_unit_test(axis_points_go_before_rounds_and_the_costliest_first),
        cmocka_unit_test(the_budget_is_kept_whenever_one_round_fits),
        cmocka_unit_test(few_rounds_are_spread_over_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
