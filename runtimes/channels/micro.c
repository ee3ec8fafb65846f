/* micro.c - what a channel costs alone, in a select, and between two threads. */
#include "channels.h"
#include "gbench.h"

static void send_recv(fw_bench *b, void *context)
{
    enum { BATCH = 64 };
    chan *c;
    uint64_t v = 0;
    (void)context;
    FW_MUST(chan_create(&c, sizeof v, 1) == 0);
    while (fw_bench_keep_running(b, BATCH))
        for (int i = 0; i < BATCH; i++)
            FW_MUST(chan_send(c, &v) == 0 && chan_recv(c, &v) == 0);
    chan_destroy(c);
}

static void select_of_two(fw_bench *b, void *context)
{
    chan *c[2];
    uint64_t v = 0;
    (void)context;
    for (int i = 0; i < 2; i++)
        FW_MUST(chan_create(&c[i], sizeof v, 1) == 0);
    while (fw_bench_keep_running(b, 1)) { /* one of two free places, then it is emptied */
        chan_case cases[] = {{c[0], true, &v, 0}, {c[1], true, &v, 0}};
        FW_MUST(chan_recv(c[chan_select(cases, 2, FW_FOREVER)], &v) == 0);
    }
    for (int i = 0; i < 2; i++)
        chan_destroy(c[i]);
}

typedef struct wire {
    chan *there, *back;
} wire;

static void echo(void *arg)
{
    wire *w = arg;
    uint64_t v;
    while (chan_recv(w->there, &v) == 0)
        FW_MUST(chan_send(w->back, &v) == 0);
}

static void round_trip(fw_bench *b, void *context)
{
    wire w;
    csp *p;
    uint64_t v = 0;
    (void)context;
    FW_MUST(chan_create(&w.there, sizeof v, 0) == 0 && chan_create(&w.back, sizeof v, 0) == 0);
    FW_MUST(csp_spawn(&p, NULL, echo, &w) == 0);
    while (fw_bench_keep_running(b, 1))
        FW_MUST(chan_send(w.there, &v) == 0 && chan_recv(w.back, &v) == 0);
    chan_close(w.there);
    FW_MUST(csp_join(p) == 0);
    chan_destroy(w.there);
    chan_destroy(w.back);
}

void channels_micro_register(void)
{
    fw_bench_register("channels/send_recv_uncontended", send_recv, NULL);
    fw_bench_register("channels/select_of_two", select_of_two, NULL);
    fw_bench_register("channels/rendezvous_round_trip", round_trip, NULL);
}
