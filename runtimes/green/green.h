/* green.h - green threads: M:N, stackful, work-stealing. A call that would block parks the green thread, and its worker
 * runs another. There is no pre-emption: a unit that computes keeps its worker until it parks, yields or ends. Do not
 * keep the address of a thread-local or errno across any call here: the unit may go on on another OS thread. */
#ifndef GREEN_H
#define GREEN_H

#include <sys/socket.h>

#include "fw.h"

typedef struct green green;

typedef struct green_config {
    const fw_worker *workers; /* n of them */
    unsigned n;               /* >= 1 */
    bool pinned;              /* no stealing: a unit stays where it was started */
    size_t stack_bytes;       /* per unit; 0: 64 KiB */
} green_config;

typedef struct green_attr {
    int worker;       /* start there; -1: with the spawner */
    const char *name; /* for messages; static storage */
} green_attr;

/* Starts the workers, runs fn(arg) as the first green thread, and blocks the calling OS thread until fn returned and
 * every unit was joined. 0 or -errno (-ENOTSUP: no context switch for this machine). The first thread is not counted as
 * a unit. */
int green_run(const green_config *config, void (*fn)(void *arg), void *arg);

/* The calls below are for green threads only. */
int green_spawn(green **out, const green_attr *attr, void (*fn)(void *arg),
                void *arg); /* attr may be NULL. 0, -ENOMEM. Every unit is joined once. */
int green_join(green *g);   /* parks until it has ended; frees it */
void green_yield(void);
int green_sleep_until(uint64_t deadline_ns); /* 0; never early */
green *green_self(void);
unsigned green_worker(void); /* index of the worker now */

/* Parks the caller. commit(g, arg) runs on another stack after the switch, so that an unpark can't race a stack in use;
 * commit returning false cancels the park. A permit is not kept: whoever unparks must know that commit has run (e.g. by
 * a lock that commit releases). */
void green_park(bool (*commit)(green *g, void *arg), void *arg);
void green_unpark(green *g); /* any worker: makes it runnable */

/* Channels: as in channels.h (capacity 0 and FW_UNBOUNDED too), the waiter being a green thread. */
typedef struct core_chan green_chan;
int green_chan_create(green_chan **out, size_t elem_bytes, size_t capacity);
void green_chan_destroy(green_chan *c);
int green_send(green_chan *c, const void *elem);
int green_send_until(green_chan *c, const void *elem, uint64_t deadline_ns);
int green_try_send(green_chan *c, const void *elem);
int green_recv(green_chan *c, void *elem);
int green_recv_until(green_chan *c, void *elem, uint64_t deadline_ns);
int green_try_recv(green_chan *c, void *elem);
int green_chan_close(green_chan *c);

/* Descriptors that can be waited for (sockets, pipes, terminals). A call parks until it can be done, at most until
 * deadline_ns (FW_FOREVER: no limit): -ETIMEDOUT. One green thread at a time reads, one writes. */
typedef struct core_io green_io;
int green_io_open(green_io **out, int fd); /* takes fd over; 0, -errno; -EPERM: never waits (a regular file), and stays
                                              the caller's: see green_block */
void green_io_close(green_io *io);         /* who waits in it gets -ECANCELED */
int green_io_fd(const green_io *io);
int64_t green_read(green_io *io, void *buffer, size_t bytes, uint64_t deadline_ns); /* bytes got, 0: the end, -errno */
int64_t green_write(green_io *io, const void *data, size_t bytes, uint64_t deadline_ns); /* all bytes, or -errno */
/* For who waits without a buffer. Parks until a read may get on: 0 or -errno; what can be read now: bytes, 0 (the end),
 * -EAGAIN or -errno. */
int green_readable(green_io *io, uint64_t deadline_ns);
int64_t green_try_read(green_io *io, void *buffer, size_t bytes);
int green_accept(green_io *listener, uint64_t deadline_ns); /* a descriptor, or -errno */
int green_connect(green_io *io, const struct sockaddr *to, socklen_t bytes, uint64_t deadline_ns); /* 0 or -errno */

/* fn(arg) runs on an OS thread of its own kind, at most 128 at once, the caller parked meanwhile: for calls that really
 * block. fn may use no other call of this header. 0; -EAGAIN: it was not run, no thread could be made. */
int green_block(void (*fn)(void *arg), void *arg);

#endif
