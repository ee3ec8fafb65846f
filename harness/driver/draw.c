/* draw.c - charts and the report: runs the programs of plots/ on a result folder.
 * `fiveways report DIR` is this alone; `fiveways micro` becomes fwmicro. */
#include "child.h"
#include "driver.h"
#include "ladder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DRAW_SECONDS = 600 };

#ifndef FW_PYTHON
#define FW_PYTHON ""
#endif
#ifndef FW_GNUPLOT
#define FW_GNUPLOT ""
#endif

static int failed(const char *folder, const char *what)
{
    fprintf(stderr, "fiveways: %s; the results are kept: `fiveways report %s` draws them\n", what, folder);
    return FW_EXIT_FAILED;
}

/* The last line that is not blank. */
static char *last_line(char *text)
{
    size_t n = strlen(text);
    while (n && (text[n - 1] == '\n' || text[n - 1] == ' '))
        text[--n] = '\0';
    char *line = strrchr(text, '\n');
    return line ? line + 1 : text;
}

/* quietly: a failure has been told already, and this one is likely the same. */
static int draw_with(const char *script, const char *folder, const char *flag, bool show, bool quietly)
{
    char *path = fw_text("%s/%s", FW_PLOTS_DIR, script);
    const char *argv[] = {FW_PYTHON, path, folder, flag, NULL};
    fw_child_request request = {.argv = argv, .input = "", .limit_s = DRAW_SECONDS};
    fw_child_result r;
    int rc = fw_child_run(&request, &r);
    if (rc || !r.started) {
        const char *why = strerror(rc ? -rc : r.exec_errno);
        rc = failed(folder, fw_text("%s cannot be started: %s", FW_PYTHON, why));
    } else if (r.interrupted)
        rc = FW_EXIT_INTERRUPTED;
    else if (r.wait_status && quietly)
        rc = FW_EXIT_FAILED;
    else if (r.wait_status)
        rc = failed(folder, fw_text("%s failed: %s", script, *r.err ? last_line(r.err) : "no reason given"));
    else if (show)
        fputs(r.out, stdout);
    fw_child_free(&r);
    free(path);
    return rc;
}

int fw_draw_timeline(const char *folder)
{
    if (!*FW_PYTHON) {
        fprintf(stderr, "fiveways: no chart: no python3 with matplotlib was found when this was built "
                        "(scripts/install-deps); the trace is kept\n");
        return FW_EXIT_FAILED;
    }
    int rc = draw_with("timeline.py", folder, NULL, false, true);
    if (rc == FW_EXIT_FAILED)
        fprintf(stderr, "fiveways: no chart: `%s %s/timeline.py %s` says why; the trace is kept\n", FW_PYTHON,
                FW_PLOTS_DIR, folder);
    return rc;
}

int fw_draw(const char *folder, bool plain, bool console)
{
    if (!*FW_PYTHON)
        return failed(folder, "no charts: no python3 with matplotlib and jinja2 was found when this was built "
                              "(scripts/install-deps)");
    int rc = draw_with("charts.py", folder, NULL, false, false);
    char *list = fw_text("%s/charts/index.json", folder);
    int after = rc == FW_EXIT_INTERRUPTED || access(list, R_OK) ? rc : draw_with("report.py", folder, NULL, false, rc);
    free(list);
    rc = rc ? rc : after;
    if (console && rc != FW_EXIT_INTERRUPTED) {
        after = draw_with("console.py", folder, plain || rc ? "--plain" : NULL, true,
                          false); /* rc: no gnuplot, most likely */
        rc = rc ? rc : after;
    }
    return rc;
}

static const char report_help[] =
    "fiveways report [--project] DIR: draws charts/ and report.html of a result folder again, from its files alone.\n\n"
    "  --project   also project.html, for the wall: 16:9, one chart a screen, no text below 24 pixels at 1920 x 1080.\n"
    "              Each screen asks first and shows what was measured on a key: Space, or the arrows; Home, End\n";

/* The folder to report on, or NULL after *status was set. */
static const char *report_folder(int argc, char **argv, bool *project, int *status)
{
    const char *folder = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return *status = fputs(report_help, stdout) < 0 ? FW_EXIT_FAILED : FW_EXIT_OK, NULL;
        if (strcmp(argv[i], "--project") == 0)
            *project = true;
        else if (argv[i][0] == '-' || folder)
            return *status = fw_usage("report: unexpected '%s'; it takes one result folder and --project", argv[i]),
                   NULL;
        else
            folder = argv[i];
    }
    if (!folder)
        *status = fw_usage("report: no folder; expected a result folder such as results/latest");
    return folder;
}

int fw_cmd_report(int argc, char **argv)
{
    bool project = false;
    int rc = FW_EXIT_OK;
    const char *folder = report_folder(argc, argv, &project, &rc);
    struct stat st;
    if (!folder)
        return rc;
    if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode))
        return fw_usage("report: '%s' is not a folder; expected a result folder such as results/latest", folder);
    char *manifest = fw_text("%s/manifest.json", folder);
    bool run_there = access(manifest, R_OK) == 0;
    free(manifest);
    if (!run_there)
        return fw_usage("report: '%s' holds no manifest.json; expected a result folder such as results/latest", folder);
    rc = fw_draw(folder, false, false);
    if (rc == FW_EXIT_OK && project)
        rc = draw_with("project.py", folder, NULL, false, false);
    if (rc == FW_EXIT_OK)
        printf("%s/%s.html\n", folder, project ? "project" : "report");
    return rc;
}

int fw_cmd_micro(int argc, char **argv)
{
    if (fw_ladder_asked(argc, argv))
        return fw_ladder(argc, argv);
    char *path = fw_text("%s/fwmicro", fw_bin_folder());
    argv[0] = path;
    execv(path, argv);
    fprintf(stderr, "fiveways: %s cannot be started: %s\n", path, strerror(errno));
    return FW_EXIT_FAILED;
}
