/* runner_request.c - from the JSON on standard input to a trial. Every complaint
 * is one line that names the field, its value and what is accepted. */
#include "runner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct complaint {
    char *text;
    size_t bytes;
} complaint;

static int bad(complaint why, const char *field, const char *expected)
{
    snprintf(why.text, why.bytes, "trial: %s: expected %s", field, expected);
    return -EINVAL;
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

/* A whole number, as a JSON integer or as decimal text; otherwise when absent. */
static int number(const json_t *o, const char *key, uint64_t otherwise, uint64_t max, uint64_t *value, complaint why)
{
    const json_t *v = json_object_get(o, key);
    char expected[80], *end = NULL;

    *value = otherwise;
    if (!v)
        return 0;
    errno = 0;
    if (json_is_integer(v) && json_integer_value(v) >= 0)
        *value = (uint64_t)json_integer_value(v);
    else if (json_is_string(v) && json_string_value(v)[0] >= '0' && json_string_value(v)[0] <= '9')
        *value = strtoull(json_string_value(v), &end, 10);
    else
        errno = EINVAL;
    if (errno || (end && *end) || *value > max) {
        snprintf(expected, sizeof expected, "a whole number from 0 to %llu", (unsigned long long)max);
        return bad(why, key, expected);
    }
    return 0;
}

static const fw_cell *find_cell(const json_t *o, complaint why)
{
    const char *workload = text_of(o, "workload"), *variant = text_of(o, "variant");
    const fw_cell *headline = NULL;

    for (size_t i = 0; i < fw_cell_count; i++) {
        if (strcmp(fw_cells[i].spec->name, workload) != 0)
            continue;
        if (strcmp(fw_cells[i].variant, variant) == 0)
            return &fw_cells[i];
        if (fw_cells[i].headline || !headline)
            headline = &fw_cells[i];
    }
    if (headline && *variant == '\0')
        return headline;
    snprintf(why.text, why.bytes,
             headline ? "trial: workload %.60s has no variant '%.60s' in %s"
                      : "trial: unknown workload '%.60s%.0s' in %s",
             workload, variant, fw_about_runtime.runtime);
    return NULL;
}

static int read_worker(fw_worker *w, unsigned index, const json_t *o, complaint why)
{
    const json_t *cpus = json_object_get(o, "cpus"), *cpu, *l3 = json_object_get(o, "l3"),
                 *numa = json_object_get(o, "numa");
    size_t i;

    *w = (fw_worker){.index = index, .l3 = -1, .numa = -1};
    if (!json_is_object(o) || (cpus && !json_is_array(cpus)))
        return bad(why, "workers", "an array of {\"cpus\":[…]}");
    json_array_foreach(cpus, i, cpu)
    {
        json_int_t n = json_is_integer(cpu) ? json_integer_value(cpu) : -1;
        if (n < 0 || n >= FW_MAX_CPUS)
            return bad(why, "cpus", "CPU numbers from 0 to 1023");
        uint64_t bit = UINT64_C(1) << (n % 64);
        w->ncpus += (w->cpu_mask[n / 64] & bit) == 0;
        w->cpu_mask[n / 64] |= bit;
    }
    if (json_is_integer(l3))
        w->l3 = (int)json_integer_value(l3);
    if (json_is_integer(numa))
        w->numa = (int)json_integer_value(numa);
    return 0;
}

static int read_workers(fw_trial *t, const json_t *o, complaint why)
{
    const json_t *workers = json_object_get(o, "workers");
    size_t n = json_array_size(workers);

    if (!workers)
        return 0; /* one, not bound */
    if (n == 0 || n > FW_MAX_WORKERS)
        return bad(why, "workers", "an array of 1 to 256 workers");
    t->nworkers = (unsigned)n;
    for (unsigned i = 0; i < n; i++)
        if (read_worker(&t->worker[i], i, json_array_get(workers, i), why) != 0)
            return -EINVAL;
    return 0;
}

static int read_params(fw_trial *t, const json_t *o, complaint why)
{
    json_t *params = json_object_get(o, "params"), *value;
    const char *name, *input = text_of(o, "input");
    char digits[32];

    json_object_foreach(params, name, value)
    {
        const char *text = json_string_value(value);
        if (json_is_integer(value)) {
            snprintf(digits, sizeof digits, "%lld", (long long)json_integer_value(value));
            text = digits;
        }
        if (!text)
            return bad(why, name, "a string");
        if (fw_trial_set(t, name, text, why.text, why.bytes) != 0)
            return -EINVAL;
    }
    if (*input && !json_object_get(params, "input"))
        return fw_trial_set(t, "input", input, why.text, why.bytes);
    return 0;
}

static int fill(fw_trial *t, const json_t *o, complaint why)
{
    const char *mode = text_of(o, "mode");
    uint64_t batch;

    static const char *const declared[] = {"steady, as the workload declares", "complete, as the workload declares",
                                           "hold, as the workload declares"};
    if (*mode && strcmp(mode, fw_mode_name(t->mode)) != 0)
        return bad(why, "mode", declared[t->mode]);
    if (number(o, "seed", 1, UINT64_MAX, &t->seed, why) ||
        number(o, "warmup_ns", 0, INT64_MAX / 4, &t->warmup_ns, why) ||
        number(o, "window_ns", 100000000, INT64_MAX / 4, &t->window_ns, why) ||
        number(o, "batch", 1, 1 << 24, &batch, why))
        return -EINVAL;
    if (batch == 0)
        return bad(why, "batch", "at least 1");
    if (t->mode != FW_COMPLETE && t->window_ns == 0)
        return bad(why, "window_ns", "at least 1");
    t->batch = (unsigned)batch;
    t->pin_units = json_is_true(json_object_get(o, "pin_units"));
    return read_workers(t, o, why) || read_params(t, o, why) ? -EINVAL : 0;
}

static int read_trial(fw_request *r, const json_t *o, complaint why)
{
    const json_t *fd = json_object_get(o, "progress_fd");

    if (!json_is_object(o))
        return bad(why, "trial", "an object");
    if (json_integer_value(json_object_get(o, "protocol")) != FW_PROTOCOL)
        return bad(why, "protocol", "1, the only version this runner speaks");
    const fw_cell *cell = find_cell(o, why);
    if (!cell)
        return -EINVAL;
    r->trial = fw_trial_new(cell, "quick");
    FW_MUST(r->trial);
    r->trial->baseline = strcmp(fw_about_runtime.kind, "seq") == 0;
    r->progress_fd = json_is_integer(fd) ? (int)json_integer_value(fd) : -1;
    r->instrument = json_is_true(json_object_get(o, "instrument"));
    const json_t *trace = json_object_get(o, "trace");
    if (trace && !*text_of(trace, "file"))
        return bad(why, "trace", "an object with the path of a file, {\"file\":…}");
    r->trace_file = trace ? text_of(trace, "file") : NULL;
    r->trace_about = json_object_get(trace, "about");
    r->hist_dir = text_of(o, "hist_dir");
    r->hist_stem = text_of(o, "hist_stem");
    return fill(r->trial, o, why);
}

/* What each measuring unit did; without it all was the first one's. */
static int read_meter_ops(fw_request *r, complaint why)
{
    const json_t *meters = json_object_get(r->json, "meter_ops"), *ops;
    uint64_t sum = 0;
    size_t i;

    r->trial->meter[0].ops_total = r->ops;
    if (!meters)
        return 0;
    json_array_foreach(meters, i, ops)
    {
        json_int_t n = json_is_integer(ops) ? json_integer_value(ops) : -1;
        if (n < 0 || i >= FW_MAX_METERS)
            break;
        r->trial->meter[i].ops_total = (uint64_t)n;
        sum += (uint64_t)n;
    }
    return i == json_array_size(meters) && sum == r->ops
               ? 0
               : bad(why, "meter_ops", "at most 64 whole numbers that sum to ops");
}

static int read_question(fw_request *r, complaint why)
{
    if (number(r->json, "repeats", 1, UINT64_MAX, &r->repeats, why) ||
        number(r->json, "ops", 0, UINT64_MAX, &r->ops, why))
        return -EINVAL;
    int err = read_trial(r, json_object_get(r->json, "trial"), why);
    return err ? err : read_meter_ops(r, why);
}

int fw_request_read(fw_request *r, bool oracle, char *text, size_t bytes)
{
    complaint why = {text, bytes};
    json_error_t error;

    *r = (fw_request){.json = json_loadf(stdin, 0, &error), .progress_fd = -1};
    if (!r->json) {
        snprintf(text, bytes, "standard input, line %d: %s", error.line, error.text);
        return -EINVAL;
    }
    int err = oracle ? read_question(r, why) : read_trial(r, r->json, why);
    if (err)
        fw_request_free(r);
    return err;
}

void fw_request_free(fw_request *r)
{
    if (r->trial)
        fw_trial_free(r->trial);
    json_decref(r->json);
}
