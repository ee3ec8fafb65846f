/* stack.c - see stack.h. */
#include "stack.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PAGE = 4096, STACKS_PER_SLAB = 64, MADVISE_GUARD_INSTALL = 102 };

typedef struct core_slab {
    struct core_slab *next;
    void *memory;
    size_t bytes;
} slab;

static void install_guard(unsigned char *page)
{
    if (madvise(page, PAGE, MADVISE_GUARD_INSTALL) != 0)
        (void)mprotect(page, PAGE, PROT_NONE); /* out of mappings: the stack works, unguarded */
}

static bool add_slab(core_stack_cache *cache)
{
    slab *s = malloc(sizeof *s);
    if (!s)
        return false;
    s->bytes = (cache->bytes + PAGE) * STACKS_PER_SLAB;
    s->memory = mmap(NULL, s->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (s->memory == MAP_FAILED) {
        free(s);
        return false;
    }
    s->next = cache->slabs;
    cache->slabs = s;
    cache->uncut = STACKS_PER_SLAB;
    return true;
}

/* The next stack of the newest slab: its guard is made and its first page touched only now. */
static core_stack *cut(core_stack_cache *cache)
{
    size_t each = cache->bytes + PAGE;
    unsigned char *guard = (unsigned char *)cache->slabs->memory + --cache->uncut * each;
    core_stack *stack = (core_stack *)(guard + each - sizeof *stack);
    install_guard(guard);
    *stack = (core_stack){.low = guard + PAGE, .bytes = cache->bytes};
    return stack;
}

core_stack *core_stack_take(core_stack_cache *cache)
{
    core_stack *s = cache->free;
    if (s) {
        cache->free = s->next;
        return s;
    }
    return cache->uncut > 0 || add_slab(cache) ? cut(cache) : NULL;
}

void core_stack_give(core_stack_cache *cache, core_stack *s)
{
    s->next = cache->free;
    cache->free = s;
}

void *core_stack_top(core_stack *s)
{
    return (void *)((uintptr_t)s & ~(uintptr_t)15);
}

void core_stack_free_all(core_stack_cache *cache)
{
    while (cache->slabs) {
        slab *s = cache->slabs;
        cache->slabs = s->next;
        munmap(s->memory, s->bytes);
        free(s);
    }
    cache->free = NULL;
    cache->uncut = 0;
}

int core_stack_guards(const core_stack *s, const void *address)
{
    const unsigned char *at = address;
    return at >= s->low - PAGE && at < s->low;
}
