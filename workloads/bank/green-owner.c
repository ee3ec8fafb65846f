/* Bank with green threads that share nothing: each owner has a share of the accounts, which nobody else sees. Who
 * transfers within a share asks its owner once. Between two it holds both, the lower first, then tells each its side.
 */
#include "fw.h"
#include "green/green.h"
#include "spec.h"
#include <stdlib.h>
typedef struct share {
    const bank *bank;
    unsigned number, owners;
    green_chan *open, *held; /* of bank_wish: anybody's; of who holds it */
} share;

typedef struct teller {
    share *share;
    unsigned number;
    green_chan *answer;
} teller;

/* -- unit -- */
static void own(void *arg)
{
    share *s = arg;
    bank_account *a = bank_accounts(s->bank);
    int64_t sum = bank_sum(s->bank, a, s->number, s->owners);
    bank_wish w = {.kind = BANK_RELEASE};

    while (green_recv(w.kind == BANK_HOLD ? s->held : s->open, &w) == 0)
        if (bank_serve(s->bank, a, &sum, &w))
            green_send(w.answer, &sum);
    bank_book_all(s->bank, a, s->number, s->owners);
    free(a);
}

static int64_t ask(const teller *me, share *s, int kind, const bank_transfer *x)
{
    bank_wish w = {.kind = kind, .transfer = *x, .answer = me->answer};
    int64_t sum;
    green_send(s->open, &w);
    green_recv(me->answer, &sum);
    return sum;
}

static void transfer(const teller *me, const bank_transfer *x)
{
    unsigned n = me->share->owners, from = x->from % n, to = x->to % n;
    bank_wish sides[] = {{BANK_ADD, {.to = x->from, .paid = -x->drawn, .stamp = x->stamp}, NULL}, {BANK_ADD, *x, NULL}};

    ask(me, &me->share[from < to ? from : to], from == to ? BANK_TRANSFER : BANK_HOLD, x);
    if (from == to)
        return;
    ask(me, &me->share[from < to ? to : from], BANK_HOLD, x);
    green_send(me->share[from].held, &sides[0]);
    green_send(me->share[to].held, &sides[1]);
}

static void audit(const teller *me)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < me->share->owners; i++)
        sum += ask(me, &me->share[i], BANK_HOLD, &(bank_transfer){0});
    for (unsigned i = 0; i < me->share->owners; i++)
        green_send(me->share[i].held, &(bank_wish){.kind = BANK_RELEASE});
    bank_audited(me->share->bank, sum);
}

static void run(void *arg)
{
    teller *me = arg;
    const bank *b = me->share->bank;
    fw_meter *meter = fw_meter_of(b->trial, me->number);
    uint64_t made = 0, start;
    do {
        start = fw_now_ns();
        for (unsigned i = 0; i < fw_batch(b->trial); i++) {
            bank_transfer x = bank_next(b, me->number, made++);
            transfer(me, &x);
            if (bank_audit_due(b, made))
                audit(me);
        }
    } while (fw_meter_record(meter, start, fw_now_ns(), fw_batch(b->trial)));
}
/* -- launch -- */
static struct {
    bank bank;
    unsigned owners;
    share share[FW_MAX_WORKERS];
    teller teller[BANK_MOST_TELLERS];
} h;

static green_chan *channel(size_t bytes, size_t capacity)
{
    green_chan *c;
    FW_MUST(green_chan_create(&c, bytes, capacity) == 0);
    return c;
}

static void launch(void *unused)
{
    green *unit[FW_MAX_WORKERS + BANK_MOST_TELLERS];
    unsigned made = 0;
    for (; made < h.owners + h.bank.tellers; made++) { /* the owners first */
        green_attr attr = {.worker = (int)(made % fw_workers(h.bank.trial))};
        void *its = made < h.owners ? (void *)&h.share[made] : &h.teller[made - h.owners];
        FW_MUST(green_spawn(&unit[made], &attr, made < h.owners ? own : run, its) == 0);
    }
    fw_open_when(h.bank.trial, h.bank.tellers);
    /* -- coordinate -- */
    for (unsigned i = made; i-- > 0; green_join(unit[i]))
        if (i < h.owners)
            green_chan_close(h.share[i].open);
}

int bank_green_owner(fw_trial *t)
{
    green_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    int err;

    h.bank = bank_of(t);
    if ((err = bank_one_lock(&h.bank)) != 0)
        return err;
    h.owners = bank_owners(&h.bank);
    for (unsigned i = 0; i < h.owners; i++)
        h.share[i] = (share){&h.bank, i, h.owners, channel(sizeof(bank_wish), 0), channel(sizeof(bank_wish), 1)};
    for (unsigned i = 0; i < h.bank.tellers; i++)
        h.teller[i] = (teller){h.share, i, channel(sizeof(int64_t), 1)};
    err = green_run(&config, launch, NULL);
    /* -- finish -- */
    for (unsigned i = 0; i < 2 * h.owners + h.bank.tellers; i++)
        green_chan_destroy(i >= 2 * h.owners ? h.teller[i - 2 * h.owners].answer
                           : i % 2           ? h.share[i / 2].held
                                             : h.share[i / 2].open);
    bank_close(&h.bank, h.bank.tellers);
    return err ? fw_refuse(t, "green_run", -err, "workers", fw_workers(t)) : 0;
}
/* -- end -- */
