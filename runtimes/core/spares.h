/* spares.h - units of one size: what one worker has freed and will allocate again, linked through itself. Only its
 * worker uses a list, so that it costs no lock; what is freed on another worker joins that one's list, up to a bound,
 * lest units that are made here and end there pile up.
 *
 *   worker's list --empty--> malloc     or, while fw_repeats: a list that another put by, else a slab, which is kept
 *                 --full---> free       for the next run (kept.h); put by for others                             */
#ifndef CORE_SPARES_H
#define CORE_SPARES_H

#include <stdlib.h>

#include "wordlock.h"

#ifdef FW_SANITIZE
enum { SPARES_MOST = 0 }; /* so that a use after the end is found */
#else
enum { SPARES_MOST = 4096 };
#endif

typedef struct spare {
    struct spare *next, *next_list; /* the latter in the first of a list that was put by */
} spare;

/* Of all workers of a run, while fw_repeats. */
typedef struct spares_store {
    wordlock lock; /* guards the rest */
    spare *lists;  /* SPARES_MOST each */
    struct spares_slab *slabs;
} spares_store;

typedef struct spares {
    spare *first;
    unsigned n;
    char *uncut, *end; /* what is left of a slab */
} spares;

/* As spares_take, where s has nothing. */
void *spares_more(spares *s, spares_store *store, size_t bytes);
/* As spares_give, where s is full. */
void spares_overflow(spares *s, spares_store *store, void *unit);
/* Frees a unit where there is no list, or all of a list; while fw_repeats not: it is in a slab. */
void spares_free(void *unit);
void spares_free_all(spares *s);
/* The run is over, and nobody has a unit any more. */
void spares_end(spares_store *store, size_t bytes);

/* Not initialised. NULL: no memory. Units are as large as a spare or larger; always the same `bytes`. */
static inline void *spares_take(spares *s, spares_store *store, size_t bytes)
{
    spare *unit = s->first;
    if (!unit)
        return spares_more(s, store, bytes);
    s->first = unit->next;
    s->n--;
    return unit;
}

static inline void spares_give(spares *s, spares_store *store, void *freed)
{
    spare *unit = freed;

    if (s->n == SPARES_MOST) {
        spares_overflow(s, store, unit);
        return;
    }
    unit->next = s->first;
    s->first = unit;
    s->n++;
}

#endif
