/* channels_test - threads that meet only in channels: every message arrives once and in order, close wakes everybody
 * and is drained, deadlines, and a select does exactly one case, also when two selects meet. The same of declared
 * channels, which have no lock. */
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

enum { ANY_USE = -1 };

static chan *make_for(int use, size_t bytes, size_t capacity)
{
    chan *c;
    FW_MUST((use == ANY_USE ? chan_create(&c, bytes, capacity) : chan_create_for(&c, bytes, capacity, (chan_use)use)) ==
            0);
    return c;
}

static chan *make(size_t bytes, size_t capacity)
{
    return make_for(ANY_USE, bytes, capacity);
}

/* ---- many to many ------------------------------------------------------- */

typedef struct parcel {
    uint32_t producer, number;
} parcel;

typedef struct side {
    chan *c;
    uint32_t id;
    uint64_t count, sum, patience_ns; /* 0: waits for good */
} side;

static void produce(void *arg)
{
    side *s = arg;
    for (uint32_t i = 0; i < MESSAGES; i++) {
        int err = -ETIMEDOUT;
        while (err == -ETIMEDOUT)
            err = s->patience_ns ? chan_send_until(s->c, &(parcel){s->id, i}, fw_now_ns() + s->patience_ns)
                                 : chan_send(s->c, &(parcel){s->id, i});
        FW_MUST(err == 0);
    }
}

static int take(side *s, parcel *p)
{
    int err = -ETIMEDOUT;
    while (err == -ETIMEDOUT)
        err = s->patience_ns ? chan_recv_until(s->c, p, fw_now_ns() + s->patience_ns) : chan_recv(s->c, p);
    return err;
}

static void consume(void *arg)
{
    side *s = arg;
    parcel p;
    uint32_t next[CROWD] = {0};
    while (take(s, &p) == 0) {
        FW_MUST(p.producer < CROWD && p.number >= next[p.producer]); /* in each producer's order */
        next[p.producer] = p.number + 1;
        s->count++;
        s->sum += p.number;
    }
}

static void every_message_arrives_once(int use, size_t capacity, uint64_t patience_ns)
{
    uint32_t crowd = use == CHAN_ONE_TO_ONE ? 1 : CROWD;
    chan *c = make_for(use, sizeof(parcel), capacity);
    side producers[CROWD], consumers[CROWD];
    csp *running[2 * CROWD];
    uint64_t count = 0, sum = 0, before = fw_counter_sum(FW_MESSAGES);
    for (uint32_t i = 0; i < crowd; i++) {
        producers[i] = consumers[i] = (side){.c = c, .id = i, .patience_ns = patience_ns};
        running[i] = start(produce, &producers[i]);
        running[crowd + i] = start(consume, &consumers[i]);
    }
    for (uint32_t i = 0; i < crowd; i++)
        csp_join(running[i]);
    chan_close(c);
    for (uint32_t i = 0; i < crowd; i++) {
        csp_join(running[crowd + i]);
        count += consumers[i].count;
        sum += consumers[i].sum;
    }
    FW_MUST(count == crowd * MESSAGES && sum == (uint64_t)crowd * MESSAGES * (MESSAGES - 1) / 2);
    FW_MUST(fw_counter_sum(FW_MESSAGES) == before + crowd * MESSAGES);
    chan_destroy(c);
}

/* ---- close, try, deadline ----------------------------------------------- */

static void closing_drains_then_tells(int use, int capacity)
{
    chan *c = make_for(use, sizeof(int), (size_t)capacity);
    int v;
    for (int i = 0; i < capacity; i++)
        FW_MUST(chan_try_send(c, &i) == 0);
    FW_MUST(chan_try_send(c, &(int){9}) == -EAGAIN && chan_send_until(c, &(int){9}, fw_now_ns() + 1000) == -ETIMEDOUT);
    FW_MUST(chan_close(c) == 0 && chan_close(c) == -EPIPE);
    FW_MUST(chan_send(c, &(int){9}) == -EPIPE && chan_try_send(c, &(int){9}) == -EPIPE);
    for (int i = 0; i < capacity; i++)
        FW_MUST(chan_recv(c, &v) == 0 && v == i);
    FW_MUST(chan_recv(c, &v) == -EPIPE && chan_try_recv(c, &v) == -EPIPE);
    chan_destroy(c);
}

static void a_receiver_that_gave_up_waits_no_more(void)
{
    chan *c = make(sizeof(int), 0);
    int v;
    FW_MUST(chan_try_recv(c, &v) == -EAGAIN && chan_recv_until(c, &v, fw_now_ns() + 1000) == -ETIMEDOUT);
    FW_MUST(chan_try_send(c, &v) == -EAGAIN);
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

static void close_wakes_everybody(int use, size_t capacity)
{
    chan *c = make_for(use, sizeof(int), capacity);
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

/* Two threads that always wait for one another: every message needs a wake. */
static void answer(void *arg)
{
    chan **c = arg;
    uint64_t v;
    while (chan_recv(c[0], &v) == 0)
        FW_MUST(chan_send(c[1], &(uint64_t){v + 1}) == 0);
}

static void to_and_fro(int use)
{
    chan *c[2] = {make_for(use, sizeof(uint64_t), 1), make_for(use, sizeof(uint64_t), 1)};
    csp *p = start(answer, c);
    for (uint64_t i = 0, v; i < MESSAGES; i++)
        FW_MUST(chan_send(c[0], &i) == 0 && chan_recv(c[1], &v) == 0 && v == i + 1);
    chan_close(c[0]);
    csp_join(p);
    chan_destroy(c[0]);
    chan_destroy(c[1]);
}

static void declared_channels_refuse_what_they_cannot(void)
{
    chan *c;
    int v = 0;
    for (int use = CHAN_ONE_TO_ONE; use <= CHAN_MANY_TO_MANY; use++) {
        FW_MUST(chan_create_for(&c, 8, 0, (chan_use)use) == -EINVAL &&
                chan_create_for(&c, 0, 1, (chan_use)use) == -EINVAL);
        FW_MUST(chan_create_for(&c, 8, 3, (chan_use)use) == -EINVAL);
        FW_MUST(chan_create_for(&c, 8, FW_UNBOUNDED, (chan_use)use) == -EINVAL);
        c = make_for(use, sizeof v, 1);
        FW_MUST(chan_select(&(chan_case){c, true, &v, 0}, 1, FW_FOREVER) == -EINVAL);
        chan_destroy(c);
    }
}

/* ---- instruments -------------------------------------------------------- */

static void the_depth_after_each_send_is_counted(int use)
{
    chan_stats got;
    chan_instrument(true);
    chan *c = make_for(use, sizeof(int), 8);
    chan_instrument(false);
    chan_name(c, use == ANY_USE ? "locked" : use == CHAN_ONE_TO_ONE ? "one" : "many");
    for (int i = 0; i < 8; i++)
        FW_MUST(chan_send(c, &i) == 0);
    FW_MUST(chan_try_send(c, &(int){0}) == -EAGAIN);
    chan_stats_get(c, NULL, &got);
    FW_MUST(got.sent == 8 && got.received == 0 && got.send_blocked_ns == 0 && got.recv_blocked_ns == 0);
    FW_MUST(got.depth[0] == 0 && got.depth[1] == 1 && got.depth[2] == 2 && got.depth[3] == 4 && got.depth[4] == 1);
    chan_stats_get(c, "main", &got); /* outside any process */
    FW_MUST(got.sent == 8);
    chan_destroy(c);
}

typedef struct tap {
    chan *c;
    const char *name;
    uint64_t count;
} tap;

static void pour(void *arg)
{
    tap *p = arg;
    csp_name(p->name);
    for (uint64_t i = 0; i < p->count; i++)
        FW_MUST(chan_send(p->c, &i) == 0);
}

static void drink(void *arg)
{
    tap *p = arg;
    uint64_t v;
    csp_name(p->name);
    chan_case cases[] = {{p->c, false, &v, 0}};
    while (chan_select(cases, 1, FW_FOREVER) == 0 && cases[0].status == 0)
        p->count++;
}

static void each_process_has_its_share(void)
{
    enum { SLOW_NS = 20000000 };
    chan_stats got, left, right, all;
    chan_instrument(true);
    chan *c = make(sizeof(uint64_t), 2);
    chan_name(c, "shared");
    tap taps[] = {{c, "left", 100}, {c, "right", 40}, {c, "thirsty", 0}};
    csp *p[] = {start(pour, &taps[0]), start(pour, &taps[1])}, *q;
    uint64_t until = fw_now_ns() + SLOW_NS;
    do /* both find it full meanwhile */
        chan_stats_get(c, NULL, &all);
    while (fw_now_ns() < until || all.sent < 2);
    q = start(drink, &taps[2]);
    chan_instrument(false);
    csp_join(p[0]);
    csp_join(p[1]);
    chan_close(c);
    csp_join(q);
    chan_stats_get(c, "left", &left);
    chan_stats_get(c, "right", &right);
    chan_stats_get(c, "thirsty", &got);
    chan_stats_get(c, NULL, &all);
    FW_MUST(left.sent == 100 && right.sent == 40 && left.received + right.received == 0);
    FW_MUST(got.received == 140 && got.sent == 0 && taps[2].count == 140);
    FW_MUST(all.sent == 140 && all.received == 140);
    FW_MUST(left.send_blocked_ns && right.send_blocked_ns && left.recv_blocked_ns == 0 && got.send_blocked_ns == 0);
    FW_MUST(all.send_blocked_ns == left.send_blocked_ns + right.send_blocked_ns);
    FW_MUST(all.recv_blocked_ns == got.recv_blocked_ns);
    uint64_t sends = 0;
    for (int d = 0; d < CHAN_DEPTHS; d++)
        sends += all.depth[d];
    FW_MUST(sends == 140 && all.depth[3] == 0); /* two fit in */
    chan_destroy(c);
}

static void one_name_is_one_row_and_numbers_begin_again(void)
{
    chan_stats got;
    for (uint64_t round = 1; round <= 2; round++) { /* the second adds to the first */
        chan_instrument(true);
        chan *first = make(sizeof round, 1), *second = make(sizeof round, 1);
        tap other = {second, "process 1", 1};
        csp *p = start(pour, &other);
        chan_instrument(false);
        csp_join(p);
        chan_stats_get(second, "process 1", &got);
        FW_MUST(got.sent == round);
        chan_stats_get(first, NULL, &got);
        FW_MUST(got.sent == 0);
        chan_destroy(first);
        chan_destroy(second);
    }
}

static void uninstrumented_channels_count_nothing(void)
{
    chan_stats got;
    chan *c = make(sizeof(int), 1);
    chan_name(c, "locked");
    FW_MUST(chan_send(c, &(int){1}) == 0);
    chan_stats_get(c, NULL, &got);
    FW_MUST(got.sent == 0 && got.depth[1] == 0);
    chan_destroy(c);
}

int main(void)
{
    chan *c;
    FW_MUST(chan_create(&c, 0, 1) == -EINVAL && chan_create(&c, 8, SIZE_MAX / 4) == -EINVAL);
    enum { IMPATIENT_NS = 3000 };
    for (size_t capacity = 0; capacity < 4; capacity++)
        every_message_arrives_once(ANY_USE, capacity, 0);
    every_message_arrives_once(ANY_USE, FW_UNBOUNDED, 0);
    every_message_arrives_once(ANY_USE, 1, IMPATIENT_NS);
    for (int use = CHAN_ONE_TO_ONE; use <= CHAN_MANY_TO_MANY; use++) {
        for (size_t capacity = 1; capacity <= 64; capacity *= 4)
            every_message_arrives_once(use, capacity, 0);
        every_message_arrives_once(use, 2, IMPATIENT_NS);
        closing_drains_then_tells(use, 4);
        to_and_fro(use);
        the_depth_after_each_send_is_counted(use);
    }
    close_wakes_everybody(CHAN_MANY_TO_MANY, 1);
    declared_channels_refuse_what_they_cannot();
    unbounded_keeps_the_order_as_it_grows();
    closing_drains_then_tells(ANY_USE, 3);
    a_receiver_that_gave_up_waits_no_more();
    close_wakes_everybody(ANY_USE, 0);
    a_select_does_one_ready_case();
    two_selects_meet();
    crowded_selects_lose_nothing();
    the_depth_after_each_send_is_counted(ANY_USE);
    each_process_has_its_share();
    one_name_is_one_row_and_numbers_begin_again();
    uninstrumented_channels_count_nothing();
    puts("ok: channels");
    return 0;
}
