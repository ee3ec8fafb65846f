/* window.c - the window of a steady trial and its meters: opened once for all, when enough of them have been taken;
 * each meter copies it and has one writer. Next: fw.h (how a cell uses them), runner_result.c (what becomes of them).
 */
#include "trial.h"

void fw_open(fw_trial *t)
{
    uint32_t closed = 0;
    if (!atomic_compare_exchange_strong(&t->opened, &closed, 1))
        return;
    uint64_t warm_end = fw_now_ns() + t->warmup_ns;
    atomic_store_explicit(&t->warm_end_ns, warm_end, memory_order_relaxed);
    /* Pairs with the acquire in look_for_window. */
    atomic_store_explicit(&t->window_end_ns, warm_end + t->window_ns, memory_order_release);
}

/* Who takes a meter and who says how many there will be write theirs, then read the other's (sequentially consistent):
 * the last of them sees all. */
static void open_if_all(fw_trial *t)
{
    if (atomic_load(&t->meters_taken) >= atomic_load(&t->meters_wanted))
        fw_open(t);
}

void fw_open_when(fw_trial *t, unsigned meters)
{
    atomic_store(&t->meters_wanted, meters);
    open_if_all(t);
}

/* Copies the window into the meter once it is open; whether it is. */
static bool look_for_window(fw_meter *m)
{
    uint64_t end = atomic_load_explicit(&m->trial->window_end_ns, memory_order_acquire); /* pairs with fw_open */
    if (end) {
        m->warm_end_ns = atomic_load_explicit(&m->trial->warm_end_ns, memory_order_relaxed);
        m->window_end_ns = end;
    }
    return end != 0;
}

fw_meter *fw_meter_of(fw_trial *t, unsigned index)
{
    FW_MUST(index < FW_MAX_METERS);
    fw_meter *m = &t->meter[index];
    uint32_t used = atomic_load_explicit(&t->meters, memory_order_relaxed);
    while (used <= index && !atomic_compare_exchange_weak(&t->meters, &used, index + 1))
        ;
    fw_hist_init(&m->hist); /* touches every page, before the window */
    m->reopened = 0;
    m->trial = t;
    atomic_fetch_add(&t->meters_taken, 1);
    open_if_all(t);
    look_for_window(m);
    return m;
}

fw_hist *fw_lag_of(fw_trial *t, unsigned index)
{
    FW_MUST(index < FW_MAX_METERS && t->cell->spec->lag);
    fw_hist *h = &t->lag[index];
    if (h->total == 0 && h->min_ns == 0) /* as mapped; once emptied its least value is the greatest there is */
        fw_hist_init(h);
    return h;
}

uint64_t fw_meter_ops(const fw_trial *t, unsigned index)
{
    FW_MUST(index < FW_MAX_METERS);
    return t->meter[index].ops_total;
}

bool fw_meter_reopen(fw_meter *m, uint64_t now_ns)
{
    enum { TIMES = 8 };
    if (m->window_end_ns == 0 && (!look_for_window(m) || now_ns < m->window_end_ns))
        return true;
    uint64_t length = 2 * (m->window_end_ns - m->warm_end_ns);
    if (m->reopened++ == TIMES)
        return false;
    m->warm_end_ns = now_ns;
    m->window_end_ns = now_ns + length;
    return true;
}
