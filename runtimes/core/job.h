/* job.h - a thing that a worker can run: one of the two types on which core,
 * channels, green and stackless meet. A green thread and a task each begin
 * with one. Intrusive: whoever owns the job owns its memory. */
#ifndef CORE_JOB_H
#define CORE_JOB_H

#include <stdatomic.h>

enum { CACHE_LINE = 64, MEMORY_LINES = 12 };

typedef struct worker worker;
typedef struct job job;

struct job {
    job *next;                    /* link in whichever one queue holds it; that queue's owner or lock guards it */
    void (*run)(job *, worker *); /* called on the worker's own stack; may push the job again */
    const char *memory;           /* where what it will touch first begins, or NULL: a hint, read when it is queued */
};

/* A job in a queue of its worker's own. Who owns the queue may look at `memory` without owning the job, which a thief
 * may have, and even have freed. */
typedef struct queued {
    job *_Atomic job;   /* written by the queue's owner, read by thieves */
    const char *memory; /* the owner's */
} queued;

#endif
