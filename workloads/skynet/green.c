/* Skynet with green threads: a node spawns its ten children, joins them and adds up. */
#include "green/green.h"
#include "fw.h"
#include "spec.h"

typedef struct node {
    skynet_part part;
    skynet_sum sum;
    int err;
} node;

/* -- unit -- */
static void run(void *arg)
{
    node *n = arg, child[SKYNET_FANOUT];
    green *unit[SKYNET_FANOUT];
    unsigned made = 0;

    if (skynet_is_leaf(&n->part)) {
        n->sum = skynet_leaves(n->part);
        return;
    }
    for (; made < SKYNET_FANOUT && !n->err; made += n->err == 0) {
        child[made] = (node){.part = skynet_child(n->part, made)};
        n->err = green_spawn(&unit[made], NULL, run, &child[made]);
    }
    for (unsigned i = 0; i < made; i++) {
        green_join(unit[i]);
        skynet_add(&n->sum, child[i].sum);
        n->err = n->err ? n->err : child[i].err;
    }
}
/* -- launch -- */
static void launch(void *arg)
{
    node *root = arg;
    green *unit;
    int err = green_spawn(&unit, NULL, run, root); /* from now on root is the unit's */
    /* -- coordinate -- */
    if (err)
        root->err = err;
    else
        green_join(unit);
}

int skynet_green(fw_trial *t)
{
    green_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    node root = {.part = skynet_whole(t)};

    fw_begin(t);
    int err = green_run(&config, launch, &root);
    /* -- finish -- */
    if (!err && !root.err)
        skynet_finish(t, root.sum);
    fw_end(t);
    if (err)
        return fw_refuse(t, "green_run", -err, "workers", fw_workers(t));
    return root.err ? fw_refuse(t, "green_spawn", -root.err, "green threads", (int64_t)skynet_units(t)) : 0;
}
/* -- end -- */
