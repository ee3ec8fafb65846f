/* kept.c - see kept.h. */
#include "kept.h"

#include <stdlib.h>

#include "wordlock.h"

#ifdef FW_SANITIZE
enum { KEEPS = false }; /* so that a use after the end is found */
#else
enum { KEEPS = true };
#endif

typedef struct block {
    struct block *next;
    size_t bytes;
} block;

static wordlock lock;
static block *kept; /* guarded by lock */

/* The one that came last of so many bytes, or NULL. */
static block *find(size_t bytes)
{
    wordlock_take(&lock);
    block **at = &kept, *found;
    while (*at && (*at)->bytes != bytes)
        at = &(*at)->next;
    if ((found = *at))
        *at = found->next;
    wordlock_release(&lock);
    return found;
}

void *kept_alloc(size_t bytes)
{
    block *b = KEEPS && fw_repeats() ? find(bytes) : NULL;
    return b ? b : malloc(bytes);
}

void kept_free(void *memory, size_t bytes)
{
    block *b = memory;

    if (!b || !KEEPS || !fw_repeats()) {
        free(b);
        return;
    }
    wordlock_take(&lock);
    *b = (block){kept, bytes};
    kept = b;
    wordlock_release(&lock);
}

void kept_give_back(void)
{
    wordlock_take(&lock);
    for (block *b; (b = kept); free(b))
        kept = b->next;
    wordlock_release(&lock);
}
