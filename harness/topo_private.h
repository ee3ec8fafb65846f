/* topo_private.h - inside topo.c and place.c only: the allowed PUs and where each is. */
#ifndef TOPO_PRIVATE_H
#define TOPO_PRIVATE_H
#include "topo.h"

#include <hwloc.h>

typedef struct pu {
    fw_place at;
    int sibling; /* 0 for the first allowed PU of its core, 1 for the next, … */
    int cluster; /* same package, NUMA node and L3, known or not: the same number */
    int core_in_cluster, core_in_numa, l3_in_node, node_in_package; /* ordinals among the allowed */
} pu;

struct fw_topo {
    hwloc_topology_t hw;
    bool this_system;
    pu *pus;
    unsigned n;
    char doubts[200], hash[17];
};

#endif
