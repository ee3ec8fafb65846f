/* ring.h - a byte ring in shared memory for one producer and one consumer, in
 * different processes. Each side sleeps on a shared futex when it can't go on.
 *
 *   head (consumer)          tail (producer)          free-running byte counts
 *     |#### bytes ####|..........|                    tail - head <= size
 *
 * A side sleeps on the other's word (robust.h), so that the kernel wakes it when the other dies. Where the other has
 * not taken its word yet, or the kernel has no robust lists, it looks every 200 ms at the lifeline: a socket pair of
 * which each side holds an end, which the kernel closes with its process. */
#ifndef PROCESSES_RING_H
#define PROCESSES_RING_H

#include <stdatomic.h>
#include <stdint.h>

#include "fw.h"
#include "robust.h"

typedef struct ring_side {
    alignas(FW_PAD) _Atomic uint64_t at; /* its byte count: written with release, read by the other with acquire */
    /* 1: the other has said that it is gone. Here, as `seen`, lest each look move the other's line. */
    _Atomic uint32_t deserted;
    robust robust; /* this side's; FUTEX_WAITERS while the other sleeps until this side moves, or is about to */
    uint64_t seen; /* this side's alone: the other's count when it last looked */
} ring_side;

typedef struct ring {
    ring_side head, tail;          /* consumer, producer */
    alignas(FW_PAD) uint64_t size; /* power of two */
    unsigned char data[];
} ring;

/* lifeline: the own end. Blocks until `bytes` are free (they must fit), the consumer is gone (-EPIPE) or the deadline
 * (0: -EAGAIN at once; -ETIMEDOUT). */
int ring_wait_room(ring *r, int lifeline, uint64_t bytes, uint64_t deadline_ns);
/* Blocks until `bytes` are there; -EPIPE: the producer is gone and they will never be. */
int ring_wait_bytes(ring *r, int lifeline, uint64_t bytes, uint64_t deadline_ns);
/* Copies at an offset from the own side's count, without moving it. */
void ring_put(ring *r, uint64_t offset, const void *data, uint64_t bytes);
void ring_get(ring *r, uint64_t offset, void *data, uint64_t bytes);
/* Moves a side's count and wakes the other side if it sleeps. */
void ring_publish(ring *r, uint64_t bytes);
void ring_consume(ring *r, uint64_t bytes);
/* A side is the calling thread's from now on. */
void ring_join(ring_side *mine);
/* A side leaves: the other is woken. */
void ring_leave(ring_side *mine, ring_side *other);

#endif
