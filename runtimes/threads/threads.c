/* threads.c - spawn, join, condition variable, bounded buffer. See threads.h. */
#include "threads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/park.h"

enum { STACK_BYTES = 256 * 1024 };

struct thr {
    pthread_t id;
    const fw_worker *worker;
    void (*fn)(void *arg);
    void *arg;
};

static void *thread_main(void *self)
{
    thr *t = self;
    FW_MUST(fw_worker_bind(t->worker) == 0);
    t->fn(t->arg);
    fw_count(fw_slot_here(), FW_ENDED, 1);
    fw_slot_release();
    fw_live_os(-1);
    return NULL;
}

int thr_spawn(thr **out, const fw_worker *worker, void (*fn)(void *arg), void *arg)
{
    pthread_attr_t attr;
    thr *t = malloc(sizeof *t);

    if (!t)
        return -ENOMEM;
    *t = (thr){.worker = worker, .fn = fn, .arg = arg};
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    fw_live_os(+1); /* before it can end */
    int err = pthread_create(&t->id, &attr, thread_main, t);
    pthread_attr_destroy(&attr);
    if (err) {
        fw_live_os(-1);
        free(t);
        return -err;
    }
    fw_count(fw_slot_here(), FW_CREATED, 1);
    fw_count(fw_slot_here(), FW_SYSCALLS, 1);
    *out = t;
    return 0;
}

int thr_join(thr *t)
{
    int err = pthread_join(t->id, NULL);
    free(t);
    return -err;
}

void thr_mutex_init(thr_mutex *m)
{
    FW_MUST(pthread_mutex_init(m, NULL) == 0);
}

void thr_mutex_destroy(thr_mutex *m)
{
    FW_MUST(pthread_mutex_destroy(m) == 0);
}

void thr_lock(thr_mutex *m)
{
    FW_MUST(pthread_mutex_lock(m) == 0);
}

void thr_unlock(thr_mutex *m)
{
    FW_MUST(pthread_mutex_unlock(m) == 0);
}

void thr_cond_init(thr_cond *c)
{
    atomic_init(&c->sequence, 0);
    atomic_init(&c->waiters, 0);
}

/* The sequence is read under the mutex: a signal sent after the unlock changes it, and the futex then refuses to sleep.
 * The count of waiters is raised before that, so that a signaller that sees 0 has nobody to wake. All four accesses are
 * seq_cst. */
int thr_cond_wait_until(thr_cond *c, thr_mutex *m, uint64_t deadline_ns)
{
    uint32_t seen = atomic_load(&c->sequence);
    atomic_fetch_add(&c->waiters, 1);
    thr_unlock(m);
    fw_count(fw_slot_here(), FW_PARKS, 1);
    int err = core_futex_wait(&c->sequence, seen, deadline_ns, false);
    atomic_fetch_sub(&c->waiters, 1);
    thr_lock(m);
    return err == -ETIMEDOUT ? err : 0;
}

int thr_cond_wait(thr_cond *c, thr_mutex *m)
{
    return thr_cond_wait_until(c, m, FW_FOREVER);
}

static void wake(thr_cond *c, int count)
{
    atomic_fetch_add(&c->sequence, 1);
    if (atomic_load(&c->waiters) == 0)
        return;
    fw_count(fw_slot_here(), FW_UNPARKS, 1);
    core_futex_wake(&c->sequence, count, false);
}

void thr_cond_signal(thr_cond *c)
{
    wake(c, 1);
}

void thr_cond_broadcast(thr_cond *c)
{
    wake(c, INT32_MAX);
}

struct thr_queue {
    thr_mutex mutex; /* guards all that follows but the three constants */
    thr_cond not_full, not_empty, taken;
    size_t elem_bytes, capacity;
    bool rendezvous; /* one slot; who fills it waits until it is empty again */
    size_t room;     /* slots of the ring: the capacity, or what an unbounded queue has needed so far */
    size_t head, depth;
    size_t getting;      /* threads in get */
    uint64_t puts, gets; /* in all; a withdrawn element is no put */
    bool closed;
    unsigned char *ring;
};

int thr_queue_create(thr_queue **out, size_t elem_bytes, size_t capacity)
{
    enum { FIRST_ROOM = 64 };
    size_t room = capacity == FW_UNBOUNDED ? FIRST_ROOM : capacity ? capacity : 1;
    if (elem_bytes == 0 || elem_bytes > SIZE_MAX / room)
        return -EINVAL;
    thr_queue *q = calloc(1, sizeof *q);
    if (!q)
        return -ENOMEM;
    q->elem_bytes = elem_bytes;
    q->rendezvous = capacity == 0;
    q->capacity = capacity ? capacity : 1;
    q->room = room;
    if (!(q->ring = malloc(elem_bytes * room))) {
        free(q);
        return -ENOMEM;
    }
    thr_mutex_init(&q->mutex);
    thr_cond_init(&q->not_full);
    thr_cond_init(&q->not_empty);
    thr_cond_init(&q->taken);
    *out = q;
    return 0;
}

void thr_queue_destroy(thr_queue *q)
{
    thr_mutex_destroy(&q->mutex);
    free(q->ring);
    free(q);
}

/* Slot i of the ring, i < 2 * room. */
static size_t wrap(const thr_queue *q, size_t i)
{
    return i < q->room ? i : i - q->room;
}

/* An unbounded queue's ring is full: moves it into one twice as large, its first element first. */
static int grow(thr_queue *q)
{
    size_t bytes = q->room * q->elem_bytes, before = q->head * q->elem_bytes;
    unsigned char *ring = malloc(2 * bytes);
    if (!ring)
        return -ENOMEM;
    memcpy(ring, q->ring + before, bytes - before);
    memcpy(ring + bytes - before, q->ring, before);
    free(q->ring);
    q->ring = ring;
    q->room *= 2;
    q->head = 0;
    return 0;
}

static int enqueue(thr_queue *q, const void *elem)
{
    if (q->depth == q->room && grow(q) != 0)
        return -ENOMEM;
    memcpy(q->ring + wrap(q, q->head + q->depth) * q->elem_bytes, elem, q->elem_bytes);
    q->depth++;
    q->puts++;
    return 0;
}

/* Rendezvous: the slot holds this thread's element, its number `mine`. Waits until it was taken, else takes it back. */
static int await_taken(thr_queue *q, uint64_t mine, uint64_t deadline_ns)
{
    int err = 0;
    thr_cond_signal(&q->not_empty);
    while (q->gets < mine && !q->closed && !err)
        err = thr_cond_wait_until(&q->taken, &q->mutex, deadline_ns);
    if (q->gets >= mine)
        return 0;
    q->depth = 0;
    q->puts--;
    thr_cond_signal(&q->not_full);
    return q->closed ? -EPIPE : err;
}

/* deadline 0: would block is -EAGAIN; at a rendezvous that is when nobody is there to take it. */
static int put(thr_queue *q, const void *elem, uint64_t deadline_ns)
{
    int err = 0;

    thr_lock(&q->mutex);
    while (!q->closed && q->depth == q->capacity && !err)
        err = deadline_ns ? thr_cond_wait_until(&q->not_full, &q->mutex, deadline_ns) : -EAGAIN;
    if (q->closed)
        err = -EPIPE;
    else if (q->depth == q->capacity)
        ; /* full: err says why it waits no longer */
    else if (q->rendezvous && !deadline_ns && q->getting == 0)
        err = -EAGAIN;
    else
        err = enqueue(q, elem);
    if (!err && q->rendezvous && deadline_ns)
        err = await_taken(q, q->puts, deadline_ns);
    thr_unlock(&q->mutex);
    if (err == 0) {
        fw_count(fw_slot_here(), FW_MESSAGES, 1);
        fw_count(fw_slot_here(), FW_BYTES, q->elem_bytes);
        thr_cond_signal(&q->not_empty);
    }
    return err;
}

static int get(thr_queue *q, void *elem, uint64_t deadline_ns)
{
    int err = 0;

    thr_lock(&q->mutex);
    q->getting++;
    while (!q->closed && q->depth == 0 && !err)
        err = deadline_ns ? thr_cond_wait_until(&q->not_empty, &q->mutex, deadline_ns) : -EAGAIN;
    q->getting--;
    if (q->depth > 0) {
        memcpy(elem, q->ring + q->head * q->elem_bytes, q->elem_bytes);
        q->head = wrap(q, q->head + 1);
        q->depth--;
        q->gets++;
        err = 0;
    } else if (q->closed) {
        err = -EPIPE;
    }
    thr_unlock(&q->mutex);
    if (err == 0) {
        thr_cond_signal(&q->not_full);
        if (q->rendezvous)
            thr_cond_broadcast(&q->taken);
    }
    return err;
}

int thr_queue_put(thr_queue *q, const void *elem)
{
    return put(q, elem, FW_FOREVER);
}

int thr_queue_put_until(thr_queue *q, const void *elem, uint64_t deadline_ns)
{
    return put(q, elem, deadline_ns ? deadline_ns : 1);
}

int thr_queue_try_put(thr_queue *q, const void *elem)
{
    return put(q, elem, 0);
}

int thr_queue_get(thr_queue *q, void *elem)
{
    return get(q, elem, FW_FOREVER);
}

int thr_queue_get_until(thr_queue *q, void *elem, uint64_t deadline_ns)
{
    return get(q, elem, deadline_ns ? deadline_ns : 1);
}

int thr_queue_try_get(thr_queue *q, void *elem)
{
    return get(q, elem, 0);
}

void thr_queue_close(thr_queue *q)
{
    thr_lock(&q->mutex);
    q->closed = true;
    thr_unlock(&q->mutex);
    thr_cond_broadcast(&q->not_empty);
    thr_cond_broadcast(&q->not_full);
    thr_cond_broadcast(&q->taken);
}
