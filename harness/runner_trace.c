/* runner_trace.c - a traced trial: the kernel's switches (switches.h) and the workers' marks (lanes.h) become one file
 * in the Trace Event Format, which Perfetto and chrome://tracing open. Times in it are microseconds since just before
 * the trial's process was forked. What the tracks are called and hold: results/SCHEMA.md, trace.json. */
#include "runner.h"

#include "lanes.h"
#include "switches.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CPUS = 1, WORKERS, TRIAL };                                /* processes of the file */
enum { CPU_TRACK = 1, WORKER_TRACK = 2001, WINDOW_TRACK = 3001 }; /* plus the CPU's or worker's number */

struct fw_tracer {
    uint64_t begin_ns;
    fw_switches switches;
    char no_cpus[FW_LINE_BYTES]; /* why there are none */
    struct pollfd *wait;         /* of the pidfd and every ring */
};

typedef struct writing {
    FILE *file;
    uint64_t begin_ns;
    unsigned long long cpu_slices, unit_slices;
    pid_t trial;
    const fw_switches *switches;
} writing;

fw_tracer *fw_trace_open(const fw_request *r)
{
    fw_tracer *t = calloc(1, sizeof *t);

    FW_MUST(t && fw_lanes_open(r->trial->nworkers) == 0);
    fw_switches_open(&t->switches, t->no_cpus, sizeof t->no_cpus);
    t->wait = calloc(t->switches.cpus + 1, sizeof *t->wait);
    FW_MUST(t->wait);
    for (unsigned i = 0; i < t->switches.cpus; i++)
        t->wait[i + 1] = (struct pollfd){.fd = t->switches.cpu[i].fd, .events = POLLIN};
    t->begin_ns = fw_now_ns();
    return t;
}

void fw_trace_forget(fw_tracer *t)
{
    fw_switches_forget(&t->switches);
}

void fw_trace_poll(fw_tracer *t, int pidfd, int timeout_ms)
{
    t->wait[0] = (struct pollfd){.fd = pidfd, .events = POLLIN};
    poll(t->wait, t->switches.cpus + 1, timeout_ms);
    fw_switches_drain(&t->switches);
}

/* ---- the file ----------------------------------------------------------- */

static void name_row(const writing *w, const char *what, int pid, int tid, const char *name)
{
    fprintf(w->file, ",\n{\"ph\":\"M\",\"pid\":%d,\"tid\":%d,\"name\":\"%s\",\"args\":{\"name\":\"%s\"}}", pid, tid,
            what, name);
}

static void name_track(const writing *w, int pid, int tid, const char *kind, int number)
{
    char name[32];
    snprintf(name, sizeof name, "%s %d", kind, number);
    name_row(w, "thread_name", pid, tid, name);
    fprintf(w->file,
            ",\n{\"ph\":\"M\",\"pid\":%d,\"tid\":%d,\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":%d}}", pid,
            tid, number);
}

/* A slice, but for its args. */
static void slice(const writing *w, int pid, int tid, uint64_t from_ns, uint64_t to_ns, const char *name)
{
    uint64_t at = from_ns - w->begin_ns, dur = to_ns - from_ns;
    fprintf(w->file, ",\n{\"ph\":\"X\",\"pid\":%d,\"tid\":%d,\"ts\":%llu.%03llu,\"dur\":%llu.%03llu,\"name\":\"%s\"",
            pid, tid, (unsigned long long)(at / 1000), (unsigned long long)(at % 1000),
            (unsigned long long)(dur / 1000), (unsigned long long)(dur % 1000), name);
}

/* A name as it can stand in JSON; what can't is a question mark. */
static void plain(char *to, size_t bytes, const char *name)
{
    size_t i = 0;
    for (; name[i] && i + 1 < bytes; i++)
        to[i] = name[i] >= ' ' && name[i] <= '~' && name[i] != '"' && name[i] != '\\' ? name[i] : '?';
    to[i] = '\0';
}

static void thread_label(const writing *w, pid_t tid, char *label, size_t bytes)
{
    const fw_os_thread *t = fw_switches_thread(w->switches, tid);

    if (t && *t->name)
        plain(label, bytes, t->name);
    else if (tid == w->trial)
        snprintf(label, bytes, "main");
    else if (t)
        snprintf(label, bytes, "%s %u", t->pid != t->parent ? "process" : "thread", t->number);
    else
        snprintf(label, bytes, "thread with id %d", (int)tid);
}

/* From in to out. A record that was lost leaves an in without an out, or an out without an in: no slice. */
static void write_cpu(writing *w, const fw_switches_cpu *c)
{
    static const char *const ends[] = {"", "blocked", "runnable", "ended"};
    const fw_switch *in = NULL;
    char label[40];

    for (size_t i = 0; i < c->n; i++) {
        const fw_switch *s = &c->at[i];
        if (s->tid == getpid() || s->ns < w->begin_ns)
            continue;
        if (s->kind == FW_SWITCH_IN) {
            in = s;
            continue;
        }
        if (in && in->tid == s->tid) {
            thread_label(w, s->tid, label, sizeof label);
            slice(w, CPUS, CPU_TRACK + c->cpu, in->ns, s->ns, label);
            fprintf(w->file, ",\"args\":{\"thread\":%d,\"then\":\"%s\"}}", (int)s->tid, ends[s->kind]);
            w->cpu_slices++;
        }
        in = NULL;
    }
}

static void unit_label(uint32_t unit, char *label, size_t bytes)
{
    char name[FW_UNIT_NAME_BYTES];

    if (unit == FW_LANE_ROOT || unit == FW_LANE_ASLEEP) {
        snprintf(label, bytes, "%s", unit == FW_LANE_ROOT ? "main" : "asleep");
        return;
    }
    plain(name, sizeof name, fw_lane_unit_name(unit));
    snprintf(label, bytes, "%s %u", *name ? name : "unit", unit);
}

/* From a mark to the next one. */
static void write_worker(writing *w, unsigned worker)
{
    const fw_lane *lane = fw_lane_read(worker);
    char label[FW_UNIT_NAME_BYTES + 16];

    for (uint32_t i = 0; i + 1 < lane->used; i++) {
        const fw_mark *m = &lane->mark[i];
        if (m->unit == FW_LANE_NONE)
            continue;
        unit_label(m->unit, label, sizeof label);
        slice(w, WORKERS, WORKER_TRACK + (int)worker, m->ns, m[1].ns, label);
        if (m->unit < FW_LANE_ROOT)
            fprintf(w->file, ",\"args\":{\"unit\":%u}", m->unit);
        fputc('}', w->file);
        w->unit_slices++;
    }
}

static bool any_marks(void)
{
    bool any = false;
    for (unsigned i = 0; i < fw_lanes(); i++)
        any |= fw_lane_read(i)->used > 0;
    return any;
}

static void write_tracks(writing *w, const fw_trial *t)
{
    uint64_t warm_end = atomic_load(&t->warm_end_ns), end = atomic_load(&t->window_end_ns);

    if (w->switches->cpus)
        name_row(w, "process_name", CPUS, CPU_TRACK, "CPUs");
    for (unsigned i = 0; i < w->switches->cpus; i++) {
        int cpu = w->switches->cpu[i].cpu;
        name_track(w, CPUS, CPU_TRACK + cpu, "CPU", cpu);
        write_cpu(w, &w->switches->cpu[i]);
    }
    if (any_marks())
        name_row(w, "process_name", WORKERS, WORKER_TRACK, "workers");
    for (unsigned i = 0; any_marks() && i < fw_lanes(); i++) {
        name_track(w, WORKERS, WORKER_TRACK + (int)i, "worker", (int)i);
        write_worker(w, i);
    }
    if (end) { /* a steady cell that opened it */
        name_row(w, "process_name", TRIAL, WINDOW_TRACK, "trial");
        name_row(w, "thread_name", TRIAL, WINDOW_TRACK, "measured");
        slice(w, TRIAL, WINDOW_TRACK, warm_end, end, "window");
        fputc('}', w->file);
    }
}

static int write_file(writing *w, const fw_request *r, uint64_t end_ns)
{
    json_t *about = r->trace_about ? json_copy(r->trace_about) : json_object();

    w->file = fopen(r->trace_file, "we");
    if (!w->file) {
        json_decref(about);
        return -errno;
    }
    json_object_set_new(about, "runtime", json_string(fw_about_runtime.runtime));
    json_object_set_new(about, "workload", json_string(r->trial->cell->spec->name));
    json_object_set_new(about, "end_us", json_real((double)(end_ns - w->begin_ns) / 1e3));
    fputs("{\"schema\":1,\"displayTimeUnit\":\"ns\",\n\"otherData\":", w->file);
    json_dumpf(about, w->file, JSON_COMPACT);
    json_decref(about);
    fputs(",\n\"traceEvents\":[\n{\"ph\":\"M\",\"pid\":3,\"name\":\"process_sort_index\",\"args\":{\"sort_index\":3}}",
          w->file);
    write_tracks(w, r->trial);
    fputs("\n]}\n", w->file);
    bool bad = ferror(w->file) != 0;
    return fclose(w->file) != 0 || bad ? -(errno ? errno : EIO) : 0;
}

json_t *fw_trace_close(fw_tracer *t, const fw_request *r, pid_t trial)
{
    uint64_t dropped = 0, end_ns = fw_now_ns();
    char why[FW_LINE_BYTES] = "";

    fw_switches_drain(&t->switches);
    fw_switches_know_threads(&t->switches);
    for (unsigned i = 0; i < fw_lanes(); i++)
        dropped += fw_lane_read(i)->dropped;
    writing w = {.begin_ns = t->begin_ns, .trial = trial, .switches = &t->switches};
    int err = write_file(&w, r, end_ns);
    if (err)
        snprintf(why, sizeof why, "%.300s: cannot be written: %s", r->trace_file, strerror(-err));
    json_t *o =
        json_pack("{s:I,s:I,s:I,s:I,s:I,s:s,s:s}", "cpu_slices", (json_int_t)w.cpu_slices, "unit_slices",
                  (json_int_t)w.unit_slices, "units", (json_int_t)fw_lane_units(), "lost", (json_int_t)t->switches.lost,
                  "dropped", (json_int_t)dropped, "no_cpus", t->no_cpus, "error", why);
    fw_switches_close(&t->switches);
    fw_lanes_close();
    free(t->wait);
    free(t);
    return o;
}
