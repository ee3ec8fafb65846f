/* pilot.c - one short trial of every entry of every block: finds refusals,
 * the time per operation, the batch and how long a trial takes. */
#include "child.h"
#include "progress.h"
#include "session.h"

#include <math.h>
#include <string.h>

enum { CLOCKS_AN_OPERATION = 20, LARGEST_BATCH = 4096 };

/* How many operations one time stamp must cover so that it costs at most 1/20 of them; a power of two. timed_ns is an
 * operation's time as the pilot saw it, with its share of the two stamps that it took for each `piloted` of them. */
static unsigned batch_for(double clock_ns, double timed_ns, unsigned piloted)
{
    unsigned batch = 1;
    double op_ns = fmax(timed_ns - 2 * clock_ns / piloted, 1);
    while (batch < LARGEST_BATCH && op_ns * batch < CLOCKS_AN_OPERATION * clock_ns)
        batch *= 2;
    return batch;
}

static void pilot_point(fw_session *s, fw_point *p, size_t *done, size_t all)
{
    bool steady = strcmp(fw_str_of(p->workload, "mode"), "steady") == 0;
    for (size_t i = 0; i < p->ncases && !fw_interrupted; i++) {
        fw_case *c = &p->cases[i];
        fw_outcome *o =
            fw_session_new(s, &(fw_outcome){.point = p, .which = c, .role = "pilot", .seed = s->options.seed});
        size_t at = (size_t)(o - s->done);
        unsigned piloted = p->batch; /* the entries before it may have asked for more than one */
        fw_session_run(s, at);
        o = &s->done[at];
        if (o->interrupted) /* it says nothing about the cell */
            break;
        c->refused = strcmp(o->status, "refused") == 0;
        c->failed = strcmp(o->status, "failed") == 0;
        c->reason = o->reason ? o->reason : "";
        c->pilot_ns = o->time_per_op;
        c->pilot_s = o->seconds;
        unsigned batch = steady && o->time_per_op > 0 ? batch_for(s->clock_cost_ns, o->time_per_op, piloted) : 1;
        p->batch = batch > p->batch ? batch : p->batch;
        ++*done;
        fw_progress_show(*done, s->expected_s * (double)(all - *done) / (double)all, fw_case_name(c));
    }
}

/* What a point of an axis takes from the block of its workload that is most like it. */
static void inherit(fw_session *s, fw_point *p)
{
    const fw_point *best = NULL;
    for (size_t i = 0; i < s->points.n; i++) {
        const fw_point *b = &s->points.at[i];
        if (!b->axis && b->workload == p->workload &&
            (!best || (best->nworkers != p->nworkers && b->nworkers == p->nworkers)))
            best = b;
    }
    for (size_t i = 0; best && i < p->ncases; i++)
        for (size_t j = 0; j < best->ncases; j++)
            if (strcmp(fw_case_name(&p->cases[i]), fw_case_name(&best->cases[j])) == 0) {
                p->cases[i].pilot_ns = best->cases[j].pilot_ns;
                p->cases[i].pilot_s = best->cases[j].pilot_s;
                p->cases[i].failed = best->cases[j].failed;
                p->cases[i].reason = best->cases[j].reason;
            }
    p->batch = best ? best->batch : 1;
}

void fw_pilot(fw_session *s)
{
    size_t all = 0, done = 0;
    for (size_t i = 0; i < s->points.n; i++)
        all += s->points.at[i].axis ? 0 : s->points.at[i].ncases;
    s->expected_s = (double)all * (0.25 + (double)s->settings.window_ns / 1e9);
    printf("pilot: %zu short trials, to find refusals and the time each takes\n", all);
    fflush(stdout);
    fw_progress_start(all, s->expected_s);
    for (size_t i = 0; i < s->points.n; i++)
        if (!s->points.at[i].axis)
            pilot_point(s, &s->points.at[i], &done, all);
    fw_progress_clear();
    for (size_t i = 0; i < s->points.n; i++)
        if (s->points.at[i].axis)
            inherit(s, &s->points.at[i]);
}

/* A trial's expected duration, the process and the oracle included: what the last one took, or as the pilot has it,
 * which for a point of an axis was of another size. */
double fw_trial_seconds(const fw_session *s, const fw_point *p, const fw_case *c)
{
    double window = (double)s->settings.window_ns / 1e9, short_window = (double)fw_pilot_window_ns(&s->settings) / 1e9;
    double warm = (double)s->settings.warmup_ns / 1e9;
    if (c->took_s > 0)
        return c->took_s;
    if (strcmp(fw_str_of(p->workload, "mode"), "complete") != 0)
        return fmax(0.05, c->pilot_s - (short_window + warm / 2)) + window + warm;
    double repeat = c->pilot_ns / 1e9; /* of one operation, which is most or all of a repeat */
    double pilot = fmax(short_window, repeat) + fmax(warm / 2, repeat);
    return fmax(0.05, c->pilot_s - pilot) + fmax(window, repeat) + fmax(warm, repeat) + repeat;
}
