/* instruments.c - see instruments.h. Rows live as long as the program; any thread adds to them. */
#include "instruments.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ROWS = 64, OTHERS = ROWS - 1, MAIN = 0, NAME_BYTES = 32 };

typedef struct traffic {
    alignas(FW_PAD) _Atomic uint64_t sent, received, send_blocked_ns, recv_blocked_ns; /* relaxed, all of them */
} traffic;

struct instrument {
    alignas(FW_PAD) _Atomic uint64_t capacity, lived_ns;
    alignas(FW_PAD) _Atomic uint64_t depth[CHAN_DEPTHS];
    traffic of[ROWS]; /* by process */
};

typedef struct life {
    _Atomic uint64_t lived_ns, cpu_ns; /* relaxed */
} life;

typedef struct names {
    char at[ROWS][NAME_BYTES];
    unsigned used, live, last; /* live: made and not ended; last: the number last given */
} names;

static pthread_mutex_t naming = PTHREAD_MUTEX_INITIALIZER; /* guards both names */
static names channels = {.at = {[OTHERS] = "other channels"}};
static names processes = {.at = {[MAIN] = "main", [OTHERS] = "other processes"}, .used = 1};
static instrument row[ROWS];
static life process[ROWS];

static _Atomic uint64_t on_since_ns; /* 0: off */
static _Thread_local unsigned here;  /* the calling thread's column; MAIN unless it is an instrumented process */

void chan_instrument(bool on)
{
    atomic_store(&on_since_ns, on ? fw_now_ns() : 0);
}

static void add(_Atomic uint64_t *sum, uint64_t by)
{
    atomic_fetch_add_explicit(sum, by, memory_order_relaxed);
}

static uint64_t value(const _Atomic uint64_t *sum)
{
    return atomic_load_explicit(sum, memory_order_relaxed);
}

/* ---- names -------------------------------------------------------------- */

/* The row of this name, made if there is none yet. naming is held. */
static unsigned find(names *n, const char *name)
{
    for (unsigned i = 0; i < n->used; i++)
        if (strncmp(n->at[i], name, NAME_BYTES - 1) == 0)
            return i;
    if (n->used == OTHERS)
        return OTHERS;
    snprintf(n->at[n->used], NAME_BYTES, "%s", name);
    return n->used++;
}

static unsigned named(names *n, const char *name)
{
    pthread_mutex_lock(&naming);
    unsigned at = find(n, name);
    pthread_mutex_unlock(&naming);
    return at;
}

/* Numbers begin again when none is left, so that each repeat of a trial adds to the rows of the one before. */
static unsigned numbered(names *n, const char *what)
{
    char name[NAME_BYTES];
    pthread_mutex_lock(&naming);
    if (n->live++ == 0)
        n->last = 0;
    snprintf(name, sizeof name, "%s %u", what, ++n->last);
    unsigned at = find(n, name);
    pthread_mutex_unlock(&naming);
    return at;
}

static void ended(names *n)
{
    pthread_mutex_lock(&naming);
    n->live--;
    pthread_mutex_unlock(&naming);
}

/* ---- channels ----------------------------------------------------------- */

instrument *instrument_new(size_t capacity)
{
    if (!atomic_load(&on_since_ns))
        return NULL;
    instrument *i = &row[numbered(&channels, "channel")];
    atomic_store_explicit(&i->capacity, capacity, memory_order_relaxed);
    return i;
}

instrument *instrument_named(const instrument *i, const char *name)
{
    instrument *now = &row[named(&channels, name)];
    atomic_store_explicit(&now->capacity, value(&i->capacity), memory_order_relaxed);
    return now;
}

void instrument_end(instrument *i, uint64_t lived_ns)
{
    add(&i->lived_ns, lived_ns);
    ended(&channels);
}

void instrument_sent(instrument *i, size_t depth)
{
    unsigned bits = depth ? 64 - (unsigned)__builtin_clzll(depth) : 0;
    add(&i->depth[bits < CHAN_DEPTHS ? bits : CHAN_DEPTHS - 1], 1);
    add(&i->of[here].sent, 1);
}

void instrument_received(instrument *i)
{
    add(&i->of[here].received, 1);
}

void instrument_blocked(instrument *i, bool send, uint64_t ns)
{
    add(send ? &i->of[here].send_blocked_ns : &i->of[here].recv_blocked_ns, ns);
}

/* ---- processes ---------------------------------------------------------- */

unsigned instrument_process(void)
{
    return atomic_load(&on_since_ns) ? numbered(&processes, "process") : MAIN;
}

void instrument_process_runs(unsigned column)
{
    here = column;
}

void csp_name(const char *name)
{
    fw_trace_name(name);
    if (here != MAIN)
        here = named(&processes, name);
}

void instrument_process_ran(uint64_t lived_ns)
{
    struct timespec cpu;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    add(&process[here].lived_ns, lived_ns);
    add(&process[here].cpu_ns, (uint64_t)cpu.tv_sec * 1000000000 + (uint64_t)cpu.tv_nsec);
}

void instrument_process_joined(void)
{
    ended(&processes);
}

/* ---- reading ------------------------------------------------------------ */

static void read_columns(const instrument *i, unsigned from, unsigned to, chan_stats *out)
{
    *out = (chan_stats){0};
    for (unsigned p = from; p < to; p++) {
        out->sent += value(&i->of[p].sent);
        out->received += value(&i->of[p].received);
        out->send_blocked_ns += value(&i->of[p].send_blocked_ns);
        out->recv_blocked_ns += value(&i->of[p].recv_blocked_ns);
    }
    for (unsigned d = 0; d < CHAN_DEPTHS; d++)
        out->depth[d] = value(&i->depth[d]);
}

void instrument_read(const instrument *i, const char *process, chan_stats *out)
{
    unsigned p = process ? named(&processes, process) : 0;
    read_columns(i, p, process ? p + 1 : ROWS, out);
}

static bool used(const chan_stats *s)
{
    return s->sent || s->received || s->send_blocked_ns || s->recv_blocked_ns;
}

static void report_process(fw_trial *t, const instrument *i, unsigned p)
{
    chan_stats did;
    read_columns(i, p, p + 1, &did);
    if (!used(&did))
        return;
    fw_row(t, 1, "threads", "thread", processes.at[p]);
    fw_figure(t, "lived_ns", value(&process[p].lived_ns));
    fw_figure(t, "cpu_ns", value(&process[p].cpu_ns));
    fw_figure(t, "sent", did.sent);
    fw_figure(t, "received", did.received);
    fw_figure(t, "send_blocked_ns", did.send_blocked_ns);
    fw_figure(t, "recv_blocked_ns", did.recv_blocked_ns);
}

static void report_channel(fw_trial *t, unsigned c)
{
    chan_stats all;
    size_t depths = CHAN_DEPTHS;
    read_columns(&row[c], 0, ROWS, &all);
    if (!used(&all))
        return;
    while (depths > 1 && all.depth[depths - 1] == 0)
        depths--;
    fw_row(t, 0, "channels", "name", channels.at[c]);
    if (value(&row[c].capacity) != FW_UNBOUNDED)
        fw_figure(t, "capacity", value(&row[c].capacity));
    fw_figure(t, "lived_ns", value(&row[c].lived_ns));
    fw_figure(t, "messages", all.sent);
    fw_figures(t, "depth", all.depth, depths);
    fw_figure(t, "send_blocked_ns", all.send_blocked_ns);
    fw_figure(t, "recv_blocked_ns", all.recv_blocked_ns);
    for (unsigned p = 0; p < ROWS; p++)
        report_process(t, &row[c], p);
}

void instruments_report(fw_trial *t)
{
    instrument_process_ran(fw_now_ns() - value(&on_since_ns)); /* main: it calls this */
    for (unsigned c = 0; c < ROWS; c++)
        report_channel(t, c);
}
