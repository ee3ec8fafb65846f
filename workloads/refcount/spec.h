/* spec.h - refcount: versions of one object that readers read while it is replaced, and who frees the old ones. */
#ifndef REFCOUNT_SPEC_H
#define REFCOUNT_SPEC_H

#include "fw.h"

enum { REFCOUNT_MOST_READERS = FW_MAX_METERS - 1 /* an owner times what it frees, too */ };

extern const fw_spec refcount_spec;

/* When an old version is freed. COUNT, EPOCH and ARENA need nobody to wait and are refcount_read and refcount_update;
 * MUTEX and COPY (a copy for each reader) need the
 * model's lock or messages, OWNER (nobody else ever has a reference) its messages. */
typedef enum refcount_policy {
    REFCOUNT_COUNT,
    REFCOUNT_EPOCH,
    REFCOUNT_ARENA,
    REFCOUNT_MUTEX,
    REFCOUNT_COPY,
    REFCOUNT_OWNER
} refcount_policy;

/* One version of the object; in the store, so at the same address in all processes. */
typedef struct refcount_version {
    alignas(FW_PAD) _Atomic uint32_t state; /* LIVE from make to free */
    _Atomic uint32_t below;                 /* in the stack of free ones: place + 1 of the next; 0: none */
    uint32_t place, partner;                /* partner: place of who refers back to it, with cycle */
    _Atomic int64_t count;                  /* COUNT: references */
    uint64_t made_ns, retired_ns;           /* retired: replaced; 0: never */
    void *deferred[4];                      /* EPOCH: liburcu's */
    uint64_t word[];                        /* `words` of them; their sum is the same in every version */
} refcount_version;

typedef struct refcount_store refcount_store;

typedef struct refcount {
    fw_trial *trial;
    refcount_policy policy;
    unsigned readers, words;
    uint64_t update;
    uint64_t sum, seal; /* of a version's words; what an update adds to the checksum */
    bool cycle, check;
    enum { REFCOUNT_SOUND, REFCOUNT_EARLY, REFCOUNT_TWICE } fault;
    refcount_store *store; /* and the current version of those who never wait */
} refcount;

/* The parameters, and an empty store of versions that forked processes share. 0, or refused. */
int refcount_open(refcount *r, fw_trial *t, refcount_policy policy);
/* After all units have ended and freed what they had: what is left in the policies above is freed; every version must
 * have been freed once, but for a cycle's. Frees the store. 0, or refused: the store was full. */
int refcount_close(refcount *r);

/* A new version, filled. NULL: the store is full, and refcount_close will refuse; the calls below then do nothing. Any
 * thread or process; never blocks. */
refcount_version *refcount_make(const refcount *r);
/* The sum of its words. Fails the trial if it was freed, or is torn. */
uint64_t refcount_look(const refcount *r, const refcount_version *v);
/* It was replaced just now, and nobody can begin to read it any more. */
void refcount_retire(refcount_version *v, uint64_t now_ns);
/* By the one who knows that nobody reads v any more. The time since it was retired goes to the histogram of free lags
 * of `who`, the calling unit: a reader's number, or `readers` for an owner. Fails the trial if it was freed before. */
void refcount_free(const refcount *r, refcount_version *v, unsigned who);
/* Both, for who has the only reference. */
void refcount_replace(const refcount *r, refcount_version **at, refcount_version *with, unsigned who);

/* For COUNT, EPOCH and ARENA: a read, and a replacement, of the one shared version. Never block. */
uint64_t refcount_read(const refcount *r, unsigned who);
void refcount_update(const refcount *r, unsigned who);
static inline bool refcount_never_waits(const refcount *r)
{
    return r->policy <= REFCOUNT_ARENA;
}

/* A reader's account: what it read, and how many updates it made. */
typedef struct refcount_tally {
    uint64_t reads, updates, sum;
} refcount_tally;
static inline void refcount_add(refcount_tally *a, uint64_t sum)
{
    a->reads++;
    a->sum += sum;
}
/* Is the reader to replace the object now? Ask until it isn't. */
static inline bool refcount_due(const refcount *r, refcount_tally *a)
{
    return r->update && a->updates < a->reads / r->update && ++a->updates;
}
void refcount_book(const refcount *r, const refcount_tally *a); /* once, at the reader's end */

/* ---- for the spec's own parts: spec_store.c, spec_policy.c, spec_epoch.c ---- */

struct refcount_store {
    alignas(FW_PAD) _Atomic uint64_t current; /* spec_policy.c: place << 40 | references taken since it came (COUNT) */
    alignas(FW_PAD) _Atomic uint64_t free;    /* a count of pops << 32 | place + 1 of the top; 0 there: none is free */
    alignas(FW_PAD) _Atomic uint32_t fresh, full; /* places from here on were never used; a version found no place */
    alignas(FW_PAD) _Atomic uint64_t made, freed, held_most, number;
    _Atomic uint32_t broken; /* the fault that was asked for has been made */
    alignas(FW_PAD) unsigned char places[];
};

/* 0, or refused: no memory. */
int refcount_store_open(refcount *r);
void refcount_store_close(refcount *r);
refcount_version *refcount_at(const refcount *r, uint32_t place);
/* All that are live: when nobody is left who reads. */
void refcount_free_all(const refcount *r);
/* What it says of itself: metrics; a version that was never freed fails the trial where none may leak. 0, or refused.
 */
int refcount_store_report(const refcount *r);

/* spec_policy.c: the first version; the last one is freed. */
void refcount_policy_open(const refcount *r);
void refcount_policy_close(const refcount *r);

/* spec_epoch.c. 0, or refused: built without liburcu. */
int refcount_epoch_open(const refcount *r);
void refcount_epoch_enter(void);
void refcount_epoch_leave(const refcount_version *v);             /* having read v */
void refcount_epoch_free(const refcount *r, refcount_version *v); /* once those who read now have left; never blocks */
void refcount_epoch_settle(const refcount *r); /* blocks until all that was given to epoch_free is freed */

#endif
