/* processes.h - OS processes that talk through pipes, socket pairs or a ring in shared memory.
 *
 * Fork before any thread exists in the calling process. A peer that dies closes
 * its channel: the survivor gets -EPIPE. All channels carry framed messages (a 4-byte length, then the bytes), whole or
 * not at all. Create links before the fork; each process then keeps one side. */
#ifndef PROCESSES_H
#define PROCESSES_H

#include <pthread.h>

#include "fw.h"

typedef struct proc proc;
/* Forks; fn(arg) runs in the child, bound to worker (NULL: not bound), which then _exits with fn's return value
 * (0..255). The child dies with its parent (PDEATHSIG, parent rechecked). 0 or -errno (fork's). *out is freed by
 * proc_join. */
int proc_spawn(proc **out, const fw_worker *worker, int (*fn)(void *arg), void *arg);
/* Blocks until the child has ended; *status as from waitpid (may be NULL). 0 or -errno. Frees p. */
int proc_join(proc *p, int *status);
int proc_pidfd(proc *p); /* opened at the first call; -1 where the kernel has none. p's */
int proc_pid(const proc *p);
/* For the calling process: its turns on a CPU end after ns (the kernel takes 100,000 to 100,000,000) if others wait,
 * and where it wakes it goes before those whose turns are longer. Never blocks. 0 or -errno; -ENOTSUP, and nothing
 * changes: Linux before 6.12, or another scheduling policy than the default. */
int proc_set_slice(uint64_t ns);

typedef enum proc_transport { PROC_PIPE, PROC_SOCKETPAIR, PROC_RING, PROC_PACKETS } proc_transport;

/* A one-way link. pipe, socket pair: any number of senders (a message of up to PIPE_BUF bytes is whole), one receiver.
 * packets: a pipe that keeps messages apart, for any number of senders and receivers; ring_bytes = how many messages it
 * holds, a power of two (-EPERM: more than the system lets a pipe have); max_message <= PIPE_BUF; no try_ and no
 * deadlines (-ENOTSUP). ring: one producer, one consumer, ring_bytes of data (rounded up to a power of two, and to hold
 * one largest message), in a memfd mapping, shared futexes. */
typedef struct proc_link proc_link;
/* max_message: bytes of the largest message. 0 or -errno. Freed, on each side, by proc_link_destroy. */
int proc_link_create(proc_link **out, proc_transport kind, size_t max_message, size_t ring_bytes);
/* Each process, once, after the fork: says which end it uses; closes the other. A process using neither calls
 * proc_link_destroy. */
void proc_link_sender(proc_link *l);
void proc_link_receiver(proc_link *l);
/* Blocks while full. 0, -EPIPE (receiver gone or closed), -EMSGSIZE, -ETIMEDOUT. Counts a message and its bytes. A
 * deadline that passes when part of a message is out (pipe and socket pair; larger than what was free) closes the link:
 * the receiver gets -EPIPE, never half a message. try_ then waits until the rest is out. */
int proc_send(proc_link *l, const void *data, size_t bytes);
int proc_send_until(proc_link *l, const void *data, size_t bytes, uint64_t deadline_ns);
int proc_try_send(proc_link *l, const void *data, size_t bytes); /* -EAGAIN */
/* Blocks while empty. Length of the message (copied into buffer of `room` bytes) or -EPIPE (closed and drained, or peer
 * died), -EMSGSIZE, -ETIMEDOUT. */
int64_t proc_recv(proc_link *l, void *buffer, size_t room);
int64_t proc_recv_until(proc_link *l, void *buffer, size_t room, uint64_t deadline_ns);
int64_t proc_try_recv(proc_link *l, void *buffer, size_t room); /* -EAGAIN */
/* The sender says that nothing more comes. */
void proc_close(proc_link *l);
void proc_link_destroy(proc_link *l);

/* A lock in memory that processes share; not recursive, and whoever took it releases it. lock blocks: 0; -EOWNERDEAD:
 * taken, but its holder died and what it guards may be half done; after the release -ENOTRECOVERABLE for everybody. */
typedef struct proc_mutex {
    pthread_mutex_t mutex;
} proc_mutex;
void proc_mutex_init(proc_mutex *m); /* once, before the forks */
int proc_mutex_lock(proc_mutex *m);
void proc_mutex_unlock(proc_mutex *m);

/* Zeroed memory that children share with their parent, at the same address. NULL when refused. */
void *proc_shared_alloc(size_t bytes);
void proc_shared_free(void *p, size_t bytes);

#endif
