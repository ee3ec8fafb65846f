/* Ping-pong with processes: client and server are forked, a pipe goes each way, and
 * every message is copied into the kernel and out of it. The other transports
 * (processes-socketpair.c, processes-ring.c) are this cell over another link. */
#include <stdlib.h>

#include "fw.h"
#include "processes/processes.h"
#include "spec.h"

typedef struct game {
    fw_trial *trial;
    proc_link *request, *answer;
    size_t bytes;
} game;

int pingpong_processes_over(fw_trial *t, proc_transport transport);

/* -- unit -- */
static int server(void *arg)
{
    game *g = arg;
    uint64_t seed = fw_seed(g->trial), *message = malloc(g->bytes);

    FW_MUST(message);
    proc_link_receiver(g->request);
    proc_link_sender(g->answer);
    for (uint64_t s = 0; proc_recv(g->request, message, g->bytes) == (int64_t)g->bytes; s++) {
        if (!pingpong_answer(message, g->bytes / 8, seed, s))
            fw_fail(g->trial, "request %llu is wrong", (unsigned long long)s);
        if (proc_send(g->answer, message, g->bytes) != 0)
            return 1;
    }
    proc_close(g->answer);
    return 0;
}

static int client(void *arg)
{
    game *g = arg;
    uint64_t seed = fw_seed(g->trial), s = 0, checksum = 0, start, *message = malloc(g->bytes);
    unsigned batch = fw_batch(g->trial);

    FW_MUST(message);
    proc_link_sender(g->request);
    proc_link_receiver(g->answer);
    fw_open(g->trial);
    fw_meter *meter = fw_meter_of(g->trial, 0);
    do {
        start = fw_now_ns();
        for (unsigned i = 0; i < batch; i++, s++) {
            pingpong_request(message, g->bytes / 8, seed, s);
            if (proc_send(g->request, message, g->bytes) != 0 ||
                proc_recv(g->answer, message, g->bytes) != (int64_t)g->bytes)
                return fw_fail(g->trial, "the server is gone at %llu", (unsigned long long)s), 1;
            if (!pingpong_check(message, g->bytes / 8, seed, s, &checksum))
                fw_fail(g->trial, "answer %llu is wrong", (unsigned long long)s);
        }
    } while (fw_meter_record(meter, start, fw_now_ns(), batch));
    proc_close(g->request);
    fw_result(g->trial, 0, checksum);
    return 0;
}
/* -- launch -- */
int pingpong_processes_over(fw_trial *t, proc_transport transport)
{
    game g = {.trial = t, .bytes = pingpong_words(t) * 8};
    proc *units[2] = {NULL, NULL};
    int err = proc_link_create(&g.request, transport, g.bytes, 0);

    FW_MUST(err == 0 && proc_link_create(&g.answer, transport, g.bytes, 0) == 0);
    if ((err = proc_spawn(&units[1], fw_worker_of(t, 1), server, &g)) == 0)
        err = proc_spawn(&units[0], fw_worker_of(t, 0), client, &g);
    /* -- coordinate -- */
    proc_link_destroy(g.request); /* the parent holds no end: a child's death is seen by the other */
    proc_link_destroy(g.answer);
    for (int u = 0; u < 2; u++) {
        int status = 0;
        if (units[u] && (proc_join(units[u], &status) != 0 || status != 0))
            fw_fail(t, "the %s ended with wait status %d", u ? "server" : "client", status);
    }
    /* -- finish -- */
    return err ? fw_refuse(t, "fork", -err, "processes", 2) : 0;
}
/* -- end -- */

int pingpong_processes_pipe(fw_trial *t)
{
    return pingpong_processes_over(t, PROC_PIPE);
}
