/* Ring with threads: one a node, a bounded buffer for one token (mutex and condition variables) between neighbours. */
#include <stdlib.h>

#include "fw.h"
#include "spec.h"
#include "threads/threads.h"

typedef struct node {
    const ring_game *game;
    unsigned number;
    thr_queue *in, *out; /* of ring_token */
} node;

/* -- unit -- */
static void pass_on(void *arg)
{
    const node *n = arg;
    ring_token token;

    while (thr_queue_get(n->in, &token) == 0) {
        if (!ring_hop(n->game, n->number, &token)) {
            ring_report(n->game, n->number, &token);
            break;
        }
        if (thr_queue_put(n->out, &token) != 0)
            break;
    }
    thr_queue_close(n->out); /* so the next node ends, and the next */
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
            if (thr_queue_put(n->out, &token) != 0 || thr_queue_get(n->in, &token) != 0 || ring_hop(n->game, 0, &token))
                fw_fail(t, "the token did not come back after one lap");
        }
    } while (fw_meter_record(meter, start, fw_now_ns(), batch));
    ring_last(n->game, &token);
    thr_queue_put(n->out, &token);
    pass_on(arg);
}
/* -- launch -- */
int ring_threads(fw_trial *t)
{
    ring_game game = ring_begin(t);
    unsigned first = game.nodes;
    int err = fw_check_os_units(t, "pthread_create", game.nodes, FW_THREAD_BYTES);
    if (err)
        return err;
    node *nodes = calloc(game.nodes, sizeof *nodes);
    thr **units = calloc(game.nodes, sizeof *units);

    FW_MUST(nodes && units);
    for (unsigned i = 0; i < game.nodes; i++) {
        nodes[i].game = &game;
        nodes[i].number = i;
        FW_MUST(thr_queue_create(&nodes[i].in, sizeof(ring_token), 1) == 0);
        nodes[i ? i - 1 : game.nodes - 1].out = nodes[i].in;
    }
    for (; first > 0 && !err; first -= err == 0) /* node 0, which starts it, last */
        err = thr_spawn(&units[first - 1], fw_worker_of(t, first - 1), first > 1 ? pass_on : lead, &nodes[first - 1]);
    if (err && first < game.nodes)
        thr_queue_close(nodes[first].in);
    /* -- coordinate -- */
    for (unsigned i = first; i < game.nodes; i++)
        thr_join(units[i]);
    /* -- finish -- */
    for (unsigned i = 0; i < game.nodes; i++)
        thr_queue_destroy(nodes[i].in);
    free(units);
    free(nodes);
    return err ? fw_refuse_units(t, "pthread_create", -err) : 0;
}
/* -- end -- */
