/* Bank with stackless tasks: a channel with one token for each account; who has it holds the account. The lower first,
 * all in order for an audit: nobody waits in a circle. */
#include "stackless/stackless.h"
#include "fw.h"
#include "spec.h"

typedef struct vault {
    future fut;
    bank bank;
    struct {
        task_chan *token;
        bank_account account; /* of who has the token */
    } box[BANK_MOST_ACCOUNTS];
    struct teller *tellers;
    task *unit[BANK_MOST_TELLERS];
    unsigned made;
    task_join_all_fut all;
    int err;
} vault;

/* -- unit -- */
typedef struct teller {
    future fut;
    vault *vault;
    fw_meter *meter;
    task_recv_fut take;
    bank_transfer x;
    int64_t sum;
    uint64_t made, start;
    unsigned number, i, account;
    char token;
} teller;

static void give(task_cx *cx, vault *v, unsigned account)
{
    FW_MUST(task_try_send(cx, v->box[account].token, "") == 0);
}

static void transfer(task_cx *cx, vault *v, const bank_transfer *x)
{
    bank_move(&v->bank, &v->box[x->from].account, &v->box[x->to].account, x);
    give(cx, v, x->from);
    give(cx, v, x->to);
}

static void audit(task_cx *cx, vault *v)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < v->bank.accounts; i++)
        sum += v->box[i].account.balance;
    for (unsigned i = 0; i < v->bank.accounts; i++)
        give(cx, v, i);
    bank_audited(&v->bank, sum);
}

static async_fn(teller)
{
    async_begin(teller);
    self->meter = fw_meter_of(self->vault->bank.trial, self->number);
    do {
        self->start = fw_now_ns();
        for (self->i = 0; self->i < fw_batch(self->vault->bank.trial); self->i++) {
            self->x = bank_next(&self->vault->bank, self->number, self->made++);
            task_recv(&self->take, self->vault->box[self->x.from < self->x.to ? self->x.from : self->x.to].token,
                      &self->token);
            async_await(&self->take.fut);
            task_recv(&self->take, self->vault->box[self->x.from < self->x.to ? self->x.to : self->x.from].token,
                      &self->token);
            async_await(&self->take.fut);
            transfer(cx, self->vault, &self->x);
            if (!bank_audit_due(&self->vault->bank, self->made))
                continue;
            for (self->account = 0; self->account < self->vault->bank.accounts; self->account++) {
                task_recv(&self->take, self->vault->box[self->account].token, &self->token);
                async_await(&self->take.fut);
            }
            audit(cx, self->vault);
        }
    } while (fw_meter_record(self->meter, self->start, fw_now_ns(), fw_batch(self->vault->bank.trial)));
    async_end;
}
/* -- launch -- */
static void spawn_all(task_cx *cx, vault *v)
{
    fw_trial *t = v->bank.trial;

    for (unsigned i = 0; i < v->bank.accounts; i++)
        give(cx, v, i);
    for (; v->made < v->bank.tellers && !v->err; v->made += v->err == 0) {
        teller *one = &v->tellers[v->made];
        *one = (teller){.vault = v, .number = v->made};
        future_init(&one->fut, teller_poll);
        v->err = task_spawn(cx, &v->unit[v->made], (int)(v->made % fw_workers(t)), &one->fut);
    }
    fw_open_when(t, v->made);
}

static async_fn(vault)
{
    async_begin(vault);
    spawn_all(cx, self);
    /* -- coordinate -- */
    task_join_all(&self->all, self->unit, self->made);
    async_await(&self->all.fut);
    async_end;
}

int bank_stackless(fw_trial *t)
{
    static vault v;
    static teller tellers[BANK_MOST_TELLERS];
    task_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    int err;

    v.bank = bank_of(t);
    v.tellers = tellers;
    v.made = 0;
    v.err = 0;
    if ((err = bank_one_lock(&v.bank)) != 0)
        return err;
    for (unsigned i = 0; i < v.bank.accounts; i++) {
        FW_MUST(task_chan_create(&v.box[i].token, 1, 1) == 0);
        bank_fill(&v.box[i].account);
    }
    future_init(&v.fut, vault_poll);
    err = task_run(&config, &v.fut);
    /* -- finish -- */
    for (unsigned i = 0; i < v.bank.accounts; i++) {
        bank_book(&v.bank, i, &v.box[i].account);
        task_chan_destroy(v.box[i].token);
    }
    bank_close(&v.bank, v.bank.tellers);
    if (err)
        return fw_refuse(t, "task_run", -err, "workers", fw_workers(t));
    return v.err ? fw_refuse(t, "task_spawn", -v.err, "tasks", v.bank.tellers) : 0;
}
/* -- end -- */
