/* Spawn without concurrency: the units are calls, one after another; there is nobody to wait for at a gate. */
#include "fw.h"
#include "spec.h"

/* -- unit -- */
static void nobody(void *arg)
{
    (void)arg;
}
/* -- launch -- */
int spawn_seq(fw_trial *t)
{
    spawn_plan plan = spawn_plan_of(t);
    spawn_sum all = {0, 0};
    int err = fw_worker_bind(fw_worker_of(t, 0));
    if (err)
        return fw_fail(t, "cannot run on worker 0's CPUs: error %d", -err);
    fw_begin(t);
    /* -- coordinate -- */
    for (uint64_t i = 0; i < plan.units; i++)
        spawn_add(&all, spawn_descend(&plan, i, nobody, NULL));
    fw_count(fw_slot_here(), FW_WORK, 1);
    /* -- finish -- */
    spawn_finish(&plan, all);
    fw_end(t);
    return 0;
}
/* -- end -- */
