/* threads_test - the bounded buffer loses and doubles nothing, closes, keeps deadlines; the condition variable loses no
 * signal; spawn and join count, and a spawn that fails leaves nothing. */
#include "threads/threads.h"

#include <errno.h>
#include <stdio.h>

enum { ITEMS = 400, CROWD = 3, TURNS = 300 };

static thr *start(void (*fn)(void *), void *arg)
{
    thr *t;
    FW_MUST(thr_spawn(&t, NULL, fn, arg) == 0);
    return t;
}

/* ---- errors ------------------------------------------------------------- */

static void nothing(void *arg)
{
    (void)arg;
}

/* The linker hands every pthread_create of this program to __wrap_ (--wrap). */
int __real_pthread_create(pthread_t *id, const pthread_attr_t *attr, void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attr, void *(*fn)(void *), void *arg);
static bool no_more_threads;

int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
    return no_more_threads ? EAGAIN : __real_pthread_create(id, attr, fn, arg);
}

static void a_spawn_that_fails_leaves_nothing(void)
{
    thr *t = NULL;
    uint64_t created = fw_counter_sum(FW_CREATED);
    no_more_threads = true;
    int err = thr_spawn(&t, NULL, nothing, NULL);
    no_more_threads = false;
    FW_MUST(err == -EAGAIN && !t && fw_counter_sum(FW_CREATED) == created);
    FW_MUST(fw_live_peak() == 1);
    FW_MUST(thr_join(start(nothing, NULL)) == 0 && fw_live_peak() == 1); /* what failed is not counted as living */
}

typedef struct side {
    thr_queue *q;
    uint64_t count, sum;
} side;

static void produce(void *arg)
{
    side *s = arg;
    for (uint64_t i = 0; i < ITEMS; i++)
        FW_MUST(thr_queue_put(s->q, &i) == 0);
}

static void consume(void *arg)
{
    side *s = arg;
    uint64_t v;
    while (thr_queue_get(s->q, &v) == 0) {
        s->count++;
        s->sum += v;
    }
}

static void every_item_arrives_once(size_t capacity)
{
    thr_queue *q;
    side producers[CROWD], consumers[CROWD];
    thr *t[2 * CROWD];
    uint64_t count = 0, sum = 0, created = fw_counter_sum(FW_CREATED), ended = fw_counter_sum(FW_ENDED);
    FW_MUST(thr_queue_create(&q, sizeof(uint64_t), capacity) == 0);
    for (int i = 0; i < CROWD; i++) {
        producers[i] = consumers[i] = (side){.q = q};
        t[i] = start(produce, &producers[i]);
        t[CROWD + i] = start(consume, &consumers[i]);
    }
    for (int i = 0; i < CROWD; i++)
        FW_MUST(thr_join(t[i]) == 0);
    thr_queue_close(q);
    for (int i = 0; i < CROWD; i++) {
        FW_MUST(thr_join(t[CROWD + i]) == 0);
        count += consumers[i].count;
        sum += consumers[i].sum;
    }
    FW_MUST(count == CROWD * ITEMS && sum == (uint64_t)CROWD * ITEMS * (ITEMS - 1) / 2);
    FW_MUST(fw_counter_sum(FW_CREATED) == created + 2 * CROWD && fw_counter_sum(FW_ENDED) == ended + 2 * CROWD);
    thr_queue_destroy(q);
}

static void closing_drains_then_tells(void)
{
    thr_queue *q;
    int v;
    FW_MUST(thr_queue_create(&q, sizeof(int), 2) == 0);
    FW_MUST(thr_queue_try_get(q, &v) == -EAGAIN && thr_queue_get_until(q, &v, fw_now_ns() + 1000) == -ETIMEDOUT);
    FW_MUST(thr_queue_try_put(q, &(int){1}) == 0 && thr_queue_try_put(q, &(int){2}) == 0);
    FW_MUST(thr_queue_try_put(q, &(int){3}) == -EAGAIN);
    FW_MUST(thr_queue_put_until(q, &(int){3}, fw_now_ns() + 1000) == -ETIMEDOUT);
    thr_queue_close(q);
    FW_MUST(thr_queue_put(q, &(int){3}) == -EPIPE);
    FW_MUST(thr_queue_get(q, &v) == 0 && v == 1 && thr_queue_get(q, &v) == 0 && v == 2);
    FW_MUST(thr_queue_get(q, &v) == -EPIPE);
    thr_queue_destroy(q);
}

static void at_a_rendezvous_nothing_stays(void)
{
    thr_queue *q;
    int v = 0;
    FW_MUST(thr_queue_create(&q, sizeof v, 0) == 0);
    FW_MUST(thr_queue_try_put(q, &(int){1}) == -EAGAIN);
    FW_MUST(thr_queue_put_until(q, &(int){1}, fw_now_ns() + 1000) == -ETIMEDOUT);
    FW_MUST(thr_queue_try_get(q, &v) == -EAGAIN && v == 0); /* it was taken back */
    thr_queue_close(q);
    FW_MUST(thr_queue_put(q, &(int){2}) == -EPIPE && thr_queue_get(q, &v) == -EPIPE);
    thr_queue_destroy(q);
}

static void unbounded_keeps_the_order_as_it_grows(void)
{
    thr_queue *q;
    int v, put = 0, got = 0;
    FW_MUST(thr_queue_create(&q, sizeof v, FW_UNBOUNDED) == 0);
    while (got < ITEMS) { /* three in, one out: it grows with its first element anywhere in the ring */
        for (int i = 0; i < 3 && put < ITEMS; i++, put++)
            FW_MUST(thr_queue_try_put(q, &put) == 0);
        FW_MUST(thr_queue_try_get(q, &v) == 0 && v == got++);
    }
    thr_queue_destroy(q);
}

/* Two threads hand a turn to and fro under one mutex and two conditions: one lost signal and both wait for ever. */
typedef struct game {
    thr_mutex lock;
    thr_cond even, odd;
    unsigned turn;
} game;

static void play_odd(void *arg)
{
    game *g = arg;
    for (unsigned i = 0; i < TURNS; i++) {
        thr_lock(&g->lock);
        while (g->turn % 2 == 0)
            thr_cond_wait(&g->odd, &g->lock);
        g->turn++;
        thr_unlock(&g->lock);
        thr_cond_signal(&g->even);
    }
}

static void no_signal_is_lost(void)
{
    game g = {.turn = 0};
    thr_mutex_init(&g.lock);
    thr_cond_init(&g.even);
    thr_cond_init(&g.odd);
    thr *t = start(play_odd, &g);
    for (unsigned i = 0; i < TURNS; i++) {
        thr_lock(&g.lock);
        while (g.turn % 2)
            FW_MUST(thr_cond_wait(&g.even, &g.lock) == 0);
        g.turn++;
        thr_unlock(&g.lock);
        thr_cond_signal(&g.odd);
    }
    FW_MUST(thr_join(t) == 0 && g.turn == 2 * TURNS);
    thr_lock(&g.lock);
    FW_MUST(thr_cond_wait_until(&g.odd, &g.lock, fw_now_ns() + 1000) == -ETIMEDOUT);
    thr_unlock(&g.lock);
    thr_mutex_destroy(&g.lock);
}

int main(void)
{
    thr_queue *q;
    a_spawn_that_fails_leaves_nothing();
    FW_MUST(thr_queue_create(&q, 0, 1) == -EINVAL && thr_queue_create(&q, 8, SIZE_MAX / 4) == -EINVAL);
    for (size_t capacity = 0; capacity < 4; capacity++)
        every_item_arrives_once(capacity);
    every_item_arrives_once(FW_UNBOUNDED);
    at_a_rendezvous_nothing_stays();
    unbounded_keeps_the_order_as_it_grows();
    closing_drains_then_tells();
    no_signal_is_lost();
    puts("ok: threads");
    return 0;
}
