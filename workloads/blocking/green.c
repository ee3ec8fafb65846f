/* Blocking with green threads: there is no pre-emption, so that who blocks or computes keeps its worker from all
 * others. The cures: green_block runs the call on a thread of its own kind, green_yield gives way. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "fw.h"
#include "green/green.h"
#include "spec.h"

enum { STACK_IN_USE = 8192 };

typedef struct house {
    blocking_plan plan;
    struct unit *units;
    _Atomic bool open,
        closed; /* open: meter is there (release, acquire). closed: it is over, or not all could be made */
    fw_meter *meter[FW_MAX_METERS]; /* one a worker */
    int err;
} house;

typedef struct unit {
    house *home;
    green *thread;
    uint64_t value;
} unit;

/* -- unit -- */
static void wake_again_and_again(house *home, uint64_t number)
{
    uint64_t deadline = blocking_first(&home->plan, number, fw_now_ns());
    fw_meter *meter;

    do {
        green_sleep_until(deadline);
        meter = atomic_load_explicit(&home->open, memory_order_acquire) ? home->meter[green_worker()] : NULL;
        if (!blocking_woke(&home->plan, meter, deadline, fw_now_ns()))
            break;
        deadline += home->plan.period_ns;
    } while (!atomic_load_explicit(&home->closed, memory_order_relaxed)); /* it hands nothing over */
    atomic_store_explicit(&home->closed, true, memory_order_relaxed);
}

static void block_again_and_again(house *home)
{
    blocking_plan *p = &home->plan;

    while (!atomic_load_explicit(&home->closed, memory_order_relaxed)) {
        uint64_t start = fw_now_ns();
        if (!p->cure)
            blocking_ail(p);
        else if (!p->hog)
            FW_MUST(green_block(blocking_ail, p) == 0);
        else
            while (blocking_slice(p, start))
                green_yield();
        green_sleep_until(fw_now_ns() + p->hog_ns);
    }
}

static void run(void *arg)
{
    unit *u = arg;
    house *home = u->home;
    uint64_t number = (uint64_t)(u - home->units);

    if (number < home->plan.wakers)
        wake_again_and_again(home, number);
    else
        block_again_and_again(home);
    u->value = blocking_value(&home->plan, number);
}
/* -- launch -- */
static void open_window(house *home)
{
    fw_open(home->plan.trial);
    for (unsigned w = 0; w < fw_workers(home->plan.trial); w++)
        home->meter[w] = fw_meter_of(home->plan.trial, w);
    atomic_store_explicit(&home->open, true, memory_order_release);
}

static void launch(void *arg)
{
    house *home = arg;
    uint64_t made = 0, values = 0;

    for (; made < home->plan.units && !home->err; made += home->err == 0) {
        home->units[made].home = home;
        green_attr attr = {.worker = (int)(made % fw_workers(home->plan.trial)),
                           .name = made < home->plan.wakers ? "waker" : "blocker"};
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

int blocking_green(fw_trial *t)
{
    green_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    house home = {.plan = blocking_plan_of(t)};
    int err = blocking_check_workers(t);

    if (err || (err = fw_check_units(t, "green_spawn", home.plan.units, STACK_IN_USE)))
        return err;
    home.units = calloc(home.plan.units, sizeof *home.units);
    if (!home.units)
        return fw_refuse(t, "calloc", ENOMEM, "records", (int64_t)home.plan.units);
    err = green_run(&config, launch, &home);
    /* -- finish -- */
    free(home.units);
    if (err)
        return fw_refuse(t, "green_run", -err, "workers", fw_workers(t));
    return home.err ? fw_refuse(t, "green_spawn", -home.err, "green threads", (int64_t)home.plan.units) : 0;
}
/* -- end -- */
