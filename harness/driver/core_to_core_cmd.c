/* core_to_core_cmd.c - `fiveways topo --core-to-core`: every pair of allowed CPUs measured, as a table, as JSON, or as
 * the file that a chart is drawn from (results/SCHEMA.md). Next: ../core_to_core.h, plots/core_to_core.py. */
#include "child.h"
#include "core_to_core.h"
#include "driver.h"
#include "topo_cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Package, node, cache, core, CPU: neighbours in the machine are neighbours in the table. */
static int in_order(const void *a, const void *b)
{
    const fw_place *x = a, *y = b;
    const int one[] = {x->package, x->numa, x->l3, x->core, x->cpu},
              two[] = {y->package, y->numa, y->l3, y->core, y->cpu};
    for (size_t i = 0; i < sizeof one / sizeof *one; i++)
        if (one[i] != two[i])
            return one[i] < two[i] ? -1 : 1;
    return 0;
}

static int measure(const fw_place *p, unsigned n, fw_c2c *all)
{
    for (unsigned i = 0; i < n; i++)
        for (unsigned j = i + 1; j < n; j++) {
            if (fw_interrupted)
                return FW_EXIT_INTERRUPTED;
            int err = fw_core_to_core(p[i].cpu, p[j].cpu, &all[i * n + j]);
            if (err) {
                fprintf(stderr, "fiveways: topo: CPUs %d and %d: %s: nothing is said about them\n", p[i].cpu, p[j].cpu,
                        err == -EXDEV ? "the binding was not applied" : strerror(-err));
                return FW_EXIT_FAILED;
            }
            all[j * n + i] = all[i * n + j];
        }
    return FW_EXIT_OK;
}

static void table(const fw_topo *t, const fw_place *p, unsigned n, const fw_c2c *all)
{
    printf("core to core: ns until another CPU sees a store, half a round trip; median of %d batches of %d\n",
           FW_C2C_BATCHES, FW_C2C_TRIPS);
    if (*fw_topo_doubts(t))
        printf("which CPUs are neighbours is not trustworthy: %s\n", fw_topo_doubts(t));
    printf("%4s", "CPU");
    for (unsigned j = 0; j < n; j++)
        printf(" %7d", p[j].cpu);
    puts("");
    for (unsigned i = 0; i < n; i++) {
        printf("%4d", p[i].cpu);
        for (unsigned j = 0; j < n; j++)
            i == j ? printf(" %7s", "-") : printf(" %7.1f", all[i * n + j].median_ns);
        puts("");
    }
}

static json_t *object(const fw_topo *t, const fw_place *p, unsigned n, const fw_c2c *all)
{
    json_t *cpus = json_array(), *pairs = json_array();
    for (unsigned i = 0; i < n; i++) {
        json_array_append_new(cpus, json_pack("{s:i,s:i,s:i,s:i,s:i}", "cpu", p[i].cpu, "core", p[i].core, "l3",
                                              p[i].l3, "numa", p[i].numa, "package", p[i].package));
        for (unsigned j = i + 1; j < n; j++) {
            const fw_c2c *c = &all[i * n + j];
            json_array_append_new(pairs, json_pack("{s:i,s:i,s:f,s:f,s:f,s:f}", "a", p[i].cpu, "b", p[j].cpu, "median",
                                                   c->median_ns, "low", c->interval.low, "high", c->interval.high,
                                                   "level", c->interval.level));
        }
    }
    return json_pack("{s:i,s:s,s:i,s:i,s:s,s:o,s:o}", "schema", 1, "unit", "ns", "batches", FW_C2C_BATCHES, "trips",
                     FW_C2C_TRIPS, "doubts", fw_topo_doubts(t), "cpus", cpus, "pairs", pairs);
}

static int keep(json_t *o, const char *folder)
{
    char *path = fw_text("%s/core-to-core.json", folder);
    int rc = FW_EXIT_OK;
    errno = 0;
    if (json_dump_file(o, path, JSON_INDENT(1)) != 0) {
        fprintf(stderr, "fiveways: topo: %s cannot be written: %s\n", path, strerror(errno));
        rc = FW_EXIT_FAILED;
    } else
        printf("%s; `fiveways report %s` draws it\n", path, folder);
    free(path);
    return rc;
}

int fw_topo_core_to_core(const fw_topo *t, bool json, const char *folder)
{
    static fw_place p[FW_MAX_WORKERS];
    unsigned n = fw_topo_allowed(t);
    char why[200];
    struct stat st;

    if (folder && (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode)))
        return fw_usage("topo: --out: '%s' is not a folder; expected a result folder such as results/latest", folder);
    if (!fw_topo_this_system(t))
        return fw_usage("topo: --core-to-core measures this machine; the topology shown is of another one");
    if (n < 2 || n > FW_MAX_WORKERS || fw_topo_place(t, "compact", n, p, why, sizeof why) != 0)
        return fw_usage("topo: --core-to-core needs 2 to %d allowed CPUs; here it is %u", FW_MAX_WORKERS, n);
    qsort(p, n, sizeof *p, in_order);
    fw_c2c *all = calloc((size_t)n * n, sizeof *all);
    FW_MUST(all);
    int rc = measure(p, n, all);
    if (rc == FW_EXIT_OK) {
        json_t *o = object(t, p, n, all);
        if (json) {
            json_dumpf(o, stdout, JSON_INDENT(1));
            puts("");
        } else
            table(t, p, n, all);
        rc = folder ? keep(o, folder) : FW_EXIT_OK;
        json_decref(o);
    }
    free(all);
    return rc;
}
