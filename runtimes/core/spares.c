/* spares.c - see spares.h. */
#include "spares.h"

#include <stdalign.h>
#include <stddef.h>

#include "kept.h"

typedef struct spares_slab {
    struct spares_slab *next;
    alignas(max_align_t) char units[];
} slab;

static size_t slab_bytes(size_t bytes)
{
    return sizeof(slab) + SPARES_MOST * bytes;
}

static bool in_slabs(void)
{
    return SPARES_MOST > 0 && fw_repeats();
}

static void *pop(spares *s)
{
    spare *unit = s->first;
    s->first = unit->next;
    s->n--;
    return unit;
}

/* s, which has nothing, has a list or a slab. False: no memory. */
static bool fetch(spares *s, spares_store *store, size_t bytes)
{
    slab *from = NULL;

    wordlock_take(&store->lock);
    if ((s->first = store->lists)) {
        store->lists = s->first->next_list;
        s->n = SPARES_MOST;
    } else if ((from = kept_alloc(slab_bytes(bytes)))) {
        from->next = store->slabs;
        store->slabs = from;
    }
    wordlock_release(&store->lock);
    if (from) {
        s->uncut = from->units;
        s->end = s->uncut + SPARES_MOST * bytes;
    }
    return s->first || from;
}

void *spares_more(spares *s, spares_store *store, size_t bytes)
{
    if (!in_slabs())
        return malloc(bytes);
    if (s->uncut == s->end && !fetch(s, store, bytes))
        return NULL;
    if (s->first)
        return pop(s);
    void *unit = s->uncut;
    s->uncut += bytes;
    return unit;
}

void spares_overflow(spares *s, spares_store *store, void *unit)
{
    if (!in_slabs()) {
        free(unit);
        return;
    }
    wordlock_take(&store->lock);
    s->first->next_list = store->lists;
    store->lists = s->first;
    wordlock_release(&store->lock);
    s->first = NULL;
    s->n = 0;
    spares_give(s, store, unit);
}

void spares_free(void *unit)
{
    if (!in_slabs())
        free(unit);
}

void spares_free_all(spares *s)
{
    while (!in_slabs() && s->first)
        free(pop(s));
}

void spares_end(spares_store *store, size_t bytes)
{
    for (slab *s; (s = store->slabs); kept_free(s, slab_bytes(bytes)))
        store->slabs = s->next;
    store->lists = NULL;
}
