/* Fib without concurrency: the plain recursion. */
#include "fw.h"
#include "spec.h"

/* -- unit -- */
static uint64_t whole(fib_call root)
{
    fw_count(fw_slot_here(), FW_WORK, 1);
    return fib_plain(root.n, root.salt);
}
/* -- launch -- */
int fib_seq(fw_trial *t)
{
    int err = fw_worker_bind(fw_worker_of(t, 0));
    if (err)
        return fw_fail(t, "cannot run on worker 0's CPUs: error %d", -err);
    fw_begin(t);
    /* -- coordinate -- */
    uint64_t value = whole(fib_root(t));
    /* -- finish -- */
    fib_finish(t, value);
    fw_end(t);
    return 0;
}
/* -- end -- */
