/* Bank with stackless tasks that share nothing: each owner has a share of the accounts, which nobody else sees. Who
 * transfers within a share asks its owner once. Between two it holds both, the lower first, then tells each its side.
 * An answer and the word to a held owner never wait: their channels have room for the only one under way. */
#include "fw.h"
#include "spec.h"
#include "stackless/stackless.h"
#include <stdlib.h>

typedef struct owner {
    future fut;
    const bank *bank;
    unsigned number, owners;
    task_chan *open, *held; /* of bank_wish: anybody's; of who holds it */
    bank_account *a;
    int64_t sum;
    bank_wish wish;
    task_recv_fut recv;
} owner;

typedef struct teller {
    future fut;
    const bank *bank;
    owner *owner; /* the first of them */
    task_chan *answer;
    fw_meter *meter;
    uint64_t made, start;
    bank_transfer x;
    bank_wish wish;
    int64_t part, sum; /* balances of an owner; of all */
    task_chan_fut step;
    unsigned number, i, k;
    bool audits; /* all owners are held and let go, and nothing is transferred */
} teller;

/* -- unit -- */
static async_fn(owner)
{
    async_begin(owner);
    self->a = bank_accounts(self->bank);
    self->sum = bank_sum(self->bank, self->a, self->number, self->owners);
    for (self->wish.kind = BANK_RELEASE;;) {
        task_recv(&self->recv, self->wish.kind == BANK_HOLD ? self->held : self->open, &self->wish);
        async_await(&self->recv.fut);
        if (self->recv.status)
            break;
        if (bank_serve(self->bank, self->a, &self->sum, &self->wish))
            FW_MUST(task_try_send(cx, self->wish.answer, &self->sum) == 0);
    }
    bank_book_all(self->bank, self->a, self->number, self->owners);
    free(self->a);
    async_end;
}

static void settle(task_cx *cx, const teller *me)
{
    for (unsigned i = 0, n = me->owner->owners; i < n; i++) {
        bank_wish last = bank_tell(&me->x, me->audits, n, i);
        if (bank_ask(&me->x, me->audits, n, i).kind == BANK_HOLD)
            FW_MUST(task_try_send(cx, me->owner[i].held, &last) == 0);
    }
}

static async_fn(teller)
{
    async_begin(teller);
    self->meter = fw_meter_of(self->bank->trial, self->number);
    do {
        self->start = fw_now_ns();
        for (self->i = 0; self->i < fw_batch(self->bank->trial); self->i += !self->audits) {
            if (!self->audits)
                self->x = bank_next(self->bank, self->number, self->made++);
            for (self->k = 0, self->sum = 0; self->k < self->owner->owners; self->k++) { /* the lower first */
                self->wish = bank_ask(&self->x, self->audits, self->owner->owners, self->k);
                if (self->wish.kind == BANK_RELEASE)
                    continue;
                self->wish.answer = self->answer;
                task_send(&self->step, self->owner[self->k].open, &self->wish);
                async_await(&self->step.fut);
                task_recv(&self->step, self->answer, &self->part);
                async_await(&self->step.fut);
                self->sum += self->part;
            }
            settle(cx, self);
            if (self->audits)
                bank_audited(self->bank, self->sum);
            self->audits = !self->audits && bank_audit_due(self->bank, self->made);
        }
    } while (fw_meter_record(self->meter, self->start, fw_now_ns(), fw_batch(self->bank->trial)));
    async_end;
}
/* -- launch -- */
typedef struct house {
    future fut;
    bank bank;
    owner owner[FW_MAX_WORKERS];
    teller teller[BANK_MOST_TELLERS];
    task *unit[FW_MAX_WORKERS + BANK_MOST_TELLERS]; /* the owners first */
    unsigned owners;
    task_join_all_fut all;
} house;

static async_fn(house)
{
    async_begin(house);
    for (unsigned i = 0; i < self->owners + self->bank.tellers; i++) {
        future *its = i < self->owners ? &self->owner[i].fut : &self->teller[i - self->owners].fut;
        FW_MUST(task_spawn(cx, &self->unit[i], (int)(i % fw_workers(self->bank.trial)), its) == 0);
    }
    fw_open_when(self->bank.trial, self->bank.tellers);
    /* -- coordinate -- */
    task_join_all(&self->all, self->unit + self->owners, self->bank.tellers);
    async_await(&self->all.fut);
    for (unsigned i = 0; i < self->owners; i++)
        task_chan_close(self->owner[i].open);
    task_join_all(&self->all, self->unit, self->owners);
    async_await(&self->all.fut);
    async_end;
}

int bank_stackless_owner(fw_trial *t)
{
    static house h; /* large, and one trial a process */
    task_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};

    h.bank = bank_of(t);
    int err = bank_one_lock(&h.bank);
    if (err)
        return err;
    h.owners = bank_owners(&h.bank);
    for (unsigned i = 0; i < h.owners; i++) {
        h.owner[i] = (owner){.fut = {owner_poll, 0}, .bank = &h.bank, .number = i, .owners = h.owners};
        FW_MUST(task_chan_create(&h.owner[i].open, sizeof(bank_wish), 0) == 0);
        FW_MUST(task_chan_create(&h.owner[i].held, sizeof(bank_wish), 1) == 0);
    }
    for (unsigned i = 0; i < h.bank.tellers; i++) {
        h.teller[i] = (teller){.fut = {teller_poll, 0}, .bank = &h.bank, .owner = h.owner, .number = i};
        FW_MUST(task_chan_create(&h.teller[i].answer, sizeof h.teller[i].part, 1) == 0);
    }
    future_init(&h.fut, house_poll);
    err = task_run(&config, &h.fut);
    /* -- finish -- */
    for (unsigned i = 0; i < 2 * h.owners; i++)
        task_chan_destroy(i % 2 ? h.owner[i / 2].held : h.owner[i / 2].open);
    for (unsigned i = 0; i < h.bank.tellers; i++)
        task_chan_destroy(h.teller[i].answer);
    bank_close(&h.bank, h.bank.tellers);
    return err ? fw_refuse(t, "task_run", -err, "workers", fw_workers(t)) : 0;
}
/* -- end -- */
