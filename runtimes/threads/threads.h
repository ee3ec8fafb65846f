/* threads.h - OS threads that share memory under mutexes and condition variables. */
#ifndef THREADS_H
#define THREADS_H

#include <pthread.h>

#include "fw.h"

typedef struct thr thr;
/* Starts fn(arg) on an OS thread bound to worker (NULL: not bound). 0 or -errno (pthread_create's). *out is freed by
 * thr_join. */
int thr_spawn(thr **out, const fw_worker *worker, void (*fn)(void *arg), void *arg);
/* Blocks until it has ended; frees t. */
int thr_join(thr *t);

typedef pthread_mutex_t thr_mutex;
void thr_mutex_init(thr_mutex *m);
void thr_mutex_destroy(thr_mutex *m);
void thr_lock(thr_mutex *m);
void thr_unlock(thr_mutex *m);

/* Condition variable on a futex (a sequence number): a signal sent after the mutex was released
 * to a thread that waits is never lost. Wakes may be spurious: wait in a loop. */
typedef struct thr_cond {
    _Atomic uint32_t sequence, waiters;
} thr_cond;
void thr_cond_init(thr_cond *c);
int thr_cond_wait(thr_cond *c, thr_mutex *m);                             /* 0 */
int thr_cond_wait_until(thr_cond *c, thr_mutex *m, uint64_t deadline_ns); /* 0 or -ETIMEDOUT */
void thr_cond_signal(thr_cond *c);
void thr_cond_broadcast(thr_cond *c);

/* Bounded buffer: one mutex, "not full" and "not empty". Any number of producers and consumers. Copies elem_bytes.
 * capacity 0: put waits until its element was taken; FW_UNBOUNDED: put never waits. 0 or -errno; blocking calls add
 * -EPIPE (closed; get: and drained), -EAGAIN (try_), -ETIMEDOUT
 * (_until). */
typedef struct thr_queue thr_queue;
int thr_queue_create(thr_queue **out, size_t elem_bytes, size_t capacity);
void thr_queue_destroy(thr_queue *q);
int thr_queue_put(thr_queue *q, const void *elem);
int thr_queue_put_until(thr_queue *q, const void *elem, uint64_t deadline_ns);
int thr_queue_try_put(thr_queue *q, const void *elem);
int thr_queue_get(thr_queue *q, void *elem);
int thr_queue_get_until(thr_queue *q, void *elem, uint64_t deadline_ns);
int thr_queue_try_get(thr_queue *q, void *elem);
void thr_queue_close(thr_queue *q);

#include "locks.h" /* locks to compare, semaphore, barrier, readers-writer lock, Dijkstra's bounded buffer */
#include "loops.h" /* a pool of threads that share out a loop */

#endif
