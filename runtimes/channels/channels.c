/* channels.c - CSP on OS threads: each waits in the channel core with its own
 * parker, on its own stack. See channels.h; the algorithm is core/chan.c. */
#include "channels.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/chan.h"
#include "core/lane.h"
#include "core/park.h"
#include "instruments.h"

enum { STACK_BYTES = 256 * 1024 };

struct csp {
    pthread_t id;
    const fw_worker *worker;
    void (*fn)(void *arg);
    void *arg;
    unsigned column; /* of the instruments; 0: off */
};

static void *process_main(void *self)
{
    csp *p = self;
    uint64_t start = p->column ? fw_now_ns() : 0;
    FW_MUST(fw_worker_bind(p->worker) == 0);
    instrument_process_runs(p->column);
    p->fn(p->arg);
    if (p->column)
        instrument_process_ran(fw_now_ns() - start);
    fw_count(fw_slot_here(), FW_ENDED, 1);
    fw_slot_release();
    fw_live_os(-1);
    return NULL;
}

static void forget(csp *p)
{
    if (p->column)
        instrument_process_joined();
    free(p);
}

int csp_spawn(csp **out, const fw_worker *worker, void (*fn)(void *arg), void *arg)
{
    pthread_attr_t attr;
    csp *p = malloc(sizeof *p);

    if (!p)
        return -ENOMEM;
    *p = (csp){.worker = worker, .fn = fn, .arg = arg, .column = instrument_process()};
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    fw_live_os(+1);
    int err = pthread_create(&p->id, &attr, process_main, p);
    pthread_attr_destroy(&attr);
    if (err) {
        fw_live_os(-1);
        forget(p);
        return -err;
    }
    fw_count(fw_slot_here(), FW_CREATED, 1);
    fw_count(fw_slot_here(), FW_SYSCALLS, 1);
    *out = p;
    return 0;
}

int csp_join(csp *p)
{
    int err = pthread_join(p->id, NULL);
    forget(p);
    return -err;
}

struct chan {
    core_chan *core; /* or */
    lane *lane;
    instrument *instrument; /* NULL: off, and the next two are not used */
    size_t capacity;
    uint64_t made_ns;
};

static int finish_chan(chan *c, size_t capacity, int err, chan **out)
{
    if (err) {
        free(c);
        return err;
    }
    c->instrument = instrument_new(capacity);
    c->capacity = capacity;
    c->made_ns = c->instrument ? fw_now_ns() : 0;
    *out = c;
    return 0;
}

int chan_create(chan **out, size_t elem_bytes, size_t capacity)
{
    chan *c = calloc(1, sizeof *c);
    return c ? finish_chan(c, capacity, core_chan_create(&c->core, elem_bytes, capacity), out) : -ENOMEM;
}

int chan_create_for(chan **out, size_t elem_bytes, size_t capacity, chan_use use)
{
    chan *c = calloc(1, sizeof *c);
    return c ? finish_chan(c, capacity, lane_create(&c->lane, elem_bytes, capacity, use == CHAN_MANY_TO_MANY), out)
             : -ENOMEM;
}

void chan_destroy(chan *c)
{
    if (c->instrument)
        instrument_end(c->instrument, fw_now_ns() - c->made_ns);
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

void chan_name(chan *c, const char *name)
{
    if (c->instrument)
        c->instrument = instrument_named(c->instrument, name);
}

void chan_stats_get(const chan *c, const char *process, chan_stats *out)
{
    *out = (chan_stats){0};
    if (c->instrument)
        instrument_read(c->instrument, process, out);
}

/* The channel is instrumented, and the caller has sent or received. Who waited to send has filled the last place. */
static void note_message(const chan *c, bool send, bool waited)
{
    if (!send)
        instrument_received(c->instrument);
    else if (c->lane)
        instrument_sent(c->instrument, lane_depth(c->lane));
    else
        instrument_sent(c->instrument, waited ? c->capacity : core_chan_depth(c->core));
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
    int err = send ? lane_send(c->lane, elem, c->instrument ? 0 : deadline_ns)
                   : lane_recv(c->lane, elem, c->instrument ? 0 : deadline_ns);
    if (err == -EAGAIN && deadline_ns) { /* instrumented: it has to wait */
        uint64_t start = fw_now_ns();
        err = send ? lane_send_slowly(c->lane, elem, deadline_ns) : lane_recv_slowly(c->lane, elem, deadline_ns);
        instrument_blocked(c->instrument, send, fw_now_ns() - start);
    }
    if (err == 0 && send) {
        fw_slot *slot = fw_slot_here();
        fw_count(slot, FW_MESSAGES, 1);
        fw_count(slot, FW_BYTES, c->lane->elem_bytes);
    }
    if (c->instrument && err == 0)
        note_message(c, send, false);
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
    bool waits = err == -EINPROGRESS;
    if (waits) {
        uint64_t start = c->instrument ? fw_now_ns() : 0;
        err = sleep_until_won(&sleeper, &winner, deadline_ns);
        if (err == -ETIMEDOUT)
            core_chan_cancel(c->core, &w);
        else
            err = w.status;
        if (c->instrument)
            instrument_blocked(c->instrument, send, fw_now_ns() - start);
    }
    if (c->instrument && err == 0)
        note_message(c, send, waits);
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

static void note_select(const chan_case *done, uint64_t waited_ns)
{
    if (waited_ns)
        instrument_blocked(done->channel->instrument, done->send, waited_ns);
    if (done->status == 0)
        note_message(done->channel, done->send, waited_ns > 0);
}

int chan_select(chan_case *cases, unsigned n, uint64_t deadline_ns)
{
    core_case core[CORE_SELECT_MOST];
    unsigned order[CORE_SELECT_MOST];
    parker sleeper;
    _Atomic uint32_t winner = 0;
    bool counted = false;
    uint64_t waited_ns = 0;

    if (n == 0 || n > CORE_SELECT_MOST)
        return -EINVAL;
    for (unsigned i = 0; i < n; i++) {
        if (cases[i].channel->lane)
            return -EINVAL;
        counted |= cases[i].channel->instrument != NULL;
    }
    for (unsigned i = 0; i < n; i++)
        core[i] = (core_case){.channel = cases[i].channel->core, .send = cases[i].send, .element = cases[i].element};
    shuffle(order, n);
    park_init(&sleeper, false);
    int chosen = core_chan_select(core, n, order, &winner, deadline_ns ? wake_thread : NULL, &sleeper, fw_slot_here());
    if (chosen == -EINPROGRESS) {
        uint64_t start = counted ? fw_now_ns() : 0;
        chosen = sleep_until_won(&sleeper, &winner, deadline_ns);
        if (chosen == 0) {
            chosen = (int)atomic_load(&winner) - 1;
            core[chosen].status = core[chosen].waiter.status;
        }
        for (unsigned i = 0; i < n; i++)
            core_chan_cancel(core[i].channel, &core[i].waiter);
        waited_ns = counted ? fw_now_ns() - start : 0;
    }
    if (chosen < 0)
        return chosen;
    cases[chosen].status = core[chosen].status;
    if (cases[chosen].channel->instrument)
        note_select(&cases[chosen], waited_ns);
    return chosen;
}
