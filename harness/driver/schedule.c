/* schedule.c - what will be measured, in which order, and what did not fit. */
#include "plan.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

enum { AXIS_ROUNDS = 2 };
static const double RESERVE = 0.12; /* of the budget, for trials that are run again */

static bool live(const fw_case *c)
{
    return !c->refused && !c->failed;
}

static bool has_twin(const fw_point *p, const fw_case *c, bool any_model)
{
    return !p->axis && live(c) && (!any_model || strcmp(c->entry.runner->kind, "model") == 0);
}

/* The live cases whose turn to be twinned comes round: models, or whatever there is. */
static unsigned twinned(const fw_point *p, fw_case **list)
{
    unsigned n = 0;
    for (int any_model = 1; n == 0 && any_model >= 0; any_model--)
        for (size_t i = 0; i < p->ncases; i++)
            if (has_twin(p, &p->cases[i], any_model))
                list[n++] = &p->cases[i];
    return n;
}

static double round_seconds(const fw_session *s, const fw_point *p)
{
    double sum = 0, twins = 0;
    fw_case **list = calloc(p->ncases + 1, sizeof *list);
    FW_MUST(list);
    for (size_t i = 0; i < p->ncases; i++)
        sum += live(&p->cases[i]) ? fw_trial_seconds(s, p, &p->cases[i]) : 0;
    unsigned n = twinned(p, list);
    for (unsigned i = 0; i < n; i++)
        twins += fw_trial_seconds(s, p, list[i]) / n;
    free(list);
    return sum + twins;
}

/* One line an axis: which of its points were dropped. */
static void tell_axes(fw_session *s)
{
    char *points = NULL;
    const fw_point *last = NULL;
    for (size_t i = 0; i <= s->points.n; i++) {
        const fw_point *p = i < s->points.n && s->points.at[i].dropped ? &s->points.at[i] : NULL;
        bool other = p && last && (p->workload != last->workload || strcmp(p->axis, last->axis) != 0);
        if (last && (other || i == s->points.n)) {
            fw_names_add(&s->dropped, fw_text("%s, axis %s: no room in the budget of %.0f s (--budget) for %s",
                                              fw_str_of(last->workload, "name"), last->axis, s->budget_s, points));
            points = NULL;
        }
        if (p) {
            const char *value = p->label + strlen(p->axis) + 1;
            points = points ? fw_text("%s, %s", points, value) : fw_text("%s", value);
            last = p;
        }
    }
}

/* One line: the rounds of each workload's worst block, where some don't have all. */
static void tell_rounds(fw_session *s, unsigned wanted)
{
    char *held = NULL;
    bool all = true;
    for (size_t i = 0; i < s->points.n; i++) {
        const json_t *workload = s->points.at[i].workload;
        unsigned least = wanted;
        if (s->points.at[i].axis || (i && s->points.at[i - 1].workload == workload))
            continue;
        for (size_t k = i; k < s->points.n; k++) {
            const fw_point *p = &s->points.at[k];
            if (!p->axis && p->workload == workload && p->rounds < least)
                least = p->rounds;
        }
        all &= least == wanted;
        held = held ? fw_text("%s, %s %u", held, fw_str_of(workload, "name"), least)
                    : fw_text("%s %u", fw_str_of(workload, "name"), least);
    }
    if (!all)
        fw_names_add(&s->dropped,
                     fw_text("rounds: of %u the budget of %.0f s (--budget) holds %s", wanted, s->budget_s, held));
}

static void drop(fw_session *s, const fw_plan_point *fit, unsigned wanted)
{
    for (size_t i = 0; i < s->points.n; i++) {
        s->points.at[i].dropped = fit[i].dropped;
        s->points.at[i].rounds = fit[i].rounds;
    }
    tell_axes(s);
    if (strcmp(s->options.profile, "soak") != 0) /* soak: as many as fit */
        tell_rounds(s, wanted);
}

static void fit(fw_session *s)
{
    fw_plan_point *points = calloc(s->points.n + 1, sizeof *points);
    FW_MUST(points);
    for (size_t i = 0; i < s->points.n; i++) {
        const fw_point *p = &s->points.at[i];
        points[i] = (fw_plan_point){.axis = p->axis,
                                    .round_s = round_seconds(s, p),
                                    .rounds = p->axis && s->rounds > AXIS_ROUNDS ? AXIS_ROUNDS : s->rounds};
    }
    double left = fw_budget_left(s) - RESERVE * s->budget_s;
    s->expected_s = fw_plan_fit(points, s->points.n, left);
    drop(s, points, s->rounds);
    free(points);
}

static void plan_one(fw_session *s, fw_point *p, fw_case *c, const char *role, unsigned round)
{
    s->planned = realloc(s->planned, (s->nplanned + 1) * sizeof *s->planned);
    FW_MUST(s->planned);
    s->planned[s->nplanned++] =
        (fw_outcome){.point = p, .which = c, .role = role, .round = round, .seed = s->options.seed};
}

static void plan_round(fw_session *s, unsigned block, unsigned round)
{
    fw_point *p = &s->points.at[block];
    fw_case **cases = calloc(p->ncases + 1, sizeof *cases), **twins = calloc(p->ncases + 1, sizeof *twins);
    unsigned n = 0, *order = calloc(p->ncases + 2, sizeof *order);
    FW_MUST(cases && twins && order);
    for (size_t i = 0; i < p->ncases; i++)
        if (live(&p->cases[i]))
            cases[n++] = &p->cases[i];
    unsigned ntwins = twinned(p, twins), all = n + (ntwins > 0);
    fw_case *twin = ntwins ? twins[fw_plan_twin(ntwins, round, s->options.seed, block)] : NULL;
    fw_plan_order(all, round, s->options.seed, block, order);
    for (unsigned k = 0; k < all; k++)
        if (order[k] == n)
            plan_one(s, p, twin, "twin", round);
        else
            plan_one(s, p, cases[order[k]], p->axis ? "axis" : "measure", round);
    free(cases);
    free(twins);
    free(order);
}

static void say_plan(const fw_session *s)
{
    printf("\nplan: %zu trials, about %.0f s; %u round%s, seed %llu\n", s->nplanned, s->expected_s, s->rounds,
           s->rounds == 1 ? "" : "s", (unsigned long long)s->options.seed);
    for (size_t i = 0; i < s->points.n; i++) {
        const fw_point *p = &s->points.at[i];
        unsigned entries = 0;
        for (size_t j = 0; j < p->ncases; j++)
            entries += live(&p->cases[j]);
        if (!p->dropped)
            printf("  %-3s %-10s %-34s %u worker%s%s, %u entries%s, %u round%s%s\n", p->id,
                   fw_str_of(p->workload, "name"), p->label, p->nworkers, p->nworkers == 1 ? "" : "s",
                   p->oversubscribed ? " (oversubscribed)" : "", entries, p->axis ? "" : " + twin", p->rounds,
                   p->rounds == 1 ? "" : "s", p->axis ? ", no verdict" : "");
    }
    for (size_t i = 0; i < s->dropped.n; i++)
        printf("  left out: %s\n", s->dropped.at[i]);
    puts("");
    fflush(stdout);
}

void fw_schedule(fw_session *s)
{
    fit(s);
    unsigned rounds = 0;
    for (size_t i = 0; i < s->points.n; i++)
        if (!s->points.at[i].dropped && s->points.at[i].rounds > rounds)
            rounds = s->points.at[i].rounds;
    for (unsigned round = 0; round < rounds; round++)
        for (unsigned i = 0; i < s->points.n; i++) {
            const fw_point *p = &s->points.at[i];
            if (p->dropped || !fw_plan_runs(round, rounds, p->rounds))
                continue;
            unsigned own = 0; /* which of its own rounds this is */
            for (unsigned r = 0; r < round; r++)
                own += fw_plan_runs(r, rounds, p->rounds);
            plan_round(s, i, own);
        }
    s->rounds = rounds;
    fw_results_schedule(&s->results, s->planned, s->nplanned);
    say_plan(s);
}
