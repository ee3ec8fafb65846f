/* Nqueens without concurrency: the same tree as function calls. */
#include "fw.h"
#include "spec.h"

/* -- unit -- */
static nqueens_sum node(const nqueens_part *part)
{
    nqueens_sum sum = {0, 0};

    if (nqueens_is_leaf(part))
        return nqueens_search(part);
    for (uint32_t free = nqueens_free(part); free; free &= free - 1) {
        nqueens_part child = nqueens_child(part, free);
        nqueens_add(&sum, node(&child));
    }
    return sum;
}
/* -- launch -- */
int nqueens_seq(fw_trial *t)
{
    nqueens_part board = nqueens_board(t);
    int err = fw_worker_bind(fw_worker_of(t, 0));
    if (err)
        return fw_fail(t, "cannot run on worker 0's CPUs: error %d", -err);
    fw_begin(t);
    /* -- coordinate -- */
    nqueens_sum sum = node(&board);
    fw_count(fw_slot_here(), FW_WORK, 1);
    /* -- finish -- */
    nqueens_finish(t, sum);
    fw_end(t);
    return 0;
}
/* -- end -- */
