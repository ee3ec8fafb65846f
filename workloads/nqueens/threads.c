/* Nqueens with threads: a placement starts a thread for each that follows from it, joins them and adds up. */
#include "threads/threads.h"
#include "fw.h"
#include "spec.h"

typedef struct node {
    fw_trial *trial;
    nqueens_part part;
    nqueens_sum sum;
    int err;
} node;

/* -- unit -- */
static void run(void *arg)
{
    node *n = arg, child[NQUEENS_MOST];
    thr *unit[NQUEENS_MOST];
    unsigned made = 0;

    if (nqueens_is_leaf(&n->part)) {
        n->sum = nqueens_search(&n->part);
        return;
    }
    for (uint32_t free = nqueens_free(&n->part); free && !n->err; free &= free - 1, made += n->err == 0) {
        child[made] = (node){.trial = n->trial, .part = nqueens_child(&n->part, free)};
        n->err = thr_spawn(&unit[made], fw_worker_of(n->trial, made), run, &child[made]);
    }
    for (unsigned i = 0; i < made; i++) {
        thr_join(unit[i]);
        nqueens_add(&n->sum, child[i].sum);
        n->err = n->err ? n->err : child[i].err;
    }
}
/* -- launch -- */
int nqueens_threads(fw_trial *t)
{
    node root = {.trial = t, .part = nqueens_board(t)};
    thr *unit;
    int err = fw_check_os_units(t, "pthread_create", nqueens_units(t), FW_THREAD_BYTES);

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
        nqueens_finish(t, root.sum);
    fw_end(t);
    return err ? fw_refuse_units(t, "pthread_create", -err) : 0;
}
/* -- end -- */
