/* spec.h - bank: accounts, the transfers that each teller makes, and the audit. */
#ifndef BANK_SPEC_H
#define BANK_SPEC_H

#include "fw.h"

enum { BANK_MOST_TELLERS = 32, BANK_MOST_ACCOUNTS = 4096 };

extern const fw_spec bank_spec;

/* A line each, so that only one who means an account takes it away. */
typedef struct bank_account {
    alignas(FW_PAD) int64_t balance;
    uint64_t stamp; /* sum of what was computed while the account was held */
} bank_account;

typedef struct bank {
    fw_trial *trial;
    uint64_t seed, work, audit;
    unsigned accounts, tellers, skew;
    bool tears; /* fault=tear */
} bank;

/* from and to differ; drawn from the one, paid into the other: the same, but for a torn transfer. */
typedef struct bank_transfer {
    unsigned from, to;
    int64_t drawn, paid;
    uint64_t stamp;
} bank_transfer;

bank bank_of(fw_trial *t);
void bank_fill(bank_account *a);            /* with its first balance */
bank_account *bank_accounts(const bank *b); /* all of them, filled; free is the caller's */
/* Transfer number `sequence` (from 0) of a teller. */
bank_transfer bank_next(const bank *b, unsigned teller, uint64_t sequence);
/* One side of a transfer; whoever calls holds the account. Does the trial's work. */
void bank_add(const bank *b, bank_account *a, int64_t amount, uint64_t stamp);
/* Both sides. What all balances together have changed by: 0, but for a torn transfer. */
static inline int64_t bank_move(const bank *b, bank_account *from, bank_account *to, const bank_transfer *x)
{
    bank_add(b, from, -x->drawn, x->stamp);
    bank_add(b, to, x->paid, x->stamp);
    return x->paid - x->drawn;
}
/* Is a teller, who has made so many transfers, to look at all accounts now? */
static inline bool bank_audit_due(const bank *b, uint64_t made)
{
    return b->audit && made % b->audit == 0;
}
/* What owners of shares are asked for: a transfer within a share; to serve nobody else, until they are told one side of
 * a transfer (`paid` into `to`) or nothing. */
typedef struct bank_wish {
    enum { BANK_TRANSFER, BANK_HOLD, BANK_ADD, BANK_RELEASE } kind;
    bank_transfer transfer;
    void *answer; /* the channel for it */
} bank_wish;
/* What a teller asks owner `whom` of `owners` for, and what it tells it once it holds all that it asked to hold:
 * BANK_RELEASE asks for nothing. An audit holds all. */
bank_wish bank_ask(const bank_transfer *x, bool audit, unsigned owners, unsigned whom);
bank_wish bank_tell(const bank_transfer *x, bool audit, unsigned owners, unsigned whom);
/* An owner does to its accounts, and to the sum of their balances, what is wished. True: who wishes it awaits an
 * answer. */
bool bank_serve(const bank *b, bank_account *a, int64_t *sum, const bank_wish *w);
/* Owners of shares, one a worker. */
static inline unsigned bank_owners(const bank *b)
{
    return fw_workers(b->trial) < b->accounts ? fw_workers(b->trial) : b->accounts;
}
/* The sum of all balances at one moment: fails the trial when it isn't what it was at first. */
void bank_audited(const bank *b, int64_t sum);
/* An account at the end, by whoever holds it, once. */
void bank_book(const bank *b, unsigned account, const bank_account *a);
/* Of the accounts `first`, first + step, …: the sum of their balances; all booked. */
int64_t bank_sum(const bank *b, const bank_account *a, unsigned first, unsigned step);
void bank_book_all(const bank *b, const bank_account *a, unsigned first, unsigned step);
/* After all have ended, in the trial's own process: how evenly the tellers got on. */
void bank_close(const bank *b, unsigned tellers);
/* Only the threads' cells know other locks than their own: 0, or refused. */
int bank_one_lock(const bank *b);

#endif
