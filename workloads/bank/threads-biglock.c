/* Bank with threads and one lock over all accounts. */
#include <string.h>

#include "fw.h"
#include "spec.h"
#include "threads/threads.h"

typedef struct vault {
    bank bank;
    thr_any_lock lock; /* guards account */
    bank_account account[BANK_MOST_ACCOUNTS];
} vault;

typedef struct teller {
    vault *vault;
    unsigned number;
} teller;

/* -- unit -- */
static void transfer(vault *v, const bank_transfer *x)
{
    thr_lock_node node;

    thr_any_take(&v->lock, &node);
    bank_move(&v->bank, &v->account[x->from], &v->account[x->to], x);
    thr_any_release(&v->lock, &node);
}

static void audit(vault *v)
{
    thr_lock_node node;
    thr_any_take(&v->lock, &node);
    int64_t sum = bank_sum(&v->bank, v->account, 0, 1);
    thr_any_release(&v->lock, &node);
    bank_audited(&v->bank, sum);
}

static void run(void *arg)
{
    teller *me = arg;
    const bank *b = &me->vault->bank;
    fw_meter *meter = fw_meter_of(b->trial, me->number);
    uint64_t made = 0, start;

    do {
        start = fw_now_ns();
        for (unsigned i = 0; i < fw_batch(b->trial); i++) {
            bank_transfer x = bank_next(b, me->number, made++);
            transfer(me->vault, &x);
            if (bank_audit_due(b, made))
                audit(me->vault);
        }
        fw_count(fw_slot_here(), FW_WORK, 1);
    } while (fw_meter_record(meter, start, fw_now_ns(), fw_batch(b->trial)));
}
/* -- launch -- */
static thr_lock_kind kind_of(const fw_trial *t)
{
    thr_lock_kind kind = 0;
    while (strcmp(thr_lock_name[kind], fw_str(t, "lock")) != 0)
        kind++;
    return kind;
}

int bank_threads_biglock(fw_trial *t)
{
    static vault v;
    teller tellers[BANK_MOST_TELLERS];
    thr *unit[BANK_MOST_TELLERS];
    unsigned made = 0;
    int err = 0;

    v.bank = bank_of(t);
    thr_any_init(&v.lock, kind_of(t));
    for (unsigned i = 0; i < v.bank.accounts; i++)
        bank_fill(&v.account[i]);
    for (; made < v.bank.tellers && !err; made += err == 0) {
        tellers[made] = (teller){&v, made};
        err = thr_spawn(&unit[made], fw_worker_of(t, made), run, &tellers[made]);
    }
    fw_open_when(t, made);
    /* -- coordinate -- */
    for (unsigned i = 0; i < made; i++)
        thr_join(unit[i]);
    /* -- finish -- */
    bank_book_all(&v.bank, v.account, 0, 1);
    thr_any_destroy(&v.lock);
    bank_close(&v.bank, made);
    return err ? fw_refuse_units(t, "pthread_create", -err) : 0;
}
/* -- end -- */
