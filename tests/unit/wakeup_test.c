/* wakeup_test - no wake-up is lost: parkers, the futex condition variable, the bounded
 * buffer, channels and the ring between processes, each as a ping-pong in which a
 * lost wake-up is a hang (the test runner's limit ends it). Quick, to be repeated a thousand times. */
#include <stdio.h>
#include <string.h>

#include "channels/channels.h"
#include "core/park.h"
#include "processes/processes.h"
#include "threads/threads.h"

enum { TURNS = 200 };

static parker ping, pong;

static void parked(void *unused)
{
    (void)unused;
    for (int i = 0; i < TURNS; i++) {
        park_wait(&ping, FW_FOREVER);
        park_wake(&pong);
    }
}

static void a_permit_is_kept_until_it_is_taken(void)
{
    thr *other;
    park_init(&ping, false);
    park_init(&pong, false);
    park_wake(&ping); /* before anybody waits */
    FW_MUST(park_wait(&ping, FW_FOREVER) == 0);
    FW_MUST(park_wait(&ping, fw_now_ns() + 1000) == -110);
    FW_MUST(thr_spawn(&other, NULL, parked, NULL) == 0);
    for (int i = 0; i < TURNS; i++) {
        park_wake(&ping);
        FW_MUST(park_wait(&pong, FW_FOREVER) == 0);
    }
    thr_join(other);
}

typedef struct pair {
    thr_queue *there, *back;
    chan *c_there, *c_back;
    proc_link *l_there, *l_back;
} pair;

static void queue_echo(void *arg)
{
    pair *p = arg;
    int value;
    while (thr_queue_get(p->there, &value) == 0)
        FW_MUST(thr_queue_put(p->back, &value) == 0);
    thr_queue_close(p->back);
}

static void a_bounded_buffer_wakes_both_sides(void)
{
    pair p = {0};
    thr *other;
    int got;
    FW_MUST(thr_queue_create(&p.there, sizeof(int), 1) == 0 && thr_queue_create(&p.back, sizeof(int), 1) == 0);
    FW_MUST(thr_spawn(&other, NULL, queue_echo, &p) == 0);
    for (int i = 0; i < TURNS; i++) {
        FW_MUST(thr_queue_put(p.there, &i) == 0);
        FW_MUST(thr_queue_get(p.back, &got) == 0 && got == i);
    }
    thr_queue_close(p.there); /* wakes the other side out of its wait */
    thr_join(other);
    FW_MUST(thr_queue_get(p.back, &got) == -32);
    thr_queue_destroy(p.there);
    thr_queue_destroy(p.back);
}

static void chan_echo(void *arg)
{
    pair *p = arg;
    int value;
    while (chan_recv(p->c_there, &value) == 0)
        FW_MUST(chan_send(p->c_back, &value) == 0);
    chan_close(p->c_back);
}

static void a_channel_wakes_both_sides(size_t capacity)
{
    pair p = {0};
    csp *other;
    int got;
    FW_MUST(chan_create(&p.c_there, sizeof(int), capacity) == 0 && chan_create(&p.c_back, sizeof(int), capacity) == 0);
    FW_MUST(csp_spawn(&other, NULL, chan_echo, &p) == 0);
    for (int i = 0; i < TURNS; i++) {
        FW_MUST(chan_send(p.c_there, &i) == 0);
        FW_MUST(chan_recv(p.c_back, &got) == 0 && got == i);
    }
    FW_MUST(chan_recv_until(p.c_back, &got, fw_now_ns() + 1000) == -110);
    chan_close(p.c_there);
    csp_join(other);
    FW_MUST(chan_recv(p.c_back, &got) == -32);
    chan_destroy(p.c_there);
    chan_destroy(p.c_back);
}

static int link_echo(void *arg)
{
    pair *p = arg;
    int value;
    proc_link_receiver(p->l_there);
    proc_link_sender(p->l_back);
    while (proc_recv(p->l_there, &value, sizeof value) == (int64_t)sizeof value)
        FW_MUST(proc_send(p->l_back, &value, sizeof value) == 0);
    proc_link_destroy(p->l_there);
    proc_link_destroy(p->l_back);
    return 0;
}

static void a_link_wakes_both_sides(proc_transport transport)
{
    pair p = {0};
    proc *other;
    int got, status;
    FW_MUST(proc_link_create(&p.l_there, transport, sizeof(int), 0) == 0);
    FW_MUST(proc_link_create(&p.l_back, transport, sizeof(int), 0) == 0);
    FW_MUST(proc_spawn(&other, NULL, link_echo, &p) == 0);
    proc_link_sender(p.l_there);
    proc_link_receiver(p.l_back);
    for (int i = 0; i < TURNS; i++) {
        FW_MUST(proc_send(p.l_there, &i, sizeof i) == 0);
        FW_MUST(proc_recv(p.l_back, &got, sizeof got) == (int64_t)sizeof got && got == i);
    }
    proc_close(p.l_there);
    FW_MUST(proc_recv(p.l_back, &got, sizeof got) == -32);
    FW_MUST(proc_join(other, &status) == 0 && status == 0);
    proc_link_destroy(p.l_there);
    proc_link_destroy(p.l_back);
}

int main(void)
{
    /* Processes first: no fork once threads have been. */
    a_link_wakes_both_sides(PROC_PIPE);
    a_link_wakes_both_sides(PROC_SOCKETPAIR);
    a_link_wakes_both_sides(PROC_RING);
    a_permit_is_kept_until_it_is_taken();
    a_bounded_buffer_wakes_both_sides();
    a_channel_wakes_both_sides(0);
    a_channel_wakes_both_sides(1);
    a_channel_wakes_both_sides(128);
    puts("ok: no wake-up was lost");
    return 0;
}
