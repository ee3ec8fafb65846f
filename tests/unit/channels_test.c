/* channels_test - threads that meet only in channels: every message arrives once and in order, close wakes everybody
 * and is drained, deadlines, and a select does exactly one case, also when two selects meet. */
#include "channels/channels.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { MESSAGES = 400, CROWD = 3 };

static csp *start(void (*fn)(void *), void *arg)
{
    csp *p;
    FW_MUST(csp_spawn(&p, NULL, fn, arg) == 0);
    return p;
}

static chan *make(size_t bytes, size_t capacity)
{
    chan *c;
    FW_MUST(chan_create(&c, bytes, capacity) == 0);
    return c;
}

/* ---- many to many ------------------------------------------------------- */

typedef struct parcel {
    uint32_t producer, number;
} parcel;

typedef struct side {
    chan *c;
    uint32_t id;
    uint64_t count, sum;
} side;

static void produce(void *arg)
{
    side *s = arg;
    for (uint32_t i = 0; i < MESSAGES; i++)
        FW_MUST(chan_send(s->c, &(parcel){s->id, i}) == 0);
}

static void consume(void *arg)
{
    side *s = arg;
    parcel p;
    uint32_t next[CROWD] = {0};
    while (chan_recv(s->c, &p) == 0) {
        FW_MUST(p.producer < CROWD && p.number >= next[p.producer]); /* in each producer's order */
        next[p.producer] = p.number + 1;
        s->count++;
        s->sum += p.number;
    }
}

static void every_message_arrives_once(size_t capacity)
{
    chan *c = make(sizeof(parcel), capacity);
    side producers[CROWD], consumers[CROWD];
    csp *running[2 * CROWD];
    uint64_t count = 0, sum = 0, before = fw_counter_sum(FW_MESSAGES);
    for (uint32_t i = 0; i < CROWD; i++) {
        producers[i] = consumers[i] = (side){.c = c, .id = i};
        running[i] = start(produce, &producers[i]);
        running[CROWD + i] = start(consume, &consumers[i]);
    }
    for (int i = 0; i < CROWD; i++)
        csp_join(running[i]);
    chan_close(c);
    for (int i = 0; i < CROWD; i++) {
        csp_join(running[CROWD + i]);
        count += consumers[i].count;
        sum += consumers[i].sum;
    }
    FW_MUST(count == CROWD * MESSAGES && sum == (uint64_t)CROWD * MESSAGES * (MESSAGES - 1) / 2);
    FW_MUST(fw_counter_sum(FW_MESSAGES) == before + CROWD * MESSAGES);
    chan_destroy(c);
}

/* ---- close, try, deadline ----------------------------------------------- */

static void closing_drains_then_tells(void)
{
    chan *c = make(sizeof(int), 3);
    int v;
    for (int i = 0; i < 3; i++)
        FW_MUST(chan_try_send(c, &i) == 0);
    FW_MUST(chan_try_send(c, &(int){9}) == -EAGAIN && chan_send_until(c, &(int){9}, fw_now_ns() + 1000) == -ETIMEDOUT);
    FW_MUST(chan_close(c) == 0 && chan_close(c) == -EPIPE);
    FW_MUST(chan_send(c, &(int){9}) == -EPIPE && chan_try_send(c, &(int){9}) == -EPIPE);
    for (int i = 0; i < 3; i++)
        FW_MUST(chan_recv(c, &v) == 0 && v == i);
    FW_MUST(chan_recv(c, &v) == -EPIPE && chan_try_recv(c, &v) == -EPIPE);
    chan_destroy(c);
    c = make(sizeof(int), 0);
    FW_MUST(chan_try_recv(c, &v) == -EAGAIN && chan_recv_until(c, &v, fw_now_ns() + 1000) == -ETIMEDOUT);
    FW_MUST(chan_try_send(c, &v) == -EAGAIN); /* the receiver that gave up waits no more */
    chan_destroy(c);
}

static void unbounded_keeps_the_order_as_it_grows(void)
{
    enum { MESSAGES = 1000 };
    chan *c;
    int v, sent = 0, got = 0;
    FW_MUST(chan_create(&c, sizeof v, FW_UNBOUNDED) == 0);
    while (got < MESSAGES) { /* three in, one out: it grows with its first element anywhere in the ring */
        for (int i = 0; i < 3 && sent < MESSAGES; i++, sent++)
            FW_MUST(chan_try_send(c, &sent) == 0);
        FW_MUST(chan_try_recv(c, &v) == 0 && v == got++);
    }
    chan_destroy(c);
}

static void until_closed(void *arg)
{
    int v;
    FW_MUST(chan_recv(arg, &v) == -EPIPE);
}

static void close_wakes_everybody(void)
{
    chan *c = make(sizeof(int), 0);
    csp *p[CROWD];
    for (int i = 0; i < CROWD; i++)
        p[i] = start(until_closed, c);
    chan_close(c);
    for (int i = 0; i < CROWD; i++)
        csp_join(p[i]);
    chan_destroy(c);
}

/* ---- select ------------------------------------------------------------- */

static void a_select_does_one_ready_case(void)
{
    chan *full = make(sizeof(int), 1), *empty = make(sizeof(int), 0), *has = make(sizeof(int), 1);
    int one = 1, a, b, seen[2] = {0, 0};
    FW_MUST(chan_send(full, &one) == 0);
    chan_case none[] = {{full, true, &one, 9}, {empty, false, &a, 9}};
    FW_MUST(chan_select(none, 2, 0) == -EAGAIN && chan_select(none, 2, fw_now_ns() + 1000) == -ETIMEDOUT);
    FW_MUST(chan_try_send(empty, &one) == -EAGAIN); /* nothing of the select waits there any more */
    chan_case both[] = {{has, true, &one, 9}, {full, false, &b, 9}};
    for (int i = 0; i < 64; i++) { /* one is done, and the same two are ready again */
        int which = chan_select(both, 2, FW_FOREVER);
        FW_MUST(which >= 0 && both[which].status == 0);
        seen[which]++;
        if (which == 0)
            FW_MUST(chan_recv(has, &a) == 0);
        else
            FW_MUST(b == 1 && chan_send(full, &one) == 0);
    }
    FW_MUST(seen[0] && seen[1]); /* 2^-63 that a random order never takes one of them */
    chan_close(empty);
    chan_case closed[] = {{full, true, &one, 9}, {empty, false, &a, 9}};
    FW_MUST(chan_select(closed, 2, FW_FOREVER) == 1 && closed[1].status == -EPIPE);
    chan_destroy(full);
    chan_destroy(empty);
    chan_destroy(has);
}

/* Two threads, each of which offers to send on one channel and to receive on the other: each exchange moves one message
 * one way, and both agree which. */
typedef struct trader {
    chan *out, *in;
    uint64_t sent, received;
} trader;

static void trade(void *arg)
{
    trader *t = arg;
    for (int i = 0; i < MESSAGES; i++) {
        uint64_t offer = 1, got = 0;
        chan_case cases[] = {{t->out, true, &offer, 9}, {t->in, false, &got, 9}};
        int which = chan_select(cases, 2, FW_FOREVER);
        FW_MUST((which == 0 || which == 1) && cases[which].status == 0);
        t->sent += which == 0;
        t->received += got;
    }
}

static void two_selects_meet(void)
{
    chan *a = make(sizeof(uint64_t), 0), *b = make(sizeof(uint64_t), 0);
    trader one = {.out = a, .in = b}, two = {.out = b, .in = a};
    csp *p = start(trade, &one), *q = start(trade, &two);
    csp_join(p);
    csp_join(q);
    FW_MUST(one.sent == two.received && two.sent == one.received && one.sent + one.received == MESSAGES);
    chan_destroy(a);
    chan_destroy(b);
}

typedef struct choir {
    chan *c[CROWD], *done;
} choir;

static void sing(void *arg)
{
    choir *s = arg;
    uint64_t one = 1;
    chan_case cases[CROWD];
    for (int i = 0; i < MESSAGES; i++) {
        for (int k = 0; k < CROWD; k++)
            cases[k] = (chan_case){s->c[k], true, &one, 9};
        int which = chan_select(cases, CROWD, FW_FOREVER);
        FW_MUST(which >= 0 && cases[which].status == 0);
    }
    FW_MUST(chan_send(s->done, &one) == 0);
}

/* Several senders and one receiver select over the same channels; deadlines run out in between. */
static void crowded_selects_lose_nothing(void)
{
    choir s = {.done = make(sizeof(uint64_t), CROWD)};
    csp *p[CROWD];
    uint64_t sum = 0, got[CROWD];
    for (int k = 0; k < CROWD; k++)
        s.c[k] = make(sizeof(uint64_t), (size_t)k % 2);
    for (int k = 0; k < CROWD; k++)
        p[k] = start(sing, &s);
    while (sum < CROWD * MESSAGES) {
        chan_case cases[CROWD];
        for (int k = 0; k < CROWD; k++)
            cases[k] = (chan_case){s.c[k], false, &got[k], 9};
        int which = chan_select(cases, CROWD, fw_now_ns() + 2000);
        if (which >= 0)
            sum += got[which];
        else
            FW_MUST(which == -ETIMEDOUT);
    }
    for (int k = 0; k < CROWD; k++)
        csp_join(p[k]);
    for (int k = 0; k < CROWD; k++) {
        FW_MUST(chan_try_recv(s.c[k], &got[k]) == -EAGAIN); /* none too many */
        chan_destroy(s.c[k]);
    }
    chan_destroy(s.done);
}

static void instruments_count(void)
{
    chan_stats got;
    chan_instrument(true);
    chan *c = make(sizeof(int), 4);
    chan_instrument(false);
    for (int i = 0; i < 3; i++)
        FW_MUST(chan_send(c, &i) == 0);
    chan_stats_get(c, &got);
    FW_MUST(got.messages == 3 && got.depth_max == 3);
    chan_destroy(c);
}

int main(void)
{
    chan *c;
    FW_MUST(chan_create(&c, 0, 1) == -EINVAL && chan_create(&c, 8, SIZE_MAX / 4) == -EINVAL);
    for (size_t capacity = 0; capacity < 4; capacity++)
        every_message_arrives_once(capacity);
    every_message_arrives_once(FW_UNBOUNDED);
    unbounded_keeps_the_order_as_it_grows();
    closing_drains_then_tells();
    close_wakes_everybody();
    a_select_does_one_ready_case();
    two_selects_meet();
    crowded_selects_lose_nothing();
    instruments_count();
    puts("ok: channels");
    return 0;
}
