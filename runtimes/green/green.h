/* green.h - green threads: M:N, stackful, work-stealing. A call that would block parks the green thread, and its worker
 * runs another. There is no pre-emption: a unit that computes keeps its worker until it parks, yields or ends. Do not
 * keep the address of a thread-local or errno across any call here: the unit may go on on another OS thread. */
#ifndef GREEN_H
#define GREEN_H

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

#endif
