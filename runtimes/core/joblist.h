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
    atomic_fetch_add(&l->count, n); /* pairs with list_pop's acquire; seq_cst: see idle.c */
    job_list_unlock(&l->lock);
}

static inline job *list_pop(job_list *l)
{
    if (atomic_load_explicit(&l->count, memory_order_acquire) == 0) /* pairs with list_push */
        return NULL;
    job_list_lock(&l->lock);
    job *j = l->first;
    if (j) {
        l->first = j->next;
        if (!l->first)
            l->last = NULL;
        atomic_fetch_sub_explicit(&l->count, 1, memory_order_relaxed);
    }
    job_list_unlock(&l->lock);
    return j;
}

#endif
