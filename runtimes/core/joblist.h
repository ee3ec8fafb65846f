/* joblist.h - jobs first in, first out, under a lock: the inject queue, and each worker's inbox. Inside core only. */
#ifndef CORE_JOBLIST_H
#define CORE_JOBLIST_H

#include <pthread.h>

#include "fw.h"
#include "job.h"

typedef struct job_list { /* FIFO under a lock; count may be read without it as a hint */
    pthread_mutex_t lock;
    job *first, *last;
    _Atomic uint32_t count;
} job_list;

static inline void job_list_lock(pthread_mutex_t *m)
{
    FW_MUST(pthread_mutex_lock(m) == 0);
}

static inline void job_list_unlock(pthread_mutex_t *m)
{
    FW_MUST(pthread_mutex_unlock(m) == 0);
}

static inline void list_init(job_list *l)
{
    *l = (job_list){.first = NULL};
    FW_MUST(pthread_mutex_init(&l->lock, NULL) == 0);
}

static inline void list_push(job_list *l, job *first, job *last, uint32_t n)
{
    last->next = NULL;
    job_list_lock(&l->lock);
    *(l->last ? &l->last->next : &l->first) = first;
    l->last = last;
    atomic_fetch_add(&l->count, n); /* pairs with list_take's acquire; seq_cst: see idle.c */
    job_list_unlock(&l->lock);
}

/* The oldest, at most n >= 1 of them, linked, or NULL: none there. */
static inline job *list_take(job_list *l, uint32_t n)
{
    if (atomic_load_explicit(&l->count, memory_order_acquire) == 0) /* pairs with list_push */
        return NULL;
    job_list_lock(&l->lock);
    job *first = l->first, *last = NULL;
    uint32_t taken = 0;
    for (; taken < n && l->first; taken++, l->first = last->next)
        last = l->first;
    if (!l->first)
        l->last = NULL;
    if (last)
        last->next = NULL;
    atomic_fetch_sub_explicit(&l->count, taken, memory_order_relaxed);
    job_list_unlock(&l->lock);
    return first;
}

static inline job *list_pop(job_list *l)
{
    return list_take(l, 1);
}

#endif
