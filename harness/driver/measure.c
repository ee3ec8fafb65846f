/* measure.c - runs the schedule. A tainted trial is run once more, at once, as long as the
 * budget lasts; a case that fails or refuses is not run again. */
#include "child.h"
#include "progress.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

static size_t run_one(fw_session *s, const fw_outcome *like, unsigned retry_of)
{
    fw_outcome *o = fw_session_new(s, like);
    size_t at = (size_t)(o - s->done);
    o->retry_of = retry_of;
    fw_session_run(s, at);
    return at;
}

static void say_trouble(const fw_outcome *o)
{
    char *name = fw_case_name(o->which);
    fw_progress_clear();
    printf("%s %s, %s: %s: %s\n", fw_str_of(o->point->workload, "name"), o->point->label, name, o->status,
           o->reason ? o->reason : "");
    fflush(stdout);
    free(name);
}

/* A block's round has ended: its figures in one row. */
static void say_row(const fw_session *s, const fw_point *p, unsigned round, size_t from)
{
    char text[32];
    fw_progress_clear();
    printf("%u/%u %s %s:", round + 1, p->rounds, fw_str_of(p->workload, "name"), p->label);
    for (size_t i = 0; i < p->ncases; i++) {
        const fw_outcome *last = NULL;
        for (size_t k = from; k < s->ndone; k++)
            if (s->done[k].which == &p->cases[i] && strcmp(s->done[k].status, "ok") == 0 &&
                strcmp(s->done[k].role, "twin") != 0)
                last = &s->done[k];
        char *name = fw_case_name(&p->cases[i]);
        if (last)
            printf("  %s %s%s", name, fw_time_text(text, sizeof text, last->time_per_op), last->tainted ? "!" : "");
        free(name);
    }
    puts("");
    fflush(stdout);
}

static bool begins_round(const fw_session *s, size_t i)
{
    const fw_outcome *last = i ? &s->planned[i - 1] : NULL, *next = &s->planned[i];
    return !last || last->point != next->point || last->round != next->round;
}

static bool runs(const fw_outcome *planned)
{
    return !planned->point->cut && !planned->which->failed && !planned->which->refused;
}

static double seconds_of(const fw_session *s, const fw_outcome *planned)
{
    return runs(planned) ? fw_trial_seconds(s, planned->point, planned->which) : 0;
}

/* Whether the round of its block (or axis point) that trial i begins is left out, since the budget can't hold it: a
 * half one would have no pairs. A block's first is always run. */
static bool skips_round(fw_session *s, size_t i)
{
    const fw_outcome *next = &s->planned[i];
    fw_point *p = next->point;
    double seconds = 0;
    if (p->cut || (!p->axis && next->round == 0))
        return p->cut;
    for (size_t k = i; k == i || (k < s->nplanned && !begins_round(s, k)); k++)
        seconds += seconds_of(s, &s->planned[k]);
    if (seconds <= fw_budget_left(s))
        return false;
    fw_names_add(&s->dropped, fw_text("%s, %s, from round %u on: the budget of %.0f s is used up (--budget)",
                                      fw_str_of(p->workload, "name"), p->label, next->round + 1, s->budget_s));
    p->rounds = next->round;
    return p->cut = true;
}

/* The planned trials from i on, by what is known of them now. */
static double seconds_left(const fw_session *s, size_t i)
{
    double seconds = 0;
    for (; i < s->nplanned; i++)
        seconds += seconds_of(s, &s->planned[i]);
    return seconds;
}

void fw_measure(fw_session *s)
{
    size_t first = s->ndone;
    bool skips = false;
    fw_progress_start(s->nplanned, seconds_left(s, 0));
    for (size_t i = 0; i < s->nplanned && !fw_interrupted && !s->results.error; i++) {
        const fw_outcome *next = &s->planned[i];
        if (begins_round(s, i)) {
            first = s->ndone;
            skips = skips_round(s, i);
        }
        if (skips)
            continue;
        if (runs(next)) {
            size_t at = run_one(s, next, 0);
            bool ok = strcmp(s->done[at].status, "ok") == 0;
            if (ok && s->done[at].tainted && fw_budget_left(s) > seconds_left(s, i))
                run_one(s, next, s->done[at].id);
            else if (!ok && !s->done[at].interrupted)
                say_trouble(&s->done[at]);
        }
        char *name = fw_case_name(next->which);
        fw_progress_show(i + 1, seconds_left(s, i + 1), name);
        free(name);
        if (i + 1 == s->nplanned || begins_round(s, i + 1))
            say_row(s, next->point, next->round, first);
    }
    fw_progress_clear();
}
