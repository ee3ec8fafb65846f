/* session.c - a trial within its run: files, and what its outcome means for its case. */
#include "session.h"
#include "child.h"

#include <stdlib.h>
#include <string.h>

fw_outcome *fw_session_new(fw_session *s, const fw_outcome *like)
{
    if (s->ndone == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 256;
        s->done = realloc(s->done, s->capacity * sizeof *s->done);
        FW_MUST(s->done);
    }
    fw_outcome *o = &s->done[s->ndone++];
    *o = *like;
    o->id = ++s->next_id;
    o->status = "failed";
    o->taints = json_array();
    return o;
}

/* ---- a trial is a benchmark of one iteration ---------------------------- */

typedef struct running {
    fw_session *session;
    size_t at;
} running;

static void count(fw_gbench_row *row, const char *name, double value)
{
    snprintf(row->counter[row->counters].name, sizeof row->counter[0].name, "%s", name);
    row->counter[row->counters++].value = value;
}

static void as_benchmark(void *context, fw_gbench_row *row)
{
    const running *r = context;
    fw_outcome *o = &r->session->done[r->at];
    fw_trial_execute(&r->session->settings, o);
    row->skip = strcmp(o->status, "ok") != 0;
    row->ops = o->ops;
    row->real_ns = o->time_per_op;
    row->cpu_ns = o->cpu_per_op;
    bool held = strcmp(fw_str_of(o->point->workload, "mode"), "hold") == 0; /* its time is no rate's inverse */
    count(row, "items_per_second", row->skip || held ? 0 : 1e9 / o->time_per_op);
    count(row, "round", o->round);
    count(row, "tainted", o->tainted);
}

/* "pingpong/runtime:green/size:64/workers:2/variant:ring", a twin's runtime being "green-twin". */
static char *benchmark_name(const fw_outcome *o)
{
    const fw_entry *e = &o->which->entry;
    char *params = fw_text("%s%s", *o->point->params_text ? "/" : "", o->point->params_text);
    for (char *c = params + (*params == '/'); *c; c++)
        *c = *c == ';' ? '/' : *c == '=' ? ':' : *c == '/' ? '_' : *c;
    char *name = fw_text("%s/runtime:%s%s%s/workers:%u%s%s", e->workload, e->runner->runtime,
                         strcmp(o->role, "twin") == 0 ? "-twin" : "", params, o->point->nworkers,
                         e->headline ? "" : "/variant:", e->headline ? "" : e->variant);
    free(params);
    return name;
}

void fw_session_run(fw_session *s, size_t i)
{
    fw_outcome *o = &s->done[i];
    if (strcmp(o->role, "pilot") == 0) {
        fw_trial_execute(&s->settings, o);
    } else {
        char *name = benchmark_name(o);
        fw_gbench_trial(s->gbench, name, as_benchmark, &(running){s, i});
        free(name);
    }
    if (o->interrupted) /* it says nothing about the cell */
        return;
    fw_results_trial(&s->results, o);
    fw_case *c = o->which;
    if (strcmp(o->role, "pilot") != 0)
        c->took_s = o->seconds;
    if (strcmp(o->status, "ok") == 0)
        return;
    c->refused |= strcmp(o->status, "refused") == 0;
    c->failed |= strcmp(o->status, "failed") == 0;
    c->reason = o->reason ? o->reason : "";
}

double fw_budget_left(const fw_session *s)
{
    return s->budget_s - (double)(fw_now_ns() - s->start_ns) / 1e9;
}
