/* run.c - `fiveways run`: pilot, schedule, measure, finish. */
#include "child.h"
#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

typedef struct profile {
    const char *name;
    unsigned rounds;
    double window_s, budget_s; /* 0: none */
} profile;

static const profile profiles[] = {
    {"smoke", 2, 0.02, 0},     {"quick", 6, 0.1, 120},      {"standard", 12, 0.25, 0},
    {"rigorous", 24, 0.25, 0}, {"soak", 10000, 0.25, 3600},
};
static const double NO_BUDGET = 1e9;

static void take_profile(fw_session *s)
{
    const fw_options *o = &s->options;
    const profile *p = profiles;
    while (strcmp(p->name, o->profile) != 0)
        p++;
    double window = o->window_s > 0 ? o->window_s : p->window_s;
    s->rounds = o->rounds ? o->rounds : p->rounds;
    s->budget_s = o->has_budget ? o->budget_s : p->budget_s > 0 ? p->budget_s : NO_BUDGET;
    s->settings = (fw_settings){.catalogue = &s->catalogue,
                                .hang_after_s = o->hang_after_s,
                                .warmup_ns = (uint64_t)(window * 1e9 / 4),
                                .window_ns = (uint64_t)(window * 1e9),
                                .instrument = o->instrument};
    if (!o->has_seed)
        FW_MUST(getrandom(&s->options.seed, sizeof s->options.seed, 0) == (ssize_t)sizeof s->options.seed);
}

/* Five hexadecimal digits of a hash. */
const char *fw_anonymous(void)
{
    char id[256] = "";
    FILE *f = fopen("/etc/machine-id", "re");
    if (!f || !fgets(id, sizeof id, f) || strlen(id) < 8)
        gethostname(id, sizeof id - 1);
    if (f)
        fclose(f);
    uint64_t h = 0;
    for (const char *c = id; *c && *c != '\n'; c++)
        h = fw_mix64(h ^ (unsigned char)*c);
    return fw_text("host-%05x", (unsigned)(h & 0xfffff));
}

static int open_folder(fw_session *s)
{
    const fw_options *o = &s->options;
    char *sha = fw_git((const char *const[]){"rev-parse", "--short=7", "HEAD", NULL});
    time_t now = time(NULL);
    struct tm utc;
    char stamp[32];
    gmtime_r(&now, &utc);
    strftime(s->utc, sizeof s->utc, "%Y-%m-%dT%H:%M:%SZ", &utc);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &utc);
    s->alias = o->alias ? o->alias : fw_anonymous();
    s->parent = o->out ? o->out : FW_SOURCE_DIR "/results";
    char *name = fw_text("%s-%s-%s", stamp, s->alias, sha ? sha : "unversioned");
    int err = fw_results_open(&s->results, s->parent, name);
    free(name);
    free(sha);
    if (err)
        return fw_usage("--out %s: no result folder can be made there: %s", s->parent, strerror(-err));
    s->settings.folder = s->results.folder;
    return -1;
}

static void describe_machine(fw_session *s)
{
    s->clock_cost_ns = fw_clock_cost_ns();
    s->clock_step_ns = fw_clock_step_ns();
    s->calibration = fw_calibrate();
    s->machine = fw_machine_facts("", s->topo);
    s->settings.probe = fw_doctor_may_hide_steal(s->machine);
    s->grade = fw_doctor_grade(s->machine, FW_BUILD_SANITIZE);
    char *path = fw_text("%s/topology.xml", s->results.folder);
    int err = fw_topo_export(s->topo, path);
    if (err)
        fprintf(stderr, "fiveways: topology.xml: cannot be written: %s\n", strerror(-err));
    free(path);
    fw_write_manifest(s, false);
}

/* The runtimes whose measured trials count for themselves. */
static void note_instrumented(fw_session *s)
{
    for (size_t i = 0; i < s->points.n; i++)
        for (size_t k = 0; k < s->points.at[i].ncases; k++) {
            const fw_case *c = &s->points.at[i].cases[k];
            if (fw_has_instruments(c) && !fw_names_has(&s->instrumented, c->entry.runner->runtime))
                fw_names_add(&s->instrumented, c->entry.runner->runtime);
        }
}

/* -1: go on; else the exit status. */
static int prepare(fw_session *s, int argc, char **argv)
{
    int status = fw_options_parse(&s->options, argc, argv);
    if (status >= 0)
        return status;
    take_profile(s);
    fw_catalogue_read(&s->catalogue, &s->options.runner);
    if (fw_interrupted)
        return FW_EXIT_INTERRUPTED;
    for (size_t i = 0; i < s->catalogue.warnings.n; i++)
        fprintf(stderr, "fiveways: %s\n", s->catalogue.warnings.at[i]);
    int err = fw_topo_load(&s->topo, NULL);
    if (err) {
        fprintf(stderr, "fiveways: this machine's topology cannot be read: %s\n", strerror(-err));
        return FW_EXIT_FAILED;
    }
    status = fw_points_make(&s->points, &s->options, &s->catalogue, s->topo);
    if (status >= 0)
        return status;
    if (s->options.instrument)
        note_instrumented(s);
    if (s->options.instrument && !s->instrumented.n)
        return fw_usage("--instrument: no runtime of this run has instruments");
    return open_folder(s);
}

int fw_cmd_run(int argc, char **argv)
{
    static fw_session s;
    int status = prepare(&s, argc, argv);
    if (status >= 0)
        return status;
    s.start_ns = fw_now_ns();
    s.gbench = fw_gbench_new();
    describe_machine(&s);
    fw_gbench_context(s.gbench, "profile", s.options.profile);
    for (size_t i = 0; i < s.instrumented.n; i++)
        fw_gbench_context(s.gbench, "instrumented", s.instrumented.at[i]);
    for (size_t i = 0; i < s.points.notes.n; i++)
        printf("left out: %s\n", s.points.notes.at[i]);
    fw_pilot(&s);
    if (!fw_interrupted && !s.results.error)
        fw_schedule(&s);
    if (!fw_interrupted && !s.results.error)
        fw_measure(&s);
    return fw_finish(&s);
}
