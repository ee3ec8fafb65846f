/* locks.c - see locks.h. */
#include "locks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/park.h"
#include "threads.h"

enum { LOOKS = 100 };
enum { WAITS, ASLEEP, ITS_TURN };

const char *const thr_lock_name[THR_LOCK_KINDS] = {"pthread", "adaptive", "futex", "ticket", "mcs"};

static int looks(void)
{
    return core_spin_ns(1) ? LOOKS : 0;
}

/* ---- ticket ------------------------------------------------------------- */

/* The count of sleepers is raised before `serving` is read again, and release raises `serving` before it reads the
 * count (all seq_cst): either the sleeper sees its turn or the releaser sees the sleeper. */
static void ticket_take(thr_any_lock *l)
{
    uint32_t mine = atomic_fetch_add_explicit(&l->as.ticket.next, 1, memory_order_relaxed), now;
    for (int i = looks(); i > 0; i--) {
        if (atomic_load_explicit(&l->as.ticket.serving, memory_order_acquire) == mine) /* pairs with ticket_release */
            return;
        core_cpu_relax();
    }
    atomic_fetch_add(&l->as.ticket.asleep, 1);
    while ((now = atomic_load(&l->as.ticket.serving)) != mine)
        core_futex_wait(&l->as.ticket.serving, now, FW_FOREVER, false);
    atomic_fetch_sub(&l->as.ticket.asleep, 1);
}

static void ticket_release(thr_any_lock *l)
{
    atomic_fetch_add(&l->as.ticket.serving, 1);
    if (atomic_load(&l->as.ticket.asleep)) /* who is next only it knows: wake all */
        core_futex_wake(&l->as.ticket.serving, INT32_MAX, false);
}

/* ---- mcs ---------------------------------------------------------------- */

static void mcs_take(thr_any_lock *l, thr_lock_node *me)
{
    atomic_init(&me->next, NULL);
    atomic_init(&me->turn, WAITS);
    /* acq_rel: release publishes *me to who comes after, acquire pairs with mcs_release's exchange. */
    thr_lock_node *before = atomic_exchange_explicit(&l->as.tail, me, memory_order_acq_rel);
    if (!before)
        return;
    atomic_store_explicit(&before->next, me, memory_order_release); /* pairs with next_of */
    for (int i = looks(); i > 0; i--) {
        if (atomic_load_explicit(&me->turn, memory_order_acquire) == ITS_TURN) /* pairs with mcs_release */
            return;
        core_cpu_relax();
    }
    uint32_t waits = WAITS; /* acquire, here and below: pairs with mcs_release */
    if (atomic_compare_exchange_strong_explicit(&me->turn, &waits, ASLEEP, memory_order_acquire, memory_order_acquire))
        while (atomic_load_explicit(&me->turn, memory_order_acquire) != ITS_TURN)
            core_futex_wait(&me->turn, ASLEEP, FW_FOREVER, false);
}

/* Whoever is in the queue behind me and has not linked itself yet is between two instructions. */
static thr_lock_node *next_of(thr_lock_node *me)
{
    thr_lock_node *next;
    while (!(next = atomic_load_explicit(&me->next, memory_order_acquire))) { /* pairs with mcs_take */
        if (looks())
            core_cpu_relax();
        else
            core_yield();
    }
    return next;
}

static void mcs_release(thr_any_lock *l, thr_lock_node *me)
{
    thr_lock_node *last = me; /* release: pairs with the exchange of tail by who takes it next */
    if (!atomic_load_explicit(&me->next, memory_order_relaxed) &&
        atomic_compare_exchange_strong_explicit(&l->as.tail, &last, NULL, memory_order_release, memory_order_relaxed))
        return;
    thr_lock_node *next = next_of(me);
    /* After the exchange *next may be gone; waking an address that nobody sleeps at does no harm. */
    if (atomic_exchange_explicit(&next->turn, ITS_TURN, memory_order_release) == ASLEEP)
        core_futex_wake(&next->turn, 1, false);
}

/* ---- any ---------------------------------------------------------------- */

void thr_any_init(thr_any_lock *l, thr_lock_kind kind)
{
    pthread_mutexattr_t adaptive;

    *l = (thr_any_lock){.kind = kind};
    if (kind > THR_ADAPTIVE)
        return;
    FW_MUST(pthread_mutexattr_init(&adaptive) == 0);
    if (kind == THR_ADAPTIVE)
        FW_MUST(pthread_mutexattr_settype(&adaptive, PTHREAD_MUTEX_ADAPTIVE_NP) == 0);
    FW_MUST(pthread_mutex_init(&l->as.mutex, &adaptive) == 0);
    pthread_mutexattr_destroy(&adaptive);
}

void thr_any_destroy(thr_any_lock *l)
{
    if (l->kind <= THR_ADAPTIVE)
        FW_MUST(pthread_mutex_destroy(&l->as.mutex) == 0);
}

void thr_any_take(thr_any_lock *l, thr_lock_node *node)
{
    switch (l->kind) {
    case THR_FUTEX:
        wordlock_take(&l->as.word);
        break;
    case THR_TICKET:
        ticket_take(l);
        break;
    case THR_MCS:
        mcs_take(l, node);
        break;
    default:
        thr_lock(&l->as.mutex);
    }
}

void thr_any_release(thr_any_lock *l, thr_lock_node *node)
{
    switch (l->kind) {
    case THR_FUTEX:
        wordlock_release(&l->as.word);
        break;
    case THR_TICKET:
        ticket_release(l);
        break;
    case THR_MCS:
        mcs_release(l, node);
        break;
    default:
        thr_unlock(&l->as.mutex);
    }
}

/* ---- semaphore, barrier, readers and writers ----------------------------- */

void thr_sem_init(thr_sem *s, uint32_t value)
{
    atomic_init(&s->value, value);
    atomic_init(&s->waiters, 0);
}

static bool sem_try(thr_sem *s)
{
    uint32_t value = atomic_load_explicit(&s->value, memory_order_relaxed);
    while (value > 0) /* acquire: pairs with the release in thr_sem_post */
        if (atomic_compare_exchange_weak_explicit(&s->value, &value, value - 1, memory_order_acquire,
                                                  memory_order_relaxed))
            return true;
    return false;
}

/* A sleeper is counted before it looks for the last time, post raises the value before it reads the count (seq_cst). */
void thr_sem_wait(thr_sem *s)
{
    for (int i = looks(); i > 0; i--) {
        if (sem_try(s))
            return;
        core_cpu_relax();
    }
    if (sem_try(s))
        return;
    atomic_fetch_add(&s->waiters, 1);
    fw_count(fw_slot_here(), FW_PARKS, 1);
    while (!sem_try(s))
        core_futex_wait(&s->value, 0, FW_FOREVER, false);
    atomic_fetch_sub(&s->waiters, 1);
}

void thr_sem_post(thr_sem *s)
{
    atomic_fetch_add(&s->value, 1);
    if (atomic_load(&s->waiters))
        core_futex_wake(&s->value, 1, false);
}

void thr_barrier_init(thr_barrier *b, uint32_t parties)
{
    b->parties = parties;
    atomic_init(&b->arrived, 0);
    atomic_init(&b->round, 0);
}

bool thr_barrier_wait(thr_barrier *b)
{
    uint32_t round = atomic_load_explicit(&b->round, memory_order_relaxed); /* can't change before this thread came */
    /* acq_rel: the last one sees what all did before they came, and hands it on with the release below. */
    if (atomic_fetch_add_explicit(&b->arrived, 1, memory_order_acq_rel) + 1 == b->parties) {
        atomic_store_explicit(&b->arrived, 0, memory_order_relaxed);
        atomic_store_explicit(&b->round, round + 1, memory_order_release);
        core_futex_wake(&b->round, INT32_MAX, false);
        return true;
    }
    for (int i = looks(); i > 0; i--) { /* acquire, here and below: pairs with the release above */
        if (atomic_load_explicit(&b->round, memory_order_acquire) != round)
            return false;
        core_cpu_relax();
    }
    while (atomic_load_explicit(&b->round, memory_order_acquire) == round)
        core_futex_wait(&b->round, round, FW_FOREVER, false);
    return false;
}

void thr_rwlock_init(thr_rwlock *l)
{
    FW_MUST(pthread_rwlock_init(l, NULL) == 0);
}

void thr_rwlock_destroy(thr_rwlock *l)
{
    FW_MUST(pthread_rwlock_destroy(l) == 0);
}

void thr_read_lock(thr_rwlock *l)
{
    FW_MUST(pthread_rwlock_rdlock(l) == 0);
}

void thr_write_lock(thr_rwlock *l)
{
    FW_MUST(pthread_rwlock_wrlock(l) == 0);
}

void thr_rw_unlock(thr_rwlock *l)
{
    FW_MUST(pthread_rwlock_unlock(l) == 0);
}

/* ---- Dijkstra's bounded buffer ------------------------------------------- */

struct thr_buffer {
    thr_sem places, elements; /* free; filled. Closed: one too many of each, handed from waiter to waiter */
    thr_mutex lock;           /* guards head, depth, closed and the ring */
    size_t elem_bytes, capacity, head, depth;
    bool closed;
    unsigned char ring[];
};

int thr_buffer_create(thr_buffer **out, size_t elem_bytes, size_t capacity)
{
    if (elem_bytes == 0 || capacity == 0 || capacity > THR_BUFFER_MOST || elem_bytes > SIZE_MAX / 2 / capacity)
        return -EINVAL;
    thr_buffer *b = calloc(1, sizeof *b + elem_bytes * capacity);
    if (!b)
        return -ENOMEM;
    b->elem_bytes = elem_bytes;
    b->capacity = capacity;
    thr_sem_init(&b->places, (uint32_t)capacity);
    thr_sem_init(&b->elements, 0);
    thr_mutex_init(&b->lock);
    *out = b;
    return 0;
}

void thr_buffer_destroy(thr_buffer *b)
{
    thr_mutex_destroy(&b->lock);
    free(b);
}

int thr_buffer_put(thr_buffer *b, const void *elem)
{
    thr_sem_wait(&b->places);
    thr_lock(&b->lock);
    bool closed = b->closed;
    if (!closed) {
        size_t end = b->head + b->depth++;
        memcpy(b->ring + (end < b->capacity ? end : end - b->capacity) * b->elem_bytes, elem, b->elem_bytes);
    }
    thr_unlock(&b->lock);
    thr_sem_post(closed ? &b->places : &b->elements);
    if (closed)
        return -EPIPE;
    fw_count(fw_slot_here(), FW_MESSAGES, 1);
    fw_count(fw_slot_here(), FW_BYTES, b->elem_bytes);
    return 0;
}

int thr_buffer_get(thr_buffer *b, void *elem)
{
    thr_sem_wait(&b->elements);
    thr_lock(&b->lock);
    bool empty = b->depth == 0; /* only once closed */
    if (!empty) {
        memcpy(elem, b->ring + b->head * b->elem_bytes, b->elem_bytes);
        b->head = b->head + 1 < b->capacity ? b->head + 1 : 0;
        b->depth--;
    }
    thr_unlock(&b->lock);
    thr_sem_post(empty ? &b->elements : &b->places);
    return empty ? -EPIPE : 0;
}

void thr_buffer_close(thr_buffer *b)
{
    thr_lock(&b->lock);
    b->closed = true;
    thr_unlock(&b->lock);
    thr_sem_post(&b->places);
    thr_sem_post(&b->elements);
}
