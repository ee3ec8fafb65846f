/* topo.h - the machine's CPUs as hwloc sees them, and where workers are placed.
 *
 *   compact     distinct cores under one L3, one PU each; then those cores' SMT siblings; then the next L3. The kind of
 *               core with most performance first
 *   scatter     as far apart as can be: packages in turn, then NUMA nodes, L3s, cores; SMT siblings last
 *   smt         both siblings of a core, core after core
 *   same-l3     one PU a core under the L3 with most CPUs, then siblings; refused beyond it
 *   cross-numa  NUMA nodes in turn; refused with fewer than two
 *   none        not bound
 *
 * Only allowed CPUs are used (cpuset, affinity). compact, scatter and none wrap round when there are more workers than
 * CPUs; the caller decides whether that is wanted. Next: bind.c, which binds, driver/topo_cmd.c. */
#ifndef TOPO_H
#define TOPO_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct fw_topo fw_topo;

typedef struct fw_place { /* logical indexes, -1: unknown, but a CPU shown without a core is one of its own */
    int cpu;              /* OS index of the PU; -1: not bound */
    int core, l3, numa, package;
    int kind; /* hybrid: greater is faster; 0 where all are alike */
} fw_place;

/* spec NULL: this machine; else "synthetic:STRING" (as hwloc's) or "xml:FILE". *out is freed by fw_topo_free.
 * 0, -EINVAL (a spec that hwloc can't read), -ENOMEM. */
int fw_topo_load(fw_topo **out, const char *spec);
void fw_topo_free(fw_topo *t);
/* False for a synthetic or foreign one: hwloc's bindings would silently do nothing, so no run is made of it. */
bool fw_topo_this_system(const fw_topo *t);
unsigned fw_topo_allowed(const fw_topo *t);                 /* PUs this process may use */
unsigned fw_topo_count(const fw_topo *t, const char *what); /* "core", "l3", "numa", "package", "kind" among them */
bool fw_topo_smt(const fw_topo *t);                         /* two allowed PUs share a core */
/* "", or why distances and sharing should not be believed. */
const char *fw_topo_doubts(const fw_topo *t);

/* Fills out[0..workers). 0; -EINVAL for an unknown placement; -ENOTSUP with one clear reason in why. */
int fw_topo_place(const fw_topo *t, const char *placement, unsigned workers, fw_place *out, char *why, size_t bytes);
/* The same as a trial's "workers" (harness/PROTOCOL.md); NULL with a reason. A new reference. */
json_t *fw_place_json(const fw_topo *t, const char *placement, unsigned workers, char *why, size_t bytes);

/* hwloc's XML, without the names of the machine, its maker, its container and this process. 0 or -errno. */
int fw_topo_export(const fw_topo *t, const char *file);
/* 16 hexadecimal digits of what is where: equal for equal machines, whichever CPUs the affinity allows. */
const char *fw_topo_hash(fw_topo *t);
/* Counts, caches in bytes ("L1d", "L2", …), and each CPU's place; a new reference. */
json_t *fw_topo_json(const fw_topo *t);

#endif
