/* Nqueens with channels: a placement gives those that follow from it one channel and receives their sums from it. */
#include "channels/channels.h"
#include "fw.h"
#include "spec.h"

typedef struct answer {
    nqueens_sum sum;
    int err;
} answer;

typedef struct node {
    fw_trial *trial;
    nqueens_part part;
    chan *parent; /* of answer */
} node;

/* -- unit -- */
static void run(void *arg);

static answer ask_children(const node *n)
{
    node child[NQUEENS_MOST];
    csp *unit[NQUEENS_MOST];
    unsigned made = 0;
    answer all = {.err = 0}, one;
    chan *up;

    all.err = chan_create(&up, sizeof(answer), NQUEENS_MOST);
    if (all.err)
        return all;
    for (uint32_t free = nqueens_free(&n->part); free && !all.err; free &= free - 1, made += all.err == 0) {
        child[made] = (node){.trial = n->trial, .part = nqueens_child(&n->part, free), .parent = up};
        all.err = csp_spawn(&unit[made], fw_worker_of(n->trial, made), run, &child[made]);
    }
    for (unsigned i = 0; i < made; i++) {
        chan_recv(up, &one);
        nqueens_add(&all.sum, one.sum);
        all.err = all.err ? all.err : one.err;
    }
    for (unsigned i = 0; i < made; i++)
        csp_join(unit[i]);
    chan_destroy(up);
    return all;
}

static void run(void *arg)
{
    node *n = arg;
    answer mine = {.err = 0};

    if (nqueens_is_leaf(&n->part))
        mine.sum = nqueens_search(&n->part);
    else
        mine = ask_children(n);
    chan_send(n->parent, &mine);
}
/* -- launch -- */
int nqueens_channels(fw_trial *t)
{
    node root = {.trial = t, .part = nqueens_board(t)};
    answer all = {.err = 0};
    csp *unit;
    int err = fw_check_os_units(t, "pthread_create", nqueens_units(t), FW_THREAD_BYTES);

    if (err)
        return err;
    fw_begin(t);
    FW_MUST(chan_create(&root.parent, sizeof(answer), 1) == 0);
    err = csp_spawn(&unit, fw_worker_of(t, 0), run, &root);
    /* -- coordinate -- */
    if (!err) {
        chan_recv(root.parent, &all);
        csp_join(unit);
        err = all.err;
    }
    /* -- finish -- */
    chan_destroy(root.parent);
    if (!err)
        nqueens_finish(t, all.sum);
    fw_end(t);
    return err ? fw_refuse_units(t, "pthread_create", -err) : 0;
}
/* -- end -- */
