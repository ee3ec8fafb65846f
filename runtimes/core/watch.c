/* watch.c - see watch.h. */
#include "watch.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "park.h"

enum { MOST_HOGS = 16 };
#define LOOK_NS UINT64_C(4000000)
#define LONG_NS UINT64_C(10000000)

typedef struct seen {                    /* of one worker, between two looks */
    uint64_t turns, since_ns, queued_ns; /* queued_ns: what worker_queued_ns said at since_ns */
    bool booked;
    const char *_Atomic name; /* the answer to the signal: of the unit that runs */
} seen;

struct watch {
    pool *pool;
    const char *(*unit_name)(const worker *w);
    _Atomic bool stop;
    parker sleeper;
    pthread_t thread;
    seen worker[];
};

/* Kept from pool to pool, until the report. One watch at a time writes. */
static struct hog {
    const char *name;
    uint64_t times, longest_ns;
} hogs[MOST_HOGS];
static bool wanted;
static watch *_Atomic asking; /* whose signals these are */

void core_watch_units(bool on)
{
    wanted = on;
}

static void on_asked(int number)
{
    watch *w = atomic_load(&asking);
    worker *by = worker_here();
    int err = errno;

    (void)number;
    if (w && by && by->pool == w->pool)
        atomic_store_explicit(&w->worker[by->index].name, w->unit_name(by), memory_order_release); /* pairs with look */
    errno = err;
}

static void book(const char *name, unsigned index, uint64_t ns, bool anew)
{
    for (int i = 0; i < MOST_HOGS; i++) {
        struct hog *h = &hogs[i];
        if (h->name && strcmp(h->name, name) != 0)
            continue;
        if (!h->name)
            fprintf(stderr, "watchdog: unit '%s' has kept worker %u for %.0f ms\n", name, index, (double)ns / 1e6);
        h->name = name;
        h->times += anew;
        h->longest_ns = ns > h->longest_ns ? ns : h->longest_ns;
        return;
    }
}

/* For how long worker `index` has been in one unit, without the time that the kernel kept it waiting for a CPU. */
static uint64_t kept_ns(const watch *w, unsigned index, uint64_t now)
{
    const seen *s = &w->worker[index];
    uint64_t wall = now - s->since_ns, queued = worker_queued_ns(w->pool, index) - s->queued_ns;

    return wall > queued ? wall - queued : 0;
}

/* A worker that has been in one unit for LONG_NS is asked for its name; the answer is there at the next look. */
static void look(watch *w, unsigned index)
{
    seen *s = &w->worker[index];
    const fw_slot *slot = pool_worker(w->pool, index)->slot;
    uint64_t now = fw_now_ns(), turns = 0;

    for (fw_counter c = 0; c < FW_COUNTERS; c++)
        if (c == FW_SWITCHES || c == FW_POLLS || c == FW_PARKS)
            turns += atomic_load_explicit(&slot->n[c], memory_order_relaxed);
    const char *name = atomic_exchange_explicit(&s->name, NULL, memory_order_acquire); /* with the signal's handler */
    uint64_t kept = kept_ns(w, index, now);
    if (name && kept >= LONG_NS) { /* when it was asked, it may have waited for a CPU, which shows only now */
        book(name, index, kept, !s->booked);
        s->booked = true;
    }
    if (turns != s->turns || worker_sleeps(w->pool, index)) {
        s->turns = turns;
        s->since_ns = now;
        s->queued_ns = worker_queued_ns(w->pool, index);
        s->booked = false;
    } else if (kept >= LONG_NS) {
        worker_signal(w->pool, index, SIGURG);
    }
}

static void *watch_main(void *arg)
{
    watch *w = arg;

    while (!atomic_load(&w->stop)) {
        park_wait(&w->sleeper, fw_now_ns() + LOOK_NS);
        for (unsigned i = 0; i < pool_size(w->pool) && !atomic_load(&w->stop); i++)
            look(w, i);
    }
    return NULL;
}

watch *watch_start(pool *p, const char *(*unit_name)(const worker *w))
{
    struct sigaction ask = {.sa_handler = on_asked, .sa_flags = SA_RESTART};
    watch *w = wanted && unit_name ? calloc(1, sizeof *w + pool_size(p) * sizeof w->worker[0]) : NULL;

    if (!w)
        return NULL;
    w->pool = p;
    w->unit_name = unit_name;
    for (unsigned i = 0; i < pool_size(p); i++)
        w->worker[i].since_ns = fw_now_ns();
    park_init(&w->sleeper, false);
    atomic_store(&asking, w);
    FW_MUST(sigaction(SIGURG, &ask, NULL) == 0);
    FW_MUST(pthread_create(&w->thread, NULL, watch_main, w) == 0);
    return w;
}

void watch_stop(watch *w)
{
    if (!w)
        return;
    atomic_store(&w->stop, true);
    park_wake(&w->sleeper);
    FW_MUST(pthread_join(w->thread, NULL) == 0);
}

void watch_free(watch *w)
{
    if (w)
        atomic_store(&asking, NULL);
    free(w);
}

void core_watch_report(fw_trial *t)
{
    for (int i = 0; i < MOST_HOGS && hogs[i].name; i++) {
        fw_row(t, 0, "hogs", "unit", hogs[i].name);
        fw_figure(t, "times", hogs[i].times);
        fw_figure(t, "longest_ns", hogs[i].longest_ns);
    }
}
