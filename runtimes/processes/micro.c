/* micro.c - what a process, and a round trip over each transport, costs. */
#include "gbench.h"
#include "processes.h"

typedef struct wire {
    proc_link *there, *back;
} wire;

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void spawn_join(fw_bench *b, void *context)
{
    proc *p;
    (void)context;
    while (fw_bench_keep_running(b, 1))
        FW_MUST(proc_spawn(&p, NULL, nothing, NULL) == 0 && proc_join(p, NULL) == 0);
}

static int echo(void *arg)
{
    wire *w = arg;
    uint64_t v;
    proc_link_receiver(w->there);
    proc_link_sender(w->back);
    while (proc_recv(w->there, &v, sizeof v) == (int64_t)sizeof v)
        FW_MUST(proc_send(w->back, &v, sizeof v) == 0);
    return 0;
}

static void round_trip(fw_bench *b, void *context)
{
    proc_transport kind = *(proc_transport *)context;
    wire w;
    proc *p;
    uint64_t v = 0;
    FW_MUST(proc_link_create(&w.there, kind, 64, 4096) == 0 && proc_link_create(&w.back, kind, 64, 4096) == 0);
    FW_MUST(proc_spawn(&p, NULL, echo, &w) == 0);
    proc_link_sender(w.there);
    proc_link_receiver(w.back);
    while (fw_bench_keep_running(b, 1))
        FW_MUST(proc_send(w.there, &v, sizeof v) == 0 && proc_recv(w.back, &v, sizeof v) == (int64_t)sizeof v);
    proc_close(w.there);
    FW_MUST(proc_join(p, NULL) == 0);
    proc_link_destroy(w.there);
    proc_link_destroy(w.back);
}

void processes_micro_register(void)
{
    static proc_transport kinds[] = {PROC_PIPE, PROC_SOCKETPAIR, PROC_RING};
    fw_bench_register("processes/spawn_join", spawn_join, NULL);
    fw_bench_register("processes/pipe_round_trip", round_trip, &kinds[0]);
    fw_bench_register("processes/socketpair_round_trip", round_trip, &kinds[1]);
    fw_bench_register("processes/ring_round_trip", round_trip, &kinds[2]);
}
