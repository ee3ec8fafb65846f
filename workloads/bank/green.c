/* Bank with green threads: a channel with one token for each account; who has it holds the account. The lower first,
 * all in order for an audit: nobody waits in a circle. */
#include "green/green.h"
#include "fw.h"
#include "spec.h"

typedef struct vault {
    bank bank;
    struct {
        green_chan *token;
        bank_account account; /* of who has the token */
    } box[BANK_MOST_ACCOUNTS];
    int err;
} vault;

typedef struct teller {
    vault *vault;
    unsigned number;
} teller;

/* -- unit -- */
static void take(vault *v, unsigned account)
{
    char token;
    FW_MUST(green_recv(v->box[account].token, &token) == 0);
}

static void give(vault *v, unsigned account)
{
    FW_MUST(green_try_send(v->box[account].token, "") == 0);
}

static void transfer(vault *v, const bank_transfer *x)
{
    unsigned first = x->from < x->to ? x->from : x->to, second = x->from < x->to ? x->to : x->from;

    take(v, first);
    take(v, second);
    bank_move(&v->bank, &v->box[x->from].account, &v->box[x->to].account, x);
    give(v, second);
    give(v, first);
}

static void audit(vault *v)
{
    int64_t sum = 0;

    for (unsigned i = 0; i < v->bank.accounts; i++) {
        take(v, i);
        sum += v->box[i].account.balance;
    }
    for (unsigned i = 0; i < v->bank.accounts; i++)
        give(v, i);
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
        if (made % 64 == 0)
            green_yield(); /* nothing here need ever park: the others on this worker too */
    } while (fw_meter_record(meter, start, fw_now_ns(), fw_batch(b->trial)));
}
/* -- launch -- */
static void launch(void *arg)
{
    vault *v = arg;
    fw_trial *t = v->bank.trial;
    teller tellers[BANK_MOST_TELLERS];
    green *unit[BANK_MOST_TELLERS];
    unsigned made = 0;

    for (unsigned i = 0; i < v->bank.accounts; i++)
        give(v, i);
    for (; made < v->bank.tellers && !v->err; made += v->err == 0) {
        green_attr attr = {.worker = (int)(made % fw_workers(t))};
        tellers[made] = (teller){v, made};
        v->err = green_spawn(&unit[made], &attr, run, &tellers[made]);
    }
    fw_open_when(t, made);
    /* -- coordinate -- */
    for (unsigned i = 0; i < made; i++)
        green_join(unit[i]);
}

int bank_green(fw_trial *t)
{
    static vault v;
    green_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    int err;

    v.bank = bank_of(t);
    v.err = 0;
    if ((err = bank_one_lock(&v.bank)) != 0)
        return err;
    for (unsigned i = 0; i < v.bank.accounts; i++) {
        FW_MUST(green_chan_create(&v.box[i].token, 1, 1) == 0);
        bank_fill(&v.box[i].account);
    }
    err = green_run(&config, launch, &v);
    /* -- finish -- */
    for (unsigned i = 0; i < v.bank.accounts; i++) {
        bank_book(&v.bank, i, &v.box[i].account);
        green_chan_destroy(v.box[i].token);
    }
    bank_close(&v.bank, v.bank.tellers);
    if (err)
        return fw_refuse(t, "green_run", -err, "workers", fw_workers(t));
    return v.err ? fw_refuse(t, "green_spawn", -v.err, "green threads", v.bank.tellers) : 0;
}
/* -- end -- */
