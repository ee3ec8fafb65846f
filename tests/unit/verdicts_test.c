/* verdicts_test - from made-up trials to verdicts, and from those to words, with known outcomes. */
#include "summary.h"
#include "verdicts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 6, CASES = 3 };
static const double wobble[ROUNDS] = {1.00, 1.01, 0.99, 1.00, 1.02, 0.98};

/* A block of three models, ROUNDS rounds, a twin each round. */
typedef struct world {
    fw_runner runner[CASES];
    fw_case cases[CASES];
    fw_point point;
    fw_points points;
    fw_outcome done[128];
    size_t n;
    json_t *workload, *verdicts;
} world;

static fw_outcome *add(world *w, size_t which, const char *role, unsigned round, double ns)
{
    fw_outcome *o = &w->done[w->n++];
    *o = (fw_outcome){.id = (unsigned)w->n,
                      .round = round,
                      .point = &w->point,
                      .which = &w->cases[which],
                      .role = role,
                      .status = "ok",
                      .time_per_op = ns};
    return o;
}

static world *make(const double ns[CASES], double twin_factor)
{
    static const char *const names[] = {"green", "threads", "processes"};
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->workload = json_pack("{s:s,s:s}", "name", "pingpong", "op", "round trip");
    for (size_t i = 0; i < CASES; i++) {
        w->runner[i] = (fw_runner){.runtime = names[i], .model = names[i], .kind = "model"};
        w->cases[i] = (fw_case){.entry = {&w->runner[i], "pingpong", "", true}, .reason = ""};
    }
    w->point = (fw_point){.id = "b1",
                          .label = "one CPU",
                          .params_text = "size=64",
                          .placement = "compact",
                          .workload = w->workload,
                          .nworkers = 1,
                          .batch = 1,
                          .cases = w->cases,
                          .ncases = CASES};
    w->points = (fw_points){.at = &w->point, .n = 1};
    for (unsigned r = 0; r < ROUNDS; r++) {
        for (size_t i = 0; i < CASES; i++)
            add(w, i, "measure", r, ns[i] * wobble[r]);
        add(w, r % CASES, "twin", r, ns[r % CASES] * wobble[r] * (r % 2 ? twin_factor : 1));
    }
    return w;
}

static const json_t *judged(world *w)
{
    fw_supersede(w->done, w->n);
    w->verdicts = fw_verdicts("quick", &w->points, w->done, w->n);
    assert_non_null(w->verdicts);
    return json_array_get(json_object_get(w->verdicts, "blocks"), 0);
}

static const char *verdict_of(const json_t *block, const char *a, const char *b)
{
    json_t *p;
    size_t i;
    json_array_foreach(json_object_get(block, "pairs"), i,
                       p) if (strcmp(fw_str_of(p, "a"), a) == 0 &&
                              strcmp(fw_str_of(p, "b"), b) == 0) return fw_str_of(p, "verdict");
    return "no such pair";
}

static char *words_of(const world *w)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *f = open_memstream(&text, &bytes);
    assert_non_null(f);
    fw_summary_table(f, w->verdicts);
    fw_summary_words(f, w->verdicts, 2);
    fclose(f);
    return text;
}

static void drop(world *w)
{
    json_decref(w->verdicts);
    json_decref(w->workload);
    free(w);
}

static bool says(const world *w, const char *what)
{
    char *text = words_of(w);
    bool found = strstr(text, what) != NULL;
    if (!found)
        print_message("not said: %s\nin:\n%s\n", what, text);
    free(text);
    return found;
}

static bool says_quietly(const world *w, const char *what)
{
    char *text = words_of(w);
    bool found = strstr(text, what) != NULL;
    free(text);
    return found;
}

static void a_wide_gap_separates_and_a_narrow_one_does_not(void **state)
{
    world *w = make((const double[]){100, 3000, 3010}, 1.01);
    const json_t *block = judged(w);
    assert_string_equal(verdict_of(block, "green", "threads"), "faster");
    assert_string_equal(verdict_of(block, "threads", "processes"), "not separated");
    assert_true(json_is_true(json_object_get(json_array_get(json_object_get(block, "pairs"), 0), "exploratory")));
    assert_true(says(w, "green is 30x faster than processes, the widest gap."));
    assert_true(says(w, "1.0x~"));
    assert_true(says(w, "Exploratory: so few rounds reach 96.9 %"));
    drop(w);
}

static void noisy_twins_hold_every_smaller_difference_back(void **state)
{
    world *w = make((const double[]){100, 120, 140}, 1.5);
    const json_t *block = judged(w);
    assert_string_equal(verdict_of(block, "green", "threads"), "not separated");
    assert_true(fw_num_of(json_object_get(w->verdicts, "aa"), "percent", 0) > 49);
    assert_int_equal((int)fw_num_of(json_object_get(w->verdicts, "aa"), "pairs", 0), ROUNDS);
    assert_true(says(w, "no model was separated from another"));
    drop(w);
}

static void tainted_trials_count_in_no_comparison_and_a_repetition_cures(void **state)
{
    world *w = make((const double[]){100, 200, 400}, 1.0);
    for (size_t i = 0; i < w->n; i++) /* three rounds of green are disturbed: three clean ones are too few */
        if (w->done[i].which == &w->cases[0] && w->done[i].round < 3)
            w->done[i].tainted = true;
    const json_t *block = judged(w);
    assert_string_equal(verdict_of(block, "green", "threads"), "not separated");
    assert_string_equal(verdict_of(block, "threads", "processes"), "faster");
    json_decref(w->verdicts);
    size_t before = w->n;
    for (size_t i = 0; i < before; i++) /* all were run again, undisturbed */
        if (w->done[i].tainted)
            add(w, 0, w->done[i].role, w->done[i].round, 100)->retry_of = w->done[i].id;
    block = judged(w);
    assert_string_equal(verdict_of(block, "green", "threads"), "faster");
    assert_int_equal((int)fw_num_of(json_array_get(json_object_get(block, "entries"), 0), "tainted", 9), 0);
    drop(w);
}

static void a_load_generator_at_its_limit_is_told(void **state)
{
    world *w = make((const double[]){100, 200, 400}, 1.0);
    json_t *full = json_pack("{s:[{s:s,s:f}]}", "metrics", "name", "client_limited", "value", 1.0);
    size_t measured = 0;
    for (size_t i = 0; i < w->n; i++)
        if (w->done[i].which == &w->cases[1] && strcmp(w->done[i].role, "measure") == 0 && measured++ < 2)
            w->done[i].result = full;
    const json_t *block = judged(w);
    assert_int_equal((int)fw_num_of(json_array_get(json_object_get(block, "entries"), 1), "limited", 9), 2);
    assert_int_equal((int)fw_num_of(json_array_get(json_object_get(block, "entries"), 0), "limited", 9), 0);
    assert_true(
        says(w, "the load generator was at its limit under threads (2 of 6 trials): what is shown is the least"));
    json_decref(full);
    drop(w);
}

static void failures_and_refusals_are_named_and_have_no_figures(void **state)
{
    world *w = make((const double[]){100, 200, 400}, 1.0);
    w->cases[0].failed = true;
    w->cases[0].reason = "wrong receipt: ops is 7, expected 8";
    w->cases[2].refused = true;
    w->cases[2].reason = "fork: EAGAIN";
    const json_t *block = judged(w), *e = json_array_get(json_object_get(block, "entries"), 0);
    assert_string_equal(fw_str_of(e, "status"), "failed");
    assert_null(json_object_get(e, "median"));
    assert_int_equal(json_array_size(json_object_get(block, "pairs")), 0);
    assert_true(says(w, "green: failed: wrong receipt: ops is 7, expected 8"));
    assert_true(says(w, "processes: refused: fork: EAGAIN"));
    assert_true(says(w, "no two models to compare."));
    drop(w);
}

static void models_that_never_ran_undisturbed_together_are_not_compared(void **state)
{
    world *w = make((const double[]){100, 200, 400}, 1.0);
    for (size_t i = 0; i < w->n; i++)
        w->done[i].tainted = w->done[i].which != &w->cases[0];
    assert_int_equal(json_array_size(json_object_get(judged(w), "pairs")), 0);
    assert_true(says(w, "no round in which two models ran undisturbed."));
    drop(w);
}

static void one_round_gives_figures_and_no_verdict(void **state)
{
    world *w = make((const double[]){100, 200, 400}, 1.0);
    w->n = 4;
    const json_t *block = judged(w);
    assert_string_equal(verdict_of(block, "green", "threads"), "not separated");
    assert_true(fw_num_of(json_array_get(json_object_get(block, "entries"), 1), "median", 0) == 200);
    drop(w);
}

static void nothing_run_at_all_is_said_too(void **state)
{
    world *w = make((const double[]){100, 200, 400}, 1.0);
    w->n = 0;
    const json_t *block = judged(w);
    assert_string_equal(fw_str_of(json_array_get(json_object_get(block, "entries"), 0), "status"), "not run");
    assert_true(says(w, "3 of 3 entries not run: the run ended before they were measured"));
    assert_false(says_quietly(w, "failed"));
    assert_true(says(w, "A/A noise: not measured"));
    drop(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wide_gap_separates_and_a_narrow_one_does_not),
        cmocka_unit_test(noisy_twins_hold_every_smaller_difference_back),
        cmocka_unit_test(a_load_generator_at_its_limit_is_told),
        cmocka_unit_test(tainted_trials_count_in_no_comparison_and_a_repetition_cures),
        cmocka_unit_test(models_that_never_ran_undisturbed_together_are_not_compared),
        cmocka_unit_test(failures_and_refusals_are_named_and_have_no_figures),
        cmocka_unit_test(one_round_gives_figures_and_no_verdict),
        cmocka_unit_test(nothing_run_at_all_is_said_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
