/* Ring with processes: one a node, a pipe between two neighbours. */
#include <stdlib.h>

#include "fw.h"
#include "processes/processes.h"
#include "spec.h"

typedef struct node {
    const ring_game *game;
    unsigned number;
    proc_link *in, *out, *foreign; /* of ring_token; foreign: inherited from the parent, no end of it is used */
} node;

/* -- unit -- */
static int pass_on(void *arg)
{
    const node *n = arg;
    ring_token token;

    while (proc_recv(n->in, &token, sizeof token) == sizeof token) {
        if (!ring_hop(n->game, n->number, &token)) {
            ring_report(n->game, n->number, &token);
            break;
        }
        if (proc_send(n->out, &token, sizeof token) != 0)
            break;
    }
    proc_close(n->out); /* so the next node ends, and the next */
    return 0;
}

static void lead(const node *n)
{
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
            if (proc_send(n->out, &token, sizeof token) != 0 ||
                proc_recv(n->in, &token, sizeof token) != sizeof token || ring_hop(n->game, 0, &token))
                fw_fail(t, "the token did not come back after one lap");
        }
    } while (fw_meter_record(meter, start, fw_now_ns(), batch));
    ring_last(n->game, &token);
    proc_send(n->out, &token, sizeof token);
}

static int run(void *arg)
{
    node *n = arg;

    proc_link_receiver(n->in);
    proc_link_sender(n->out);
    if (n->foreign)
        proc_link_destroy(n->foreign);
    if (n->number == 0)
        lead(n);
    return pass_on(arg);
}
/* -- launch -- */
int ring_processes(fw_trial *t)
{
    ring_game game = ring_begin(t);
    proc_link *closing, *in, *out; /* from the last node into node 0; the two of the node being made */
    unsigned first = game.nodes;
    int err = fw_check_os_units(t, "fork", game.nodes, FW_PROCESS_BYTES);
    if (err)
        return err;
    proc **units = calloc(game.nodes, sizeof *units);

    FW_MUST(units && proc_link_create(&closing, PROC_PIPE, sizeof(ring_token), 0) == 0);
    for (out = closing; first > 0 && !err; out = in) { /* node 0, which starts it, last; two pipes open at a time */
        unsigned i = first - 1;
        in = closing;
        err = i ? proc_link_create(&in, PROC_PIPE, sizeof(ring_token), 0) : 0;
        if (err)
            break;
        node n = {&game, i, in, out, i && out != closing ? closing : NULL};
        err = proc_spawn(&units[i], fw_worker_of(t, i), run, &n);
        first -= err == 0;
        if (out != closing)
            proc_link_destroy(out);
    }
    if (out != closing)
        proc_link_destroy(out); /* it failed: without a sender the nodes that are there end */
    proc_link_destroy(closing);
    /* -- coordinate -- */
    for (unsigned i = first; i < game.nodes; i++) {
        int status = 0;
        if (proc_join(units[i], &status) != 0 || status != 0)
            fw_fail(t, "node %u ended with wait status %d", i, status);
    }
    /* -- finish -- */
    free(units);
    return err ? fw_refuse_units(t, "fork", -err) : 0;
}
/* -- end -- */
