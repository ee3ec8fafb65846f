/* c10k with green threads: one for each connection, written as if it blocked; it parks, and its worker goes
 * on. It waits without a buffer, lest ten thousand stacks grow by one. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fw.h"
#include "green/green.h"
#include "spec.h"

typedef struct house {
    fw_trial *trial;
    c10k_server *server;
    green_chan *ended;                   /* of conn *, then NULL when all were made */
    c10k_buffers *spare[FW_MAX_WORKERS]; /* one a worker, or NULL; for who reads next */
    uint64_t made;
    int err;
} house;

typedef struct conn {
    house *home;
    green *thread;
    green_io *io;
    int fd;
} conn;

/* -- unit -- */
static void exchange(conn *c, c10k_http *h, c10k_buffers **b)
{
    c10k_take(b, &c->home->spare[green_worker()]);
    int64_t at = 0, n = green_try_read(c->io, (*b)->in, sizeof(*b)->in);

    if (n == -EAGAIN) {
        c10k_give(b, &c->home->spare[green_worker()]);
        if ((n = green_readable(c->io, h->deadline_ns)) == 0)
            return;
        c10k_take(b, &c->home->spare[green_worker()]);
    }
    do {
        uint64_t now = fw_now_ns();
        if (n < 0)
            c10k_late(h, &(*b)->out);
        else
            at += (int64_t)c10k_feed(h, (*b)->in + at, (size_t)(n - at), &(*b)->out, now);
        if (green_write(c->io, (*b)->out.data, (*b)->out.bytes, now + h->server->request_ns) < 0)
            h->close = true;
    } while (!h->close && at < n);
    if (n == sizeof(*b)->in)
        green_yield(); /* it sends without a pause: the others first */
}

static void run(void *arg)
{
    conn *c = arg;
    c10k_buffers *b = NULL; /* while there is something to read or write */
    c10k_http h;

    c10k_enter(&h, c->home->server, c->fd);
    while (!h.close)
        exchange(c, &h, &b);
    c10k_give(&b, &c->home->spare[green_worker()]);
    c10k_leave(&h, c->fd);
    green_io_close(c->io);
    green_send(c->home->ended, &c);
}
/* -- launch -- */
static int make_conn(house *home, int fd)
{
    green_attr attr = {.worker = (int)(home->made % fw_workers(home->trial))};
    conn *c = malloc(sizeof *c);
    int err = c ? 0 : -ENOMEM;

    if (!err) {
        *c = (conn){.home = home, .fd = fd};
        err = green_io_open(&c->io, fd);
    }
    if (!err && (err = green_spawn(&c->thread, &attr, run, c)) != 0)
        green_io_close(c->io);
    else if (err)
        close(fd);
    if (err)
        free(c);
    home->made += err == 0;
    return err;
}

static void accept_all(house *home)
{
    green_io *listener;
    int failed;

    FW_MUST(green_io_open(&listener, dup(home->server->listener)) == 0);
    for (;;) {
        int fd = green_accept(listener, FW_FOREVER);
        if (fd < 0 && !c10k_accept_again(home->server, -fd))
            break;
        if (fd >= 0 && (failed = make_conn(home, fd)) != 0)
            home->err = failed;
    }
    green_io_close(listener);
}
/* -- coordinate -- */
static void reap(void *arg)
{
    house *home = arg;
    uint64_t joined = 0, made = UINT64_MAX; /* until all were */
    conn *c;

    while (joined < made && green_recv(home->ended, &c) == 0) {
        if (!c) {
            made = home->made;
            continue;
        }
        green_join(c->thread);
        free(c);
        joined++;
    }
}

static void launch(void *arg)
{
    house *home = arg;
    conn *last = NULL;
    green *reaper;

    FW_MUST(green_spawn(&reaper, NULL, reap, home) == 0);
    accept_all(home);
    green_send(home->ended, &last);
    green_join(reaper);
}

int c10k_green(fw_trial *t)
{
    green_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    house home = {.trial = t};
    int err = c10k_begin(t, &home.server);

    if (err)
        return err;
    FW_MUST(green_chan_create(&home.ended, sizeof(conn *), FW_UNBOUNDED) == 0);
    err = green_run(&config, launch, &home);
    /* -- finish -- */
    green_chan_destroy(home.ended);
    for (unsigned w = 0; w < fw_workers(t); w++)
        free(home.spare[w]);
    return c10k_finish(t, home.server, err ? "green_run" : "green_spawn", err ? err : home.err);
}
/* -- end -- */
