/* results.c - see results.h. The layout of every file is results/SCHEMA.md.
 * Single-threaded; the driver is its only user. */
#include "results.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void note(fw_results *r, const char *name, int error)
{
    if (error && !r->error) {
        r->error = error;
        r->error_file = fw_text("%s/%s", r->folder, name);
    }
}

static FILE *open_in(fw_results *r, const char *name)
{
    char *path = fw_text("%s/%s", r->folder, name);
    FILE *f = fopen(path, "we");
    note(r, name, f ? 0 : -errno);
    free(path);
    return f;
}

static int make_parents(char *path)
{
    for (char *p = path + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        int rc = mkdir(path, 0777) != 0 && errno != EEXIST ? -errno : 0;
        *p = '/';
        if (rc)
            return rc;
    }
    return mkdir(path, 0777) != 0 ? -errno : 0;
}

int fw_results_open(fw_results *r, const char *parent, const char *name)
{
    static const char *const parts[] = {"hist", "hgrm", "charts"};
    int rc = -EEXIST;
    *r = (fw_results){0};
    for (int i = 0; i < 100 && rc == -EEXIST; i++) { /* two runs within a second */
        free(r->folder);
        r->folder = i ? fw_text("%s/%s-%d", parent, name, i + 1) : fw_text("%s/%s", parent, name);
        rc = make_parents(r->folder);
    }
    if (rc)
        return rc;
    char *absolute = realpath(r->folder, NULL);
    if (absolute) {
        free(r->folder);
        r->folder = absolute;
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *path = fw_text("%s/%s", r->folder, parts[i]);
        if (mkdir(path, 0777) != 0)
            rc = -errno;
        free(path);
    }
    r->ndjson = open_in(r, "trials.ndjson");
    r->tidy = open_in(r, "tidy.csv");
    if (rc || r->error)
        return rc ? rc : r->error;
    fputs("trial_id,workload,runtime,model,variant,mode,batch,workers,placement,params,round,role,status,reason,metric,"
          "unit,value,tainted\n",
          r->tidy);
    note(r, "tidy.csv", fflush(r->tidy) ? -errno : 0);
    return r->error;
}

/* One CSV field, quoted where RFC 4180 asks for it; line ends become spaces. */
static void field(FILE *f, const char *text, char separator)
{
    bool quote = strpbrk(text, ",\"\r\n") != NULL;
    if (quote)
        fputc('"', f);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', f);
        fputc(*text == '\n' || *text == '\r' ? ' ' : *text, f);
    }
    if (quote)
        fputc('"', f);
    fputc(separator, f);
}

static void row(FILE *f, const fw_outcome *o, const char *metric, const char *unit, double value)
{
    const fw_point *p = o->point;
    const fw_entry *e = &o->which->entry;
    if (metric && !isfinite(value))
        return;
    fprintf(f, "%u,", o->id);
    field(f, e->workload, ',');
    field(f, e->runner->runtime, ',');
    field(f, e->runner->model, ',');
    field(f, e->variant, ',');
    field(f, fw_str_of(p->workload, "mode"), ',');
    fprintf(f, "%u,%u,", p->batch, p->nworkers);
    field(f, p->placement, ',');
    field(f, p->params_text, ',');
    fprintf(f, "%u,%s,%s,", o->round, o->role, o->status);
    field(f, o->reason ? o->reason : "", ',');
    field(f, metric ? metric : "", ',');
    field(f, unit ? unit : "", ',');
    if (metric)
        fprintf(f, "%.10g", value);
    fprintf(f, ",%d\n", o->tainted);
}

static void rows_of(FILE *f, const fw_outcome *o, const json_t *object, const char *const (*names)[3])
{
    for (; (*names)[0]; names++) {
        const json_t *v = json_object_get(object, (*names)[0]);
        if (json_is_number(v))
            row(f, o, (*names)[1], (*names)[2], json_number_value(v));
    }
}

static const char *const usage_names[][3] = {{"max_rss_bytes", "max_rss", "byte"},
                                             {"page_table_bytes", "page_tables", "byte"},
                                             {"kernel_stack_bytes", "kernel_stacks", "byte"},
                                             {"voluntary_switches", "voluntary_switches", "1"},
                                             {"involuntary_switches", "involuntary_switches", "1"},
                                             {"minor_faults", "minor_faults", "1"},
                                             {"major_faults", "major_faults", "1"},
                                             {NULL, NULL, NULL}};
static const char *const receipt_names[][3] = {
    {"units", "units", "1"},    {"messages", "messages", "1"}, {"peak_live", "peak_live", "1"},
    {"bytes", "bytes", "byte"}, {"ops", "ops", "1"},           {NULL, NULL, NULL}};

static bool said(const fw_outcome *o, const char *name)
{
    json_t *metric;
    size_t i;
    json_array_foreach(json_object_get(o->result, "metrics"), i,
                       metric) if (strcmp(fw_str_of(metric, "name"), name) == 0) return true;
    return false;
}

/* Percentiles with at least 10 samples above them, from the trial's own buckets; but what the runner said itself. */
static void percentile_rows(FILE *f, const fw_results *r, const fw_outcome *o)
{
    static const struct {
        const char *name;
        double q;
    } wanted[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}};
    const char *csv = fw_str_of(json_array_get(json_object_get(o->result, "histograms"), 0), "csv");
    fw_hist *h = calloc(1, sizeof *h);
    FW_MUST(h);
    fw_hist_init(h);
    char *path = fw_text("%s/%s", r->folder, csv);
    if (*csv && !strstr(csv, "..") && fw_hist_read_csv(h, path) == 0 && h->total) {
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
            if ((double)h->total * (1 - wanted[i].q) >= 10 && !said(o, wanted[i].name))
                row(f, o, wanted[i].name, "ns", (double)fw_hist_quantile(h, wanted[i].q));
        if (!said(o, "max"))
            row(f, o, "max", "ns", (double)h->max_ns);
    }
    free(path);
    free(h);
}

static void metric_rows(FILE *f, const fw_outcome *o)
{
    json_t *metric, *value;
    const char *key;
    size_t i;
    double bytes = strcmp(fw_str_of(o->point->workload, "mode"), "steady") == 0
                       ? strtod(fw_str_of(o->point->params, "size"), NULL)
                       : 0;
    json_array_foreach(json_object_get(o->result, "metrics"), i, metric)
    {
        row(f, o, fw_str_of(metric, "name"), fw_str_of(metric, "unit"), fw_num_of(metric, "value", NAN));
        if (strcmp(fw_str_of(metric, "name"), "input_bytes") == 0)
            bytes = fw_num_of(metric, "value", 0);
    }
    if (bytes > 0)
        row(f, o, "bytes_per_s", "byte/s", bytes * 1e9 / o->time_per_op);
    json_object_foreach(json_object_get(o->result, "counters"), key, value)
        row(f, o, key, "1", json_number_value(value));
}

static void tidy_rows(fw_results *r, const fw_outcome *o)
{
    FILE *f = r->tidy;
    if (strcmp(o->status, "ok") != 0) {
        row(f, o, NULL, NULL, 0);
        return;
    }
    row(f, o, "time_per_op", "ns", o->time_per_op);
    if (strcmp(fw_str_of(o->point->workload, "mode"), "hold") != 0)
        row(f, o, "throughput", "op/s", 1e9 / o->time_per_op);
    row(f, o, "elapsed", "ns", fw_num_of(o->result, "elapsed_ns", NAN));
    row(f, o, "cold", "ns", fw_num_of(o->result, "cold_ns", NAN));
    row(f, o, "cpu_per_op", "ns", o->cpu_per_op);
    rows_of(f, o, json_object_get(o->result, "receipt"), receipt_names);
    rows_of(f, o, json_object_get(o->result, "usage"), usage_names);
    percentile_rows(f, r, o);
    metric_rows(f, o);
}

static json_t *stderr_text(const fw_outcome *o)
{
    json_t *text = json_string(o->err ? o->err : "");
    return text ? text : json_string("(not UTF-8)");
}

static json_t *trial_line(const fw_outcome *o)
{
    const fw_point *p = o->point;
    const fw_entry *e = &o->which->entry;
    return json_pack("{s:I,s:s,s:I,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:s,s:I,s:I,s:s,s:s,s:b,s:s,s:s,s:b,s:O*,s:I,s:o,s:f,s:"
                     "f,s:O*,s:O?,s:o}",
                     "trial_id", (json_int_t)o->id, "block", p->id, "round", (json_int_t)o->round, "role", o->role,
                     "workload", e->workload, "runtime", e->runner->runtime, "model", e->runner->model, "kind",
                     e->runner->kind, "variant", e->variant, "headline", e->headline, "mode",
                     fw_str_of(p->workload, "mode"), "batch", (json_int_t)p->batch, "workers", (json_int_t)p->nworkers,
                     "placement", p->placement, "params", p->params_text, "oversubscribed", p->oversubscribed, "status",
                     o->status, "reason", o->reason ? o->reason : "", "tainted", o->tainted, "taints", o->taints,
                     "retry_of", (json_int_t)o->retry_of, "seed", json_sprintf("%llu", (unsigned long long)o->seed),
                     "time_per_op", o->time_per_op, "seconds", o->seconds, "trial", o->request, "result", o->result,
                     "stderr", stderr_text(o));
}

void fw_results_trial(fw_results *r, const fw_outcome *o)
{
    if (r->error)
        return;
    json_t *line = trial_line(o);
    if (!line)
        return;
    json_dumpf(line, r->ndjson, JSON_COMPACT);
    fputc('\n', r->ndjson);
    json_decref(line);
    note(r, "trials.ndjson", fflush(r->ndjson) ? -errno : 0);
    tidy_rows(r, o);
    note(r, "tidy.csv", fflush(r->tidy) ? -errno : 0);
}

void fw_results_schedule(fw_results *r, const fw_outcome *planned, size_t n)
{
    FILE *f = open_in(r, "schedule.csv");
    if (!f)
        return;
    fputs("seq,block,workload,runtime,variant,role,round,seed,workers,placement,params\n", f);
    for (size_t i = 0; i < n; i++) {
        const fw_outcome *o = &planned[i];
        const fw_entry *e = &o->which->entry;
        fprintf(f, "%zu,%s,%s,%s,%s,%s,%u,%llu,%u,%s,", i + 1, o->point->id, e->workload, e->runner->runtime,
                e->variant, o->role, o->round, (unsigned long long)o->seed, o->point->nworkers, o->point->placement);
        field(f, o->point->params_text, '\n');
    }
    note(r, "schedule.csv", ferror(f) ? -EIO : 0);
    note(r, "schedule.csv", fclose(f) ? -errno : 0);
}

void fw_results_json(fw_results *r, const char *name, json_t *value)
{
    char *path = fw_text("%s/%s", r->folder, name), *part = fw_text("%s.part", path);
    FILE *f = fopen(part, "we");
    int rc = f ? 0 : -errno;
    if (f) {
        rc = json_dumpf(value, f, JSON_INDENT(1)) ? -EIO : 0;
        fputc('\n', f);
        if (ferror(f) && !rc)
            rc = -EIO;
        if (fclose(f) && (!rc || rc == -EIO))
            rc = -errno;
        if (!rc && rename(part, path) != 0)
            rc = -errno;
        if (rc)
            unlink(part);
    }
    note(r, name, rc);
    json_decref(value);
    free(path);
    free(part);
}

/* The histograms number `which` of all that is valid and measured of p's case c. of: added to the name of the files. */
static void merge_one(fw_results *r, const fw_point *p, const fw_case *c, const fw_outcome *all, size_t n, size_t which,
                      const char *of)
{
    fw_hist *h = calloc(1, sizeof *h);
    FW_MUST(h);
    fw_hist_init(h);
    for (size_t i = 0; i < n; i++) {
        const fw_outcome *o = &all[i];
        if (o->point != p || o->which != c || o->superseded || strcmp(o->status, "ok") != 0 ||
            strcmp(o->role, "measure") != 0)
            continue;
        const char *csv = fw_str_of(json_array_get(json_object_get(o->result, "histograms"), which), "csv");
        char *path = fw_text("%s/%s", r->folder, csv);
        if (*csv && !strstr(csv, ".."))
            (void)fw_hist_read_csv(h, path); /* a runner may write none */
        free(path);
    }
    if (h->total) {
        const char *v = c->entry.headline ? "" : c->entry.variant;
        char *stem = fw_text("%s-%s%s%s%s", p->id, c->entry.runner->runtime, *v ? "-" : "", v, of);
        char *csv = fw_text("%s/hist/%s.csv", r->folder, stem), *hgrm = fw_text("%s/hgrm/%s.hgrm", r->folder, stem);
        note(r, "hist", fw_hist_write_csv(h, csv));
        note(r, "hgrm", fw_hist_write_hgrm(h, hgrm));
        free(csv);
        free(hgrm);
        free(stem);
    }
    free(h);
}

void fw_results_merge(fw_results *r, const fw_point *p, const fw_case *c, const fw_outcome *all, size_t n)
{
    merge_one(r, p, c, all, n, 0, "");
    merge_one(r, p, c, all, n, 1, ".lag"); /* most workloads have none */
}

void fw_results_latest(const fw_results *r)
{
    char *copy = fw_text("%s", r->folder), *name = basename(copy);
    char *parent = fw_text("%.*s", (int)(strlen(r->folder) - strlen(name)), r->folder);
    char *link = fw_text("%slatest", parent), *next = fw_text("%s.latest.%d", parent, (int)getpid());
    struct stat st;
    if ((lstat(link, &st) != 0 || S_ISLNK(st.st_mode)) && symlink(name, next) == 0 && rename(next, link) != 0)
        unlink(next);
    free(copy);
    free(parent);
    free(link);
    free(next);
}

void fw_results_close(fw_results *r)
{
    if (r->ndjson)
        note(r, "trials.ndjson", fclose(r->ndjson) ? -errno : 0);
    if (r->tidy)
        note(r, "tidy.csv", fclose(r->tidy) ? -errno : 0);
    r->ndjson = r->tidy = NULL;
}
