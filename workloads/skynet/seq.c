/* Skynet without concurrency: the same tree as function calls. */
#include "fw.h"
#include "spec.h"

/* -- unit -- */
static skynet_sum node(skynet_part part)
{
    skynet_sum sum = {0, 0};

    if (skynet_is_leaf(&part))
        return skynet_leaves(part);
    for (unsigned i = 0; i < SKYNET_FANOUT; i++)
        skynet_add(&sum, node(skynet_child(part, i)));
    return sum;
}
/* -- launch -- */
int skynet_seq(fw_trial *t)
{
    int err = fw_worker_bind(fw_worker_of(t, 0));
    if (err)
        return fw_fail(t, "cannot run on worker 0's CPUs: error %d", -err);
    fw_begin(t);
    /* -- coordinate -- */
    skynet_sum sum = node(skynet_whole(t));
    fw_count(fw_slot_here(), FW_WORK, 1);
    /* -- finish -- */
    skynet_finish(t, sum);
    fw_end(t);
    return 0;
}
/* -- end -- */
