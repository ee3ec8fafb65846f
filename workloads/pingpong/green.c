/* Ping-pong with green threads: two rendezvous, one each way. A send or a receive that
 * has to wait parks the green thread, and its worker switches to the other one. */
#include <stdlib.h>

#include "fw.h"
#include "green/green.h"
#include "spec.h"

typedef struct game {
    fw_trial *trial;
    green_chan *request, *answer; /* of uint64_t *: whoever got it owns the message */
    int err;
} game;

/* -- unit -- */
static void server(void *arg)
{
    game *g = arg;
    size_t words = pingpong_words(g->trial);
    uint64_t seed = fw_seed(g->trial), *message;

    for (uint64_t s = 0; green_recv(g->request, &message) == 0; s++) {
        if (!pingpong_answer(message, words, seed, s))
            fw_fail(g->trial, "request %llu is wrong", (unsigned long long)s);
        green_send(g->answer, &message);
    }
}

static void client(void *arg)
{
    game *g = arg;
    size_t words = pingpong_words(g->trial);
    uint64_t seed = fw_seed(g->trial), s = 0, checksum = 0, start, *message = calloc(words, 8);
    unsigned batch = fw_batch(g->trial);

    FW_MUST(message);
    fw_open(g->trial);
    fw_meter *meter = fw_meter_of(g->trial, 0);
    do {
        start = fw_now_ns();
        for (unsigned i = 0; i < batch; i++, s++) {
            pingpong_request(message, words, seed, s);
            green_send(g->request, &message);
            green_recv(g->answer, &message);
            if (!pingpong_check(message, words, seed, s, &checksum))
                fw_fail(g->trial, "answer %llu is wrong", (unsigned long long)s);
        }
    } while (fw_meter_record(meter, start, fw_now_ns(), batch));
    green_chan_close(g->request);
    fw_result(g->trial, 0, checksum);
    free(message);
}
/* -- launch -- */
static void play(void *arg)
{
    game *g = arg;
    unsigned workers = fw_workers(g->trial);
    green_attr serving = {.worker = (int)(1 % workers), .name = "server"}, asking = {.worker = 0, .name = "client"};
    green *units[2] = {NULL, NULL};

    if ((g->err = green_spawn(&units[1], &serving, server, g)) == 0 &&
        (g->err = green_spawn(&units[0], &asking, client, g)) != 0)
        green_chan_close(g->request);
    /* -- coordinate -- */
    for (int u = 0; u < 2; u++)
        if (units[u])
            green_join(units[u]);
}

int pingpong_green(fw_trial *t)
{
    game g = {.trial = t};
    green_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    int err = green_chan_create(&g.request, sizeof(uint64_t *), 0);

    FW_MUST(err == 0 && green_chan_create(&g.answer, sizeof(uint64_t *), 0) == 0);
    err = green_run(&config, play, &g);
    /* -- finish -- */
    green_chan_destroy(g.request);
    green_chan_destroy(g.answer);
    if (err)
        return fw_refuse(t, "green_run", -err, "workers", fw_workers(t));
    return g.err ? fw_refuse(t, "green_spawn", -g.err, "green threads", 2) : 0;
}
/* -- end -- */
