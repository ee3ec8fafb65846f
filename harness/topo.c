/* topo.c - see topo.h. hwloc is asked once, at load; after that everything is an array of PUs. Next: place.c. */
#include "topo_private.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fw.h"

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
    int core = index_above(t->hw, o, HWLOC_OBJ_CORE);
    t->pus[t->n++] = (pu){.at = {.cpu = (int)o->os_index,
                                 .core = core >= 0 ? core : (int)o->logical_index, /* none shown: one a PU */
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

static int by_cluster(const pu *p)
{
    return p->cluster;
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

static int cluster_of(const fw_topo *t, unsigned i)
{
    int next = 0;
    for (unsigned j = 0; j < i; j++) {
        const pu *p = &t->pus[j];
        if (by_node(p) == by_node(&t->pus[i]) && p->at.l3 == t->pus[i].at.l3)
            return p->cluster;
        next = p->cluster >= next ? p->cluster + 1 : next;
    }
    return next;
}

static void number(fw_topo *t)
{
    for (unsigned i = 0; i < t->n; i++)
        t->pus[i].cluster = cluster_of(t, i);
    for (unsigned i = 0; i < t->n; i++) {
        pu *p = &t->pus[i];
        for (unsigned j = 0; j < i; j++)
            p->sibling += t->pus[j].at.core == p->at.core;
        p->core_in_cluster = ordinal(t, i, by_core, by_cluster);
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
    if (t->n > 1 && hwloc_get_nbobjs_by_type(t->hw, HWLOC_OBJ_CORE) <= 0)
        why = "it shows no cores; every CPU is taken for one";
    else if (t->n > 1 && t->pus[0].at.l3 < 0)
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

/* ---- telling ------------------------------------------------------------ */

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

int fw_topo_export(const fw_topo *t, const char *file)
{
    hwloc_obj_t root = hwloc_get_root_obj(t->hw);
    for (unsigned i = 0; i < root->infos_count; i++) { /* what names the machine or its owner */
        struct hwloc_info_s *info = &root->infos[i];
        char *hidden;
        if ((is(info->name, "HostName") || is(info->name, "LinuxCgroup") || is(info->name, "ProcessName") ||
             strncmp(info->name, "DMI", 3) == 0) &&
            (hidden = strdup("-"))) {
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

static uint64_t hash_text(uint64_t h, const char *text)
{
    for (; *text; text++)
        h = fw_mix64(h ^ (unsigned char)*text);
    return h;
}

/* What an object is, which CPUs it has, a cache's size; not its memory, which a hypervisor may change. */
static uint64_t hash_object(hwloc_topology_t hw, uint64_t h, hwloc_obj_t o)
{
    char text[48], cpus[FW_MAX_CPUS / 2];
    int kind = hwloc_cpukinds_get_nr(hw, 0) > 1 ? hwloc_cpukinds_get_by_cpuset(hw, o->cpuset, 0) : 0;
    snprintf(text, sizeof text, "%d %d %llu ", (int)o->type, kind < 0 ? -1 : kind,
             hwloc_obj_type_is_cache(o->type) ? (unsigned long long)o->attr->cache.size : 0ULL);
    hwloc_bitmap_snprintf(cpus, sizeof cpus, o->cpuset);
    return hash_text(hash_text(h, text), cpus);
}

const char *fw_topo_hash(fw_topo *t)
{
    uint64_t h = 0;
    hwloc_obj_t o = NULL;
    for (int depth = 0; depth < hwloc_topology_get_depth(t->hw); depth++)
        while ((o = hwloc_get_next_obj_by_depth(t->hw, depth, o)))
            h = hash_object(t->hw, h, o);
    while ((o = hwloc_get_next_obj_by_type(t->hw, HWLOC_OBJ_NUMANODE, o)))
        h = hash_object(t->hw, h, o);
    snprintf(t->hash, sizeof t->hash, "%016llx", (unsigned long long)h);
    return t->hash;
}
