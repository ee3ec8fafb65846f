/* Ping-pong with channels: two rendezvous, one each way. Whoever received the pointer
 * owns the message; the sender does not touch it again. */
#include <stdlib.h>

#include "channels/channels.h"
#include "fw.h"
#include "spec.h"

typedef struct game {
    fw_trial *trial;
    chan *request, *answer; /* of uint64_t *: whoever got it owns the message */
} game;

int pingpong_channels_over(fw_trial *t, int (*make)(chan **out));

/* -- unit -- */
static void server(void *arg)
{
    game *g = arg;
    size_t words = pingpong_words(g->trial);
    uint64_t seed = fw_seed(g->trial), *message;

    for (uint64_t s = 0; chan_recv(g->request, &message) == 0; s++) {
        if (!pingpong_answer(message, words, seed, s))
            fw_fail(g->trial, "request %llu is wrong", (unsigned long long)s);
        chan_send(g->answer, &message);
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
            chan_send(g->request, &message);
            chan_recv(g->answer, &message);
            if (!pingpong_check(message, words, seed, s, &checksum))
                fw_fail(g->trial, "answer %llu is wrong", (unsigned long long)s);
        }
    } while (fw_meter_record(meter, start, fw_now_ns(), batch));
    chan_close(g->request);
    fw_result(g->trial, 0, checksum);
    free(message);
}
/* -- launch -- */
int pingpong_channels_over(fw_trial *t, int (*make)(chan **out))
{
    game g = {.trial = t};
    csp *units[2] = {NULL, NULL};
    int err = make(&g.request);

    FW_MUST(err == 0 && make(&g.answer) == 0);
    if ((err = csp_spawn(&units[1], fw_worker_of(t, 1), server, &g)) != 0)
        return fw_refuse(t, "pthread_create", -err, "threads", 1);
    if ((err = csp_spawn(&units[0], fw_worker_of(t, 0), client, &g)) != 0)
        chan_close(g.request);
    /* -- coordinate -- */
    for (int u = 0; u < 2; u++)
        if (units[u])
            csp_join(units[u]);
    /* -- finish -- */
    chan_destroy(g.request);
    chan_destroy(g.answer);
    return err ? fw_refuse(t, "pthread_create", -err, "threads", 2) : 0;
}
/* -- end -- */

static int rendezvous(chan **out)
{
    return chan_create(out, sizeof(uint64_t *), 0);
}

int pingpong_channels(fw_trial *t)
{
    return pingpong_channels_over(t, rendezvous);
}
