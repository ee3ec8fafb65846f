/* Mpmc without concurrency: each message is made and taken at once, the producers in turn; there is no queue. */
#include "fw.h"
#include "spec.h"

/* -- unit -- */
static void one(const mpmc_load *l, mpmc_tally *tally, unsigned producer, uint64_t sequence)
{
    mpmc_element e;
    mpmc_make(l, &e, producer, sequence);
    mpmc_take(l, tally, &e);
}
/* -- launch -- */
int mpmc_seq(fw_trial *t)
{
    mpmc_load load = mpmc_load_of(t);
    mpmc_tally tally = {.sum = 0};
    uint64_t sent = 0, start;
    int err = fw_worker_bind(fw_worker_of(t, 0));
    if (err)
        return fw_fail(t, "cannot run on worker 0's CPUs: error %d", -err);
    fw_open(t);
    /* -- coordinate -- */
    fw_meter *meter = fw_meter_of(t, 0);
    do {
        start = fw_now_ns();
        for (unsigned i = 0; i < fw_batch(t); i++)
            one(&load, &tally, 0, sent++);
        fw_count(fw_slot_here(), FW_WORK, 1);
    } while (fw_meter_record(meter, start, fw_now_ns(), fw_batch(t)));
    /* -- finish -- */
    mpmc_finish(&load, &tally);
    return 0;
}
/* -- end -- */
