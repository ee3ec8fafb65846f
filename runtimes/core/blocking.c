/* blocking.c - see blocking.h. One queue, one lock. A thread is made when more calls wait than threads are idle. */
#include "blocking.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "park.h"

struct blocking {
    pthread_mutex_t lock; /* guards all below, and changes of `changes` */
    core_call *first, **last;
    unsigned queued, threads, idle;
    bool stop;
    _Atomic uint32_t changes; /* counts calls, and the stop: who found nothing sleeps until it moves on */
    pool *pool;
    const fw_worker *places;
    pthread_t thread[BLOCKING_MOST];
};

/* NULL: it is over. */
static core_call *take(blocking *b)
{
    core_call *call;

    FW_MUST(pthread_mutex_lock(&b->lock) == 0);
    b->idle++;
    while (!b->first && !b->stop) {
        uint32_t seen = atomic_load_explicit(&b->changes, memory_order_relaxed);
        FW_MUST(pthread_mutex_unlock(&b->lock) == 0);
        core_futex_wait(&b->changes, seen, FW_FOREVER, false);
        FW_MUST(pthread_mutex_lock(&b->lock) == 0);
    }
    b->idle--;
    if ((call = b->first)) {
        b->queued--;
        if (!(b->first = call->next))
            b->last = &b->first;
    }
    FW_MUST(pthread_mutex_unlock(&b->lock) == 0);
    return call;
}

static void *serve(void *arg)
{
    blocking *b = arg;
    core_call *call;

    FW_MUST(pthread_mutex_lock(&b->lock) == 0);
    const fw_worker *place = &b->places[b->threads % pool_size(b->pool)];
    FW_MUST(pthread_mutex_unlock(&b->lock) == 0);
    fw_worker_bind(place); /* the workers found out whether that can be done */
    while ((call = take(b))) {
        job *then = call->then;
        call->fn(call->arg);
        if (call->home >= 0)
            pool_push_to(b->pool, (unsigned)call->home, then);
        else
            pool_push(b->pool, then, false);
    }
    fw_slot_release();
    return NULL;
}

int blocking_submit(blocking *b, core_call *call)
{
    int err = 0;

    FW_MUST(pthread_mutex_lock(&b->lock) == 0);
    if (b->queued >= b->idle && b->threads < BLOCKING_MOST) {
        err = pthread_create(&b->thread[b->threads], NULL, serve, b);
        b->threads += err == 0;
    }
    if (b->threads > 0) { /* perhaps later, but it will be done */
        err = 0;
        call->next = NULL;
        *b->last = call;
        b->last = &call->next;
        b->queued++;
        atomic_fetch_add_explicit(&b->changes, 1, memory_order_relaxed);
    }
    FW_MUST(pthread_mutex_unlock(&b->lock) == 0);
    core_futex_wake(&b->changes, 1, false);
    return -err;
}

int blocking_new(blocking **out, pool *p, const fw_worker *places)
{
    blocking *b = calloc(1, sizeof *b);

    if (!b)
        return -ENOMEM;
    b->places = places;
    b->pool = p;
    b->last = &b->first;
    FW_MUST(pthread_mutex_init(&b->lock, NULL) == 0);
    *out = b;
    return 0;
}

void blocking_free(blocking *b)
{
    FW_MUST(pthread_mutex_lock(&b->lock) == 0);
    b->stop = true;
    atomic_fetch_add_explicit(&b->changes, 1, memory_order_relaxed);
    FW_MUST(pthread_mutex_unlock(&b->lock) == 0);
    core_futex_wake(&b->changes, BLOCKING_MOST, false);
    for (unsigned i = 0; i < b->threads; i++)
        FW_MUST(pthread_join(b->thread[i], NULL) == 0);
    pthread_mutex_destroy(&b->lock);
    free(b);
}
