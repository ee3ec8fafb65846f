/* spec_policy.c - refcount: three ways to read what may be replaced at any time, without a lock.
 *
 * COUNT, a split reference count: the shared word holds the current version and how many references were ever taken
 * through it; the version counts what was given back. One atomic addition takes both, so there is no moment in which
 * the version could go between finding it and counting it. Invariant, for each version:
 *     count = HELD (while it is current) + taken, once it isn't, - given back + 1 for a partner that refers to it
 * Whoever brings it to 0 frees it; before it is replaced it is far above.
 * EPOCH: readers only say when they read; liburcu frees a version when all who read when it was replaced have ended.
 * ARENA: nothing is freed before all have ended; then everything is. */
#include "spec.h"

enum { TAKEN_BITS = 40 };
static const uint64_t TAKEN_MASK = (UINT64_C(1) << TAKEN_BITS) - 1;
static const int64_t HELD = INT64_C(1) << 60;

static uint64_t word_of(const refcount_version *v)
{
    return (uint64_t)v->place << TAKEN_BITS;
}

static refcount_version *version_in(const refcount *r, uint64_t word)
{
    return refcount_at(r, (uint32_t)(word >> TAKEN_BITS));
}

/* ---- COUNT ---- */

static refcount_version *take(const refcount *r)
{
    /* acquire: pairs with the exchange in refcount_update, so that the words are seen */
    return version_in(r, atomic_fetch_add_explicit(&r->store->current, 1, memory_order_acquire));
}

static void give(const refcount *r, refcount_version *v, int64_t references, unsigned who)
{
    /* release: this one's reads come before the free; acquire: so do everybody else's */
    if (atomic_fetch_sub_explicit(&v->count, references, memory_order_acq_rel) == references)
        refcount_free(r, v, who);
}

/* ---- all ---- */

/* The bugs that fault=… asks for, once, by reader 0: gives back before it reads; frees twice. */
static uint64_t read_wrongly(const refcount *r, unsigned who)
{
    refcount_version *v = version_in(r, atomic_load(&r->store->current));
    refcount_update(r, who);
    if (r->policy == REFCOUNT_EPOCH)
        refcount_epoch_settle(r);
    if (r->fault == REFCOUNT_TWICE)
        refcount_free(r, v, who);
    return refcount_look(r, v);
}

uint64_t refcount_read(const refcount *r, unsigned who)
{
    refcount_version *v;
    uint64_t sum;

    if (r->fault && who == 0 && !atomic_exchange(&r->store->broken, 1))
        return read_wrongly(r, who);
    if (r->policy == REFCOUNT_EPOCH)
        refcount_epoch_enter();
    v = r->policy == REFCOUNT_COUNT
            ? take(r)
            : version_in(r, atomic_load_explicit(&r->store->current, memory_order_acquire)); /* as in take */
    sum = refcount_look(r, v);
    if (r->policy == REFCOUNT_COUNT)
        give(r, v, 1, who);
    if (r->policy == REFCOUNT_EPOCH)
        refcount_epoch_leave(v);
    return sum;
}

void refcount_update(const refcount *r, unsigned who)
{
    refcount_version *v = refcount_make(r);

    if (!v)
        return;
    atomic_store_explicit(&v->count, HELD + (v->partner != v->place), memory_order_relaxed);
    /* release: pairs with the acquire of those who read it; acquire: with the release that brought the old one */
    uint64_t old = atomic_exchange_explicit(&r->store->current, word_of(v), memory_order_acq_rel);
    refcount_version *gone = version_in(r, old);
    refcount_retire(gone, fw_now_ns());
    if (r->policy == REFCOUNT_COUNT)
        give(r, gone, HELD - (int64_t)(old & TAKEN_MASK), who);
    if (r->policy == REFCOUNT_EPOCH)
        refcount_epoch_free(r, gone);
}

void refcount_policy_open(const refcount *r)
{
    refcount_version *v = refcount_make(r);
    FW_MUST(v); /* the first */
    atomic_store(&v->count, HELD + (v->partner != v->place));
    atomic_store(&r->store->current, word_of(v));
}

void refcount_policy_close(const refcount *r)
{
    uint64_t word = atomic_load(&r->store->current);
    if (r->policy == REFCOUNT_EPOCH)
        refcount_epoch_settle(r);
    if (r->policy == REFCOUNT_ARENA)
        refcount_free_all(r);
    else if (r->policy == REFCOUNT_COUNT)
        give(r, version_in(r, word), HELD - (int64_t)(word & TAKEN_MASK), 0);
    else
        refcount_free(r, version_in(r, word), 0);
}
