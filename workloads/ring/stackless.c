/* Ring with stackless tasks: one a node, an unbuffered channel between two neighbours. */
#include <stdlib.h>

#include "fw.h"
#include "spec.h"
#include "stackless/stackless.h"

/* -- unit -- */
typedef struct node {
    future fut;
    const ring_game *game;
    unsigned number, i;
    task_chan *in, *out; /* of ring_token */
    ring_token token;
    task_recv_fut recv;
    task_send_fut send;
    fw_meter *meter; /* node 0's */
    uint64_t start;
} node;

static async_fn(node)
{
    async_begin(node);
    if (self->number == 0) {
        fw_open(self->game->trial);
        self->meter = fw_meter_of(self->game->trial, 0);
        do {
            self->start = fw_now_ns();
            for (self->i = 0; self->i < fw_batch(self->game->trial); self->i++) {
                ring_lap(self->game, &self->token);
                task_send(&self->send, self->out, &self->token);
                async_await(&self->send.fut);
                task_recv(&self->recv, self->in, &self->token);
                async_await(&self->recv.fut);
                if (self->recv.status || ring_hop(self->game, 0, &self->token))
                    fw_fail(self->game->trial, "the token did not come back after one lap");
            }
        } while (fw_meter_record(self->meter, self->start, fw_now_ns(), fw_batch(self->game->trial)));
        ring_last(self->game, &self->token);
        task_send(&self->send, self->out, &self->token);
        async_await(&self->send.fut);
    }
    for (;;) {
        task_recv(&self->recv, self->in, &self->token);
        async_await(&self->recv.fut);
        if (self->recv.status)
            break;
        if (!ring_hop(self->game, self->number, &self->token)) {
            ring_report(self->game, self->number, &self->token);
            break;
        }
        task_send(&self->send, self->out, &self->token);
        async_await(&self->send.fut);
        if (self->send.status)
            break;
    }
    task_chan_close(self->out); /* so the next node ends, and the next */
    async_end;
}
/* -- launch -- */
typedef struct ring {
    future fut;
    ring_game game;
    node *nodes;
    task **units;
    unsigned first; /* nodes first … made it */
    int err;
    task_join_all_fut ends;
} ring;

static async_fn(ring)
{
    async_begin(ring);
    for (self->first = self->game.nodes; self->first > 0; self->first--) { /* node 0, which starts it, last */
        unsigned i = self->first - 1;
        self->err = task_spawn(cx, &self->units[i], (int)(i % fw_workers(self->game.trial)), &self->nodes[i].fut);
        if (self->err)
            break;
    }
    if (self->err && self->first < self->game.nodes)
        task_chan_close(self->nodes[self->first].in);
    /* -- coordinate -- */
    task_join_all(&self->ends, self->units + self->first, self->game.nodes - self->first);
    async_await(&self->ends.fut);
    async_end;
}

int ring_stackless(fw_trial *t)
{
    task_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    ring r = {.game = ring_begin(t)};
    unsigned nodes = r.game.nodes;

    FW_MUST((r.nodes = calloc(nodes, sizeof *r.nodes)) && (r.units = calloc(nodes, sizeof(task *))));
    for (unsigned i = 0; i < nodes; i++) {
        r.nodes[i].game = &r.game;
        r.nodes[i].number = i;
        future_init(&r.nodes[i].fut, node_poll);
        FW_MUST(task_chan_create(&r.nodes[i].in, sizeof(ring_token), 0) == 0);
        r.nodes[i ? i - 1 : nodes - 1].out = r.nodes[i].in;
    }
    future_init(&r.fut, ring_poll);
    int err = task_run(&config, &r.fut);
    /* -- finish -- */
    for (unsigned i = 0; i < nodes; i++)
        task_chan_destroy(r.nodes[i].in);
    free(r.units);
    free(r.nodes);
    if (err)
        return fw_refuse(t, "task_run", -err, "workers", fw_workers(t));
    return r.err ? fw_refuse(t, "task_spawn", -r.err, "tasks", r.first) : 0;
}
/* -- end -- */
