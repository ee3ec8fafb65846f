/* runner.c - main of every runner: fiveways-<runtime>. It meets the cells
 * through the generated table fw_cells. Speaks harness/PROTOCOL.md. Next: runner_trial.c. */
#include "runner.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum { EXIT_USAGE = 2 };

static int usage_error(const char *what)
{
    fprintf(stderr, "fiveways-%s: %s\n", fw_about_runtime.runtime, what);
    return EXIT_USAGE;
}

static int print(json_t *object)
{
    int bad = json_dumpf(object, stdout, JSON_COMPACT) != 0;
    json_decref(object);
    bad |= putchar('\n') == EOF || fflush(stdout) != 0;
    if (bad)
        perror("standard output");
    return bad;
}

/* As many descriptors as the hard limit allows. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int trial(void)
{
    char why[FW_LINE_BYTES];
    fw_request request;
    fw_watch watch = {0};

    if (fw_request_read(&request, false, why, sizeof why) != 0)
        return usage_error(why);
    raise_descriptors();
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* what a cell leaves behind stays below us until we end: the driver finds it */
    int err = fw_watch_trial(&request, &watch);
    if (err)
        fw_fail(request.trial, "no process for the trial: %s", strerror(-err));
    int bad = print(fw_result_json(&request, &watch));
    fw_request_free(&request);
    return bad;
}

static int oracle(void)
{
    char why[FW_LINE_BYTES];
    fw_request request;
    fw_expect expect = {0};

    if (fw_request_read(&request, true, why, sizeof why) != 0)
        return usage_error(why);
    fw_trial *t = request.trial;
    int bad = fw_trial_prepare(t) ? usage_error(t->failure) : 0;
    if (!bad) {
        t->cell->spec->expect(t, request.repeats, request.ops, &expect);
        bad = print(json_pack("{s:o}", "expect", fw_expect_json(&expect)));
    }
    fw_request_free(&request);
    return bad;
}

static int help(void)
{
    printf("fiveways-%s: runs workloads in the model '%s' for the driver `fiveways`.\n"
           "  --describe  print what it can run, as JSON\n"
           "  --trial     read a trial from standard input, run it, print the result\n"
           "  --oracle    read {\"trial\",\"repeats\",\"ops\",\"meter_ops\"}, print what the receipt must hold\n"
           "  --serve     a web server for clients from outside (--serve --help)\n"
           "The protocol is harness/PROTOCOL.md.\n",
           fw_about_runtime.runtime, fw_about_runtime.model);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--serve") == 0) {
        raise_descriptors();
        return fw_serve(argc - 1, argv + 1);
    }
    if (argc != 2)
        return usage_error("expected one of --describe, --trial, --oracle, --serve, --help");
    if (strcmp(argv[1], "--help") == 0)
        return help();
    if (strcmp(argv[1], "--describe") == 0)
        return print(fw_describe());
    if (strcmp(argv[1], "--trial") == 0)
        return trial();
    if (strcmp(argv[1], "--oracle") == 0)
        return oracle();
    char why[FW_LINE_BYTES];
    snprintf(why, sizeof why, "%.100s: expected one of --describe, --trial, --oracle, --serve, --help", argv[1]);
    return usage_error(why);
}
