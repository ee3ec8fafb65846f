/* finish.c - after the last trial: verdicts, merged histograms, Google Benchmark's file, charts
 * and the words at the end. */
#include "child.h"
#include "session.h"
#include "summary.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void write_files(fw_session *s, json_t *verdicts)
{
    json_incref(verdicts);
    fw_results_json(&s->results, "verdicts.json", verdicts);
    for (size_t i = 0; i < s->points.n; i++)
        for (size_t j = 0; j < s->points.at[i].ncases; j++)
            fw_results_merge(&s->results, &s->points.at[i], &s->points.at[i].cases[j], s->done, s->ndone);
    char *path = fw_text("%s/gbench.json", s->results.folder);
    int err = fw_gbench_write(s->gbench, path, "fiveways", s->alias);
    if (err && !s->results.error) {
        s->results.error = err;
        s->results.error_file = fw_text("%s", path);
    }
    free(path);
    s->calibration_end = fw_calibrate();
    fw_write_manifest(s, true);
}

static void say_head(const fw_session *s)
{
    fw_counts c = fw_count_trials(s->done, s->ndone);
    int seconds = (int)((double)(fw_now_ns() - s->start_ns) / 1e9 + 0.5);
    const char *virtual = fw_str_of(s->machine, "virtualisation");
    unsigned cpus = fw_topo_allowed(s->topo);
    printf("fiveways %s · %u CPU%s · %s%sgrade %c%s\n", s->options.profile, cpus, cpus == 1 ? "" : "s", virtual,
           *virtual ? " · " : "", s->grade.letter, s->grade.letter == 'A' ? "" : " (fiveways doctor says why)");
    printf("%u/%u trials valid", c.ok, c.trials);
    if (c.refused)
        printf(" · %u refused", c.refused);
    if (c.failed)
        printf(" · %u failed", c.failed);
    printf(" · %u tainted, %u cured by re-run · ", c.tainted, c.cured);
    printf(seconds >= 60 ? "%d min %02d s\n\n" : "%.0d%02d s\n\n", seconds / 60, seconds % 60);
}

static bool file_there(const char *folder, const char *name)
{
    struct stat st;
    char *path = fw_text("%s/%s", folder, name);
    bool there = stat(path, &st) == 0;
    free(path);
    return there;
}

static int exit_status(const fw_session *s, int drawn)
{
    if (fw_interrupted)
        return FW_EXIT_INTERRUPTED;
    return fw_count_trials(s->done, s->ndone).failed || s->results.error ? FW_EXIT_FAILED : drawn;
}

int fw_finish(fw_session *s)
{
    int drawn = FW_EXIT_OK;
    fw_supersede(s->done, s->ndone);
    json_t *verdicts = fw_verdicts(s->options.profile, &s->points, s->done, s->ndone);
    write_files(s, verdicts);
    fw_results_close(&s->results);
    if (s->results.error) /* the disk is full: charts would fail too */
        fprintf(stderr, "fiveways: %s: cannot be written: %s; what was written before is kept\n", s->results.error_file,
                strerror(-s->results.error));
    else
        fw_results_latest(&s->results);
    bool draw = !s->options.no_charts && !s->results.error && !fw_interrupted && !*FW_BUILD_SANITIZE;
    if (draw) {
        puts("drawing charts and the report");
        fflush(stdout);
        drawn = fw_draw(s->results.folder, s->options.plain, true);
    }
    if (!s->options.no_charts && *FW_BUILD_SANITIZE)
        puts("no charts: this build has a sanitizer, so its times say nothing");
    if (fw_interrupted)
        printf("interrupted: the results of %u trials are kept; `fiveways report DIR` draws them\n",
               fw_count_trials(s->done, s->ndone).trials);
    puts("");
    say_head(s);
    for (size_t i = 0; i < s->instrumented.n; i++)
        printf(
            "Instrumented: %s watched its own channels or units, which slows it: compare its times with nothing.\n\n",
            s->instrumented.at[i]);
    fw_summary_table(stdout, verdicts);
    fw_summary_words(stdout, verdicts, fw_topo_allowed(s->topo));
    for (size_t i = 0; i < s->points.notes.n; i++)
        printf("Left out: %s\n", s->points.notes.at[i]);
    puts("Try: fiveways run --workload wordcount --set input=FILE");
    if (file_there(s->results.folder, "report.html"))
        printf("Open it: xdg-open %s/report.html\n", s->results.folder);
    puts(s->results.folder);
    json_decref(verdicts);
    return exit_status(s, drawn);
}
