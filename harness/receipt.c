/* receipt.c - the counters of the runtimes: one padded slot an OS thread or
 * process, in one shared mapping, so that a parent sees what its forked children do. A slot
 * outlives its owner: its sums stay, and the next thread counts on from there. */
#include "fw.h"

#include <errno.h>
#include <sys/mman.h>

enum { SLOTS = 65536 };

typedef struct counters {
    alignas(FW_PAD) _Atomic int64_t live;     /* OS units now; every creator and ender */
    alignas(FW_PAD) _Atomic uint64_t peak;    /* most units seen live; raised by anyone */
    alignas(FW_PAD) _Atomic uint32_t claimed; /* slots ever handed out */
    _Atomic uint64_t free_list;               /* Treiber stack: top slot + 1 in the low half, a tag in the high one */
    _Atomic uint32_t next_free[SLOTS];        /* slot below in the stack + 1 */
    fw_slot slot[SLOTS];
} counters;

static _Atomic(counters *) shared;
static _Thread_local fw_slot *mine;

static counters *map_counters(void)
{
    void *p = mmap(NULL, sizeof(counters), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    FW_MUST(p != MAP_FAILED);
    return p;
}

static counters *get(void)
{
    counters *now = atomic_load_explicit(&shared, memory_order_acquire); /* pairs with the exchange below */
    if (now)
        return now;
    counters *fresh = map_counters();
    if (atomic_compare_exchange_strong_explicit(&shared, &now, fresh, memory_order_acq_rel, memory_order_acquire))
        return fresh;
    munmap(fresh, sizeof *fresh);
    return now;
}

/* A slot from the free list, or 0: none. The tag keeps a popped and pushed top from being taken for the old one. */
static uint32_t pop_free(counters *c)
{
    uint64_t top = atomic_load_explicit(&c->free_list, memory_order_acquire); /* pairs with push_free's release */
    while ((uint32_t)top != 0) {
        uint32_t below = atomic_load_explicit(&c->next_free[(uint32_t)top - 1], memory_order_relaxed);
        uint64_t next = ((top >> 32) + 1) << 32 | below;
        if (atomic_compare_exchange_weak_explicit(&c->free_list, &top, next, memory_order_acq_rel,
                                                  memory_order_acquire))
            return (uint32_t)top;
    }
    return 0;
}

static void push_free(counters *c, uint32_t entry)
{
    uint64_t top = atomic_load_explicit(&c->free_list, memory_order_relaxed), next;
    do {
        atomic_store_explicit(&c->next_free[entry - 1], (uint32_t)top, memory_order_relaxed);
        next = ((top >> 32) + 1) << 32 | entry;
    } while (!atomic_compare_exchange_weak_explicit(&c->free_list, &top, next, memory_order_acq_rel,
                                                    memory_order_relaxed)); /* pairs with pop_free */
}

__attribute__((noinline)) fw_slot *fw_slot_here(void)
{
    if (!mine) {
        counters *c = get();
        uint32_t entry = pop_free(c);
        if (!entry)
            entry = atomic_fetch_add_explicit(&c->claimed, 1, memory_order_relaxed) + 1;
        FW_MUST(entry <= SLOTS);
        mine = &c->slot[entry - 1];
    }
    return mine;
}

void fw_slot_release(void)
{
    if (mine) {
        counters *c = get();
        push_free(c, (uint32_t)(mine - c->slot) + 1);
        mine = NULL;
    }
}

void fw_slot_after_fork(void)
{
    mine = NULL;
}

uint64_t fw_counter_sum(fw_counter which)
{
    counters *c = get();
    uint32_t claimed = atomic_load_explicit(&c->claimed, memory_order_relaxed);
    uint64_t sum = 0;

    for (uint32_t i = 0; i < claimed && i < SLOTS; i++)
        sum += atomic_load_explicit(&c->slot[i].n[which], memory_order_relaxed);
    return sum;
}

void fw_counters_reset(void)
{
    counters *c = get();
    uint32_t claimed = atomic_load_explicit(&c->claimed, memory_order_relaxed);

    for (uint32_t i = 0; i < claimed && i < SLOTS; i++)
        for (int n = 0; n < FW_COUNTERS; n++)
            atomic_store_explicit(&c->slot[i].n[n], 0, memory_order_relaxed);
    atomic_store(&c->live, 0);
    atomic_store(&c->peak, 0);
}

static void raise_peak(counters *c, uint64_t live)
{
    uint64_t peak = atomic_load_explicit(&c->peak, memory_order_relaxed);
    while (peak < live &&
           !atomic_compare_exchange_weak_explicit(&c->peak, &peak, live, memory_order_relaxed, memory_order_relaxed))
        ;
}

void fw_live_os(int by)
{
    counters *c = get();
    int64_t live = atomic_fetch_add_explicit(&c->live, by, memory_order_relaxed) + by;
    if (by > 0 && live > 0)
        raise_peak(c, (uint64_t)live);
}

void fw_live_sample(void)
{
    /* Created first: units that end in between make the difference too small, never too large. */
    uint64_t created = fw_counter_sum(FW_CREATED), ended = fw_counter_sum(FW_ENDED);
    if (created > ended)
        raise_peak(get(), created - ended);
}

uint64_t fw_live_now(void)
{
    int64_t live = atomic_load_explicit(&get()->live, memory_order_relaxed);
    return live > 0 ? (uint64_t)live : 0;
}

uint64_t fw_live_peak(void)
{
    return atomic_load_explicit(&get()->peak, memory_order_relaxed);
}
