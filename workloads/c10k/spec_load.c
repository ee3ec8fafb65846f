/* spec_load.c - when the load generator asks, and its figures.
 *
 *   closed loop (rate and load 0): who has an answer asks again; an operation's time runs from the sending
 *   open loop: requests are due at the points of a Poisson process, whatever the server does; one that is due goes out
 *   on the connection that is free longest, or waits for one. An operation's time runs from when it was due, so that a
 *   server that stalls is charged for all that waited. With load, the rate is a share of what a closed loop reached
 * just before. What waits for a connection when the window ends is still sent, while half of what the server did comes
 * on: that is how long it needs to recover.
 *
 * Next: spec_client.c, which has the connections. */
#include <math.h>
#include <time.h>
#include <unistd.h>

#include "spec.h"

#define CAPACITY_WARM_NS UINT64_C(100000000)
#define CAPACITY_NS UINT64_C(300000000)
#define CLIENT_FULL 0.95        /* of a CPU: the generator could do no more, and may be the limit */
enum { RECOVERY_WINDOWS = 10 }; /* so much longer than the load lasted, then it is given up */

void c10k_set_free(c10k_conn *c)
{
    c->next = NULL;
    *c->of->last_free = c;
    c->of->last_free = &c->next;
}

static c10k_conn *take_free(c10k_clients *l)
{
    c10k_conn *c = l->first_free;
    l->first_free = c->next;
    if (!l->first_free)
        l->last_free = &l->first_free;
    return c;
}

static bool in_window(const fw_meter *m, uint64_t ns)
{
    return ns >= m->warm_end_ns && ns < m->window_end_ns;
}

/* If the meter has opened its window again: nothing has been counted in that one. */
static void count_anew(c10k_clients *l)
{
    if (l->meter->reopened == l->reopened)
        return;
    l->reopened = l->meter->reopened;
    l->count.due = l->count.answered = l->count.good = 0;
}

void c10k_book(c10k_conn *c, uint64_t now_ns)
{
    c10k_clients *l = c->of;

    if (l->gap_ns > 0 && c->due_ns < l->meter->warm_end_ns && in_window(l->meter, now_ns))
        fw_meter_book(l->meter, c->due_ns, now_ns, 1); /* in an overload all are old: what was answered counts */
    l->more = fw_meter_record(l->meter, c->due_ns, now_ns, 1) && l->more;
    l->again = l->again && l->more;
    count_anew(l);
    if (!in_window(l->meter, now_ns))
        return;
    l->count.answered++;
    l->count.good += now_ns - c->due_ns <= l->good_ns;
    fw_hist_record(&l->service, now_ns - c->sent_ns, 1);
}

/* ---- closed loops ----------------------------------------------------------- */

static bool begin_closed(c10k_clients *l)
{
    l->again = true;
    for (size_t i = 0; i < l->active; i++)
        if (!c10k_ask(&l->all[i], fw_now_ns()))
            return false;
    return true;
}

static bool closed_loop(c10k_clients *l)
{
    if (!begin_closed(l))
        return false;
    while (l->more)
        if (!c10k_look(l, fw_now_ns() + C10K_STALL_NS))
            return false;
    return true;
}

/* Requests a second. */
static bool measure_capacity(c10k_clients *l, double *capacity)
{
    uint64_t start = fw_now_ns(), first = start, now, before = l->server->result.requests;

    if (!begin_closed(l))
        return false;
    while ((now = fw_now_ns()) < start + CAPACITY_WARM_NS + CAPACITY_NS) {
        if (now < start + CAPACITY_WARM_NS) {
            first = now;
            before = l->server->result.requests;
        }
        if (!c10k_look(l, start + CAPACITY_WARM_NS + CAPACITY_NS))
            return false;
    }
    *capacity = (double)(l->server->result.requests - before) * 1e9 / (double)(now - first);
    l->again = false;
    return *capacity > 0 ? c10k_drain(l) : c10k_wrong(l, "no answer came while the capacity was measured", "");
}

/* ---- the open loop ---------------------------------------------------------- */

static double next_gap(c10k_clients *l)
{
    l->random = fw_mix64(l->random);
    double mean = l->next_due_ns < (double)l->meter->window_end_ns ? l->gap_ns : l->calm_gap_ns;
    return -log(((double)(l->random >> 11) + 1) / 9007199254740993.0) * mean;
}

static uint64_t take_due(c10k_clients *l)
{
    uint64_t due = (uint64_t)l->next_due_ns;
    l->count.due += in_window(l->meter, due);
    l->next_due_ns += next_gap(l);
    return due;
}

/* Sends what is due, as far as there are free connections, and sleeps until there is more to do. *in_time: nothing
 * waits for a connection. */
static bool step(c10k_clients *l, bool *in_time)
{
    uint64_t now = fw_now_ns();

    for (; l->next_due_ns <= (double)now && l->first_free; now = fw_now_ns()) {
        uint64_t due = take_due(l);
        if (*in_time)
            fw_hist_record(&l->late, now - due, 1);
        if (!c10k_ask(take_free(l), due))
            return false;
    }
    *in_time = l->first_free != NULL;
    uint64_t until = *in_time ? (uint64_t)l->next_due_ns : now + C10K_STALL_NS;
    return c10k_look(l, until < now + C10K_STALL_NS ? until : now + C10K_STALL_NS);
}

/* The window has closed; sends what still waits. The metric "recover": after how long nothing waited. */
static bool recover(c10k_clients *l, bool in_time, uint64_t began_ns)
{
    uint64_t end = l->meter->window_end_ns, most = end + RECOVERY_WINDOWS * (end - began_ns);
    bool behind = !in_time;

    l->calm_gap_ns = 2 * (double)(end - l->meter->warm_end_ns) / fmax((double)l->count.answered, 1);
    while (!in_time && fw_now_ns() < most)
        if (!step(l, &in_time))
            return false;
    if (in_time)
        fw_metric(l->trial, "recover", "ns", behind ? (double)(fw_now_ns() - end) : 0);
    while (l->next_due_ns < (double)end)
        take_due(l);
    return true;
}

static double server_bytes(void)
{
    return (double)(fw_user_memory(getppid()) - fw_user_memory(getpid()));
}

static bool open_loop(c10k_clients *l, double bytes)
{
    bool in_time = true;
    uint64_t began = fw_now_ns();

    l->first_free = NULL;
    l->last_free = &l->first_free;
    for (size_t i = 0; i < l->active; i++)
        c10k_set_free(&l->all[i]);
    l->calm_gap_ns = l->gap_ns; /* until it is known what the server does */
    l->next_due_ns = (double)began;
    l->next_due_ns += next_gap(l);
    while (l->more) {
        if (!step(l, &in_time))
            return false;
        uint64_t now = fw_now_ns();
        l->more = l->more && (l->waiting > 0 || now < l->meter->window_end_ns ||
                              (l->meter->ops_window == 0 && fw_meter_reopen(l->meter, now)));
        count_anew(l);
    }
    bytes = server_bytes() - bytes;
    fw_metric(l->trial, "memory_slope", "byte/s", bytes * 1e9 / (double)(l->meter->window_end_ns - began));
    return recover(l, in_time, began);
}

/* ---- the window -------------------------------------------------------------- */

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void tell(c10k_clients *l, double busy)
{
    double seconds = (double)(l->meter->window_end_ns - l->meter->warm_end_ns) / 1e9;
    bool open = l->gap_ns > 0, saturated = (double)l->count.answered < 0.98 * (double)l->count.due;

    fw_metric(l->trial, "service_p50", "ns", (double)fw_hist_quantile(&l->service, 0.5));
    fw_metric(l->trial, "service_p99", "ns", (double)fw_hist_quantile(&l->service, 0.99));
    fw_metric(l->trial, "client_busy", "CPUs", busy);
    fw_metric(l->trial, "client_limited", "1", busy >= CLIENT_FULL && (!open || saturated));
    if (!open)
        return;
    fw_metric(l->trial, "client_late_p99", "ns", (double)fw_hist_quantile(&l->late, 0.99));
    fw_metric(l->trial, "offered", "op/s", (double)l->count.due / seconds);
    fw_metric(l->trial, "achieved", "op/s", (double)l->count.answered / seconds);
    fw_metric(l->trial, "goodput", "op/s", (double)l->count.good / seconds);
    fw_metric(l->trial, "saturated", "1", saturated);
}

bool c10k_load(c10k_clients *l)
{
    uint64_t before = l->server->result.requests;
    int64_t rate = fw_int(l->trial, "rate"), load = fw_int(l->trial, "load");
    double capacity = 0, bytes = 0;

    fw_hist_init(&l->service);
    fw_hist_init(&l->late);
    if (load && !measure_capacity(l, &capacity))
        return false;
    if (load)
        fw_metric(l->trial, "capacity", "op/s", capacity);
    l->gap_ns = load ? 1e11 / (capacity * (double)load) : rate ? 1e9 / (double)rate : 0;
    l->random = fw_seed(l->trial);
    l->good_ns = (uint64_t)fw_int(l->trial, "good_ms") * 1000000;
    if (l->gap_ns > 0)
        bytes = server_bytes();
    uint64_t cpu = cpu_ns(), start = fw_now_ns();
    fw_open(l->trial);
    l->meter = fw_meter_of(l->trial, 0);
    l->meter->ops_total = l->server->result.requests - before; /* what the server did is the trial's */
    l->more = true;
    if (l->server->fault)
        l->fault_ns = (l->meter->warm_end_ns + l->meter->window_end_ns) / 2;
    if (!(l->gap_ns > 0 ? open_loop(l, bytes) : closed_loop(l)) || !c10k_drain(l))
        return false;
    tell(l, (double)(cpu_ns() - cpu) / (double)(fw_now_ns() - start));
    l->meter = NULL;
    return true;
}
