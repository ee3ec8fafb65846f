/* verdicts.c - see verdicts.h. Tainted trials count in medians and never in a comparison. */
#include "verdicts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats.h"

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

char *fw_case_name(const fw_case *c)
{
    const char *v = c->entry.headline ? "" : c->entry.variant;
    return fw_text("%s%s%s", c->entry.runner->runtime, *v ? "-" : "", v);
}

void fw_supersede(fw_outcome *done, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; done[i].tainted && j < n; j++)
            if (done[j].retry_of == done[i].id && is(done[j].status, "ok"))
                done[i].superseded = true;
}

/* The trial that counts, or NULL. */
static const fw_outcome *kept(const fw_outcome *done, size_t n, const fw_case *c, const char *role, unsigned round)
{
    for (size_t i = 0; i < n; i++)
        if (done[i].which == c && is(done[i].role, role) && done[i].round == round && is(done[i].status, "ok") &&
            !done[i].superseded)
            return &done[i];
    return NULL;
}

static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

/* ---- one block ---------------------------------------------------------- */

typedef struct table { /* times of a block: case × round */
    size_t cases;
    unsigned rounds;
    double *clean; /* NaN: none, or tainted */
} table;

static table times_of(const fw_point *p, unsigned rounds, const fw_outcome *done, size_t n)
{
    table t = {p->ncases, rounds, calloc(p->ncases * rounds + 1, sizeof(double))};
    FW_MUST(t.clean);
    for (size_t i = 0; i < p->ncases; i++)
        for (unsigned r = 0; r < rounds; r++) {
            const fw_outcome *o = kept(done, n, &p->cases[i], "measure", r);
            t.clean[i * rounds + r] = o && !o->tainted ? o->time_per_op : NAN;
        }
    return t;
}

static const double *row(const table *t, size_t i)
{
    return &t->clean[i * t->rounds];
}

static bool drifts(const fw_outcome *o)
{
    const json_t *slices = json_object_get(o->result, json_object_get(o->result, "slices") ? "slices" : "repeats_ns");
    double x[64];
    size_t n = 0, all = json_array_size(slices);
    for (; n < all && n < 64; n++)
        x[n] = json_number_value(json_array_get(slices, n));
    return n == all && fw_stationarity(x, n) == FW_TREND_DRIFTS;
}

/* Its load generator could do no more. */
static bool limited(const fw_outcome *o)
{
    json_t *metric;
    size_t i;
    json_array_foreach(json_object_get(o->result, "metrics"), i, metric)
    {
        if (is(fw_str_of(metric, "name"), "client_limited"))
            return fw_num_of(metric, "value", 0) > 0;
    }
    return false;
}

static json_t *entry_of(const fw_point *p, const fw_case *c, unsigned rounds, const fw_outcome *done, size_t n)
{
    double *x = calloc(rounds + 1, sizeof *x);
    size_t have = 0, tainted = 0, outliers = 0, drifting = 0, full = 0;
    const fw_runner *r = c->entry.runner;

    FW_MUST(x);
    for (unsigned round = 0; round < rounds; round++) {
        const fw_outcome *o = kept(done, n, c, "measure", round);
        if (!o)
            continue;
        x[have++] = o->time_per_op;
        tainted += o->tainted;
        drifting += drifts(o);
        full += limited(o);
    }
    for (size_t i = 0; i < have; i++)
        outliers += fw_is_outlier(x, have, x[i]);
    const char *status = c->failed ? "failed" : c->refused ? "refused" : have ? "ok" : "not run";
    const char *reason = c->failed || c->refused ? c->reason : have ? "" : "the run ended before it was measured";
    json_t *e =
        json_pack("{s:s,s:s,s:s,s:s,s:b,s:s,s:s}", "runtime", r->runtime, "model", r->model, "kind", r->kind, "variant",
                  c->entry.variant, "headline", c->entry.headline, "status", status, "reason", reason ? reason : "");
    FW_MUST(e);
    if (is(status, "ok")) {
        fw_interval i = fw_median_interval(x, have, 0.95);
        json_object_update_new(e, json_pack("{s:I,s:f,s:f,s:f,s:f,s:I,s:I,s:I,s:I}", "n", (json_int_t)have, "median",
                                            fw_median(x, have), "low", i.low, "high", i.high, "level", i.level,
                                            "tainted", (json_int_t)tainted, "outliers", (json_int_t)outliers,
                                            "drifting", (json_int_t)drifting, "limited", (json_int_t)full));
    }
    free(x);
    return e;
}

static bool comparable(const table *t, const fw_point *p, size_t i)
{
    bool any = false;
    for (unsigned r = 0; r < t->rounds; r++)
        any |= isfinite(row(t, i)[r]);
    return any && !p->cases[i].failed && !p->cases[i].refused;
}

static size_t count_pairs(const table *t, const fw_point *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->ncases; i++)
        n += comparable(t, p, i);
    return n < 2 ? 0 : n * (n - 1) / 2;
}

static json_t *pairs_of(const table *t, const fw_point *p, size_t comparisons, double noise, double *smallest)
{
    static const char *const words[] = {"not separated", "faster", "slower"};
    json_t *pairs = json_array();
    double *least = calloc(p->ncases * p->ncases + 1, sizeof *least);
    size_t n = 0;

    FW_MUST(least);
    for (size_t i = 0; i < p->ncases; i++)
        for (size_t j = i + 1; j < p->ncases; j++) {
            if (!comparable(t, p, i) || !comparable(t, p, j))
                continue;
            fw_verdict v = fw_compare(row(t, i), row(t, j), t->rounds, comparisons, noise);
            if (!isfinite(v.ratio)) /* no round in which both ran undisturbed */
                continue;
            char *a = fw_case_name(&p->cases[i]), *b = fw_case_name(&p->cases[j]);
            double told = fw_smallest_ratio(&v, noise);
            if (isfinite(told))
                least[n++] = told;
            json_array_append_new(pairs, json_pack("{s:s,s:s,s:f,s:f,s:f,s:f,s:f,s:s,s:b}", "a", a, "b", b, "ratio",
                                                   v.ratio, "low", v.interval.low, "high", v.interval.high, "level",
                                                   v.interval.level, "wanted_level", v.wanted, "verdict", words[v.kind],
                                                   "exploratory", v.exploratory));
            free(a);
            free(b);
        }
    *smallest = fw_median(least, n);
    free(least);
    return pairs;
}

static json_t *block_of(const fw_point *p, const table *t, size_t comparisons, double noise, const fw_outcome *done,
                        size_t n)
{
    json_t *entries = json_array();
    double smallest;
    for (size_t i = 0; i < p->ncases; i++)
        json_array_append_new(entries, entry_of(p, &p->cases[i], t->rounds, done, n));
    json_t *pairs = pairs_of(t, p, comparisons, noise, &smallest);
    return json_pack("{s:s,s:s,s:s,s:s,s:O*,s:I,s:s,s:I,s:I,s:s,s:s,s:o,s:o,s:o}", "id", p->id, "workload",
                     fw_str_of(p->workload, "name"), "label", p->label ? p->label : "", "params", p->params_text,
                     "settings", p->params, "workers", (json_int_t)p->nworkers, "placement", p->placement, "rounds",
                     (json_int_t)t->rounds, "batch", (json_int_t)p->batch, "unit", "ns/op", "op",
                     fw_str_of(p->workload, "op"), "smallest_ratio", number(smallest), "entries", entries, "pairs",
                     pairs);
}

/* ---- the run ------------------------------------------------------------ */

static json_t *twins_of(const fw_outcome *done, size_t n, double *noise)
{
    double *ratio = calloc(n + 1, sizeof *ratio);
    size_t pairs = 0;
    fw_interval i;

    FW_MUST(ratio);
    for (size_t k = 0; k < n; k++) {
        const fw_outcome *twin = &done[k];
        if (!is(twin->role, "twin") || !is(twin->status, "ok") || twin->tainted || twin->superseded)
            continue;
        const fw_outcome *original = kept(done, n, twin->which, "measure", twin->round);
        if (original && !original->tainted)
            ratio[pairs++] = twin->time_per_op / original->time_per_op;
    }
    *noise = fw_noise(ratio, pairs, &i);
    json_t *aa =
        json_pack("{s:I,s:o,s:o,s:o,s:o,s:f}", "pairs", (json_int_t)pairs, "median", number(fw_median(ratio, pairs)),
                  "low", number(i.low), "high", number(i.high), "percent", number(*noise * 100), "level", i.level);
    if (!isfinite(*noise))
        *noise = 0;
    free(ratio);
    return aa;
}

static unsigned rounds_run(const fw_point *p, const fw_outcome *done, size_t n)
{
    unsigned rounds = 0;
    for (size_t i = 0; i < n; i++)
        if (done[i].point == p && is(done[i].role, "measure") && done[i].round + 1 > rounds)
            rounds = done[i].round + 1;
    return rounds;
}

json_t *fw_verdicts(const char *profile, const fw_points *points, const fw_outcome *done, size_t n)
{
    double noise;
    size_t comparisons = 0;
    json_t *blocks = json_array(), *aa = twins_of(done, n, &noise);
    table *tables = calloc(points->n + 1, sizeof *tables);

    FW_MUST(tables);
    for (size_t i = 0; i < points->n; i++) {
        const fw_point *p = &points->at[i];
        if (p->axis)
            continue;
        tables[i] = times_of(p, rounds_run(p, done, n), done, n);
        comparisons += count_pairs(&tables[i], p);
    }
    for (size_t i = 0; i < points->n; i++) {
        if (!points->at[i].axis)
            json_array_append_new(blocks, block_of(&points->at[i], &tables[i], comparisons, noise, done, n));
        free(tables[i].clean);
    }
    free(tables);
    return json_pack("{s:i,s:s,s:I,s:o,s:o}", "schema", 1, "profile", profile, "comparisons", (json_int_t)comparisons,
                     "aa", aa, "blocks", blocks);
}
