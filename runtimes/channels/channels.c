/* channels.c - CSP on OS threads: each waits in the channel core with its own
 * parker, on its own stack. See channels.h; the algorithm is core/chan.c. */
#include "channels.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/chan.h"
#include "core/lane.h"
#include "core/park.h"

enum { STACK_BYTES = 256 * 1024 };

struct csp {
    pthread_t id;
    const fw_worker *worker;
    void (*fn)(void *arg);
    void *arg;
};

static void *process_main(void *self)
{
    csp *p = self;
    FW_MUST(fw_worker_bind(p->worker) == 0);
    p->fn(p->arg);
    fw_count(fw_slot_here(), FW_ENDED, 1);
    fw_slot_release();
    fw_live_os(-1);
    return NULL;
}

int csp_spawn(csp **out, const fw_worker *worker, void (*fn)(void *arg), void *arg)
{
    pthread_attr_t attr;
    csp *p = malloc(sizeof *p);

    if (!p)
        return -ENOMEM;
    *p = (csp){.worker = worker, .fn = fn, .arg = arg};
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    fw_live_os(+1);
    int err = pthread_create(&p->id, &attr, process_main, p);
    pthread_attr_destroy(&attr);
    if (err) {
        fw_live_os(-1);
        free(p);
        return -err;
    }
    fw_count(fw_slot_here(), FW_CREATED, 1);
    *out = p;
    return 0;
}

int csp_join(csp *p)
{
    int err = pthread_join(p->id, NULL);
    free(p);
    return -err;
}

struct chan {
    core_chan *core; /* or */
    lane *lane;
    bool instrumented;
    _Atomic uint64_t messages, depth_max, send_blocked_ns, recv_blocked_ns; /* any user of the channel, relaxed */
};

static _Atomic bool instrument_new;

void chan_instrument(bool on)
{
    atomic_store(&instrument_new, on);
}

int chan_create(chan **out, size_t elem_bytes, size_t capacity)
{
    chan *c = calloc(1, sizeof *c);
    if (!c)
        return -ENOMEM;
    int err = core_chan_create(&c->core, elem_bytes, capacity);
    if (err) {
        free(c);
        return err;
    }
    c->instrumented = atomic_load(&instrument_new);
    *out = c;
    return 0;
}

int chan_create_for(chan **out, size_t elem_bytes, size_t capacity, chan_use use)
{
    chan *c = calloc(1, sizeof *c);
    if (!c)
        return -ENOMEM;
    int err = lane_create(&c->lane, elem_bytes, capacity, use == CHAN_MANY_TO_MANY);
    if (err) {
        free(c);
        return err;
    }
    c->instrumented = atomic_load(&instrument_new);
    *out = c;
    return 0;
}

void chan_destroy(chan *c)
{
    if (c->lane)
        lane_destroy(c->lane);
    else
        core_chan_destroy(c->core);
    free(c);
}

int chan_close(chan *c)
{
    return c->lane ? lane_close(c->lane) : core_chan_close(c->core);
}

void chan_stats_get(chan *c, chan_stats *out)
{
    *out = (chan_stats){atomic_load(&c->messages), atomic_load(&c->depth_max), atomic_load(&c->send_blocked_ns),
                        atomic_load(&c->recv_blocked_ns)};
}

static void note_message(chan *c)
{
    uint64_t depth = c->lane ? lane_depth(c->lane) : core_chan_depth(c->core);
    uint64_t most = atomic_load_explicit(&c->depth_max, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->messages, 1, memory_order_relaxed);
    while (depth > most && !atomic_compare_exchange_weak(&c->depth_max, &most, depth))
        ;
}

static void note_blocked(chan *c, bool send, uint64_t since_ns)
{
    atomic_fetch_add_explicit(send ? &c->send_blocked_ns : &c->recv_blocked_ns, fw_now_ns() - since_ns,
                              memory_order_relaxed);
}

static void wake_thread(waiter *w)
{
    park_wake(w->owner);
}

/* Sleeps until a waiter of this winner was woken, or the deadline claims the wait first: then -ETIMEDOUT. */
static int sleep_until_won(parker *p, _Atomic uint32_t *winner, uint64_t deadline_ns)
{
    bool expired = false;

    p->spin_ns = core_spin_ns(fw_live_now());
    for (;;) {
        int err = park_wait(p, expired ? FW_FOREVER : deadline_ns);
        /* acquire pairs with the claimer's acq_rel: element and status are there. The wake itself is waited for,
         * since the claimer still uses the parker until then. */
        if (err == 0)
            return 0;
        uint32_t open = 0;
        if (atomic_compare_exchange_strong(winner, &open, UINT32_MAX))
            return -ETIMEDOUT;
        expired = true;
    }
}

static int operate_lane(chan *c, void *elem, bool send, uint64_t deadline_ns)
{
    int err = send ? lane_send(c->lane, elem, c->instrumented ? 0 : deadline_ns)
                   : lane_recv(c->lane, elem, c->instrumented ? 0 : deadline_ns);
    if (err == -EAGAIN && deadline_ns) { /* instrumented: it has to wait */
        uint64_t start = fw_now_ns();
        err = send ? lane_send_slowly(c->lane, elem, deadline_ns) : lane_recv_slowly(c->lane, elem, deadline_ns);
        note_blocked(c, send, start);
    }
    if (err == 0 && send) {
        fw_slot *slot = fw_slot_here();
        fw_count(slot, FW_MESSAGES, 1);
        fw_count(slot, FW_BYTES, c->lane->elem_bytes);
        if (c->instrumented)
            note_message(c);
    }
    return err;
}

static int operate(chan *c, void *elem, bool send, uint64_t deadline_ns)
{
    if (c->lane)
        return operate_lane(c, elem, send, deadline_ns);
    parker sleeper;
    _Atomic uint32_t winner = 0;
    waiter w = {.winner = &winner, .wake = wake_thread, .owner = &sleeper};

    park_init(&sleeper, false);
    int err = send ? core_chan_send(c->core, elem, deadline_ns ? &w : NULL, fw_slot_here(), false)
                   : core_chan_recv(c->core, elem, deadline_ns ? &w : NULL, fw_slot_here(), false);
    if (err == -EINPROGRESS) {
        uint64_t start = c->instrumented ? fw_now_ns() : 0;
        err = sleep_until_won(&sleeper, &winner, deadline_ns);
        if (err == -ETIMEDOUT)
            core_chan_cancel(c->core, &w);
        else
            err = w.status;
        if (c->instrumented)
            note_blocked(c, send, start);
    }
    if (err == 0 && send && c->instrumented)
        note_message(c);
    return err;
}

int chan_send(chan *c, const void *elem)
{
    return operate(c, (void *)elem, true, FW_FOREVER);
}

int chan_send_until(chan *c, const void *elem, uint64_t deadline_ns)
{
    return operate(c, (void *)elem, true, deadline_ns ? deadline_ns : 1);
}

int chan_try_send(chan *c, const void *elem)
{
    return operate(c, (void *)elem, true, 0);
}

int chan_recv(chan *c, void *elem)
{
    return operate(c, elem, false, FW_FOREVER);
}

int chan_recv_until(chan *c, void *elem, uint64_t deadline_ns)
{
    return operate(c, elem, false, deadline_ns ? deadline_ns : 1);
}

int chan_try_recv(chan *c, void *elem)
{
    return operate(c, elem, false, 0);
}

/* A fresh random permutation: xorshift (Marsaglia 2003), a state a thread. */
static void shuffle(unsigned *order, unsigned n)
{
    static _Thread_local uint64_t state;
    if (!state)
        state = fw_now_ns() ^ (uint64_t)(uintptr_t)&state;
    for (unsigned i = 0; i < n; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        unsigned j = (unsigned)(state % (i + 1));
        order[i] = order[j];
        order[j] = i;
    }
}

int chan_select(chan_case *cases, unsigned n, uint64_t deadline_ns)
{
    core_case core[CORE_SELECT_MOST];
    unsigned order[CORE_SELECT_MOST];
    parker sleeper;
    _Atomic uint32_t winner = 0;

    if (n == 0 || n > CORE_SELECT_MOST)
        return -EINVAL;
    for (unsigned i = 0; i < n; i++)
        if (cases[i].channel->lane)
            return -EINVAL;
    for (unsigned i = 0; i < n; i++)
        core[i] = (core_case){.channel = cases[i].channel->core, .send = cases[i].send, .element = cases[i].element};
    shuffle(order, n);
    park_init(&sleeper, false);
    int chosen = core_chan_select(core, n, order, &winner, deadline_ns ? wake_thread : NULL, &sleeper, fw_slot_here());
    if (chosen == -EINPROGRESS) {
        chosen = sleep_until_won(&sleeper, &winner, deadline_ns);
        if (chosen == 0) {
            chosen = (int)atomic_load(&winner) - 1;
            core[chosen].status = core[chosen].waiter.status;
        }
        for (unsigned i = 0; i < n; i++)
            core_chan_cancel(core[i].channel, &core[i].waiter);
    }
    if (chosen < 0)
        return chosen;
    cases[chosen].status = core[chosen].status;
    if (cases[chosen].channel->instrumented && cases[chosen].send && core[chosen].status == 0)
        note_message(cases[chosen].channel);
    return chosen;
}
