/* Nqueens with processes: a placement forks those that follow from it and reads a sum from a pipe to each. */
#include <errno.h>

#include "fw.h"
#include "processes/processes.h"
#include "spec.h"

typedef struct answer {
    nqueens_sum sum;
    int64_t err;
} answer;

typedef struct node {
    fw_trial *trial;
    nqueens_part part;
    proc_link *parent, **elder; /* a pipe for the answer; the pipes of the children forked before */
    unsigned elders;
} node;

/* -- unit -- */
static int run(void *arg);

static int start(proc **unit, proc_link **link, unsigned made, const node *child)
{
    int err = proc_link_create(&link[made], PROC_PIPE, sizeof(answer), 0);
    if (err)
        return err;
    node given = *child;
    given.parent = link[made];
    given.elder = link;
    given.elders = made;
    err = proc_spawn(unit, fw_worker_of(given.trial, made), run, &given);
    if (err)
        proc_link_destroy(link[made]);
    else
        proc_link_receiver(link[made]);
    return err;
}

static answer collect(proc *unit, proc_link *link)
{
    answer one;
    int status;
    if (proc_recv(link, &one, sizeof one) != sizeof one)
        one = (answer){.err = -EPIPE}; /* it died without an answer */
    proc_link_destroy(link);
    if (proc_join(unit, &status) != 0 || status != 0)
        one.err = one.err ? one.err : -EPIPE;
    return one;
}

static int run(void *arg)
{
    const node *n = arg;
    proc_link *link[NQUEENS_MOST];
    proc *unit[NQUEENS_MOST];
    unsigned made = 0;
    answer mine = {.err = 0};

    for (unsigned i = 0; i < n->elders; i++)
        proc_link_destroy(n->elder[i]);
    proc_link_sender(n->parent);
    if (nqueens_is_leaf(&n->part)) {
        mine.sum = nqueens_search(&n->part);
    } else {
        for (uint32_t free = nqueens_free(&n->part); free && !mine.err; free &= free - 1, made += mine.err == 0)
            mine.err =
                start(&unit[made], link, made, &(node){.trial = n->trial, .part = nqueens_child(&n->part, free)});
        for (unsigned i = 0; i < made; i++) {
            answer one = collect(unit[i], link[i]);
            nqueens_add(&mine.sum, one.sum);
            mine.err = mine.err ? mine.err : one.err;
        }
    }
    return proc_send(n->parent, &mine, sizeof mine) != 0;
}
/* -- launch -- */
int nqueens_processes(fw_trial *t)
{
    proc_link *link;
    proc *unit;
    answer all = {.err = 0};
    int err = fw_check_os_units(t, "fork", nqueens_units(t), FW_PROCESS_BYTES);

    if (err)
        return err;
    fw_begin(t);
    err = start(&unit, &link, 0, &(node){.trial = t, .part = nqueens_board(t)});
    /* -- coordinate -- */
    if (!err) {
        all = collect(unit, link);
        err = (int)all.err;
    }
    /* -- finish -- */
    if (!err)
        nqueens_finish(t, all.sum);
    fw_end(t);
    if (err == -EPIPE)
        return fw_fail(t, "a process of the tree ended without an answer");
    return err ? fw_refuse_units(t, "fork", -err) : 0;
}
/* -- end -- */
