/* Bank with processes that share nothing: one of them has all accounts, reads wishes from a pipe and answers each. */
#include <stdlib.h>

#include "fw.h"
#include "processes/processes.h"
#include "spec.h"

typedef struct wish {
    unsigned teller;
    bool audit; /* else a transfer */
    bank_transfer transfer;
} wish;

typedef struct unit_arg {
    const bank *bank;
    proc_link *wishes, **answers; /* to the owner; from it, one a teller: the sum of all balances */
    unsigned number;
} unit_arg;

/* -- unit -- */
static int own(void *arg)
{
    unit_arg *me = arg;
    const bank *b = me->bank;
    bank_account *a = bank_accounts(b);
    wish w;

    proc_link_receiver(me->wishes);
    for (unsigned i = 0; i < b->tellers; i++)
        proc_link_sender(me->answers[i]);
    while (proc_recv(me->wishes, &w, sizeof w) == sizeof w) {
        int64_t sum = w.audit ? bank_sum(b, a, 0, 1) : 0;
        if (!w.audit)
            bank_move(b, &a[w.transfer.from], &a[w.transfer.to], &w.transfer);
        proc_send(me->answers[w.teller], &sum, sizeof sum); /* else that teller is gone, and its end is seen */
    }
    bank_book_all(b, a, 0, 1);
    free(a);
    return 0;
}

static int64_t ask(const unit_arg *me, const wish *w)
{
    int64_t sum;
    FW_MUST(proc_send(me->wishes, w, sizeof *w) == 0);
    FW_MUST(proc_recv(me->answers[me->number], &sum, sizeof sum) == sizeof sum);
    return sum;
}

static int run(void *arg)
{
    unit_arg *me = arg;
    const bank *b = me->bank;
    fw_meter *meter = fw_meter_of(b->trial, me->number);
    uint64_t made = 0, start;

    proc_link_sender(me->wishes);
    for (unsigned i = 0; i < b->tellers; i++)
        if (i != me->number)
            proc_link_destroy(me->answers[i]);
    proc_link_receiver(me->answers[me->number]);
    do {
        start = fw_now_ns();
        for (unsigned i = 0; i < fw_batch(b->trial); i++) {
            ask(me, &(wish){.teller = me->number, .transfer = bank_next(b, me->number, made++)});
            if (bank_audit_due(b, made))
                bank_audited(b, ask(me, &(wish){.teller = me->number, .audit = true}));
        }
    } while (fw_meter_record(meter, start, fw_now_ns(), fw_batch(b->trial)));
    return 0;
}
/* -- launch -- */
int bank_processes_owner(fw_trial *t)
{
    bank b = bank_of(t);
    proc_link *answers[BANK_MOST_TELLERS], *wishes;
    proc *unit[BANK_MOST_TELLERS + 1];
    unsigned made = 0;
    int status, err = bank_one_lock(&b);

    if (err)
        return err;
    FW_MUST(proc_link_create(&wishes, PROC_PIPE, sizeof(wish), 0) == 0);
    for (unsigned i = 0; i < b.tellers; i++)
        FW_MUST(proc_link_create(&answers[i], PROC_PIPE, sizeof(int64_t), 0) == 0);
    for (; made <= b.tellers && !err; made += err == 0) { /* the owner first */
        err = proc_spawn(&unit[made], fw_worker_of(t, made), made == 0 ? own : run,
                         &(unit_arg){&b, wishes, answers, made == 0 ? 0 : made - 1});
    }
    fw_open_when(t, err ? 0 : b.tellers);
    proc_link_destroy(wishes); /* the last teller's end is the owner's end */
    for (unsigned i = 0; i < b.tellers; i++)
        proc_link_destroy(answers[i]);
    /* -- coordinate -- */
    for (unsigned i = made; i-- > 0;)
        if (proc_join(unit[i], &status) != 0 || status != 0)
            fw_fail(t, "%s %u ended with wait status %d", i == 0 ? "owner" : "teller", i, status);
    /* -- finish -- */
    bank_close(&b, made > 0 ? made - 1 : 0);
    return err ? fw_refuse_units(t, "fork", -err) : 0;
}
/* -- end -- */
