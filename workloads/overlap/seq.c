/* Overlap in sequence: waits for each piece, then computes on it: the time is the sum of both. */
#include <stdlib.h>

#include "fw.h"
#include "spec.h"

/* -- unit -- */
static uint64_t read_file(overlap_reader *r, const overlap_plan *p, uint64_t number)
{
    overlap_reader_init(r, p, number);
    do {
        overlap_read(r);
    } while (overlap_hash(r));
    return overlap_value(r);
}
/* -- launch -- */
int overlap_seq(fw_trial *t)
{
    static overlap_reader r;
    static overlap_plan plan;
    uint64_t values = 0;
    int err = fw_worker_bind(fw_worker_of(t, 0));

    if (err)
        return fw_fail(t, "cannot run on worker 0's CPUs: error %d", -err);
    if ((err = overlap_begin(&plan, t)) != 0)
        return err;
    /* -- coordinate -- */
    for (uint64_t i = 0; i < plan.files; i++)
        values += read_file(&r, &plan, i);
    /* -- finish -- */
    return overlap_end(&plan, values);
}
/* -- end -- */
