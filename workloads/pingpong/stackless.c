/* Ping-pong with stackless tasks: client and server are state machines whose frames are
 * members of the match; each await gives the worker back until the channel wakes the task. */
#include <stdlib.h>

#include "fw.h"
#include "spec.h"
#include "stackless/stackless.h"

typedef struct game {
    fw_trial *trial;
    task_chan *request, *answer; /* of uint64_t *: whoever got it owns the message */
    size_t words;
    uint64_t seed;
    int err;
} game;

/* -- unit -- */
typedef struct server {
    future fut;
    game *game;
    uint64_t s, *message;
    task_recv_fut recv;
    task_send_fut send;
} server;

static async_fn(server)
{
    async_begin(server);
    for (self->s = 0;; self->s++) {
        task_recv(&self->recv, self->game->request, &self->message);
        async_await(&self->recv.fut);
        if (self->recv.status)
            break;
        if (!pingpong_answer(self->message, self->game->words, self->game->seed, self->s))
            fw_fail(self->game->trial, "request %llu is wrong", (unsigned long long)self->s);
        task_send(&self->send, self->game->answer, &self->message);
        async_await(&self->send.fut);
    }
    async_end;
}

typedef struct client {
    future fut;
    game *game;
    fw_meter *meter;
    uint64_t s, checksum, start, *message;
    unsigned i, batch;
    task_send_fut send;
    task_recv_fut recv;
} client;

static async_fn(client)
{
    async_begin(client);
    self->message = calloc(self->game->words, 8);
    FW_MUST(self->message);
    self->batch = fw_batch(self->game->trial);
    fw_open(self->game->trial);
    self->meter = fw_meter_of(self->game->trial, 0);
    do {
        self->start = fw_now_ns();
        for (self->i = 0; self->i < self->batch; self->i++, self->s++) {
            pingpong_request(self->message, self->game->words, self->game->seed, self->s);
            task_send(&self->send, self->game->request, &self->message);
            async_await(&self->send.fut);
            task_recv(&self->recv, self->game->answer, &self->message);
            async_await(&self->recv.fut);
            if (!pingpong_check(self->message, self->game->words, self->game->seed, self->s, &self->checksum))
                fw_fail(self->game->trial, "answer %llu is wrong", (unsigned long long)self->s);
        }
    } while (fw_meter_record(self->meter, self->start, fw_now_ns(), self->batch));
    task_chan_close(self->game->request);
    fw_result(self->game->trial, 0, self->checksum);
    free(self->message);
    async_end;
}
/* -- launch -- */
typedef struct match {
    future fut;
    game game;
    server server;
    client client;
    task *units[2];
    task_join_fut join;
} match;

static async_fn(match)
{
    async_begin(match);
    self->server.game = self->client.game = &self->game;
    future_init(&self->server.fut, server_poll);
    future_init(&self->client.fut, client_poll);
    self->game.err = task_spawn(cx, &self->units[1], (int)(1 % fw_workers(self->game.trial)), &self->server.fut);
    if (!self->game.err && (self->game.err = task_spawn(cx, &self->units[0], 0, &self->client.fut)) != 0)
        task_chan_close(self->game.request);
    /* -- coordinate -- */
    if (self->units[0]) {
        task_join(&self->join, self->units[0]);
        async_await(&self->join.fut);
    }
    if (self->units[1]) {
        task_join(&self->join, self->units[1]);
        async_await(&self->join.fut);
    }
    async_end;
}

int pingpong_stackless(fw_trial *t)
{
    match m = {.game = {.trial = t, .words = pingpong_words(t), .seed = fw_seed(t)}};
    task_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    int err = task_chan_create(&m.game.request, sizeof(uint64_t *), 0);

    FW_MUST(err == 0 && task_chan_create(&m.game.answer, sizeof(uint64_t *), 0) == 0);
    future_init(&m.fut, match_poll);
    err = task_run(&config, &m.fut);
    /* -- finish -- */
    task_chan_destroy(m.game.request);
    task_chan_destroy(m.game.answer);
    if (err)
        return fw_refuse(t, "task_run", -err, "workers", fw_workers(t));
    return m.game.err ? fw_refuse(t, "task_spawn", -m.game.err, "tasks", 2) : 0;
}
/* -- end -- */
