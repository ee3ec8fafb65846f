/* trace_cmd.c - `fiveways trace`: one short trial of one cell, and which unit ran where and when in it. The runner
 * writes the file (runner_trace.c); this finds the cell, says what is in the file and has it drawn (plots/timeline.py).
 */
#include "child.h"
#include "doctor.h"
#include "points.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OVERSUBSCRIBE = 256, NO_CHART, HELP, DEFAULT_WORKERS = 2 };

static const struct option options[] = {
    {"workload", required_argument, NULL, 'w'},
    {"runtime", required_argument, NULL, 'r'},
    {"variant", required_argument, NULL, 'v'},
    {"set", required_argument, NULL, 's'},
    {"workers", required_argument, NULL, 'W'},
    {"window", required_argument, NULL, 'i'},
    {"out", required_argument, NULL, 'o'},
    {"oversubscribe", no_argument, NULL, OVERSUBSCRIBE},
    {"no-chart", no_argument, NULL, NO_CHART},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0},
};

static const char help_text[] =
    "fiveways trace --workload W --runtime R: which unit ran on which CPU and when, in one short trial.\n\n"
    "  --variant V         another way of the same model (`fiveways list`); default the headline\n"
    "  --set KEY=VALUE     a parameter; the others are those of the quick profile. Repeatable\n"
    "  --workers N|all     default 2, or 1 where one CPU is allowed;  --oversubscribe allows more than CPUs\n"
    "  --window SECONDS    default 0.02 (0.001 to 10); a fixed problem is solved once, or until the window is full\n"
    "  --out FOLDER        where trace.json and timeline.svg, .png are written; default results/trace-W-R of the\n"
    "                      source tree. In a result folder `fiveways report` draws it with the other charts\n"
    "  --no-chart          trace.json only\n\n"
    "trace.json opens in ui.perfetto.dev and chrome://tracing: a track a CPU with the OS threads on it, as the kernel\n"
    "switched them (perf_event_open; needs kernel.perf_event_paranoid 2 or less), and, of green and stackless, a "
    "track\n"
    "a worker with the units on it. The trial is slower for it. Exit status: 0 also when the model refused the size, "
    "1\n"
    "the trial failed or nothing could be traced, 2 wrong command.\n";

typedef struct order {
    fw_options run; /* what the names, values and points are checked by */
    const char *out;
    bool chart;
} order;

static int take(order *o, int c)
{
    uint64_t workers = 0;

    if (c == 'w' || c == 'r' || c == 'v') {
        fw_names *list = c == 'w' ? &o->run.workload : c == 'r' ? &o->run.runtime : &o->run.variant;
        if (list->n)
            return fw_usage("trace: one %s is traced, '%s' would be another",
                            c == 'w'   ? "workload"
                            : c == 'r' ? "runtime"
                                       : "variant",
                            optarg);
        fw_names_add(list, optarg);
    } else if (c == 's') {
        if (!strchr(optarg, '=') || *optarg == '=')
            return fw_usage("trace: --set takes KEY=VALUE, not '%s'", optarg);
        fw_names_add(&o->run.set, optarg);
    } else if (c == 'W') {
        if (strcmp(optarg, "all") != 0 && !fw_parse_u64(optarg, 1, FW_MAX_WORKERS, &workers))
            return fw_usage("trace: --workers takes a number from 1 to %d or 'all', not '%s'", FW_MAX_WORKERS, optarg);
        o->run.workers[0] = (unsigned)workers;
        o->run.nworkers = 1;
    } else if (c == 'i' && !fw_parse_seconds(optarg, 0.001, 10, &o->run.window_s)) {
        return fw_usage("trace: --window takes seconds from 0.001 to 10, not '%s'", optarg);
    } else if (c == 'o') {
        o->out = optarg;
    }
    o->run.oversubscribe |= c == OVERSUBSCRIBE;
    o->chart &= c != NO_CHART;
    return -1;
}

/* -1: go on; else the exit status. */
static int parse(order *o, int argc, char **argv)
{
    *o = (order){.run = {.profile = "quick", .placement = "compact", .window_s = 0.02}, .chart = true};
    opterr = 0;
    for (;;) {
        int at = optind, c = getopt_long(argc, argv, ":", options, NULL);
        if (c == -1)
            break;
        if (c == HELP)
            return fputs(help_text, stdout) < 0 ? FW_EXIT_FAILED : FW_EXIT_OK;
        if (c == '?' || c == ':')
            return fw_usage("trace: %s: %s (fiveways trace --help)", argv[at < argc ? at : argc - 1],
                            c == ':' ? "a value is missing" : "no such option, or it takes no value");
        int status = take(o, c);
        if (status >= 0)
            return status;
    }
    if (optind < argc)
        return fw_usage("trace: unexpected word '%s' (fiveways trace --help)", argv[optind]);
    if (!o->run.workload.n || !o->run.runtime.n)
        return fw_usage("trace: no %s; expected --workload W --runtime R (fiveways list)",
                        o->run.workload.n ? "runtime" : "workload");
    if (!o->run.variant.n)
        fw_names_add(&o->run.variant, "headline");
    return -1;
}

/* The folder, made if it isn't there; absolute, as the runner gets it. NULL after one line. */
static char *folder_of(const order *o, const fw_entry *e)
{
    char *path = o->out ? fw_text("%s", o->out)
                        : fw_text("%s/results/trace-%s-%s%s%s", FW_SOURCE_DIR, e->workload, e->runner->runtime,
                                  *e->variant && !e->headline ? "-" : "", e->headline ? "" : e->variant);
    char *whole = (mkdir(path, 0777) == 0 || errno == EEXIST) ? realpath(path, NULL) : NULL;
    struct stat st;

    if (!whole || stat(whole, &st) != 0 || !S_ISDIR(st.st_mode) || access(whole, W_OK) != 0) {
        fw_usage("trace: --out %s: no folder that can be written to: %s", path,
                 strerror(whole && !errno ? ENOTDIR : errno));
        free(whole);
        whole = NULL;
    }
    free(path);
    return whole;
}

/* What plots/timeline.py says of the trial and its machine. */
static json_t *about(const fw_point *p, const fw_entry *e, const fw_topo *topo)
{
    json_t *facts = fw_machine_facts("", topo);
    fw_grade grade = fw_doctor_grade(facts, FW_BUILD_SANITIZE);
    json_t *o = json_pack("{s:s,s:{s:O?},s:O?,s:s#,s:s,s:s,s:s,s:s,s:s,s:O}", "alias", fw_anonymous(), "machine", "cpu",
                          json_object_get(facts, "cpu"), "allowed_cpus", json_object_get(facts, "cpus_allowed"),
                          "grade", &grade.letter, (size_t)1, "version", FW_VERSION, "model", e->runner->model,
                          "variant", e->headline ? "" : e->variant, "placement", p->placement, "params", p->params_text,
                          "placed", p->workers);
    FW_MUST(o);
    json_decref(facts);
    json_decref(grade.reasons);
    return o;
}

/* What was traced and what wasn't, a line each. The exit status. */
static int tell(const fw_outcome *o, const char *file)
{
    const json_t *t = json_object_get(o->result, "trace");
    const char *no_cpus = fw_str_of(t, "no_cpus"), *error = fw_str_of(t, "error");
    double cpus = fw_num_of(t, "cpu_slices", 0), units = fw_num_of(t, "unit_slices", 0), lost = fw_num_of(t, "lost", 0),
           dropped = fw_num_of(t, "dropped", 0);
    bool failed = strcmp(o->status, "failed") == 0;

    if (strcmp(o->status, "ok") != 0)
        fprintf(stderr, "fiveways: trace: the trial was %s: %s\n", failed ? "no good" : "refused", o->reason);
    if (!t && !failed)
        fprintf(stderr, "fiveways: trace: %s cannot trace: it says nothing of one\n", o->which->entry.runner->path);
    if (*error)
        fprintf(stderr, "fiveways: trace: %s\n", error);
    if (*no_cpus)
        fprintf(stderr, "fiveways: trace: the CPUs have no tracks: %s; %s\n", no_cpus,
                units > 0 ? "the units on each worker are there"
                          : "units of this model are OS threads, so nothing is left (green and stackless show theirs)");
    if (!t || *error || cpus + units == 0)
        return failed || t || strcmp(o->status, "ok") == 0 ? FW_EXIT_FAILED : FW_EXIT_OK;
    printf("%.0f slices of OS threads on CPUs, %.0f of units on workers\n", cpus, units);
    if (lost > 0)
        printf("%.0f records of the kernel were lost, and with them slices\n", lost);
    if (dropped > 0)
        printf("the last %.0f turns of units found no room: the workers' tracks end early\n", dropped);
    printf("%s (ui.perfetto.dev opens it)\n", file);
    return failed ? FW_EXIT_FAILED : FW_EXIT_OK;
}

static int trace(const order *o, const fw_catalogue *catalogue, const fw_topo *topo, fw_point *p)
{
    fw_case *c = &p->cases[0];
    char *folder = folder_of(o, &c->entry);
    if (!folder)
        return FW_EXIT_USAGE;
    char *file = fw_text("%s/trace.json", folder), *chart = fw_text("%s/timeline.svg", folder);
    fw_settings settings = {.catalogue = catalogue,
                            .hang_after_s = 10,
                            .window_ns = (uint64_t)(o->run.window_s * 1e9),
                            .trace = json_pack("{s:s,s:o}", "file", file, "about", about(p, &c->entry, topo))};
    fw_outcome outcome = {.id = 1, .point = p, .which = c, .role = "measure", .seed = 1, .taints = json_array()};
    FW_MUST(settings.trace);
    if (unlink(file) != 0 && errno != ENOENT)
        fprintf(stderr, "fiveways: trace: %s cannot be replaced: %s\n", file, strerror(errno));
    fw_trial_execute(&settings, &outcome);
    if (outcome.interrupted || fw_interrupted)
        return FW_EXIT_INTERRUPTED;
    int rc = tell(&outcome, file);
    if (o->chart && rc == FW_EXIT_OK && access(file, R_OK) == 0) {
        rc = fw_draw_timeline(folder);
        if (rc == FW_EXIT_OK)
            printf("%s\n", chart);
    }
    free(chart);
    free(file);
    free(folder);
    return rc;
}

int fw_cmd_trace(int argc, char **argv)
{
    static fw_catalogue catalogue;
    static fw_points points;
    order o;
    fw_topo *topo;
    fw_names none = {0};
    int status = parse(&o, argc, argv);

    if (status >= 0)
        return status;
    fw_catalogue_read(&catalogue, &none);
    if (fw_interrupted)
        return FW_EXIT_INTERRUPTED;
    int err = fw_topo_load(&topo, NULL);
    if (err) {
        fprintf(stderr, "fiveways: this machine's topology cannot be read: %s\n", strerror(-err));
        return FW_EXIT_FAILED;
    }
    if (!o.run.nworkers) {
        unsigned cpus = fw_topo_allowed(topo);
        o.run.workers[0] = cpus < DEFAULT_WORKERS ? cpus : DEFAULT_WORKERS;
        o.run.nworkers = 1;
    }
    status = fw_points_make(&points, &o.run, &catalogue, topo);
    return status >= 0 ? status : trace(&o, &catalogue, topo, &points.at[0]);
}
