/* locks_test - each kind of lock excludes, the semaphore lets in as many as it says, the barrier holds all back and can
 * be used again, readers share and writers do not, and Dijkstra's buffer loses nothing. */
#include "threads/threads.h"

#include <errno.h>
#include <stdio.h>

enum { CROWD = 4, TURNS = 500 };

static void run_crowd(void (*fn)(void *), void *arg)
{
    thr *t[CROWD];
    for (int i = 0; i < CROWD; i++)
        FW_MUST(thr_spawn(&t[i], NULL, fn, arg) == 0);
    for (int i = 0; i < CROWD; i++)
        FW_MUST(thr_join(t[i]) == 0);
}

/* ---- locks -------------------------------------------------------------- */

typedef struct guarded {
    thr_any_lock lock;
    uint64_t a, b; /* plain: a thread sanitizer sees a lock that does not exclude */
} guarded;

static void add_twice(void *arg)
{
    guarded *g = arg;
    thr_lock_node node;
    for (int i = 0; i < TURNS; i++) {
        thr_any_take(&g->lock, &node);
        g->a++;
        FW_MUST(g->a == g->b + 1);
        g->b++;
        thr_any_release(&g->lock, &node);
    }
}

static void it_excludes(thr_lock_kind kind)
{
    guarded g = {.a = 0};
    thr_any_init(&g.lock, kind);
    run_crowd(add_twice, &g);
    FW_MUST(g.a == CROWD * TURNS && g.b == CROWD * TURNS);
    thr_any_destroy(&g.lock);
}

typedef struct shelf {
    thr_rwlock lock;
    uint64_t a, b;
    _Atomic unsigned threads;
} shelf;

static void read_and_write(void *arg)
{
    shelf *s = arg;
    bool writer = atomic_fetch_add(&s->threads, 1) % 2;
    for (int i = 0; i < TURNS; i++) {
        if (writer) {
            thr_write_lock(&s->lock);
            s->a++;
            s->b++;
        } else {
            thr_read_lock(&s->lock);
            FW_MUST(s->a == s->b);
        }
        thr_rw_unlock(&s->lock);
    }
}

static void readers_see_no_half_write(void)
{
    shelf s = {.a = 0};
    thr_rwlock_init(&s.lock);
    run_crowd(read_and_write, &s);
    FW_MUST(s.a == CROWD / 2 * TURNS);
    thr_read_lock(&s.lock);
    FW_MUST(pthread_rwlock_tryrdlock(&s.lock) == 0); /* two readers at once */
    thr_rw_unlock(&s.lock);
    thr_rw_unlock(&s.lock);
    thr_rwlock_destroy(&s.lock);
}

/* ---- semaphore and barrier ------------------------------------------------ */

typedef struct room {
    thr_sem places;
    _Atomic int inside;
} room;

static void visit(void *arg)
{
    room *r = arg;
    for (int i = 0; i < TURNS; i++) {
        thr_sem_wait(&r->places);
        FW_MUST(atomic_fetch_add(&r->inside, 1) < 2);
        atomic_fetch_sub(&r->inside, 1);
        thr_sem_post(&r->places);
    }
}

static void two_places_let_two_in(void)
{
    room r = {.inside = 0};
    thr_sem_init(&r.places, 2);
    run_crowd(visit, &r);
    thr_sem_wait(&r.places);
    thr_sem_wait(&r.places); /* both are free again */
}

typedef struct march {
    thr_barrier barrier;
    _Atomic unsigned steps, leaders;
} march;

static void walk(void *arg)
{
    march *m = arg;
    for (unsigned i = 1; i <= TURNS; i++) {
        atomic_fetch_add(&m->steps, 1);
        atomic_fetch_add(&m->leaders, thr_barrier_wait(&m->barrier));
        FW_MUST(atomic_load(&m->steps) >= i * CROWD); /* nobody passes before all have come */
        thr_barrier_wait(&m->barrier);
        FW_MUST(atomic_load(&m->leaders) == i);
        thr_barrier_wait(&m->barrier);
    }
}

static void nobody_passes_before_all_came(void)
{
    march m = {.steps = 0};
    thr_barrier_init(&m.barrier, CROWD);
    run_crowd(walk, &m);
}

/* ---- Dijkstra's buffer ---------------------------------------------------- */

typedef struct market {
    thr_buffer *buffer;
    _Atomic uint64_t put, got, sum;
} market;

static void sell(void *arg)
{
    market *m = arg;
    for (int i = 0; i < TURNS; i++) {
        uint64_t v = atomic_fetch_add(&m->put, 1);
        FW_MUST(thr_buffer_put(m->buffer, &v) == 0);
    }
}

static void buy(void *arg)
{
    market *m = arg;
    uint64_t v;
    while (thr_buffer_get(m->buffer, &v) == 0) {
        atomic_fetch_add(&m->sum, v);
        atomic_fetch_add(&m->got, 1);
    }
}

static void every_element_arrives_once(size_t capacity)
{
    enum { ALL = CROWD * TURNS };
    market m = {.put = 0};
    thr *buyers[CROWD];
    FW_MUST(thr_buffer_create(&m.buffer, sizeof(uint64_t), capacity) == 0);
    for (int i = 0; i < CROWD; i++)
        FW_MUST(thr_spawn(&buyers[i], NULL, buy, &m) == 0);
    run_crowd(sell, &m);
    thr_buffer_close(m.buffer);
    for (int i = 0; i < CROWD; i++)
        FW_MUST(thr_join(buyers[i]) == 0);
    FW_MUST(atomic_load(&m.got) == ALL && atomic_load(&m.sum) == (uint64_t)ALL * (ALL - 1) / 2);
    FW_MUST(thr_buffer_put(m.buffer, &(uint64_t){0}) == -EPIPE);
    thr_buffer_destroy(m.buffer);
}

int main(void)
{
    thr_buffer *b;
    for (thr_lock_kind kind = 0; kind < THR_LOCK_KINDS; kind++)
        it_excludes(kind);
    readers_see_no_half_write();
    two_places_let_two_in();
    nobody_passes_before_all_came();
    FW_MUST(thr_buffer_create(&b, 8, 0) == -EINVAL && thr_buffer_create(&b, 0, 1) == -EINVAL);
    FW_MUST(thr_buffer_create(&b, 8, FW_UNBOUNDED) == -EINVAL);
    every_element_arrives_once(1);
    every_element_arrives_once(7);
    puts("ok: locks");
    return 0;
}
