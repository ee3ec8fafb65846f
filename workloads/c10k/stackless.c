/* c10k with stackless tasks: one for each connection. An idle one keeps its frame alone: it waits without a buffer. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "fw.h"
#include "spec.h"
#include "stackless/stackless.h"

typedef struct conn {
    future fut;
    struct door *home;
    task *task;
    task_io *io;
    int fd;
    c10k_buffers *buffers; /* while there is something to read or write */
    int64_t n, at;         /* bytes of the input, and how many were fed */
    c10k_http http;
    task_io_fut wait;
    task_yield_fut yield;
} conn;

typedef struct door {
    future fut;
    fw_trial *trial;
    c10k_server *server;
    c10k_buffers *spare[FW_MAX_WORKERS]; /* one a worker, or NULL; for who reads next */
    task_chan *ended;                    /* of conn * */
    conn *last;                          /* that ended */
    task_io *listener;
    task_io_fut accept;
    task_recv_fut hear;
    task_select2_fut either;
    task_join_fut join;
    uint64_t made, joined;
    bool closed;
    int err;
} door;

/* -- unit -- */
static void read_some(conn *c, task_cx *cx)
{
    c10k_take(&c->buffers, &c->home->spare[task_worker(cx)]);
    c->at = 0;
    c->n = task_try_read(cx, c->io, c->buffers->in, sizeof c->buffers->in);
    if (c->n == -EAGAIN) {
        c10k_give(&c->buffers, &c->home->spare[task_worker(cx)]);
        task_readable(&c->wait, c->io, c->http.deadline_ns);
    }
}

static void answer(conn *c, task_cx *cx)
{
    uint64_t now = fw_now_ns();

    c10k_take(&c->buffers, &c->home->spare[task_worker(cx)]);
    if (c->n < 0)
        c10k_late(&c->http, &c->buffers->out);
    else
        c->at += (int64_t)c10k_feed(&c->http, c->buffers->in + c->at, (size_t)(c->n - c->at), &c->buffers->out, now);
    task_write(&c->wait, c->io, c->buffers->out.data, c->buffers->out.bytes, now + c->home->server->request_ns);
    task_yield(&c->yield); /* awaited by who sends without a pause */
}

static async_fn(conn)
{
    async_begin(conn);
    c10k_enter(&self->http, self->home->server, self->fd);
    while (!self->http.close) {
        read_some(self, cx);
        if (self->n == -EAGAIN) {
            async_await(&self->wait.fut);
            if ((self->n = self->wait.result) == 0)
                continue;
        }
        do {
            answer(self, cx);
            async_await(&self->wait.fut);
            self->http.close |= self->wait.result < 0;
        } while (!self->http.close && self->at < self->n);
        if (self->n == sizeof self->buffers->in) /* the others first */
            async_await(&self->yield.fut);
    }
    c10k_give(&self->buffers, &self->home->spare[task_worker(cx)]);
    c10k_leave(&self->http, self->fd);
    task_io_close(self->io);
    FW_MUST(task_try_send(cx, self->home->ended, &(conn *){self}) == 0);
    async_end;
}
/* -- launch -- */
static void accepted(door *d, task_cx *cx, int fd)
{
    conn *c = malloc(sizeof *c);
    int worker = (int)(d->made % fw_workers(d->trial)), err;

    FW_MUST(c);
    *c = (conn){.fut.poll = conn_poll, .home = d, .fd = fd};
    if ((err = task_io_open(cx, &c->io, fd)) != 0)
        close(fd);
    else if ((err = task_spawn(cx, &c->task, worker, &c->fut)) != 0)
        task_io_close(c->io);
    d->made += err == 0;
    d->err = err ? err : d->err;
    free(err ? c : NULL);
}
/* -- coordinate -- */
static async_fn(door)
{
    async_begin(door);
    FW_MUST(task_io_open(cx, &self->listener, dup(self->server->listener)) == 0);
    task_accept(&self->accept, self->listener, FW_FOREVER);
    task_recv(&self->hear, self->ended, &self->last);
    while (!self->closed || self->joined < self->made) {
        task_select2(&self->either, self->closed ? &self->hear.fut : &self->accept.fut, &self->hear.fut);
        async_await(&self->either.fut);
        if (!self->closed && self->either.which == 0) {
            self->closed = self->accept.result < 0 && !c10k_accept_again(self->server, (int)-self->accept.result);
            if (self->accept.result >= 0)
                accepted(self, cx, (int)self->accept.result);
            task_accept(&self->accept, self->listener, FW_FOREVER);
            continue;
        }
        task_join(&self->join, self->last->task);
        async_await(&self->join.fut);
        free(self->last);
        self->joined++;
        task_recv(&self->hear, self->ended, &self->last);
    }
    task_chan_drop(&self->hear);
    task_io_close(self->listener);
    async_end;
}

int c10k_stackless(fw_trial *t)
{
    task_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    door d = {.fut.poll = door_poll, .trial = t};
    int err = c10k_begin(t, &d.server);

    if (err)
        return err;
    FW_MUST(task_chan_create(&d.ended, sizeof(conn *), FW_UNBOUNDED) == 0);
    err = task_run(&config, &d.fut);
    /* -- finish -- */
    task_chan_destroy(d.ended);
    for (unsigned w = 0; w < fw_workers(t); w++)
        free(d.spare[w]);
    return c10k_finish(t, d.server, err ? "task_run" : "task_spawn", err ? err : d.err);
}
/* -- end -- */
