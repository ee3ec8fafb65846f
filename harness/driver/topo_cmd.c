/* topo_cmd.c - `fiveways topo`: this machine's CPUs, and where each placement puts workers. */
#include "doctor.h"
#include "driver.h"

#include <getopt.h>
#include <string.h>

static const char *const placements[] = {"compact", "scatter", "smt", "same-l3", "cross-numa", "none"};
enum { PLACEMENTS = 6 };

typedef struct asked {
    unsigned workers;
    const char *placement, *spec;
    bool json;
} asked;

static int parse(asked *a, int argc, char **argv)
{
    static const struct option options[] = {
        {"workers", required_argument, NULL, 'W'}, {"placement", required_argument, NULL, 'P'},
        {"load", required_argument, NULL, 'l'},    {"json", no_argument, NULL, 'j'},
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
        case 'h':
            puts("fiveways topo: the CPUs that may be used and where workers would be placed.\n\n"
                 "  --workers N    how many (default: one a CPU)\n"
                 "  --placement P  only this: compact, scatter, smt, same-l3, cross-numa, none\n"
                 "  --load SPEC    another machine: synthetic:STRING or xml:FILE (hwloc's)\n"
                 "  --json         one JSON object");
            return FW_EXIT_OK;
        default:
            return fw_usage("topo: '%s' is unknown or lacks its value (fiveways topo --help)", argv[at]);
        }
    return optind < argc ? fw_usage("topo: unexpected word '%s'", argv[optind]) : -1;
}

static void one_placement(const fw_topo *t, const char *placement, unsigned workers)
{
    static fw_place p[FW_MAX_WORKERS];
    char why[200];
    printf("%-11s", placement);
    if (fw_topo_place(t, placement, workers, p, why, sizeof why)) {
        printf("refused: %s\n", why);
        return;
    }
    for (unsigned i = 0; i < workers; i++)
        if (p[i].cpu < 0) {
            printf("not bound\n");
            return;
        } else
            printf("%s%u:%d", i ? "  " : "", i, p[i].cpu);
    puts("");
}

static void tell(const fw_topo *t, const asked *a)
{
    printf("%u CPUs allowed: %u packages, %u NUMA nodes, %u L3 caches, %u cores%s%s\n", fw_topo_allowed(t),
           fw_topo_count(t, "package"), fw_topo_count(t, "numa"), fw_topo_count(t, "l3"), fw_topo_count(t, "core"),
           fw_topo_smt(t) ? ", SMT" : "", fw_topo_count(t, "kind") > 1 ? ", cores of different kinds" : "");
    if (*fw_topo_doubts(t))
        printf("not trustworthy: %s\n", fw_topo_doubts(t));
    if (!fw_topo_this_system(t))
        puts("not this machine: nothing can be bound here");
    printf("\nworker:CPU for %u worker%s\n", a->workers, a->workers == 1 ? "" : "s");
    for (unsigned i = 0; i < PLACEMENTS; i++)
        if (!a->placement || strcmp(a->placement, placements[i]) == 0)
            one_placement(t, placements[i], a->workers);
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
    if (!a.workers)
        a.workers = fw_topo_allowed(t) < FW_MAX_WORKERS ? fw_topo_allowed(t) : FW_MAX_WORKERS;
    if (a.json) {
        json_t *all = fw_topo_json(t);
        for (unsigned i = 0; i < PLACEMENTS; i++) {
            char why[200];
            json_t *p = fw_place_json(t, placements[i], a.workers, why, sizeof why);
            if (!a.placement || strcmp(a.placement, placements[i]) == 0)
                json_object_set_new(all, placements[i], p ? p : json_pack("{s:s}", "refused", why));
            else
                json_decref(p);
        }
        json_dumpf(all, stdout, JSON_INDENT(1));
        puts("");
        json_decref(all);
    } else
        tell(t, &a);
    fw_topo_free(t);
    return FW_EXIT_OK;
}
