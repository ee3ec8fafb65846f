/* locks.h - locks to compare, a semaphore, a barrier, a readers-writer lock, and Dijkstra's bounded buffer. Part of
 * threads.h. All block; none is recursive; whoever took a lock releases it. Waiting looks for some microseconds first
 * where another CPU may hold the lock, and then sleeps on a futex: pinned to one CPU nothing spins. */
#ifndef THREADS_LOCKS_H
#define THREADS_LOCKS_H

#include <pthread.h>

#include "../core/wordlock.h"
#include "fw.h"

/* pthread: glibc's mutex. adaptive: the same, looking before it sleeps. futex: three states in a word (Drepper);
 * whoever comes first gets it, also past sleepers. ticket: first come, first served; all waiters watch one word. mcs:
 * first come, first served; each waiter watches a word of its own (Mellor-Crummey and Scott 1991). */
typedef enum thr_lock_kind { THR_PTHREAD, THR_ADAPTIVE, THR_FUTEX, THR_TICKET, THR_MCS, THR_LOCK_KINDS } thr_lock_kind;
extern const char *const thr_lock_name[THR_LOCK_KINDS]; /* "pthread", … */

/* A place in an mcs queue: on the taker's stack from take to release. The other kinds don't look at it. */
typedef struct thr_lock_node {
    struct thr_lock_node *_Atomic next;
    _Atomic uint32_t turn; /* 0 waits, 1 asleep, 2 its turn */
} thr_lock_node;

typedef struct thr_any_lock {
    thr_lock_kind kind;
    union {
        pthread_mutex_t mutex;
        wordlock word;
        struct {
            _Atomic uint32_t next, serving, asleep;
        } ticket;
        thr_lock_node *_Atomic tail; /* mcs */
    } as;
} thr_any_lock;
void thr_any_init(thr_any_lock *l, thr_lock_kind kind);
void thr_any_destroy(thr_any_lock *l);
void thr_any_take(thr_any_lock *l, thr_lock_node *node);
void thr_any_release(thr_any_lock *l, thr_lock_node *node);

/* Counting semaphore (Dijkstra 1965). post may come from any thread. */
typedef struct thr_sem {
    _Atomic uint32_t value, waiters;
} thr_sem;
void thr_sem_init(thr_sem *s, uint32_t value);
void thr_sem_wait(thr_sem *s);
void thr_sem_post(thr_sem *s);

/* Blocks until `parties` threads have come; then it can be used again. True for one of them. */
typedef struct thr_barrier {
    uint32_t parties;
    _Atomic uint32_t arrived, round;
} thr_barrier;
void thr_barrier_init(thr_barrier *b, uint32_t parties);
bool thr_barrier_wait(thr_barrier *b);

typedef pthread_rwlock_t thr_rwlock;
void thr_rwlock_init(thr_rwlock *l);
void thr_rwlock_destroy(thr_rwlock *l);
void thr_read_lock(thr_rwlock *l); /* many readers at once */
void thr_write_lock(thr_rwlock *l);
void thr_rw_unlock(thr_rwlock *l);

/* Dijkstra's bounded buffer: a semaphore counts the free places, another the elements. As thr_queue, but capacity must
 * be 1 … THR_BUFFER_MOST (-EINVAL). */
#define THR_BUFFER_MOST INT32_MAX
typedef struct thr_buffer thr_buffer;
int thr_buffer_create(thr_buffer **out, size_t elem_bytes, size_t capacity); /* 0, -EINVAL, -ENOMEM */
void thr_buffer_destroy(thr_buffer *b);
int thr_buffer_put(thr_buffer *b, const void *elem); /* 0, or -EPIPE: closed */
int thr_buffer_get(thr_buffer *b, void *elem);       /* 0, or -EPIPE: closed and drained */
void thr_buffer_close(thr_buffer *b);

#endif
