/* spares.h - what one worker has freed and will allocate again: units of one size, linked through their job. Only its
 * worker uses a list, so that it costs no lock; what is freed on another worker joins that one's list, up to a bound,
 * lest units that are made here and end there pile up. */
#ifndef CORE_SPARES_H
#define CORE_SPARES_H

#include <stdlib.h>

#include "job.h"

#ifdef FW_SANITIZE
enum { SPARES_MOST = 0 }; /* so that a use after the end is found */
#else
enum { SPARES_MOST = 4096 };
#endif

typedef struct spares {
    job *first;
    unsigned n;
} spares;

/* Not initialised. NULL: no memory. The unit begins with its job. */
static inline void *spares_take(spares *s, size_t bytes)
{
    job *j = s->first;
    if (!j)
        return malloc(bytes);
    s->first = j->next;
    s->n--;
    return j;
}

static inline void spares_give(spares *s, job *j)
{
    if (s->n + 1 > SPARES_MOST) {
        free(j);
        return;
    }
    j->next = s->first;
    s->first = j;
    s->n++;
}

static inline void spares_free(spares *s)
{
    for (job *j; (j = s->first); free(j))
        s->first = j->next;
    s->n = 0;
}

#endif
