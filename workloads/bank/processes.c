/* Bank with processes: the accounts in shared memory, a process-shared lock for each. Who needs two takes the lower
 * first, who audits takes all in order: nobody waits in a circle. */
#include <errno.h>

#include "fw.h"
#include "processes/processes.h"
#include "spec.h"

typedef struct box {
    proc_mutex lock;
    bank_account account; /* what the lock guards */
} box;

typedef struct teller {
    const bank *bank;
    box *box; /* one an account, shared */
    unsigned number;
} teller;

/* -- unit -- */
static void transfer(const bank *b, box *v, const bank_transfer *x)
{
    unsigned first = x->from < x->to ? x->from : x->to, second = x->from < x->to ? x->to : x->from;

    FW_MUST(proc_mutex_lock(&v[first].lock) == 0 && proc_mutex_lock(&v[second].lock) == 0);
    bank_move(b, &v[x->from].account, &v[x->to].account, x);
    proc_mutex_unlock(&v[second].lock);
    proc_mutex_unlock(&v[first].lock);
}

static void audit(const bank *b, box *v)
{
    int64_t sum = 0;

    for (unsigned i = 0; i < b->accounts; i++) {
        FW_MUST(proc_mutex_lock(&v[i].lock) == 0);
        sum += v[i].account.balance;
    }
    for (unsigned i = 0; i < b->accounts; i++)
        proc_mutex_unlock(&v[i].lock);
    bank_audited(b, sum);
}

static int run(void *arg)
{
    teller *me = arg;
    const bank *b = me->bank;
    fw_meter *meter = fw_meter_of(b->trial, me->number);
    uint64_t made = 0, start;

    do {
        start = fw_now_ns();
        for (unsigned i = 0; i < fw_batch(b->trial); i++) {
            bank_transfer x = bank_next(b, me->number, made++);
            transfer(b, me->box, &x);
            if (bank_audit_due(b, made))
                audit(b, me->box);
        }
        fw_count(fw_slot_here(), FW_WORK, 1);
    } while (fw_meter_record(meter, start, fw_now_ns(), fw_batch(b->trial)));
    return 0;
}
/* -- launch -- */
int bank_processes(fw_trial *t)
{
    bank b = bank_of(t);
    proc *unit[BANK_MOST_TELLERS];
    unsigned made = 0;
    int status, err = bank_one_lock(&b);
    box *v = err ? NULL : proc_shared_alloc(b.accounts * sizeof *v);

    if (!v)
        return err ? err : fw_refuse(t, "mmap", ENOMEM, "accounts", b.accounts);
    for (unsigned i = 0; i < b.accounts; i++) {
        proc_mutex_init(&v[i].lock);
        bank_fill(&v[i].account);
    }
    for (; made < b.tellers && !err; made += err == 0)
        err = proc_spawn(&unit[made], fw_worker_of(t, made), run, &(teller){&b, v, made});
    fw_open_when(t, made);
    /* -- coordinate -- */
    for (unsigned i = 0; i < made; i++)
        if (proc_join(unit[i], &status) != 0 || status != 0)
            fw_fail(t, "teller %u ended with wait status %d", i, status);
    /* -- finish -- */
    for (unsigned i = 0; i < b.accounts; i++)
        bank_book(&b, i, &v[i].account);
    proc_shared_free(v, b.accounts * sizeof *v);
    bank_close(&b, made);
    return err ? fw_refuse_units(t, "fork", -err) : 0;
}
/* -- end -- */
