/* spec_store.c - refcount: a checking allocator for versions, in memory that forked processes share.
 *
 * Invariant: a place is in exactly one of: not yet used (at `fresh` and above), live (one make, no free since), or on
 * the stack of free places. state tells live from free and changes by exchange, so that of two frees one is told.
 * With check=1 a freed place is overwritten and never used again: who reads it then is told, too. */
#include "spec.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

enum { LIVE = 0x4c495645, FREED = 0x46524545 };
static const size_t STORE_BYTES = (size_t)1 << 29; /* reserved; a page is taken when a version first comes to it */
static const uint64_t POISON = UINT64_C(0xdddddddddddddddd);

static size_t stride(const refcount *r)
{
    return (sizeof(refcount_version) + r->words * sizeof(uint64_t) + FW_PAD - 1) / FW_PAD * FW_PAD;
}

refcount_version *refcount_at(const refcount *r, uint32_t place)
{
    return (refcount_version *)(void *)(r->store->places + place * stride(r));
}

int refcount_store_open(refcount *r)
{
    void *p = mmap(NULL, STORE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return fw_refuse(r->trial, "mmap", errno, "bytes of versions", (int64_t)STORE_BYTES);
    r->store = p; /* zeroed */
    return 0;
}

void refcount_store_close(refcount *r)
{
    munmap(r->store, STORE_BYTES);
    r->store = NULL;
}

/* A free place, or NULL. */
static refcount_version *pop(const refcount *r)
{
    refcount_store *s = r->store;
    uint64_t top = atomic_load_explicit(&s->free, memory_order_acquire); /* pairs with push's release */

    while ((uint32_t)top) {
        refcount_version *v = refcount_at(r, (uint32_t)top - 1);
        uint64_t next = ((top >> 32) + 1) << 32 | atomic_load_explicit(&v->below, memory_order_relaxed);
        if (atomic_compare_exchange_weak_explicit(&s->free, &top, next, memory_order_acquire, memory_order_acquire))
            return v;
    }
    return NULL;
}

static void push(const refcount *r, refcount_version *v)
{
    uint64_t top = atomic_load_explicit(&r->store->free, memory_order_relaxed), next;
    do {
        atomic_store_explicit(&v->below, (uint32_t)top, memory_order_relaxed);
        next = (top >> 32) << 32 | (v->place + 1);
    } while (!atomic_compare_exchange_weak_explicit(&r->store->free, &top, next, memory_order_release,
                                                    memory_order_relaxed)); /* pairs with pop's acquire */
}

static refcount_version *place_of_new(const refcount *r)
{
    refcount_store *s = r->store;
    refcount_version *v = pop(r);

    if (v)
        return v;
    uint32_t place = atomic_fetch_add(&s->fresh, 1);
    if (sizeof *s + ((size_t)place + 1) * stride(r) > STORE_BYTES) {
        atomic_fetch_sub(&s->fresh, 1);
        atomic_store(&s->full, 1);
        return NULL;
    }
    v = refcount_at(r, place);
    v->place = place;
    return v;
}

static void note_held(refcount_store *s)
{
    uint64_t held = atomic_fetch_add(&s->made, 1) + 1 - atomic_load(&s->freed), most = atomic_load(&s->held_most);
    while (held > most && !atomic_compare_exchange_weak(&s->held_most, &most, held))
        ;
}

static refcount_version *make_one(const refcount *r)
{
    refcount_version *v = place_of_new(r);
    if (!v)
        return NULL;
    uint64_t number = atomic_fetch_add_explicit(&r->store->number, 1, memory_order_relaxed);
    v->retired_ns = 0;
    v->made_ns = fw_now_ns();
    v->partner = v->place;
    for (unsigned i = 0; i < r->words; i++) /* the same words, each time in other places */
        v->word[i] = fw_mix64(r->seal + (i + number) % r->words);
    atomic_store_explicit(&v->state, LIVE, memory_order_relaxed);
    note_held(r->store);
    return v;
}

refcount_version *refcount_make(const refcount *r)
{
    refcount_version *v = make_one(r), *partner = v && r->cycle ? make_one(r) : v;
    if (!partner)
        return NULL; /* v, if any, leaks in a trial that is refused */
    if (v != partner) {
        v->partner = partner->place;
        partner->partner = v->place;
    }
    return v;
}

uint64_t refcount_look(const refcount *r, const refcount_version *v)
{
    uint64_t sum = 0;

    if (!v)
        return 0; /* the store was full: refused at the end */
    for (unsigned i = 0; i < r->words; i++)
        sum += v->word[i];
    if (atomic_load_explicit(&v->state, memory_order_relaxed) != LIVE)
        fw_fail(r->trial, "a reader read a version that was freed");
    else if (sum != r->sum)
        fw_fail(r->trial, "a reader read words of two versions");
    return sum;
}

void refcount_retire(refcount_version *v, uint64_t now_ns)
{
    if (v)
        v->retired_ns = now_ns;
}

static void free_one(const refcount *r, refcount_version *v)
{
    if (atomic_exchange_explicit(&v->state, FREED, memory_order_relaxed) != LIVE) {
        fw_fail(r->trial, "a version was freed twice");
        return;
    }
    atomic_fetch_add(&r->store->freed, 1);
    for (unsigned i = 0; r->check && i < r->words; i++)
        v->word[i] = POISON;
    if (!r->check)
        push(r, v);
}

void refcount_free(const refcount *r, refcount_version *v, unsigned who)
{
    if (!v)
        return;
    if (v->retired_ns)
        fw_hist_record(fw_lag_of(r->trial, who), fw_now_ns() - v->retired_ns, 1);
    if (v->partner != v->place)
        free_one(r, refcount_at(r, v->partner));
    free_one(r, v);
}

void refcount_replace(const refcount *r, refcount_version **at, refcount_version *with, unsigned who)
{
    if (!with)
        return;
    refcount_version *old = *at;
    *at = with;
    refcount_retire(old, with->made_ns);
    refcount_free(r, old, who);
}

void refcount_free_all(const refcount *r)
{
    uint32_t places = atomic_load(&r->store->fresh);
    for (uint32_t i = 0; i < places; i++) {
        refcount_version *v = refcount_at(r, i);
        v->partner = v->place; /* it comes by itself */
        if (atomic_load(&v->state) == LIVE)
            refcount_free(r, v, 0);
    }
}

int refcount_store_report(const refcount *r)
{
    refcount_store *s = r->store;
    uint64_t left = atomic_load(&s->made) - atomic_load(&s->freed);
    double bytes = (double)(r->words * sizeof(uint64_t));

    fw_metric(r->trial, "versions", "1", (double)atomic_load(&s->made));
    fw_metric(r->trial, "held_most", "byte", (double)atomic_load(&s->held_most) * bytes);
    fw_metric(r->trial, "leaked", "byte", (double)left * bytes);
    if (atomic_load(&s->full))
        return fw_refuse(r->trial, "refcount_make", ENOMEM, "bytes of versions at once", (int64_t)STORE_BYTES);
    if (left && !(r->cycle && r->policy == REFCOUNT_COUNT))
        fw_fail(r->trial, "%llu versions were never freed", (unsigned long long)left);
    return 0;
}
