/* ladder.c - the ladder of costs: which of fwmicro's benchmarks are its rungs, what they are called, and what they took
 * here, least first. All on one CPU: a hand-off between two is another thing (`fiveways topo --core-to-core`). */
#include "ladder.h"

#include <getopt.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "child.h"
#include "driver.h"
#include "stats.h"

enum { REPETITIONS = 6, MOST_RUNGS = 40, LIMIT_S = 300 };

static const struct rung {
    const char *name, *what, *who; /* who: a runtime, or "machine" or "kernel" */
} rungs[] = {
    {"machine/load_l1", "load from the L1 cache", "machine"},
    {"machine/load_l2", "load from the L2 cache", "machine"},
    {"machine/load_l3", "load from the L3 cache", "machine"},
    {"machine/load_memory", "load from memory, at random", "machine"},
    {"machine/atomic_add", "atomic add, nobody else there", "machine"},
    {"clock/now", "time stamp", "kernel"},
    {"machine/system_call", "system call", "kernel"},
    {"machine/page_fault", "first touch of a page", "kernel"},
    {"threads/lock/pthread", "mutex: lock and unlock, free", "threads"},
    {"threads/queue_round_trip", "threads: hand over and back", "threads"},
    {"threads/spawn_join", "thread: create and join", "threads"},
    {"channels/send_recv_uncontended", "channel: send and receive, no wait", "channels"},
    {"channels/rendezvous_round_trip", "channels: hand over and back", "channels"},
    {"green/yield", "green threads: yield to another", "green"},
    {"green/rendezvous_round_trip", "green threads: hand over and back", "green"},
    {"green/spawn_join", "green thread: spawn and join", "green"},
    {"stackless/poll", "future: poll", "stackless"},
    {"stackless/yield", "tasks: yield to another", "stackless"},
    {"stackless/rendezvous_round_trip", "tasks: hand over and back", "stackless"},
    {"stackless/spawn_join", "task: spawn and join", "stackless"},
    {"processes/pipe_round_trip", "processes: pipe there and back", "processes"},
    {"processes/spawn_join", "process: fork and wait", "processes"},
};
enum { RUNGS = sizeof rungs / sizeof *rungs };

typedef struct cost {
    const struct rung *rung;
    double ns[REPETITIONS];
    size_t n;
    double median, bytes;
    fw_interval interval;
} cost;

bool fw_ladder_asked(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--ladder") == 0)
            return true;
    return false;
}

static int parse(const char **folder, int argc, char **argv)
{
    static const struct option options[] = {{"ladder", no_argument, NULL, 'l'},
                                            {"out", required_argument, NULL, 'o'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    struct stat st;
    opterr = 0;
    for (int at = 1, c; (c = getopt_long(argc, argv, ":", options, NULL)) != -1; at = optind) {
        if (c == 'o')
            *folder = optarg;
        else if (c == 'h') {
            puts("fiveways micro --ladder: what waiting costs, from a load to a fork, on one CPU; some seconds.\n\n"
                 "  --out DIR  the figures into a result folder too, whose charts then show them");
            return FW_EXIT_OK;
        } else if (c != 'l')
            return fw_usage("micro --ladder: '%s' is unknown or lacks its value (fiveways micro --ladder --help)",
                            argv[at]);
    }
    if (optind < argc)
        return fw_usage("micro --ladder: unexpected word '%s'", argv[optind]);
    if (*folder && (stat(*folder, &st) != 0 || !S_ISDIR(st.st_mode)))
        return fw_usage("micro --ladder: --out: '%s' is not a folder; expected a result folder such as results/latest",
                        *folder);
    return -1;
}

/* The first CPU that this process may use, for it and its children from now on; -1: it could not be bound. */
static int to_one_cpu(void)
{
    cpu_set_t all, one;
    int cpu = 0;
    if (sched_getaffinity(0, sizeof all, &all) != 0)
        return -1;
    while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, &all))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    return sched_setaffinity(0, sizeof one, &one) == 0 ? cpu : -1;
}

/* "--benchmark_filter=^(a|b)$" of all rungs; the caller's to free. */
static char *filter(void)
{
    char *text = fw_text("--benchmark_filter=^(%s", rungs[0].name);
    for (size_t i = 1; i < RUNGS; i++) {
        char *longer = fw_text("%s|%s", text, rungs[i].name);
        free(text);
        text = longer;
    }
    char *whole = fw_text("%s)$", text);
    free(text);
    return whole;
}

/* fwmicro's JSON, or NULL after one clear line. */
static json_t *run_micro(int *status)
{
    char *path = fw_text("%s/fwmicro", fw_bin_folder()), *only = filter();
    char *times = fw_text("--benchmark_repetitions=%d", REPETITIONS);
    const char *argv[] = {path,
                          only,
                          times,
                          "--benchmark_enable_random_interleaving=true",
                          "--benchmark_min_time=0.01",
                          "--benchmark_format=json",
                          NULL};
    fw_child_request request = {.argv = argv, .input = "", .limit_s = LIMIT_S};
    fw_child_result r = {0};
    json_t *told = NULL;
    int rc = fw_child_run(&request, &r);
    *status = FW_EXIT_FAILED;
    if (rc || !r.started)
        fprintf(stderr, "fiveways: %s cannot be started: %s\n", path, strerror(rc ? -rc : r.exec_errno));
    else if (r.interrupted)
        *status = FW_EXIT_INTERRUPTED;
    else if (r.wait_status || !(told = json_loads(r.out, 0, NULL)))
        fprintf(stderr, "fiveways: %s failed: %s\n", path, *r.err ? r.err : "it printed no JSON");
    if (!rc)
        fw_child_free(&r);
    free(path);
    free(only);
    free(times);
    return told;
}

static int cheaper(const void *a, const void *b)
{
    const cost *x = a, *y = b;
    return (x->median > y->median) - (x->median < y->median);
}

/* Fills in what was measured; the number of rungs. */
static size_t costs_of(const json_t *told, cost *costs)
{
    const json_t *row;
    size_t i, n = 0;
    for (size_t k = 0; k < RUNGS; k++) {
        cost *c = &costs[n];
        *c = (cost){.rung = &rungs[k]};
        json_array_foreach(json_object_get(told, "benchmarks"), i, row)
        {
            if (strcmp(fw_str_of(row, "run_name"), rungs[k].name) != 0 ||
                strcmp(fw_str_of(row, "run_type"), "iteration") != 0 || json_object_get(row, "error_occurred"))
                continue;
            c->bytes = fw_num_of(row, "bytes", 0);
            if (c->n < REPETITIONS)
                c->ns[c->n++] = fw_num_of(row, "real_time", NAN);
        }
        if (c->n == 0)
            continue;
        c->median = fw_median(c->ns, c->n);
        c->interval = fw_median_interval(c->ns, c->n, 0.95);
        n++;
    }
    qsort(costs, n, sizeof *costs, cheaper);
    return n;
}

static void table(const cost *costs, size_t n, int cpu)
{
    char text[32];
    printf("ladder of costs, on CPU %d; median of %d\n", cpu, REPETITIONS);
    for (size_t i = 0; i < n; i++)
        printf("  %-36s %10s  %8.0f x the least\n", costs[i].rung->what,
               fw_time_text(text, sizeof text, costs[i].median), costs[i].median / costs[0].median);
}

static int keep(const cost *costs, size_t n, int cpu, const char *folder)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:f,s:f,s:f,s:f,s:I,s:I}", "name", costs[i].rung->name,
                                              "what", costs[i].rung->what, "who", costs[i].rung->who, "median",
                                              costs[i].median, "low", costs[i].interval.low, "high",
                                              costs[i].interval.high, "level", costs[i].interval.level, "n",
                                              (json_int_t)costs[i].n, "bytes", (json_int_t)costs[i].bytes));
    json_t *o = json_pack("{s:i,s:s,s:i,s:o}", "schema", 1, "unit", "ns", "cpu", cpu, "rungs", list);
    char *path = fw_text("%s/ladder.json", folder);
    bool written = json_dump_file(o, path, JSON_INDENT(1)) == 0;
    if (written)
        printf("%s; `fiveways report %s` draws it\n", path, folder);
    else
        fprintf(stderr, "fiveways: micro: %s cannot be written\n", path);
    json_decref(o);
    free(path);
    return written ? FW_EXIT_OK : FW_EXIT_FAILED;
}

int fw_ladder(int argc, char **argv)
{
    static cost costs[MOST_RUNGS];
    const char *folder = NULL;
    int status = parse(&folder, argc, argv);
    if (status >= 0)
        return status;
    int cpu = to_one_cpu();
    if (cpu < 0) {
        fprintf(stderr, "fiveways: micro --ladder: this process could not be bound to one CPU\n");
        return FW_EXIT_FAILED;
    }
    json_t *told = run_micro(&status);
    if (!told)
        return status;
    size_t n = costs_of(told, costs);
    json_decref(told);
    if (n == 0) {
        fprintf(stderr, "fiveways: micro --ladder: fwmicro measured none of the rungs\n");
        return FW_EXIT_FAILED;
    }
    table(costs, n, cpu);
    return folder ? keep(costs, n, cpu, folder) : FW_EXIT_OK;
}
