/* Nqueens with green threads: a placement spawns those that follow from it, joins them and adds up. */
#include "green/green.h"
#include "fw.h"
#include "spec.h"

typedef struct node {
    nqueens_part part;
    nqueens_sum sum;
    int err;
} node;

/* -- unit -- */
static void run(void *arg)
{
    node *n = arg, child[NQUEENS_MOST];
    green *unit[NQUEENS_MOST];
    unsigned made = 0;

    if (nqueens_is_leaf(&n->part)) {
        n->sum = nqueens_search(&n->part);
        return;
    }
    for (uint32_t free = nqueens_free(&n->part); free && !n->err; free &= free - 1, made += n->err == 0) {
        child[made] = (node){.part = nqueens_child(&n->part, free)};
        n->err = green_spawn(&unit[made], NULL, run, &child[made]);
    }
    for (unsigned i = 0; i < made; i++) {
        green_join(unit[i]);
        nqueens_add(&n->sum, child[i].sum);
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

int nqueens_green(fw_trial *t)
{
    green_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    node root = {.part = nqueens_board(t)};

    fw_begin(t);
    int err = green_run(&config, launch, &root);
    /* -- finish -- */
    if (!err && !root.err)
        nqueens_finish(t, root.sum);
    fw_end(t);
    if (err)
        return fw_refuse(t, "green_run", -err, "workers", fw_workers(t));
    return root.err ? fw_refuse(t, "green_spawn", -root.err, "green threads", (int64_t)nqueens_units(t)) : 0;
}
/* -- end -- */
