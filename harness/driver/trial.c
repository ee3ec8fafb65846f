/* trial.c - one trial: the request, the run, and the judgement. No receipt is
 * trusted: one of our runners is asked what it must hold. Next: child.h. */
#include "child.h"
#include "driver.h"
#include "sentinel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { ORACLE_SECONDS = 120, LEAST_PILOT_NS = 20000000 };

uint64_t fw_pilot_window_ns(const fw_settings *s)
{
    return s->window_ns / 5 > LEAST_PILOT_NS ? s->window_ns / 5 : LEAST_PILOT_NS;
}

bool fw_has_instruments(const fw_case *c)
{
    return json_is_true(json_object_get(c->entry.runner->describe, "instruments"));
}

static json_t *request_of(const fw_settings *s, const fw_outcome *o)
{
    const fw_point *p = o->point;
    bool pilot = strcmp(o->role, "pilot") == 0;
    bool steady = strcmp(fw_str_of(p->workload, "mode"), "steady") == 0; /* its placement is the point: no stealing */
    const char *input = fw_str_of(p->params, "input");
    json_t *placed = json_incref(p->workers);
    return json_pack("{s:i,s:I,s:s,s:I,s:s,s:s,s:s,s:O,s:s,s:o,s:b,s:I,s:I,s:I,s:o,s:s,s:i,s:s,s:o,s:i,s:s}",
                     "protocol", FW_PROTOCOL, "trial_id", (json_int_t)o->id, "block", p->id, "round",
                     (json_int_t)o->round, "role", strcmp(o->role, "axis") == 0 ? "measure" : o->role, "workload",
                     fw_str_of(p->workload, "name"), "variant", o->which->entry.variant, "params", p->params, "mode",
                     fw_str_of(p->workload, "mode"), "workers", placed, "pin_units",
                     steady && strcmp(p->placement, "none") != 0, "warmup_ns",
                     (json_int_t)(pilot ? s->warmup_ns / 2 : s->warmup_ns), "window_ns",
                     (json_int_t)(pilot ? fw_pilot_window_ns(s) : s->window_ns), "batch", (json_int_t)p->batch, "seed",
                     json_sprintf("%llu", (unsigned long long)o->seed), "input", input, "progress_fd",
                     FW_CHILD_PROGRESS_FD, "hist_dir", pilot || !s->folder ? "" : s->folder, "hist_stem",
                     pilot ? json_string("") : json_sprintf("%u", o->id), "offered_rate", 0, "arrival_seed", "0");
}

static void fail(fw_outcome *o, const char *reason)
{
    o->status = "failed";
    o->reason = fw_text("%.*s", (int)strcspn(reason, "\n"), reason);
}

/* What the process itself did wrong, or NULL. */
static char *conduct(const fw_settings *s, const fw_child_result *r)
{
    if (!r->started)
        return fw_text("cannot be started: %s", strerror(r->exec_errno));
    if (r->interrupted)
        return fw_text("interrupted");
    if (r->hung)
        return fw_text("hung: its work count did not rise for %g s (--hang-after)", s->hang_after_s);
    if (r->too_long)
        return fw_text("hung: its work count rises, but it did not end");
    if (r->too_much)
        return fw_text("wrote more than 4 MB");
    if (WIFSIGNALED(r->wait_status))
        return fw_text("killed by SIG%s",
                       sigabbrev_np(WTERMSIG(r->wait_status)) ? sigabbrev_np(WTERMSIG(r->wait_status)) : "?");
    if (WEXITSTATUS(r->wait_status))
        return fw_text("exit status %d", WEXITSTATUS(r->wait_status));
    if (r->left)
        return fw_text("left %u process%s behind: %s", r->left, r->left == 1 ? "" : "es", r->names);
    return NULL;
}

static uint64_t u64_of(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    if (json_is_string(v))
        return strtoull(json_string_value(v), NULL, 10);
    return json_is_integer(v) ? (uint64_t)json_integer_value(v) : 0;
}

/* What an honest receipt holds, from one of our runners. NULL with *why. */
static json_t *ask_oracle(const fw_settings *s, const fw_outcome *o, char **why)
{
    const fw_runner *ours = fw_catalogue_oracle(s->catalogue, o->which->entry.workload);
    const json_t *repeats = json_object_get(o->result, "repeats_total");
    if (!ours) {
        *why = fw_text("no runner of ours has an oracle for workload '%s'", o->which->entry.workload);
        return NULL;
    }
    json_int_t n = json_is_integer(repeats) ? json_integer_value(repeats)
                                            : (json_int_t)u64_of(json_object_get(o->result, "receipt"), "ops");
    if (strcmp(fw_str_of(o->point->workload, "mode"), "complete") != 0)
        n = 1; /* such a cell runs once */
    json_t *trial = json_copy(o->request);
    json_object_del(trial, "trace");
    json_object_set_new(trial, "variant", json_string("")); /* the work is the same in all */
    json_t *question = json_pack("{s:o,s:I,s:I}", "trial", trial, "repeats", n, "ops", (json_int_t)o->ops);
    json_t *meters = json_object_get(o->result, "meter_ops");
    if (meters)
        json_object_set(question, "meter_ops", meters);
    char *text = json_dumps(question, JSON_COMPACT);
    const char *argv[] = {ours->path, "--oracle", NULL};
    fw_child_request request = {.argv = argv, .input = text, .limit_s = ORACLE_SECONDS};
    fw_child_result r;
    json_t *answer = NULL;
    if (fw_child_run(&request, &r) == 0) {
        answer = r.started && r.wait_status == 0 ? json_loads(r.out, 0, NULL) : NULL;
        if (!answer)
            *why = fw_text("the oracle (%s --oracle) failed: %.200s", ours->path, r.err);
        fw_child_free(&r);
    }
    free(text);
    json_decref(question);
    json_t *expect = json_incref(json_object_get(answer, "expect"));
    json_decref(answer);
    if (!expect && !*why)
        *why = fw_text("the oracle gave no answer");
    return expect;
}

/* NULL when the receipt satisfies the oracle; else which field, what it held, what it must hold. A reference keeps its
 * own structure and a baseline has none, so only the work done (ops, checksum) binds it. */
static char *compare(const json_t *receipt, const json_t *expect, bool work_only)
{
    static const char *const fields[] = {"units", "messages", "peak_live", "bytes", "ops", "checksum"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const json_t *e = json_object_get(expect, fields[i]);
        const char *rule = fw_str_of(e, "rule");
        uint64_t got = u64_of(receipt, fields[i]), want = u64_of(e, "value");
        if (!e || strncmp(rule, "info", 4) == 0 || (work_only && i < 4))
            continue;
        if (!json_object_get(receipt, fields[i]))
            return fw_text("wrong receipt: %s is missing", fields[i]);
        bool least = strncmp(rule, "min", 3) == 0;
        if (least ? got < want : got != want)
            return fw_text("wrong receipt: %s is %llu, expected %s%llu", fields[i], (unsigned long long)got,
                           least ? "at least " : "", (unsigned long long)want);
    }
    return NULL;
}

static double median_of(const json_t *array)
{
    size_t n = json_array_size(array);
    double *v = calloc(n + 1, sizeof *v), m = 0;
    FW_MUST(v);
    for (size_t i = 0; i < n; i++) {
        double x = json_number_value(json_array_get(array, i));
        size_t j = i;
        for (; j > 0 && v[j - 1] > x; j--)
            v[j] = v[j - 1];
        v[j] = x;
    }
    if (n)
        m = n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
    free(v);
    return m;
}

/* Takes the figures out of a valid result. False: there are none. */
static bool figures(fw_outcome *o)
{
    const json_t *r = o->result, *repeats = json_object_get(r, "repeats_ns"), *usage = json_object_get(r, "usage");
    double window = fw_num_of(r, "ops_window", 0), elapsed = fw_num_of(r, "elapsed_ns", 0);
    size_t n = json_array_size(repeats);
    if (n && window > 0)
        o->time_per_op = median_of(repeats) / (window / (double)n);
    else if (window > 0)
        o->time_per_op = elapsed / window;
    double cpu = fw_num_of(usage, "cpu_user_ns", 0) + fw_num_of(usage, "cpu_sys_ns", 0);
    o->cpu_per_op = o->ops ? cpu / (double)o->ops : 0;
    return isfinite(o->time_per_op) && o->time_per_op > 0;
}

static void judge_result(const fw_settings *s, fw_outcome *o)
{
    const char *status = fw_str_of(o->result, "status"), *reason = fw_str_of(o->result, "reason");
    char *why = NULL;
    if (fw_num_of(o->result, "protocol", 0) != FW_PROTOCOL || fw_num_of(o->result, "trial_id", -1) != o->id) {
        fail(o, "its result has another protocol or trial_id than the request");
        return;
    }
    if (strcmp(status, "refused") == 0) {
        o->status = "refused";
        o->reason = *reason ? fw_text("%.*s", (int)strcspn(reason, "\n"), reason) : fw_text("no reason given");
        return;
    }
    if (strcmp(status, "ok") != 0) {
        fail(o, *reason ? reason : "status is neither ok, refused nor failed");
        return;
    }
    const json_t *receipt = json_object_get(o->result, "receipt");
    o->ops = u64_of(receipt, "ops");
    json_t *expect = json_is_object(receipt) ? ask_oracle(s, o, &why) : NULL;
    if (!json_is_object(receipt))
        why = fw_text("no receipt");
    else if (expect)
        why = compare(receipt, expect, strcmp(o->which->entry.runner->kind, "model") != 0);
    json_decref(expect);
    if (fw_interrupted && why)
        o->interrupted = true;
    if (why)
        fail(o, why);
    else if (!figures(o))
        fail(o, "no operation was finished inside the window (--window makes it longer)");
    else
        o->status = "ok";
    free(why);
}

/* CPU time of this process and of all that it has ended and waited for. */
static uint64_t own_cpu_ns(void)
{
    uint64_t ns = 0;
    for (int i = 0; i < 2; i++) {
        struct rusage u;
        if (getrusage(i ? RUSAGE_CHILDREN : RUSAGE_SELF, &u) == 0)
            ns += (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000000 +
                  (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000;
    }
    return ns;
}

/* Runs the child between two looks at the machine; what disturbed it becomes taints. */
static int run_watched(const fw_settings *s, const fw_child_request *request, fw_child_result *r, fw_outcome *o)
{
    fw_sentinel before, after;
    int cpus[FW_MAX_WORKERS];
    unsigned n = 0;
    json_t *worker;
    size_t i;
    json_array_foreach(o->point->workers, i, worker)
    {
        const json_t *first = json_array_get(json_object_get(worker, "cpus"), 0);
        if (first && n < FW_MAX_WORKERS)
            cpus[n++] = (int)json_integer_value(first);
    }
    uint64_t own = own_cpu_ns();
    fw_sentinel_take(&before, cpus, n);
    int rc = fw_child_run(request, r);
    fw_sentinel_take(&after, cpus, n);
    if (rc == 0)
        fw_sentinel_compare(&before, &after, own_cpu_ns() - own, o->taints);
    if (rc == 0 && s->probe)
        fw_sentinel_probe(&after, o->taints);
    return rc;
}

/* A worker of a model that ran elsewhere than asked gives no figure of this placement. None of a worker that nothing
 * ran on; a baseline uses one worker only, a reference places itself. */
static void check_placement(fw_outcome *o)
{
    json_t *place;
    size_t i;
    if (strcmp(o->which->entry.runner->kind, "model") != 0 || strcmp(o->status, "ok") != 0)
        return;
    json_array_foreach(json_object_get(o->result, "placement"), i, place)
    {
        const json_t *asked = json_object_get(place, "asked"), *got = json_object_get(place, "got");
        if (json_array_size(asked) && json_array_size(got) && !json_equal(asked, got)) {
            char *a = json_dumps(asked, JSON_COMPACT), *g = json_dumps(got, JSON_COMPACT);
            fail(o, fw_text("placement: worker %zu was asked to run on CPUs %s and ran on %s", i, a ? a : "?",
                            g ? g : "?"));
            free(a);
            free(g);
            return;
        }
    }
}

void fw_trial_execute(const fw_settings *s, fw_outcome *o)
{
    bool steady = strcmp(fw_str_of(o->point->workload, "mode"), "steady") == 0;
    const char *argv[] = {o->which->entry.runner->path, "--trial", NULL};
    o->request = request_of(s, o);
    FW_MUST(o->request);
    if (s->instrument && fw_has_instruments(o->which) && strcmp(o->role, "pilot") != 0)
        json_object_set_new(o->request, "instrument", json_true());
    if (s->trace)
        json_object_set(o->request, "trace", s->trace);
    char *text = json_dumps(o->request, JSON_COMPACT);
    fw_child_request request = {.argv = argv,
                                .input = text,
                                .progress = true,
                                .hang_after_s = s->hang_after_s,
                                .limit_s =
                                    steady ? (double)(s->warmup_ns + s->window_ns) / 1e9 + 20 * s->hang_after_s : 0};
    fw_child_result r;
    o->status = "failed";
    int rc = run_watched(s, &request, &r, o);
    free(text);
    if (rc) {
        fail(o, fw_text("no process for it: %s", strerror(-rc)));
        return;
    }
    o->seconds = r.seconds;
    o->interrupted = r.interrupted;
    o->err = fw_text("%s", r.err_bytes > 2000 ? r.err + r.err_bytes - 2000 : r.err);
    char *wrong = conduct(s, &r);
    json_error_t error;
    o->result = wrong && !r.left ? NULL : json_loads(r.out, 0, &error);
    if (wrong)
        fail(o, wrong);
    else if (!json_is_object(o->result))
        fail(o, fw_text("wrote something else than one JSON object: %.60s%s", r.out, r.out_bytes ? "" : "(nothing)"));
    else
        judge_result(s, o);
    check_placement(o);
    o->tainted = json_array_size(o->taints) > 0;
    free(wrong);
    fw_child_free(&r);
}
