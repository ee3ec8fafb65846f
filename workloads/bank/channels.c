/* Bank with channels: each owner has a share of the accounts, which nobody else sees. Who transfers within a share asks
 * its owner once. Between two it asks both, the lower first, to serve nobody else, then tells each its side: two
 * phases, or an audit would see money that is nowhere. An audit holds them all. */
#include "channels/channels.h"
#include "fw.h"
#include "spec.h"

#include <stdlib.h>

typedef struct share {
    const bank *bank;
    unsigned number, owners;
    chan *open, *held; /* of bank_wish: anybody's; of who holds it */
} share;

typedef struct teller {
    share *share;
    unsigned number;
    chan *answer;
} teller;

/* -- unit -- */
static void own(void *arg)
{
    share *s = arg;
    bank_account *a = bank_accounts(s->bank);
    int64_t sum = bank_sum(s->bank, a, s->number, s->owners);
    bank_wish w = {.kind = BANK_RELEASE};

    while (chan_recv(w.kind == BANK_HOLD ? s->held : s->open, &w) == 0)
        if (bank_serve(s->bank, a, &sum, &w))
            chan_send(w.answer, &sum);
    bank_book_all(s->bank, a, s->number, s->owners);
    free(a);
}

static int64_t ask(const teller *me, share *s, int kind, const bank_transfer *x)
{
    bank_wish w = {.kind = kind, .transfer = *x, .answer = me->answer};
    int64_t sum;
    chan_send(s->open, &w);
    chan_recv(me->answer, &sum);
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
    chan_send(me->share[from].held, &sides[0]);
    chan_send(me->share[to].held, &sides[1]);
}

static void audit(const teller *me)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < me->share->owners; i++)
        sum += ask(me, &me->share[i], BANK_HOLD, &(bank_transfer){0});
    for (unsigned i = 0; i < me->share->owners; i++)
        chan_send(me->share[i].held, &(bank_wish){.kind = BANK_RELEASE});
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
static int start(csp **unit, share *shares, teller *tellers, unsigned owners, unsigned i)
{
    fw_trial *t = shares->bank->trial;
    if (i < owners)
        return csp_spawn(unit, fw_worker_of(t, i), own, &shares[i]);
    return csp_spawn(unit, fw_worker_of(t, i), run, &tellers[i - owners]);
}

static chan *channel(size_t bytes, size_t capacity)
{
    chan *c;
    FW_MUST(chan_create(&c, bytes, capacity) == 0);
    return c;
}

int bank_channels(fw_trial *t)
{
    bank b = bank_of(t);
    share shares[FW_MAX_WORKERS];
    teller tellers[BANK_MOST_TELLERS];
    csp *unit[FW_MAX_WORKERS + BANK_MOST_TELLERS];
    unsigned owners = bank_owners(&b), made = 0;
    int err = bank_one_lock(&b);

    if (err)
        return err;
    for (unsigned i = 0; i < owners; i++)
        shares[i] = (share){&b, i, owners, channel(sizeof(bank_wish), 0), channel(sizeof(bank_wish), 1)};
    for (unsigned i = 0; i < b.tellers; i++)
        tellers[i] = (teller){shares, i, channel(sizeof(int64_t), 1)};
    for (; made < owners + b.tellers && !err; made += err == 0)
        err = start(&unit[made], shares, tellers, owners, made);
    fw_open_when(t, err ? 0 : b.tellers);
    /* -- coordinate -- */
    for (unsigned i = made; i-- > 0; csp_join(unit[i]))
        if (i < owners)
            chan_close(shares[i].open);
    /* -- finish -- */
    for (unsigned i = 0; i < owners; i++) {
        chan_destroy(shares[i].open);
        chan_destroy(shares[i].held);
    }
    for (unsigned i = 0; i < b.tellers; i++)
        chan_destroy(tellers[i].answer);
    bank_close(&b, b.tellers);
    return err ? fw_refuse_units(t, "pthread_create", -err) : 0;
}
/* -- end -- */
