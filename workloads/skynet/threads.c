/* Skynet with threads: a node starts a thread for each of its ten children, joins them and adds up. */
#include "threads/threads.h"
#include "fw.h"
#include "spec.h"

typedef struct node {
    fw_trial *trial;
    skynet_part part;
    skynet_sum sum;
    int err;
} node;

/* -- unit -- */
static void run(void *arg)
{
    node *n = arg, child[SKYNET_FANOUT];
    thr *unit[SKYNET_FANOUT];
    unsigned made = 0;

    if (skynet_is_leaf(&n->part)) {
        n->sum = skynet_leaves(n->part);
        return;
    }
    for (; made < SKYNET_FANOUT && !n->err; made += n->err == 0) {
        child[made] = (node){.trial = n->trial, .part = skynet_child(n->part, made)};
        n->err = thr_spawn(&unit[made], fw_worker_of(n->trial, made), run, &child[made]);
    }
    for (unsigned i = 0; i < made; i++) {
        thr_join(unit[i]);
        skynet_add(&n->sum, child[i].sum);
        n->err = n->err ? n->err : child[i].err;
    }
}
/* -- launch -- */
int skynet_threads(fw_trial *t)
{
    node root = {.trial = t, .part = skynet_whole(t)};
    thr *unit;
    int err = fw_check_os_units(t, "pthread_create", skynet_units(t), FW_THREAD_BYTES);

    if (err)
        return err;
    fw_begin(t);
    err = thr_spawn(&unit, fw_worker_of(t, 0), run, &root);
    /* -- coordinate -- */
    if (!err) {
        thr_join(unit);
        err = root.err;
    }
    /* -- finish -- */
    if (!err)
        skynet_finish(t, root.sum);
    fw_end(t);
    return err ? fw_refuse_units(t, "pthread_create", -err) : 0;
}
/* -- end -- */
