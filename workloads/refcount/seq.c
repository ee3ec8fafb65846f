/* Refcount without concurrency: one reader after the other, a batch each; a version that is replaced is freed at once.
 */
#include "fw.h"
#include "spec.h"

/* -- unit -- */
static void update(const refcount *r, refcount_version **version)
{
    refcount_replace(r, version, refcount_make(r), 0);
}
/* -- launch -- */
int refcount_seq(fw_trial *t)
{
    refcount r;
    fw_meter *meter[REFCOUNT_MOST_READERS];
    refcount_tally tally[REFCOUNT_MOST_READERS] = {0};
    uint64_t start;
    int err = fw_worker_bind(fw_worker_of(t, 0));

    if (err)
        return fw_fail(t, "cannot run on worker 0's CPUs: error %d", -err);
    if ((err = refcount_open(&r, t, REFCOUNT_OWNER)) != 0)
        return err;
    refcount_version *version = refcount_make(&r);
    fw_open(t);
    for (unsigned i = 0; i < r.readers; i++)
        meter[i] = fw_meter_of(t, i);
    /* -- coordinate -- */
    for (unsigned i = 0, on = r.readers; on > 0; i = (i + 1) % r.readers) {
        if (!meter[i])
            continue;
        start = fw_now_ns();
        for (unsigned k = 0; k < fw_batch(t); k++)
            refcount_add(&tally[i], refcount_look(&r, version));
        bool more = fw_meter_record(meter[i], start, fw_now_ns(), fw_batch(t));
        while (refcount_due(&r, &tally[i]))
            update(&r, &version);
        fw_count(fw_slot_here(), FW_WORK, 1);
        if (!more) {
            refcount_book(&r, &tally[i]);
            meter[i] = NULL;
            on--;
        }
    }
    /* -- finish -- */
    refcount_free(&r, version, 0);
    return refcount_close(&r);
}
/* -- end -- */
