/* main.c - the `fiveways` command: picks the subcommand. Exit status: 0 all
 * valid, 1 something failed, 2 the command was wrong, 130 interrupted.
 * Next: run.c (the main one), list.c, doctor.c, topo_cmd.c. */
#include "child.h"
#include "doctor.h"
#include "driver.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static const struct command {
    const char *name, *help;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"run", "measure: [--profile smoke|quick|standard|rigorous|soak] [--workload W,…] …", fw_cmd_run},
    {"list", "workloads, runtimes, variants, parameters [--json]", fw_cmd_list},
    {"serve", "a web server in one model, for wrk, curl or a browser: --runtime R [--port P] [--workers N]",
     fw_cmd_serve},
    {"trace", "which unit ran where and when, for Perfetto and as a chart: --workload W --runtime R", fw_cmd_trace},
    {"micro", "primitive costs (a Google Benchmark program; takes --benchmark_* flags; --ladder)", fw_cmd_micro},
    {"topo", "this machine's CPUs and where workers would be placed", fw_cmd_topo},
    {"doctor", "grades this machine for measuring and says what to change", fw_cmd_doctor},
    {"report", "DIR: draws the charts and the report of a result folder again [--project: also for the wall]",
     fw_cmd_report},
    {"compare", "A B: two runs or two machines, cell by cell [--fail-on-regression PCT]", fw_cmd_compare},
    {"pack", "DIR: a result folder as one small file to hand in [--alias NAME]", fw_cmd_pack},
    {"merge", "DIR… --out DIR: a class's packs in one page", fw_cmd_merge},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void on_signal(int number)
{
    (void)number;
    fw_interrupted = 1;
}

static void set_up(void)
{
    struct sigaction stop = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGHUP, &stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    struct rlimit files; /* for hwloc and many pipes; a runner raises its own */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < 1024 && files.rlim_max >= 1024) {
        files.rlim_cur = 1024;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

static int help(void)
{
    puts("fiveways: the same work five ways, proven equal, measured.\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  fiveways %-7s %s\n", commands[i].name, commands[i].help);
    puts("\n`fiveways COMMAND --help` says more. Exit status: 0 all valid, 1 a cell failed, 2 wrong command, 130 "
         "interrupted.");
    return FW_EXIT_OK;
}

int main(int argc, char **argv)
{
    set_up();
    if (argc < 2)
        return fw_usage("no command; expected one of run, list, serve, trace, micro, topo, doctor, report, compare, "
                        "pack, merge (fiveways --help)");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        return help();
    if (strcmp(argv[1], "--version") == 0)
        return printf("fiveways %s\n", FW_VERSION) > 0 ? FW_EXIT_OK : FW_EXIT_FAILED;
    const char *names[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++) {
        names[i] = commands[i].name;
        if (strcmp(argv[1], names[i]) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    return fw_unknown("command", argv[1], names, COMMANDS);
}
