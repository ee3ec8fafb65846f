/* blocking.h - calls that really block (a read of a regular file, a library that knows nothing of us), run by threads
 * beside the pool's workers: as many as calls wait, at most BLOCKING_MOST; the rest queue. */
#ifndef CORE_BLOCKING_H
#define CORE_BLOCKING_H

#include "workers.h"

enum { BLOCKING_MOST = 128 };

typedef struct core_call core_call;
struct core_call {
    core_call *next;
    void (*fn)(void *arg);
    void *arg;
    job *then; /* pushed when fn has returned, to worker `home` (-1: any); the call's memory may be gone then */
    int home;
};

typedef struct blocking blocking;
int blocking_new(blocking **out, pool *p, const fw_worker *places); /* where its threads may run: as many as p has
                                                                       workers, not copied */
void blocking_free(blocking *b);                                    /* after every call was done, and before p goes */
/* Any thread, never blocks. 0; -errno: not one thread could be made. */
int blocking_submit(blocking *b, core_call *call);
/* The pool's, made at the first call. 0 or -errno. pool.c. */
int pool_blocking(pool *p, blocking **out);

#endif
