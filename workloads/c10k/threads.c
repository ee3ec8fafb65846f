/* c10k with threads: a thread for each connection, which blocks in the kernel; who has ended is joined by another. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fw.h"
#include "spec.h"
#include "threads/threads.h"

typedef struct house {
    c10k_server *server;
    thr_queue *ended; /* of conn *, then NULL when all were made */
    thr_mutex making; /* held while a thread is made: conn.thread is written when it may have ended */
    uint64_t made;
} house;

typedef struct conn {
    house *home;
    thr *thread;
    int fd;
} conn;

/* -- unit -- */
static void run(void *arg)
{
    conn *c = arg;
    c10k_http h;

    c10k_enter(&h, c->home->server, c->fd);
    c10k_timeouts(c->home->server, c->fd);
    while (!h.close)
        c10k_exchange(&h, c->fd);
    c10k_leave(&h, c->fd);
    close(c->fd);
    thr_queue_put(c->home->ended, &c);
}
/* -- launch -- */
static int make_conn(fw_trial *t, house *home, int fd)
{
    conn *c = malloc(sizeof *c);
    int err = c ? 0 : -ENOMEM;

    if (c)
        *c = (conn){.home = home, .fd = fd};
    thr_lock(&home->making);
    if (!err)
        err = thr_spawn(&c->thread, fw_worker_of(t, (unsigned)home->made), run, c);
    thr_unlock(&home->making);
    if (err) {
        close(fd);
        free(c);
    }
    home->made += err == 0;
    return err;
}

static int accept_all(fw_trial *t, house *home)
{
    int err = 0, failed;

    for (;;) {
        int fd = accept4(home->server->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 && !c10k_accept_again(home->server, errno))
            return err;
        if (fd >= 0 && (failed = make_conn(t, home, fd)) != 0)
            err = failed;
    }
}
/* -- coordinate -- */
static void reap(void *arg)
{
    house *home = arg;
    uint64_t joined = 0, made = UINT64_MAX; /* until all were */
    conn *c;

    while (joined < made && thr_queue_get(home->ended, &c) == 0) {
        if (!c) {
            made = home->made;
            continue;
        }
        thr_lock(&home->making);
        thr *ended = c->thread;
        thr_unlock(&home->making);
        thr_join(ended);
        free(c);
        joined++;
    }
}

int c10k_threads(fw_trial *t)
{
    house home = {0};
    conn *last = NULL;
    thr *reaper;
    int err = fw_check_os_units(t, "pthread_create", c10k_crowd(t), FW_THREAD_BYTES);

    if (err || (err = c10k_begin(t, &home.server)) != 0)
        return err;
    thr_mutex_init(&home.making);
    FW_MUST(thr_queue_create(&home.ended, sizeof(conn *), FW_UNBOUNDED) == 0);
    FW_MUST(thr_spawn(&reaper, fw_worker_of(t, 0), reap, &home) == 0);
    err = accept_all(t, &home);
    /* -- finish -- */
    thr_queue_put(home.ended, &last);
    thr_join(reaper);
    thr_queue_destroy(home.ended);
    thr_mutex_destroy(&home.making);
    return c10k_finish(t, home.server, "pthread_create", err);
}
/* -- end -- */
