/* place.c - where workers go: each placement is an order of the allowed PUs. See topo.h. */
#include "topo_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fw.h"

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
            memcpy(x->key, (int[KEYS]){-at->kind, at->package, at->l3 >= 0 ? at->l3 : p->cluster, p->sibling, at->core},
                   sizeof x->key);
        else if (is(placement, "scatter"))
            memcpy(x->key, (int[KEYS]){p->sibling, p->core_in_cluster, p->l3_in_node, p->node_in_package, at->package},
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
