/* trial.c - a trial's parameters, repeats and results. See trial.h for who owns what, window.c for steady ones. */
#include "trial.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

extern fw_trial *fw_current_trial; /* bind.c */

const char *fw_mode_name(fw_mode mode)
{
    static const char *const name[] = {"steady", "complete", "hold"};
    return name[mode];
}

static int param_index(const fw_spec *spec, const char *name)
{
    for (int i = 0; spec->params && spec->params[i].name; i++)
        if (strcmp(spec->params[i].name, name) == 0)
            return i;
    return -1;
}

static const char *param_default(const fw_param *p, const char *profile)
{
    if (strcmp(profile, "smoke") == 0)
        return p->smoke;
    return strcmp(profile, "quick") == 0 ? p->quick : p->standard;
}

fw_trial *fw_trial_new(const fw_cell *cell, const char *profile)
{
    fw_trial *t = mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (t == MAP_FAILED)
        return NULL;
    t->cell = cell;
    t->mode = cell->spec->mode;
    t->seed = 1;
    t->batch = 1;
    t->nworkers = 1;
    t->meters_wanted = UINT32_MAX;
    t->worker[0].l3 = t->worker[0].numa = -1;
    for (int i = 0; cell->spec->params && cell->spec->params[i].name; i++) {
        FW_MUST(i < FW_MAX_PARAMS);
        snprintf(t->value[i], FW_VALUE_BYTES, "%s", param_default(&cell->spec->params[i], profile));
    }
    fw_counters_reset(); /* maps them too, before any fork */
    fw_current_trial = t;
    return t;
}

void fw_trial_free(fw_trial *t)
{
    if (fw_current_trial == t)
        fw_current_trial = NULL;
    munmap(t, sizeof *t);
}

/* Whether word is one of "a|b|c". */
static bool is_choice(const char *choices, const char *word)
{
    size_t length = strchr(word, '|') ? 0 : strlen(word);
    for (const char *at = choices; length && (at = strstr(at, word)); at += length)
        if ((at == choices || at[-1] == '|') && (at[length] == '\0' || at[length] == '|'))
            return true;
    return false;
}

int fw_trial_set(fw_trial *t, const char *name, const char *value, char *why, size_t why_bytes)
{
    int i = param_index(t->cell->spec, name);
    if (i < 0) {
        snprintf(why, why_bytes, "%s: unknown parameter %s", t->cell->spec->name, name);
        return -EINVAL;
    }
    const fw_param *p = &t->cell->spec->params[i];
    if (p->type == FW_PARAM_INT) {
        char *end;
        errno = 0;
        int64_t number = strtoll(value, &end, 10);
        if (errno || end == value || *end || number < p->min || number > p->max) {
            snprintf(why, why_bytes, "%s=%s: expected a whole number from %" PRId64 " to %" PRId64, name, value, p->min,
                     p->max);
            return -EINVAL;
        }
    } else if (p->type == FW_PARAM_CHOICE && !is_choice(p->choices, value)) {
        snprintf(why, why_bytes, "%s=%s: expected one of %s", name, value, p->choices);
        return -EINVAL;
    }
    if (strlen(value) >= FW_VALUE_BYTES) {
        snprintf(why, why_bytes, "%s: value longer than %d bytes", name, FW_VALUE_BYTES - 1);
        return -EINVAL;
    }
    snprintf(t->value[i], FW_VALUE_BYTES, "%s", value);
    return 0;
}

const char *fw_str(const fw_trial *t, const char *name)
{
    int i = param_index(t->cell->spec, name);
    FW_MUST(i >= 0);
    return t->value[i];
}

int64_t fw_int(const fw_trial *t, const char *name)
{
    return strtoll(fw_str(t, name), NULL, 10);
}

uint64_t fw_seed(const fw_trial *t)
{
    return t->seed;
}

unsigned fw_batch(const fw_trial *t)
{
    return t->batch;
}

unsigned fw_workers(const fw_trial *t)
{
    return t->nworkers;
}

const fw_worker *fw_worker_of(const fw_trial *t, unsigned unit)
{
    return &t->worker[unit % t->nworkers];
}

bool fw_pin_units(const fw_trial *t)
{
    return t->pin_units;
}

void *fw_input(const fw_trial *t)
{
    return t->input;
}

void fw_begin(fw_trial *t)
{
    t->begin_ns = fw_now_ns();
}

void fw_end(fw_trial *t)
{
    uint64_t took = fw_now_ns() - t->begin_ns;
    if (t->repeats++ == 0)
        t->cold_ns = took;
    if (t->warm && t->measured < FW_MAX_REPEATS)
        t->repeat_ns[t->measured++] = took;
}

void fw_result(fw_trial *t, uint64_t ops, uint64_t checksum)
{
    atomic_fetch_add_explicit(&t->result_ops, ops, memory_order_relaxed); /* read after join */
    atomic_fetch_add_explicit(&t->result_checksum, checksum, memory_order_relaxed);
}

void fw_metric(fw_trial *t, const char *name, const char *unit, double value)
{
    uint32_t at = atomic_fetch_add(&t->metric_count, 1);
    if (at >= FW_MAX_METRICS) {
        atomic_fetch_sub(&t->metric_count, 1);
        return;
    }
    snprintf(t->metric[at].name, sizeof t->metric[at].name, "%s", name);
    snprintf(t->metric[at].unit, sizeof t->metric[at].unit, "%s", unit);
    t->metric[at].value = value;
}

int fw_refuse(fw_trial *t, const char *call, int err, const char *limit, int64_t limit_value)
{
    t->refused = true;
    snprintf(t->refused_call, sizeof t->refused_call, "%s", call);
    snprintf(t->refused_limit, sizeof t->refused_limit, "%s", limit);
    t->refused_errno = err;
    t->refused_value = limit_value;
    return -err;
}

int fw_fail(fw_trial *t, const char *format, ...)
{
    uint32_t clean = 0;
    if (atomic_compare_exchange_strong(&t->failed, &clean, 1)) {
        va_list args;
        va_start(args, format);
        vsnprintf(t->failure, sizeof t->failure, format, args);
        va_end(args);
        atomic_store(&t->failed, 2);
    }
    return -EPROTO;
}

/* A repeat finds the memory that the one before it gave back, as in a program that runs on, and as in runtimes with a
 * heap of their own; else the kernel's page faults would be most of what a large repeat costs. */
static void keep_freed_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, -1);
    mallopt(M_TOP_PAD, 64 << 20); /* as large as a thread's heap: else one that is all free is unmapped */
#endif
}

bool fw_repeats(void)
{
    return fw_current_trial && fw_current_trial->mode == FW_COMPLETE;
}

static int run_complete(fw_trial *t)
{
    uint64_t start = fw_now_ns(), warm_since = 0;

    keep_freed_memory();
    for (;;) {
        uint64_t now = fw_now_ns();
        if (!t->warm && (t->warmup_ns == 0 || (t->repeats > 0 && now - start >= t->warmup_ns))) {
            t->warm = true;
            warm_since = now;
        }
        if (t->warm && t->measured > 0 && (now - warm_since >= t->window_ns || t->measured == FW_MAX_REPEATS))
            return 0;
        uint64_t before = t->repeats;
        int err = t->cell->run(t);
        if (err || atomic_load(&t->failed))
            return err ? err : -EPROTO;
        if (t->repeats != before + 1)
            return fw_fail(t, "the cell did not call fw_begin and fw_end once");
    }
}

int fw_trial_prepare(fw_trial *t)
{
    const fw_spec *spec = t->cell->spec;
    char why[FW_LINE_BYTES] = "";

    if (spec->prepare && spec->prepare(t, &t->input, why, sizeof why) != 0)
        return fw_fail(t, "%s", why[0] ? why : "the input could not be prepared");
    return 0;
}

static uint64_t ns_of(struct timeval v)
{
    return (uint64_t)v.tv_sec * 1000000000 + (uint64_t)v.tv_usec * 1000;
}

static void add_usage(fw_usage *sum, const struct rusage *u)
{
    sum->cpu_user_ns += ns_of(u->ru_utime);
    sum->cpu_sys_ns += ns_of(u->ru_stime);
    sum->voluntary_switches += (uint64_t)u->ru_nvcsw;
    sum->involuntary_switches += (uint64_t)u->ru_nivcsw;
    sum->minor_faults += (uint64_t)u->ru_minflt;
    sum->major_faults += (uint64_t)u->ru_majflt;
}

static fw_usage usage_now(void)
{
    fw_usage sum = {0};
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    add_usage(&sum, &u);
    getrusage(RUSAGE_CHILDREN, &u);
    add_usage(&sum, &u);
    return sum;
}

int fw_load_wait(fw_trial *t, int pid, int *status)
{
    struct rusage u;

    while (wait4(pid, status, 0, &u) < 0)
        if (errno != EINTR)
            return -errno;
    add_usage(&t->load, &u);
    return 0;
}

int fw_trial_run(fw_trial *t)
{
    int err = fw_trial_prepare(t);
    if (err)
        return err;
    fw_usage before = usage_now();
    if (t->mode == FW_COMPLETE) {
        err = run_complete(t);
    } else {
        err = t->cell->run(t);
        t->repeats = 1;
    }
    fw_usage after = usage_now();
    t->usage = (fw_usage){
        .cpu_user_ns = after.cpu_user_ns - before.cpu_user_ns - t->load.cpu_user_ns,
        .cpu_sys_ns = after.cpu_sys_ns - before.cpu_sys_ns - t->load.cpu_sys_ns,
        .voluntary_switches = after.voluntary_switches - before.voluntary_switches - t->load.voluntary_switches,
        .involuntary_switches = after.involuntary_switches - before.involuntary_switches - t->load.involuntary_switches,
        .minor_faults = after.minor_faults - before.minor_faults - t->load.minor_faults,
        .major_faults = after.major_faults - before.major_faults - t->load.major_faults,
    };
    return err ? err : atomic_load(&t->failed) ? -EPROTO : 0;
}

void fw_trial_judge(fw_trial *t)
{
    char why[FW_LINE_BYTES] = "";
    int err = fw_trial_run(t);

    if (err && !t->refused && !atomic_load(&t->failed))
        fw_fail(t, "the cell ended with error %d: %s", -err, strerror(-err));
    fw_trial_receipt(t, &t->receipt);
    if (!err) {
        t->cell->spec->expect(t, t->repeats, t->receipt.ops, &t->expect);
        if (t->baseline)
            t->expect.rule.units = t->expect.rule.messages = t->expect.rule.peak_live = t->expect.rule.bytes = FW_INFO;
        if (fw_receipt_check(&t->receipt, &t->expect, why, sizeof why) != 0)
            fw_fail(t, "%s", why);
        else if (t->receipt.ops == 0)
            fw_fail(t, "no operation was finished");
    }
    t->finished = true;
}

uint64_t fw_trial_progress(const fw_trial *t)
{
    (void)t;
    return fw_counter_sum(FW_CREATED) + fw_counter_sum(FW_ENDED) + fw_counter_sum(FW_MESSAGES) +
           fw_counter_sum(FW_WORK);
}

void fw_trial_receipt(const fw_trial *t, fw_receipt *receipt)
{
    *receipt = (fw_receipt){
        .units = fw_counter_sum(FW_CREATED),
        .messages = fw_counter_sum(FW_MESSAGES),
        .peak_live = fw_live_peak(),
        .bytes = fw_counter_sum(FW_BYTES),
        .ops = atomic_load(&t->result_ops),
        .checksum = atomic_load(&t->result_checksum),
    };
    uint32_t meters = atomic_load(&t->meters);
    for (uint32_t i = 0; i < meters; i++)
        receipt->ops += t->meter[i].ops_total;
}

static int check_field(const char *name, fw_rule rule, uint64_t got, uint64_t want, char *why, size_t why_bytes)
{
    if (rule == FW_INFO || got == want || (rule == FW_MINIMUM && got > want))
        return 0;
    snprintf(why, why_bytes, "wrong receipt: %s is %" PRIu64 ", expected %s%" PRIu64, name, got,
             rule == FW_MINIMUM ? "at least " : "", want);
    return -EPROTO;
}

int fw_receipt_check(const fw_receipt *r, const fw_expect *e, char *why, size_t why_bytes)
{
    int err = check_field("units", e->rule.units, r->units, e->want.units, why, why_bytes);
    if (!err)
        err = check_field("messages", e->rule.messages, r->messages, e->want.messages, why, why_bytes);
    if (!err)
        err = check_field("peak_live", e->rule.peak_live, r->peak_live, e->want.peak_live, why, why_bytes);
    if (!err)
        err = check_field("bytes", e->rule.bytes, r->bytes, e->want.bytes, why, why_bytes);
    if (!err)
        err = check_field("ops", e->rule.ops, r->ops, e->want.ops, why, why_bytes);
    if (!err)
        err = check_field("checksum", e->rule.checksum, r->checksum, e->want.checksum, why, why_bytes);
    return err;
}
