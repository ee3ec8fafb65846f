/* runner_result.c - the result of a trial as JSON, and its histogram files. Reads
 * the trial after its process has ended. */
#include "runner.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { PATH_BYTES = 4096, SAMPLES_ABOVE = 10 };

static const char *const rules[] = {"info", "minimum", "exact"};

static json_t *u64_text(uint64_t value)
{
    return json_sprintf("%" PRIu64, value);
}

static json_t *ruled(fw_rule rule, json_t *value)
{
    return json_pack("{s:s,s:o}", "rule", rules[rule], "value", value);
}

static json_t *integer(uint64_t value)
{
    return json_integer((json_int_t)value);
}

json_t *fw_expect_json(const fw_expect *e)
{
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "units", ruled(e->rule.units, integer(e->want.units)), "messages",
                     ruled(e->rule.messages, integer(e->want.messages)), "peak_live",
                     ruled(e->rule.peak_live, integer(e->want.peak_live)), "bytes",
                     ruled(e->rule.bytes, integer(e->want.bytes)), "ops", ruled(e->rule.ops, integer(e->want.ops)),
                     "checksum", ruled(e->rule.checksum, u64_text(e->want.checksum)));
}

static json_t *receipt_json(const fw_receipt *r)
{
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:s}", "units", integer(r->units), "messages", integer(r->messages),
                     "peak_live", integer(r->peak_live), "bytes", integer(r->bytes), "ops", integer(r->ops), "checksum",
                     u64_text(r->checksum), "source", "runtime");
}

/* ok, refused or failed. reason: one line. */
static const char *judge(const fw_trial *t, const fw_watch *w, char *reason, size_t bytes)
{
    const char *name;

    *reason = '\0';
    if (WIFSIGNALED(w->wait_status)) {
        name = sigabbrev_np(WTERMSIG(w->wait_status));
        snprintf(reason, bytes, "killed by SIG%s%s%.400s", name ? name : "?", t->failure[0] ? ": " : "", t->failure);
        return "failed";
    }
    if (t->failure[0]) {
        snprintf(reason, bytes, "%s", t->failure);
        return "failed";
    }
    if (w->wait_status != 0 || !t->finished) {
        snprintf(reason, bytes, "the trial's process ended early, with exit status %d", WEXITSTATUS(w->wait_status));
        return "failed";
    }
    if (!t->refused)
        return "ok";
    name = strerrorname_np(t->refused_errno);
    char reached[40] = "";
    if (t->receipt.peak_live) /* not refused before the first */
        snprintf(reached, sizeof reached, " with %" PRIu64 " units live", t->receipt.peak_live);
    snprintf(reason, bytes, "%s: %s%s (%s is %" PRId64 ")", t->refused_call, name ? name : "?", reached,
             t->refused_limit, t->refused_value);
    return "refused";
}

static void add_metric(json_t *metrics, const char *name, const char *unit, double value)
{
    json_t *row = json_pack("{s:s,s:s,s:f}", "name", name, "unit", unit, "value", value);
    if (row) /* not for NaN and infinities, which JSON lacks */
        json_array_append_new(metrics, row);
}

static const char *name_of(char *to, size_t bytes, const char *of, const char *what)
{
    snprintf(to, bytes, "%s%s%s", of, *of ? "_" : "", what);
    return to;
}

/* A percentile counts only if at least SAMPLES_ABOVE samples lie above it. of: "" or what the times are of. */
static void add_percentiles(json_t *metrics, const fw_hist *h, const char *of)
{
    char name[64];

    static const struct {
        const char *name;
        double q;
    } rows[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if ((double)h->total * (1.0 - rows[i].q) >= SAMPLES_ABOVE)
            add_metric(metrics, name_of(name, sizeof name, of, rows[i].name), "ns",
                       (double)fw_hist_quantile(h, rows[i].q));
    if (h->total)
        add_metric(metrics, name_of(name, sizeof name, of, "max"), "ns", (double)h->max_ns);
}

/* of: "" the operations; else the lags that are so called. */
static int write_hist(const fw_request *r, const fw_hist *h, const char *kind, const char *of, char *relative,
                      int (*writer)(const fw_hist *, const char *))
{
    char path[PATH_BYTES + 300];
    snprintf(path, sizeof path, "%.4000s/%s", r->hist_dir, kind);
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return -errno;
    snprintf(relative, PATH_BYTES, "%s/%.250s%s.%s", kind, r->hist_stem, *of ? ".lag" : "",
             kind[1] == 'i' ? "csv" : "hgrm");
    snprintf(path, sizeof path, "%.4000s/%.290s", r->hist_dir, relative);
    return writer(h, path);
}

/* Writes a histogram's files and adds them to the list. */
static void hist_files(const fw_request *r, const fw_hist *h, const char *of, json_t *list, json_t *events)
{
    char csv[PATH_BYTES], hgrm[PATH_BYTES];

    if (!*r->hist_dir || !*r->hist_stem || h->total == 0)
        return;
    int err = write_hist(r, h, "hist", of, csv, fw_hist_write_csv);
    if (!err)
        err = write_hist(r, h, "hgrm", of, hgrm, fw_hist_write_hgrm);
    if (err)
        json_array_append_new(events, json_sprintf("histogram not written below %s: %s", r->hist_dir, strerror(-err)));
    else
        json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s}", "name", *of ? of : r->trial->cell->spec->op, "unit",
                                              "ns", "csv", csv, "hgrm", hgrm));
}

/* The second histogram: times that the workload watches besides those of its operations. */
static void add_lags(const fw_request *r, json_t *list, json_t *metrics, json_t *events)
{
    const fw_trial *t = r->trial;
    fw_hist *h = malloc(sizeof *h);

    FW_MUST(h);
    fw_hist_init(h);
    for (unsigned i = 0; i < FW_MAX_METERS; i++)
        if (t->lag[i].total)
            fw_hist_merge(h, &t->lag[i]);
    add_percentiles(metrics, h, t->cell->spec->lag);
    hist_files(r, h, t->cell->spec->lag, list, events);
    free(h);
}

/* Operations a nanosecond. A window that was opened again holds so few that its edges would count: there the time
 * inside the operations, which follow each other without a gap, is the length. */
static double rate_of(const fw_meter *m)
{
    uint64_t length = m->reopened ? m->hist.sum_ns : m->window_end_ns - m->warm_end_ns;
    return m->ops_window ? (double)m->ops_window / (double)length : 0;
}

static void add_steady(json_t *o, const fw_request *r, json_t *metrics, json_t *events)
{
    const fw_trial *t = r->trial;
    uint64_t window = 0, slice[FW_SLICES] = {0};
    double per_ns = 0;
    json_t *slices = json_array(), *meters = json_array();
    fw_hist *h = malloc(sizeof *h);

    FW_MUST(h);
    fw_hist_init(h);
    for (uint32_t i = 0; i < atomic_load(&t->meters); i++) {
        const fw_meter *m = &t->meter[i];
        json_array_append_new(meters, integer(m->ops_total));
        window += m->ops_window;
        per_ns += rate_of(m);
        for (int s = 0; s < FW_SLICES; s++)
            slice[s] += m->slice_ops[s];
        if (m->hist.total)
            fw_hist_merge(h, &m->hist);
    }
    for (int s = 0; s < FW_SLICES; s++)
        json_array_append_new(slices, integer(slice[s]));
    if (t->batch == 1) /* a batch gives amortised cost, no percentile */
        add_percentiles(metrics, h, "");
    json_object_set_new(o, "ops_window", integer(window));
    json_object_set_new(o, "elapsed_ns",
                        integer(t->mode == FW_HOLD ? h->sum_ns
                                : per_ns > 0       ? (uint64_t)((double)window / per_ns + 0.5)
                                                   : t->window_ns));
    json_object_set_new(o, "slices", slices);
    json_object_set_new(o, "meter_ops", meters);
    json_t *files = json_array();
    hist_files(r, h, "", files, events);
    if (t->cell->spec->lag)
        add_lags(r, files, metrics, events);
    json_object_set_new(o, "histograms", files);
    free(h);
}

static void add_complete(json_t *o, const fw_trial *t)
{
    json_t *repeats = json_array();
    uint64_t elapsed = 0, ops = t->repeats ? t->receipt.ops / t->repeats : 0;

    for (uint64_t i = 0; i < t->measured; i++) {
        elapsed += t->repeat_ns[i];
        json_array_append_new(repeats, integer(t->repeat_ns[i]));
    }
    json_object_set_new(o, "ops_window", integer(ops * t->measured));
    json_object_set_new(o, "elapsed_ns", integer(elapsed));
    json_object_set_new(o, "repeats_ns", repeats);
    json_object_set_new(o, "cold_ns", integer(t->cold_ns));
    json_object_set_new(o, "histograms", json_array());
}

static json_t *usage_json(const fw_usage *u, const fw_watch *w)
{
    json_t *o =
        json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "cpu_user_ns", integer(u->cpu_user_ns), "cpu_sys_ns",
                  integer(u->cpu_sys_ns), "voluntary_switches", integer(u->voluntary_switches), "involuntary_switches",
                  integer(u->involuntary_switches), "minor_faults", integer(u->minor_faults), "major_faults",
                  integer(u->major_faults), "max_rss_bytes", integer(w->max_rss_bytes));
    if (w->page_table_bytes)
        json_object_set_new(o, "page_table_bytes", integer(w->page_table_bytes));
    if (w->kernel_stack_bytes)
        json_object_set_new(o, "kernel_stack_bytes", integer(w->kernel_stack_bytes));
    return o;
}

static json_t *counters_json(void)
{
    static const struct {
        const char *name;
        fw_counter which;
    } rows[] = {{"steals", FW_STEALS},     {"parks", FW_PARKS},           {"unparks", FW_UNPARKS},
                {"futex", FW_FUTEX},       {"syscalls", FW_SYSCALLS},     {"polls", FW_POLLS},
                {"switches", FW_SWITCHES}, {"migrations", FW_MIGRATIONS}, {"overflows", FW_OVERFLOWS},
                {"boxes", FW_BOXES}};
    json_t *o = json_object();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        json_object_set_new(o, rows[i].name, integer(fw_counter_sum(rows[i].which)));
    return o;
}

static json_t *cpus_of(const uint64_t *mask)
{
    json_t *array = json_array();
    for (unsigned cpu = 0; cpu < FW_MAX_CPUS; cpu++)
        if (mask[cpu / 64] >> (cpu % 64) & 1)
            json_array_append_new(array, json_integer(cpu));
    return array;
}

static json_t *placement_json(const fw_trial *t)
{
    json_t *array = json_array();
    for (unsigned i = 0; i < t->nworkers; i++) {
        uint64_t got[FW_MAX_CPUS / 64];
        for (unsigned word = 0; word < FW_MAX_CPUS / 64; word++)
            got[word] = atomic_load_explicit(&t->got_mask[i][word], memory_order_relaxed); /* its writers have ended */
        json_array_append_new(array, json_pack("{s:i,s:o,s:o}", "worker", (int)i, "asked",
                                               cpus_of(t->worker[i].cpu_mask), "got", cpus_of(got)));
    }
    return array;
}

static json_t *list_in(json_t *object, const char *key)
{
    json_t *list = json_object_get(object, key);
    if (!list) {
        list = json_array();
        json_object_set_new(object, key, list);
    }
    return list;
}

/* The lists that the runtime's instruments told. */
static void add_told(json_t *o, const fw_trial *t)
{
    json_t *row[FW_ROW_LEVELS + 1] = {o}, *last = o; /* row[level + 1]: the last row of that level */

    for (size_t i = 0; i < t->told_count; i++) {
        const fw_told *told = &t->told[i];
        if (told->kind == FW_TOLD_ROW) {
            json_t *text = json_string(told->text); /* NULL: a name that is not UTF-8 */
            last = row[told->level + 1] = json_pack("{s:o}", told->key, text ? text : json_string("?"));
            json_array_append_new(list_in(row[told->level], told->list), last);
        } else if (told->kind == FW_TOLD_ITEM) {
            json_array_append_new(list_in(last, told->key), integer(told->value));
        } else {
            json_object_set_new(last, told->key, integer(told->value));
        }
    }
}

static void add_outcome(json_t *o, const fw_request *r, const fw_watch *w)
{
    const fw_trial *t = r->trial;
    char reason[2 * FW_LINE_BYTES];
    const char *status = judge(t, w, reason, sizeof reason);

    json_object_set_new(o, "status", json_string(status));
    json_t *text = json_string(reason); /* NULL when a cell's message is not UTF-8 */
    json_object_set_new(o, "reason", text ? text : json_string("a message that is not UTF-8"));
    if (strcmp(status, "refused") == 0)
        json_object_set_new(o, "refused",
                            json_pack("{s:s,s:i,s:s,s:I}", "call", t->refused_call, "errno", t->refused_errno, "limit",
                                      t->refused_limit, "value", (json_int_t)t->refused_value));
}

json_t *fw_result_json(const fw_request *r, const fw_watch *w)
{
    const fw_trial *t = r->trial;
    json_t *o = json_object(), *metrics = json_array(), *events = json_array();
    json_t *id = json_object_get(r->json, "trial_id");

    json_object_set_new(o, "protocol", json_integer(FW_PROTOCOL));
    json_object_set(o, "trial_id", id ? id : json_null());
    add_outcome(o, r, w);
    if (t->finished) {
        json_object_set_new(o, "receipt", receipt_json(&t->receipt));
        json_object_set_new(o, "expect", fw_expect_json(&t->expect));
        json_object_set_new(o, "ops_total", integer(t->receipt.ops));
        json_object_set_new(o, "repeats_total", integer(t->repeats));
        if (t->mode == FW_COMPLETE)
            add_complete(o, t);
        else
            add_steady(o, r, metrics, events);
        for (uint32_t i = 0; i < atomic_load(&t->metric_count) && i < FW_MAX_METRICS; i++)
            add_metric(metrics, t->metric[i].name, t->metric[i].unit, t->metric[i].value);
        if (fw_about_runtime.schedules)
            add_metric(metrics, "idle_while_runnable", "ns", (double)fw_counter_sum(FW_IDLE_NS));
    }
    json_object_set_new(o, "metrics", metrics);
    json_object_set_new(o, "usage", usage_json(&t->usage, w));
    json_object_set_new(o, "counters", counters_json());
    json_object_set_new(o, "placement", placement_json(t));
    json_object_set_new(o, "events", events);
    add_told(o, t);
    if (w->trace)
        json_object_set_new(o, "trace", w->trace);
#ifdef FW_SANITIZE
    json_object_set_new(o, "build", json_string(FW_SANITIZE));
#endif
    return o;
}
