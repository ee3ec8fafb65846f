/* topo_cmd.c - `fiveways topo`: this machine's CPUs, and where each placement puts workers. */
#include "topo_cmd.h"
#include "doctor.h"
#include "driver.h"

#include <getopt.h>
#include <string.h>

static const char *const placements[] = {"compact", "scatter", "smt", "same-l3", "cross-numa", "none"};
enum { PLACEMENTS = 6 };

typedef struct asked {
    unsigned workers;
    const char *placement, *spec, *out;
    bool json, core_to_core;
} asked;

static int parse(asked *a, int argc, char **argv)
{
    static const struct option options[] = {
        {"workers", required_argument, NULL, 'W'}, {"placement", required_argument, NULL, 'P'},
        {"load", required_argument, NULL, 'l'},    {"json", no_argument, NULL, 'j'},
        {"core-to-core", no_argument, NULL, 'c'},  {"out", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    uint64_t n;
    opterr = 0;
    for (int at = 1, c; (c = getopt_long(argc, argv, ":", options, NULL)) != -1; at = optind)
        switch (c) {
        case 'W':
            if (!fw_parse_u64(optarg, 1, FW_MAX_WORKERS, &n))
                return fw_usage("--workers takes a number from 1 to %d, not '%s'", FW_MAX_WORKERS, optarg);
            a->workers = (unsigned)n;
            break;
        case 'P':
            a->placement = optarg;
            for (n = 0; n < PLACEMENTS && strcmp(placements[n], optarg) != 0; n++)
                ;
            if (n == PLACEMENTS)
                return fw_unknown("placement", optarg, placements, PLACEMENTS);
            break;
        case 'l':
            a->spec = optarg;
            break;
        case 'j':
            a->json = true;
            break;
        case 'c':
            a->core_to_core = true;
            break;
        case 'o':
            a->out = optarg;
            break;
        case 'h':
            puts("fiveways topo: the CPUs that may be used and where workers would be placed.\n\n"
                 "  --workers N    how many (default: one a CPU)\n"
                 "  --placement P  only this, as a table: compact, scatter, smt, same-l3, cross-numa, none\n"
                 "  --load SPEC    another machine: synthetic:STRING or xml:FILE (hwloc's)\n"
                 "  --json         one object: the placements by name, and \"machine\"\n"
                 "  --core-to-core how long a cache line takes between each two CPUs, measured; table or --json\n"
                 "  --out DIR      its figures into a result folder too, whose charts then show them");
            return FW_EXIT_OK;
        default:
            return fw_usage("topo: '%s' is unknown or lacks its value (fiveways topo --help)", argv[at]);
        }
    if (a->out && !a->core_to_core)
        return fw_usage("topo: --out goes with --core-to-core");
    if (a->core_to_core && (a->workers || a->placement))
        return fw_usage("topo: --core-to-core takes neither --workers nor --placement: it measures all allowed CPUs");
    return optind < argc ? fw_usage("topo: unexpected word '%s'", argv[optind]) : -1;
}

static const char *number_text(char *text, size_t bytes, int n)
{
    snprintf(text, bytes, n < 0 ? "-" : "%d", n);
    return text;
}

/* worker -> CPU and where that is, a line each */
static void table(const fw_place *p, unsigned workers)
{
    char cell[12];
    printf("%6s %5s %5s %5s %5s %8s %5s\n", "worker", "CPU", "core", "L3", "NUMA", "package", "kind");
    for (unsigned i = 0; i < workers; i++) {
        printf("%6u", i);
        printf(" %5s", number_text(cell, sizeof cell, p[i].cpu));
        printf(" %5s", number_text(cell, sizeof cell, p[i].core));
        printf(" %5s", number_text(cell, sizeof cell, p[i].l3));
        printf(" %5s", number_text(cell, sizeof cell, p[i].numa));
        printf(" %8s %5d\n", number_text(cell, sizeof cell, p[i].package), p[i].kind);
    }
}

static void one_placement(const fw_topo *t, const char *placement, unsigned workers, bool whole)
{
    static fw_place p[FW_MAX_WORKERS];
    char why[200];
    if (fw_topo_place(t, placement, workers, p, why, sizeof why)) {
        printf("%-10s refused: %s\n", placement, why);
    } else if (p[0].cpu < 0) {
        printf("%-10s not bound\n", placement);
    } else if (whole) {
        puts(placement);
        table(p, workers);
    } else {
        printf("%-10s", placement);
        for (unsigned i = 0; i < workers; i++)
            printf("%s%u:%d", i ? "  " : " ", i, p[i].cpu);
        puts("");
    }
}

static void some(const char *before, unsigned n, const char *what)
{
    printf("%s%u %s%s", before, n, what, n == 1 ? "" : "s");
}

static void tell(const fw_topo *t, const asked *a)
{
    some("", fw_topo_allowed(t), "CPU");
    some(" allowed: ", fw_topo_count(t, "package"), "package");
    some(", ", fw_topo_count(t, "numa"), "NUMA node");
    some(", ", fw_topo_count(t, "l3"), "L3 cache");
    some(", ", fw_topo_count(t, "core"), "core");
    printf("%s%s\n", fw_topo_smt(t) ? ", SMT" : "", fw_topo_count(t, "kind") > 1 ? ", cores of different kinds" : "");
    if (*fw_topo_doubts(t))
        printf("not trustworthy: %s\n", fw_topo_doubts(t));
    if (!fw_topo_this_system(t))
        puts("not this machine: nothing can be bound here");
    some(a->placement ? "\n" : "\nworker:CPU for ", a->workers, "worker");
    puts("");
    for (unsigned i = 0; i < PLACEMENTS; i++)
        if (!a->placement || strcmp(a->placement, placements[i]) == 0)
            one_placement(t, placements[i], a->workers, a->placement != NULL);
}

/* name -> the trial's workers, or why it is refused */
static json_t *placements_json(const fw_topo *t, const asked *a)
{
    json_t *all = json_object();
    for (unsigned i = 0; i < PLACEMENTS; i++) {
        char why[200];
        if (a->placement && strcmp(a->placement, placements[i]) != 0)
            continue;
        json_t *p = fw_place_json(t, placements[i], a->workers, why, sizeof why);
        json_object_set_new(all, placements[i], p ? p : json_pack("{s:s}", "refused", why));
    }
    return all;
}

int fw_cmd_topo(int argc, char **argv)
{
    asked a = {0};
    fw_topo *t;
    int status = parse(&a, argc, argv);
    if (status >= 0)
        return status;
    if (fw_topo_load(&t, a.spec))
        return fw_usage("topo: %s cannot be read; expected synthetic:STRING or xml:FILE as hwloc writes them",
                        a.spec ? a.spec : "this machine");
    if (a.core_to_core) {
        status = fw_topo_core_to_core(t, a.json, a.out);
        fw_topo_free(t);
        return status;
    }
    if (!a.workers)
        a.workers = fw_topo_allowed(t) < FW_MAX_WORKERS ? fw_topo_allowed(t) : FW_MAX_WORKERS;
    if (a.json) {
        json_t *all = placements_json(t, &a);
        json_object_set_new(all, "machine", fw_topo_json(t)); /* apart: it has an "smt" of its own */
        json_dumpf(all, stdout, JSON_INDENT(1));
        puts("");
        json_decref(all);
    } else
        tell(t, &a);
    fw_topo_free(t);
    return FW_EXIT_OK;
}
