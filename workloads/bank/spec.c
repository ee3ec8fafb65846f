/* spec.c - bank: parameters, blocks, transfers, audit, oracle. */
#include "spec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BALANCE = 1000, MOST_AMOUNT = 100, TORN = 0 };

static const fw_param params[] = {
    {"accounts", FW_PARAM_INT, "8", "64", "64", 2, BANK_MOST_ACCOUNTS, NULL, "accounts"},
    {"tellers", FW_PARAM_INT, "2", "4", "4", 1, BANK_MOST_TELLERS, NULL, "units that transfer"},
    {"skew", FW_PARAM_INT, "0", "0", "0", 0, 100, NULL, "per cent of the transfers that draw from account 0"},
    {"work", FW_PARAM_INT, "0", "0", "0", 0, 1000000, NULL,
     "rounds of arithmetic on each account while it is held, ~1 ns each"},
    {"lock", FW_PARAM_CHOICE, "futex", "futex", "futex", 0, 0, "pthread|adaptive|futex|ticket|mcs",
     "threads: the kind of lock"},
    {"audit", FW_PARAM_INT, "50", "1000", "1000", 0, 1000000000, NULL,
     "transfers of a teller between its audits; 0: none"},
    {"fault", FW_PARAM_CHOICE, "none", "none", "none", 0, 0, "none|tear",
     "tear: one transfer pays less than it draws, for the auditor to find"},
    {.name = NULL},
};

static const fw_block blocks[] = {
    {"any account", 0, "skew=0"},
    {"nine of ten from one account", 0, "skew=90"},
    {NULL, 0, NULL},
};

static const fw_axis axes[] = {
    {"skew", "0,50,100", 0},
    {NULL, NULL, 0},
};

bank bank_of(fw_trial *t)
{
    return (bank){.trial = t,
                  .seed = fw_mix64(fw_seed(t)),
                  .work = (uint64_t)fw_int(t, "work"),
                  .audit = (uint64_t)fw_int(t, "audit"),
                  .accounts = (unsigned)fw_int(t, "accounts"),
                  .tellers = (unsigned)fw_int(t, "tellers"),
                  .skew = (unsigned)fw_int(t, "skew"),
                  .tears = strcmp(fw_str(t, "fault"), "tear") == 0};
}

void bank_fill(bank_account *a)
{
    *a = (bank_account){.balance = FIRST_BALANCE};
}

bank_account *bank_accounts(const bank *b)
{
    bank_account *a = aligned_alloc(alignof(bank_account), b->accounts * sizeof *a);

    FW_MUST(a);
    for (unsigned i = 0; i < b->accounts; i++)
        bank_fill(&a[i]);
    return a;
}

bank_transfer bank_next(const bank *b, unsigned teller, uint64_t sequence)
{
    uint64_t h = fw_mix64(b->seed + ((uint64_t)teller << 48) + sequence);
    unsigned from = h % 100 < b->skew ? 0 : (unsigned)((h >> 8 & 0xffffff) % b->accounts);
    unsigned to = (from + 1 + (unsigned)((h >> 32 & 0xffffff) % (b->accounts - 1))) % b->accounts;
    int64_t amount = 1 + (int64_t)((h >> 56) % MOST_AMOUNT);
    bool torn = b->tears && teller == 0 && sequence == TORN;
    return (bank_transfer){from, to, amount, torn ? amount - 1 : amount, h};
}

void bank_add(const bank *b, bank_account *a, int64_t amount, uint64_t stamp)
{
    for (uint64_t i = 0; i < b->work; i++)
        stamp = fw_mix64(stamp);
    a->balance += amount;
    a->stamp += stamp;
}

bank_wish bank_ask(const bank_transfer *x, bool audit, unsigned owners, unsigned whom)
{
    bool pays = x->from % owners == whom, gets = x->to % owners == whom;
    return (bank_wish){.transfer = *x,
                       .kind = audit          ? BANK_HOLD
                               : pays && gets ? BANK_TRANSFER
                               : pays || gets ? BANK_HOLD
                                              : BANK_RELEASE};
}

bank_wish bank_tell(const bank_transfer *x, bool audit, unsigned owners, unsigned whom)
{
    bank_wish w = {.kind = audit ? BANK_RELEASE : BANK_ADD, .transfer = *x};
    if (x->from % owners == whom) {
        w.transfer.to = x->from;
        w.transfer.paid = -x->drawn;
    }
    return w;
}

bool bank_serve(const bank *b, bank_account *a, int64_t *sum, const bank_wish *w)
{
    const bank_transfer *x = &w->transfer;

    if (w->kind == BANK_TRANSFER)
        *sum += bank_move(b, &a[x->from], &a[x->to], x);
    if (w->kind == BANK_ADD) {
        bank_add(b, &a[x->to], x->paid, x->stamp);
        *sum += x->paid;
    }
    return w->kind == BANK_TRANSFER || w->kind == BANK_HOLD;
}

/* What an audit adds to the checksum, so that the receipt shows that it was made. */
static uint64_t seal(const bank *b)
{
    return fw_mix64(b->seed ^ FW_STEP);
}

void bank_audited(const bank *b, int64_t sum)
{
    int64_t want = (int64_t)b->accounts * FIRST_BALANCE;
    if (sum != want)
        fw_fail(b->trial, "an audit found %" PRId64 " in all accounts, not %" PRId64, sum, want);
    fw_result(b->trial, 0, seal(b));
}

static uint64_t value_of(const bank *b, unsigned account, const bank_account *a)
{
    return fw_mix64(b->seed + account * FW_STEP + (uint64_t)a->balance) + a->stamp;
}

void bank_book(const bank *b, unsigned account, const bank_account *a)
{
    fw_result(b->trial, 0, value_of(b, account, a));
}

int64_t bank_sum(const bank *b, const bank_account *a, unsigned first, unsigned step)
{
    int64_t sum = 0;
    for (unsigned i = first; i < b->accounts; i += step)
        sum += a[i].balance;
    return sum;
}

void bank_book_all(const bank *b, const bank_account *a, unsigned first, unsigned step)
{
    for (unsigned i = first; i < b->accounts; i += step)
        bank_book(b, i, &a[i]);
}

void bank_close(const bank *b, unsigned tellers)
{
    uint64_t most = 0, all = 0, audits = 0;
    for (unsigned i = 0; i < tellers; i++) {
        uint64_t ops = fw_meter_ops(b->trial, i);
        most = ops > most ? ops : most;
        all += ops;
        audits += b->audit ? ops / b->audit : 0;
    }
    fw_metric(b->trial, "audits", "1", (double)audits);
    if (all)
        fw_metric(b->trial, "busiest_teller", "1", (double)most * tellers / (double)all);
}

int bank_one_lock(const bank *b)
{
    bool own = strcmp(fw_str(b->trial, "lock"), "futex") == 0;
    return own ? 0 : fw_refuse(b->trial, "lock", ENOTSUP, "kinds of lock here", 1);
}

/* All transfers once more, one after the other: their order does not matter to sums. How many each teller made its
 * meter says. */
static void expect(const fw_trial *t, uint64_t repeats, uint64_t ops, fw_expect *e)
{
    bank b = bank_of((fw_trial *)(uintptr_t)t);
    bank_account *a = bank_accounts(&b);
    uint64_t sum = 0;

    b.tears = false;
    for (unsigned i = 0; i < b.tellers; i++) {
        uint64_t made = fw_meter_ops(t, i);
        sum += b.audit ? made / b.audit * seal(&b) : 0;
        for (uint64_t s = 0; s < made; s++) {
            bank_transfer x = bank_next(&b, i, s);
            bank_move(&b, &a[x.from], &a[x.to], &x);
            if (s % 4096 == 0)
                fw_count(fw_slot_here(), FW_WORK, 1);
        }
    }
    for (unsigned i = 0; i < b.accounts; i++)
        sum += value_of(&b, i, &a[i]);
    free(a);
    e->want = (fw_receipt){.units = b.tellers, .peak_live = b.tellers > 1 ? 2 : 1, .ops = ops, .checksum = sum};
    e->rule.ops = e->rule.checksum = FW_EXACT;
    e->rule.units = e->rule.peak_live = FW_MINIMUM; /* owners are units too; a peak may be seen too low */
    e->rule.messages = e->rule.bytes = FW_INFO;     /* a lock needs none */
    (void)repeats;
}

const fw_spec bank_spec = {
    .name = "bank",
    .title = "Transfers between shared accounts: what sharing costs, from any account to one that all want.",
    .op = "transfer",
    .mode = FW_STEADY,
    .params = params,
    .blocks = blocks,
    .axes = axes,
    .expect = expect,
};
