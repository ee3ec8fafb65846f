/* Sleepers with green threads: a sleep is a timer of the worker and a parked stack; wakes are booked at the worker. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "fw.h"
#include "green/green.h"
#include "spec.h"

enum { STACK_IN_USE = 8192 };

typedef struct dormitory {
    sleepers_plan plan;
    struct unit *units;
    _Atomic uint64_t arrived;
    green_chan *all_here;           /* of a byte, from the last that arrives */
    _Atomic bool open, closed;      /* open: meter is there (release, acquire). closed: not all could be made */
    fw_meter *meter[FW_MAX_METERS]; /* one a worker */
    int err;
} dormitory;

typedef struct unit {
    dormitory *home;
    green *thread;
    uint64_t value;
} unit;

/* -- unit -- */
static void run(void *arg)
{
    unit *u = arg;
    dormitory *home = u->home;
    uint64_t number = (uint64_t)(u - home->units), deadline = sleepers_first(&home->plan, number, fw_now_ns());
    char here = 0;
    fw_meter *meter;

    if (atomic_fetch_add(&home->arrived, 1) + 1 == home->plan.units)
        green_try_send(home->all_here, &here);
    do {
        green_sleep_until(deadline);
        meter = atomic_load_explicit(&home->open, memory_order_acquire) ? home->meter[green_worker()] : NULL;
        if (!sleepers_woke(&home->plan, meter, deadline, fw_now_ns()))
            break;
        deadline += home->plan.period_ns;
    } while (!atomic_load_explicit(&home->closed, memory_order_relaxed)); /* it hands nothing over */
    u->value = sleepers_value(&home->plan, number);
}
/* -- launch -- */
static void open_window(dormitory *home)
{
    char here;

    green_recv(home->all_here, &here);
    fw_memory_live(home->plan.trial, home->plan.units);
    fw_open(home->plan.trial);
    for (unsigned w = 0; w < fw_workers(home->plan.trial); w++)
        home->meter[w] = fw_meter_of(home->plan.trial, w);
    atomic_store_explicit(&home->open, true, memory_order_release);
}

static void launch(void *arg)
{
    dormitory *home = arg;
    uint64_t made = 0, values = 0;

    fw_memory_before(home->plan.trial);
    for (; made < home->plan.units && !home->err; made += home->err == 0) {
        home->units[made].home = home;
        green_attr attr = {.worker = (int)(made % fw_workers(home->plan.trial))};
        home->err = green_spawn(&home->units[made].thread, &attr, run, &home->units[made]);
    }
    atomic_store_explicit(&home->closed, home->err != 0, memory_order_relaxed);
    if (!home->err)
        open_window(home);
    /* -- coordinate -- */
    for (uint64_t i = 0; i < made; i++) {
        green_join(home->units[i].thread);
        values += home->units[i].value;
    }
    fw_result(home->plan.trial, 0, values);
}

int sleepers_green(fw_trial *t)
{
    green_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    dormitory home = {.plan = sleepers_plan_of(t)};
    int err = sleepers_check_workers(t);

    if (err || (err = fw_check_units(t, "green_spawn", home.plan.units, STACK_IN_USE)))
        return err;
    home.units = calloc(home.plan.units, sizeof *home.units);
    if (!home.units)
        return fw_refuse(t, "calloc", ENOMEM, "records", (int64_t)home.plan.units);
    FW_MUST(green_chan_create(&home.all_here, 1, 1) == 0);
    err = green_run(&config, launch, &home);
    /* -- finish -- */
    green_chan_destroy(home.all_here);
    free(home.units);
    if (err)
        return fw_refuse(t, "green_run", -err, "workers", fw_workers(t));
    return home.err ? fw_refuse(t, "green_spawn", -home.err, "green threads", (int64_t)home.plan.units) : 0;
}
/* -- end -- */
