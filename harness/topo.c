/* topo.c - see topo.h. hwloc is asked once, at load; after that everything is an array of PUs. */
#include "topo.h"

#include <errno.h>
#include <hwloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fw.h"

typedef struct pu {
    fw_place at;
    int sibling; /* 0 for the first allowed PU of its core, 1 for the next, … */
    int core_in_l3, core_in_numa, l3_in_node, node_in_package; /* ordinals among the allowed */
} pu;

struct fw_topo {
    hwloc_topology_t hw;
    bool this_system;
    pu *pus;
    unsigned n;
    char doubts[200], hash[17];
};

/* ---- loading ------------------------------------------------------------ */

static int ask_hwloc(hwloc_topology_t *hw, const char *spec)
{
    if (hwloc_topology_init(hw) != 0)
        return -ENOMEM;
    int rc = 0;
    if (spec && strncmp(spec, "synthetic:", 10) == 0)
        rc = hwloc_topology_set_synthetic(*hw, spec + 10);
    else if (spec && strncmp(spec, "xml:", 4) == 0)
        rc = hwloc_topology_set_xml(*hw, spec + 4);
    else if (spec)
        rc = -1;
    if (rc == 0)
        rc = hwloc_topology_load(*hw);
    if (rc == 0)
        return 0;
    hwloc_topology_destroy(*hw);
    return -EINVAL;
}

static int index_above(hwloc_topology_t hw, hwloc_obj_t pu, hwloc_obj_type_t type)
{
    hwloc_obj_t o = hwloc_get_ancestor_obj_by_type(hw, type, pu);
    return o ? (int)o->logical_index : -1;
}

static int numa_of(hwloc_topology_t hw, hwloc_obj_t pu)
{
    hwloc_obj_t node = NULL;
    while ((node = hwloc_get_next_obj_by_type(hw, HWLOC_OBJ_NUMANODE, node)))
        if (hwloc_bitmap_isincluded(pu->cpuset, node->cpuset))
            return (int)node->logical_index;
    return -1;
}

static void add_pu(fw_topo *t, hwloc_obj_t o)
{
    int kinds = hwloc_cpukinds_get_nr(t->hw, 0), kind = hwloc_cpukinds_get_by_cpuset(t->hw, o->cpuset, 0);
    t->pus[t->n++] = (pu){.at = {.cpu = (int)o->os_index,
                                 .core = index_above(t->hw, o, HWLOC_OBJ_CORE),
                                 .l3 = index_above(t->hw, o, HWLOC_OBJ_L3CACHE),
                                 .numa = numa_of(t->hw, o),
                                 .package = index_above(t->hw, o, HWLOC_OBJ_PACKAGE),
                                 .kind = kinds > 1 && kind > 0 ? kind : 0}};
}

static bool first_of(const fw_topo *t, unsigned i, int (*key)(const pu *))
{
    for (unsigned j = 0; j < i; j++)
        if (key(&t->pus[j]) == key(&t->pus[i]))
            return false;
    return true;
}

static int by_core(const pu *p)
{
    return p->at.core;
}

static int by_l3(const pu *p)
{
    return p->at.l3;
}

static int by_numa(const pu *p)
{
    return p->at.numa;
}

static int by_package(const pu *p)
{
    return p->at.package;
}

/* A NUMA node's part in a package, since a node may span several. */
static int by_node(const pu *p)
{
    return p->at.package * (1 << 15) + p->at.numa;
}

static int by_kind(const pu *p)
{
    return p->at.kind;
}

/* How many distinct `inner` there are before i's own within i's `outer`. */
static int ordinal(const fw_topo *t, unsigned i, int (*inner)(const pu *), int (*outer)(const pu *))
{
    int n = 0;
    for (unsigned j = 0; j < t->n && inner(&t->pus[j]) != inner(&t->pus[i]); j++)
        n += outer(&t->pus[j]) == outer(&t->pus[i]) && first_of(t, j, inner);
    return n;
}

static void number(fw_topo *t)
{
    for (unsigned i = 0; i < t->n; i++) {
        pu *p = &t->pus[i];
        for (unsigned j = 0; j < i; j++)
            p->sibling += t->pus[j].at.core == p->at.core && p->at.core >= 0;
        p->core_in_l3 = ordinal(t, i, by_core, by_l3);
        p->core_in_numa = ordinal(t, i, by_core, by_numa);
        p->l3_in_node = ordinal(t, i, by_l3, by_node);
        p->node_in_package = ordinal(t, i, by_node, by_package);
    }
}

static bool virtual_machine(void)
{
    char line[4096];
    bool found = false;
    FILE *f = fopen("/proc/cpuinfo", "re");
    while (f && !found && fgets(line, sizeof line, f))
        found = strncmp(line, "flags", 5) == 0 && strstr(line, " hypervisor") != NULL;
    if (f)
        fclose(f);
    return found;
}

static void doubt(fw_topo *t)
{
    unsigned cores = fw_topo_count(t, "core"), packages = fw_topo_count(t, "package");
    const char *why = "";
    if (t->n > 1 && t->pus[0].at.l3 < 0)
        why = "it shows no L3 cache";
    else if (cores > 2 && packages == cores)
        why = "it shows every core as a package of its own";
    else if (t->this_system && virtual_machine())
        why = "a hypervisor describes it: SMT siblings, kinds of cores and NUMA nodes may be hidden";
    snprintf(t->doubts, sizeof t->doubts, "%s", why);
}

int fw_topo_load(fw_topo **out, const char *spec)
{
    fw_topo *t = calloc(1, sizeof *t);
    cpu_set_t may;
    int err = t ? ask_hwloc(&t->hw, spec) : -ENOMEM;

    if (err) {
        free(t);
        return err;
    }
    t->this_system = hwloc_topology_is_thissystem(t->hw) != 0;
    bool limited = t->this_system && sched_getaffinity(0, sizeof may, &may) == 0;
    t->pus = calloc((size_t)hwloc_get_nbobjs_by_type(t->hw, HWLOC_OBJ_PU) + 1, sizeof *t->pus);
    FW_MUST(t->pus);
    hwloc_const_bitmap_t allowed = hwloc_topology_get_allowed_cpuset(t->hw);
    for (hwloc_obj_t o = NULL; (o = hwloc_get_next_obj_by_type(t->hw, HWLOC_OBJ_PU, o));)
        if (o->os_index < FW_MAX_CPUS && hwloc_bitmap_isset(allowed, o->os_index) &&
            (!limited || CPU_ISSET(o->os_index, &may)))
            add_pu(t, o);
    number(t);
    doubt(t);
    *out = t;
    return 0;
}

void fw_topo_free(fw_topo *t)
{
    if (!t)
        return;
    hwloc_topology_destroy(t->hw);
    free(t->pus);
    free(t);
}

bool fw_topo_this_system(const fw_topo *t)
{
    return t->this_system;
}

unsigned fw_topo_allowed(const fw_topo *t)
{
    return t->n;
}

unsigned fw_topo_count(const fw_topo *t, const char *what)
{
    static const struct {
        const char *name;
        int (*key)(const pu *);
    } keys[] = {{"core", by_core}, {"l3", by_l3}, {"numa", by_numa}, {"package", by_package}, {"kind", by_kind}};
    unsigned n = 0;
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
        for (unsigned i = 0; strcmp(keys[k].name, what) == 0 && i < t->n; i++)
            n += keys[k].key(&t->pus[i]) >= 0 && first_of(t, i, keys[k].key);
    return n;
}

bool fw_topo_smt(const fw_topo *t)
{
    for (unsigned i = 0; i < t->n; i++)
        if (t->pus[i].sibling > 0)
            return true;
    return false;
}

const char *fw_topo_doubts(const fw_topo *t)
{
    return t->doubts;
}

/* ---- placements --------------------------------------------------------- */

enum { KEYS = 5 };
typedef struct ranked {
    int key[KEYS];
    const pu *pu;
} ranked;

static int by_keys(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    for (int k = 0; k < KEYS; k++)
        if (x->key[k] != y->key[k])
            return x->key[k] < y->key[k] ? -1 : 1;
    return (x->pu > y->pu) - (x->pu < y->pu);
}

static unsigned pus_of_core(const fw_topo *t, const pu *p)
{
    unsigned n = 0;
    for (unsigned i = 0; i < t->n; i++)
        n += t->pus[i].at.core == p->at.core;
    return n;
}

/* The L3 with most allowed PUs, the first of equals; -1: none is known. */
static int widest_l3(const fw_topo *t)
{
    unsigned most = 0;
    int best = -1;
    for (unsigned i = 0; i < t->n; i++) {
        unsigned n = 0;
        for (unsigned j = 0; j < t->n; j++)
            n += t->pus[j].at.l3 == t->pus[i].at.l3;
        if (t->pus[i].at.l3 >= 0 && n > most) {
            most = n;
            best = t->pus[i].at.l3;
        }
    }
    return best;
}

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* The PUs that the placement may use, in its order. How many. */
static unsigned rank(const fw_topo *t, const char *placement, ranked *r)
{
    unsigned n = 0;
    int l3 = widest_l3(t);
    for (unsigned i = 0; i < t->n; i++) {
        const pu *p = &t->pus[i];
        const fw_place *at = &p->at;
        if ((is(placement, "smt") && pus_of_core(t, p) < 2) || (is(placement, "same-l3") && (l3 < 0 || at->l3 != l3)))
            continue;
        ranked *x = &r[n++];
        *x = (ranked){.pu = p};
        if (is(placement, "compact"))
            memcpy(x->key, (int[KEYS]){-at->kind, at->package, at->l3, p->sibling, at->core}, sizeof x->key);
        else if (is(placement, "scatter"))
            memcpy(x->key, (int[KEYS]){p->sibling, p->core_in_l3, p->l3_in_node, p->node_in_package, at->package},
                   sizeof x->key);
        else if (is(placement, "smt"))
            memcpy(x->key, (int[KEYS]){at->core, p->sibling}, sizeof x->key);
        else if (is(placement, "same-l3"))
            memcpy(x->key, (int[KEYS]){p->sibling, at->core}, sizeof x->key);
        else /* cross-numa */
            memcpy(x->key, (int[KEYS]){p->sibling, p->core_in_numa, at->numa}, sizeof x->key);
    }
    qsort(r, n, sizeof *r, by_keys);
    return n;
}

static int refuse(char *why, size_t bytes, const char *placement, unsigned there, unsigned workers, unsigned nodes)
{
    if (is(placement, "smt") && there == 0)
        snprintf(why, bytes, "no core here has two allowed CPUs (no SMT)");
    else if (is(placement, "same-l3") && there == 0)
        snprintf(why, bytes, "this machine shows no L3 cache");
    else if (is(placement, "cross-numa") && nodes < 2)
        snprintf(why, bytes, "it needs two NUMA nodes, here %s %u", nodes == 1 ? "is" : "are", nodes);
    else
        snprintf(why, bytes, "it has room for %u worker%s here, not for %u", there, there == 1 ? "" : "s", workers);
    return -ENOTSUP;
}

int fw_topo_place(const fw_topo *t, const char *placement, unsigned workers, fw_place *out, char *why, size_t bytes)
{
    static const char *const known[] = {"compact", "scatter", "smt", "same-l3", "cross-numa", "none"};
    bool found = false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        found |= is(placement, known[i]);
    if (!found || workers == 0 || t->n == 0) {
        snprintf(why, bytes, "unknown placement '%s' or no worker or no CPU", placement);
        return -EINVAL;
    }
    ranked *r = calloc(t->n + 1, sizeof *r);
    FW_MUST(r);
    unsigned n = is(placement, "none") ? 1 : rank(t, placement, r), nodes = fw_topo_count(t, "numa");
    bool wraps = is(placement, "compact") || is(placement, "scatter") || is(placement, "none");
    int err = 0;
    if (n == 0 || (!wraps && workers > n) || (is(placement, "cross-numa") && nodes < 2))
        err = refuse(why, bytes, placement, n, workers, nodes);
    for (unsigned i = 0; !err && i < workers; i++)
        out[i] = is(placement, "none") ? (fw_place){-1, -1, -1, -1, -1, 0} : r[i % n].pu->at;
    free(r);
    return err;
}

json_t *fw_place_json(const fw_topo *t, const char *placement, unsigned workers, char *why, size_t bytes)
{
    fw_place *places = calloc(workers + 1, sizeof *places);
    json_t *list = NULL;
    FW_MUST(places);
    if (fw_topo_place(t, placement, workers, places, why, bytes) == 0) {
        list = json_array();
        for (unsigned i = 0; i < workers; i++) {
            const fw_place *p = &places[i];
            json_t *cpus = json_array();
            if (p->cpu >= 0)
                json_array_append_new(cpus, json_integer(p->cpu));
            json_array_append_new(list, json_pack("{s:o,s:i,s:i}", "cpus", cpus, "l3", p->l3, "numa", p->numa));
        }
    }
    free(places);
    return list;
}

/* ---- telling ------------------------------------------------------------ */

int fw_topo_export(const fw_topo *t, const char *file)
{
    hwloc_obj_t root = hwloc_get_root_obj(t->hw);
    for (unsigned i = 0; i < root->infos_count; i++) { /* what names the machine or its owner */
        struct hwloc_info_s *info = &root->infos[i];
        char *hidden;
        if ((is(info->name, "HostName") || strncmp(info->name, "DMI", 3) == 0) && (hidden = strdup("-"))) {
            free(info->value);
            info->value = hidden;
        }
    }
    errno = 0;
    return hwloc_topology_export_xml(t->hw, file, 0) == 0 ? 0 : errno ? -errno : -EIO;
}

static json_t *caches_json(const fw_topo *t)
{
    json_t *caches = json_object();
    hwloc_obj_t o = t->n ? hwloc_get_pu_obj_by_os_index(t->hw, (unsigned)t->pus[0].at.cpu) : NULL;
    for (; o; o = o->parent) {
        char name[16];
        if (!hwloc_obj_type_is_dcache(o->type))
            continue;
        hwloc_obj_type_snprintf(name, sizeof name, o, 0);
        json_object_set_new(caches, name, json_integer((json_int_t)o->attr->cache.size));
    }
    return caches;
}

json_t *fw_topo_json(const fw_topo *t)
{
    static const char *const counted[] = {"package", "numa", "l3", "core", "kind"};
    json_t *all = json_object(), *cpus = json_array();
    json_object_set_new(all, "cpus_allowed", json_integer(t->n));
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
        json_object_set_new(all, counted[i], json_integer(fw_topo_count(t, counted[i])));
    json_object_set_new(all, "smt", json_boolean(fw_topo_smt(t)));
    json_object_set_new(all, "this_system", json_boolean(t->this_system));
    json_object_set_new(all, "doubts", json_string(t->doubts));
    json_object_set_new(all, "caches", caches_json(t));
    for (unsigned i = 0; i < t->n; i++) {
        const fw_place *p = &t->pus[i].at;
        json_array_append_new(cpus, json_pack("{s:i,s:i,s:i,s:i,s:i,s:i}", "cpu", p->cpu, "core", p->core, "l3", p->l3,
                                              "numa", p->numa, "package", p->package, "kind", p->kind));
    }
    json_object_set_new(all, "cpus", cpus);
    return all;
}

const char *fw_topo_hash(fw_topo *t)
{
    json_t *all = fw_topo_json(t);
    json_object_del(all, "this_system");
    json_object_del(all, "doubts");
    char *text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
    uint64_t h = 0;
    for (const char *c = text; c && *c; c++)
        h = fw_mix64(h ^ (unsigned char)*c);
    snprintf(t->hash, sizeof t->hash, "%016llx", (unsigned long long)h);
    free(text);
    json_decref(all);
    return t->hash;
}
