/* stack.c - see stack.h. */
#include "stack.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes)
#endif

#include "fw.h"
#include "wordlock.h"

enum {
    PAGE = 4096,
    STACKS_PER_SLAB = 64,
    STAY_WARM = 256,
    KEPT_SLABS = 16,
    COLORS = 16,
    COLOR_BYTES = 128,
    MADVISE_GUARD_INSTALL = 102
};

typedef struct core_slab {
    struct core_slab *next;
    void *memory;
    size_t bytes;
    core_stack stack[STACKS_PER_SLAB];
} slab;

/* From caches that ended: a program that makes its green threads anew again and again finds stacks whose memory the
 * kernel has already given (as glibc keeps those of threads). Newly mapped, each costs a page fault, 10 to 40 us in a
 * virtual machine. */
static struct {
    wordlock lock; /* guards the rest */
    slab *first;
    unsigned n;
} kept;

#define CANARY UINT64_C(0x6d6f6e2c74686973)
enum { CANARY_WORDS = 8 };

static _Atomic int64_t pages_left = INT64_MIN; /* guard pages that may still be made; INT64_MIN: not asked yet */
static bool no_markers;

void core_stack_limit_guards(int64_t most)
{
    no_markers = true;
    atomic_store(&pages_left, most);
}

/* A page without access splits a mapping: leaves the rest of the process three quarters of the mappings it may have. */
static bool may_make_page(void)
{
    enum { MAPPINGS_A_PAGE = 2, SHARE = 4 };
    int64_t unknown = INT64_MIN;

    if (atomic_load(&pages_left) == unknown)
        atomic_compare_exchange_strong(&pages_left, &unknown, fw_sysctl("vm/max_map_count") / SHARE / MAPPINGS_A_PAGE);
    return atomic_fetch_sub(&pages_left, 1) > 0;
}

/* An emulator that answers 0 to any advice, even to one that nobody gives, installs nothing. */
static bool install_marker(unsigned char *page)
{
    static _Atomic int heeded = -1; /* -1: not asked yet */

    if (heeded < 0)
        heeded = madvise(page, PAGE, INT_MAX) != 0;
    return heeded && !no_markers && madvise(page, PAGE, MADVISE_GUARD_INSTALL) == 0;
}

static bool install_guard(unsigned char *page)
{
    static _Atomic bool told;

    fw_count(fw_slot_here(), FW_SYSCALLS, 1); /* madvise or mprotect */
    if (install_marker(page))
        return true;
    if (may_make_page() && mprotect(page, PAGE, PROT_NONE) == 0)
        return true;
    if (!atomic_exchange(&told, true))
        fprintf(stderr,
                "green: no more guard pages (vm.max_map_count is %lld): an overflow of a later stack is found "
                "only when its green thread ends\n",
                (long long)fw_sysctl("vm/max_map_count"));
    return false;
}

/* Of so many bytes, or NULL. */
static slab *take_kept(size_t bytes)
{
    wordlock_take(&kept.lock);
    slab *s = kept.first && kept.first->bytes == bytes ? kept.first : NULL;
    if (s) {
        kept.first = s->next;
        kept.n--;
    }
    wordlock_release(&kept.lock);
    return s;
}

static bool keep(slab *s)
{
    wordlock_take(&kept.lock);
    bool room = kept.n < KEPT_SLABS || fw_repeats();
    if (room) {
        s->next = kept.first;
        kept.first = s;
        kept.n++;
    }
    wordlock_release(&kept.lock);
    return room;
}

static slab *map_slab(size_t bytes)
{
    slab *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->bytes = bytes;
    s->memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (s->memory == MAP_FAILED) {
        free(s);
        return NULL;
    }
    return s;
}

static bool add_slab(core_stack_cache *cache)
{
    size_t bytes = (cache->bytes + PAGE) * STACKS_PER_SLAB;
    slab *s = take_kept(bytes);
    if (!s)
        s = map_slab(bytes);
    if (!s)
        return false;
    s->next = cache->slabs;
    cache->slabs = s;
    cache->uncut = STACKS_PER_SLAB;
    return true;
}

/* The next stack of the newest slab: its guard is made only now. */
static core_stack *cut(core_stack_cache *cache)
{
    size_t each = cache->bytes + PAGE;
    unsigned char *guard = (unsigned char *)cache->slabs->memory + --cache->uncut * each;
    core_stack *stack = &cache->slabs->stack[cache->uncut];
    *stack = (core_stack){
        .low = guard + PAGE,
        .bytes = cache->bytes,
        .guarded = stack->low ? stack->guarded : install_guard(guard), /* low: in a cache before this one */
        /* Else all stacks' upper ends, where they are used, would be in the same sets of the cache. */
        .color = (uint16_t)(cache->uncut % COLORS * COLOR_BYTES)};
    for (int i = 0; i < CANARY_WORDS && !stack->guarded; i++)
        memcpy(stack->low + i * sizeof(uint64_t), &(uint64_t){CANARY}, sizeof(uint64_t));
    return stack;
}

core_stack *core_stack_take(core_stack_cache *cache)
{
    core_stack *s = cache->free;
    if (s) {
        cache->free = s->next;
        cache->warm -= !s->cold;
        s->cold = false;
        return s;
    }
    return cache->uncut > 0 || add_slab(cache) ? cut(cache) : NULL;
}

void core_stack_give(core_stack_cache *cache, core_stack *s)
{
    /* Its last frames never returned: what AddressSanitizer forbids around them must not outlive them. */
    ASAN_UNPOISON_MEMORY_REGION(s->low, s->bytes);
    s->next = cache->free;
    cache->free = s;
    cache->warm++;
}

bool core_stack_many(const core_stack_cache *cache)
{
    return cache->warm > 2 * STAY_WARM;
}

void core_stack_trim(core_stack_cache *cache)
{
    unsigned seen = 0;

    for (core_stack *s = cache->free; s && cache->warm > STAY_WARM; s = s->next) {
        if (s->cold || seen++ < STAY_WARM)
            continue;
        size_t canary = s->guarded ? 0 : PAGE;
        fw_count(fw_slot_here(), FW_SYSCALLS, 1);
        s->cold = madvise(s->low + canary, s->bytes - canary, MADV_DONTNEED) == 0;
        cache->warm -= s->cold;
    }
}

void *core_stack_top(core_stack *s)
{
    return s->low + s->bytes - s->color; /* of whole pages, so 16-byte aligned */
}

void core_stack_free_all(core_stack_cache *cache)
{
    while (cache->slabs) {
        slab *s = cache->slabs;
        cache->slabs = s->next;
        if (keep(s))
            continue;
        munmap(s->memory, s->bytes);
        free(s);
    }
    cache->free = NULL;
    cache->warm = 0;
    cache->uncut = 0;
}

void core_stack_give_back(void)
{
    wordlock_take(&kept.lock);
    while (kept.n > KEPT_SLABS) {
        slab *s = kept.first;
        kept.first = s->next;
        kept.n--;
        munmap(s->memory, s->bytes);
        free(s);
    }
    wordlock_release(&kept.lock);
}

bool core_stack_intact(const core_stack *s)
{
    uint64_t word, wrong = 0;
    for (int i = 0; i < CANARY_WORDS && !s->guarded; i++) {
        memcpy(&word, s->low + i * sizeof word, sizeof word);
        wrong |= word ^ CANARY;
    }
    return wrong == 0;
}

bool core_stack_guards(const core_stack *s, const void *address)
{
    const unsigned char *at = address;
    return s->guarded && at >= s->low - PAGE && at < s->low;
}
