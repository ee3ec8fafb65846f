/* Ring with green threads: one a node, an unbuffered channel between two neighbours. */
#include <stdlib.h>

#include "fw.h"
#include "green/green.h"
#include "spec.h"

typedef struct node {
    const ring_game *game;
    unsigned number;
    green_chan *in, *out; /* of ring_token */
} node;

typedef struct ring {
    ring_game game;
    node *nodes;
    green **units;
    unsigned first; /* nodes first … made it */
    int err;
} ring;

/* -- unit -- */
static void pass_on(void *arg)
{
    const node *n = arg;
    ring_token token;

    while (green_recv(n->in, &token) == 0) {
        if (!ring_hop(n->game, n->number, &token)) {
            ring_report(n->game, n->number, &token);
            break;
        }
        if (green_send(n->out, &token) != 0)
            break;
    }
    green_chan_close(n->out); /* so the next node ends, and the next */
}

static void lead(void *arg)
{
    const node *n = arg;
    fw_trial *t = n->game->trial;
    ring_token token = {.fold = 0};
    unsigned batch = fw_batch(t);

    fw_open(t);
    fw_meter *meter = fw_meter_of(t, 0);
    uint64_t start;
    do {
        start = fw_now_ns();
        for (unsigned i = 0; i < batch; i++) {
            ring_lap(n->game, &token);
            if (green_send(n->out, &token) != 0 || green_recv(n->in, &token) != 0 || ring_hop(n->game, 0, &token))
                fw_fail(t, "the token did not come back after one lap");
        }
    } while (fw_meter_record(meter, start, fw_now_ns(), batch));
    ring_last(n->game, &token);
    green_send(n->out, &token);
    pass_on(arg);
}
/* -- launch -- */
static void launch(void *arg)
{
    ring *r = arg;
    unsigned nodes = r->game.nodes, workers = fw_workers(r->game.trial);

    for (r->first = nodes; r->first > 0 && !r->err; r->first -= r->err == 0) { /* node 0, which starts it, last */
        unsigned i = r->first - 1;
        green_attr attr = {.worker = (int)(i % workers), .name = "node"};
        r->err = green_spawn(&r->units[i], &attr, i ? pass_on : lead, &r->nodes[i]);
    }
    if (r->err && r->first < nodes)
        green_chan_close(r->nodes[r->first].in);
    /* -- coordinate -- */
    for (unsigned i = r->first; i < nodes; i++)
        green_join(r->units[i]);
}

int ring_green(fw_trial *t)
{
    green_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    ring r = {.game = ring_begin(t)};
    unsigned nodes = r.game.nodes;

    FW_MUST((r.nodes = calloc(nodes, sizeof *r.nodes)) && (r.units = calloc(nodes, sizeof(green *))));
    for (unsigned i = 0; i < nodes; i++) {
        r.nodes[i].game = &r.game;
        r.nodes[i].number = i;
        FW_MUST(green_chan_create(&r.nodes[i].in, sizeof(ring_token), 0) == 0);
        r.nodes[i ? i - 1 : nodes - 1].out = r.nodes[i].in;
    }
    int err = green_run(&config, launch, &r);
    /* -- finish -- */
    for (unsigned i = 0; i < nodes; i++)
        green_chan_destroy(r.nodes[i].in);
    free(r.units);
    free(r.nodes);
    if (err)
        return fw_refuse(t, "green_run", -err, "workers", fw_workers(t));
    return r.err ? fw_refuse(t, "green_spawn", -r.err, "green threads", r.first) : 0;
}
/* -- end -- */
