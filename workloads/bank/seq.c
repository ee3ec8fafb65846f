/* Bank without concurrency: one teller after the other, a transfer each, and no locks. */
#include <stdlib.h>

#include "fw.h"
#include "spec.h"

/* -- unit -- */
static void transfer(const bank *b, bank_account *a, unsigned teller, uint64_t sequence)
{
    bank_transfer x = bank_next(b, teller, sequence);
    bank_move(b, &a[x.from], &a[x.to], &x);
}

static void audit(const bank *b, const bank_account *a)
{
    bank_audited(b, bank_sum(b, a, 0, 1));
}
/* -- launch -- */
int bank_seq(fw_trial *t)
{
    bank b = bank_of(t);
    bank_account *a;
    fw_meter *meter[BANK_MOST_TELLERS];
    uint64_t made[BANK_MOST_TELLERS] = {0}, start;
    int err = fw_worker_bind(fw_worker_of(t, 0));

    if (err)
        return fw_fail(t, "cannot run on worker 0's CPUs: error %d", -err);
    a = bank_accounts(&b);
    fw_open(t);
    for (unsigned i = 0; i < b.tellers; i++)
        meter[i] = fw_meter_of(t, i);
    /* -- coordinate -- */
    for (unsigned i = 0, on = b.tellers; on > 0; i = (i + 1) % b.tellers) {
        if (!meter[i])
            continue;
        start = fw_now_ns();
        for (unsigned k = 0; k < fw_batch(t); k++) {
            transfer(&b, a, i, made[i]++);
            if (bank_audit_due(&b, made[i]))
                audit(&b, a);
        }
        if (made[i] % 1024 == 0)
            fw_count(fw_slot_here(), FW_WORK, 1);
        if (!fw_meter_record(meter[i], start, fw_now_ns(), fw_batch(t))) {
            meter[i] = NULL;
            on--;
        }
    }
    /* -- finish -- */
    bank_book_all(&b, a, 0, 1);
    free(a);
    bank_close(&b, b.tellers);
    return 0;
}
/* -- end -- */
