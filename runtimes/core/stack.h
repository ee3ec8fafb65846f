/* stack.h - stacks for green threads: mapped in slabs without reserving memory, a guard
 * below each, reused last-in first-out.
 *
 *   low  | guard 1 page | ......... stack grows down <- top |  high
 *
 * The guard is an in-place marker where the kernel has MADV_GUARD_INSTALL (Linux 6.13), so that a slab stays one
 * mapping; else a page without access, which costs two mappings. Of those a quarter of vm.max_map_count is used; later
 * stacks have a canary at their low end instead, and a line on standard error says so, once. */
#ifndef CORE_STACK_H
#define CORE_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct core_stack {
    struct core_stack *next; /* in a cache */
    unsigned char *low;      /* lowest usable byte; the guard is below */
    size_t bytes;            /* usable */
    bool guarded;            /* else its lowest words are a canary */
    uint16_t color;          /* bytes from its upper end to where a context begins */
    bool cold;               /* in a cache: the kernel has its memory */
} core_stack;

typedef struct core_stack_cache {
    core_stack *free;
    struct core_slab *slabs; /* what this cache has mapped; its stacks may have gone to another cache */
    unsigned warm;           /* stacks in free that are not cold */
    unsigned uncut;          /* stacks of the newest slab that nobody has had yet */
    size_t bytes;            /* of each stack */
} core_stack_cache;

/* A stack of cache->bytes, cached or new. NULL: the kernel gave no memory. One thread a cache. */
core_stack *core_stack_take(core_stack_cache *cache);
void core_stack_give(core_stack_cache *cache, core_stack *s);
/* More warm ones are kept than are likely to be wanted soon. */
bool core_stack_many(const core_stack_cache *cache);
/* Gives the kernel back the memory of those. A system call for each. */
void core_stack_trim(core_stack_cache *cache);
/* Where a context may begin: 16-byte aligned. */
void *core_stack_top(core_stack *s);
/* Gives up what the cache has mapped. Only when none of those stacks is in use, in any cache. Up to 1,024 stacks
 * (while fw_repeats: all) are kept, for the caches to come of the whole process, with the memory that they have; the
 * rest is unmapped. */
void core_stack_free_all(core_stack_cache *cache);
/* Unmaps what is kept beyond 1,024 stacks. */
void core_stack_give_back(void);
/* Whether address lies in the guard of s. */
bool core_stack_guards(const core_stack *s, const void *address);
/* False: somebody wrote over the canary. */
bool core_stack_intact(const core_stack *s);
/* For tests: as if the kernel had no markers, and only so many guard pages. Before the first stack. */
void core_stack_limit_guards(int64_t most);

#endif
