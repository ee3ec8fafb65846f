/* micro.c - what a channel costs alone, in a select, and between two threads. */
#include "channels.h"
#include "gbench.h"

/* A channel of 8-byte elements: any use, or a declared one. */
typedef struct flavour {
    bool declared;
    chan_use use;
    size_t capacity;
} flavour;

static chan *make(const flavour *f)
{
    chan *c;
    FW_MUST((f->declared ? chan_create_for(&c, sizeof(uint64_t), f->capacity, f->use)
                         : chan_create(&c, sizeof(uint64_t), f->capacity)) == 0);
    return c;
}

static void send_recv(fw_bench *b, void *context)
{
    enum { BATCH = 64 };
    chan *c = make(context);
    uint64_t v = 0;
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

static void drain(void *c)
{
    uint64_t v;
    while (chan_recv(c, &v) == 0)
        ;
}

/* To another thread, as fast as it takes them. */
static void stream(fw_bench *b, void *context)
{
    enum { BATCH = 1024 };
    chan *c = make(context);
    csp *p;
    FW_MUST(csp_spawn(&p, NULL, drain, c) == 0);
    while (fw_bench_keep_running(b, BATCH))
        for (uint64_t i = 0; i < BATCH; i++)
            FW_MUST(chan_send(c, &i) == 0);
    chan_close(c);
    FW_MUST(csp_join(p) == 0);
    chan_destroy(c);
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
    wire w = {.there = make(context), .back = make(context)};
    csp *p;
    uint64_t v = 0;
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
    static const flavour rendezvous = {.capacity = 0}, one = {.capacity = 1}, some = {.capacity = 128},
                         one_to_one = {true, CHAN_ONE_TO_ONE, 128}, many = {true, CHAN_MANY_TO_MANY, 128},
                         slot = {true, CHAN_ONE_TO_ONE, 1};
    fw_bench_register("channels/send_recv_uncontended", send_recv, (void *)&one);
    fw_bench_register("channels/send_recv_uncontended/one_to_one", send_recv, (void *)&one_to_one);
    fw_bench_register("channels/send_recv_uncontended/many_to_many", send_recv, (void *)&many);
    fw_bench_register("channels/select_of_two", select_of_two, NULL);
    fw_bench_register("channels/rendezvous_round_trip", round_trip, (void *)&rendezvous);
    fw_bench_register("channels/one_to_one_round_trip", round_trip, (void *)&slot);
    fw_bench_register("channels/stream_of_128", stream, (void *)&some);
    fw_bench_register("channels/stream_of_128/one_to_one", stream, (void *)&one_to_one);
    fw_bench_register("channels/stream_of_128/many_to_many", stream, (void *)&many);
}
