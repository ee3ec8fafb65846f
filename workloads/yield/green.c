/* Yield with green threads: the worker puts the unit behind the others and runs the next, all in user space. */
#include <stdatomic.h>

#include "fw.h"
#include "green/green.h"
#include "spec.h"

typedef struct turns {
    fw_trial *trial;
    _Atomic bool stop;       /* set by unit 0, read by all (relaxed: it hands nothing over) */
    _Atomic unsigned others; /* that had a turn; read after join */
    int err;
} turns;

/* -- unit -- */
static void measure(void *arg)
{
    turns *s = arg;
    fw_trial *t = s->trial;
    fw_meter *meter = fw_meter_of(t, 0);
    unsigned batch = fw_batch(t);
    uint64_t start;

    do {
        start = fw_now_ns();
        for (unsigned i = 0; i < batch; i++)
            green_yield();
        fw_count(fw_slot_here(), FW_WORK, 1);
    } while (fw_meter_record(meter, start, fw_now_ns(), batch));
    atomic_store_explicit(&s->stop, true, memory_order_relaxed);
}

static void give_way(void *arg)
{
    turns *s = arg;

    if (!atomic_load_explicit(&s->stop, memory_order_relaxed))
        atomic_fetch_add_explicit(&s->others, 1, memory_order_relaxed);
    while (!atomic_load_explicit(&s->stop, memory_order_relaxed))
        for (unsigned i = 0; i < YIELD_LOOK; i++)
            green_yield();
}
/* -- launch -- */
static void launch(void *arg)
{
    turns *s = arg;
    green *unit[YIELD_MOST];
    unsigned n = yield_units(s->trial), made = 0;

    fw_open(s->trial);
    for (; made < n && !s->err; made += s->err == 0) {
        green_attr attr = {.worker = (int)(made % fw_workers(s->trial))};
        s->err = green_spawn(&unit[made], &attr, made == 0 ? measure : give_way, s);
    }
    /* -- coordinate -- */
    for (unsigned i = 0; i < made; i++)
        green_join(unit[i]);
}

int yield_green(fw_trial *t)
{
    green_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    turns s = {.trial = t};
    int err = green_run(&config, launch, &s);

    if (err)
        return fw_refuse(t, "green_run", -err, "workers", fw_workers(t));
    /* -- finish -- */
    yield_finish(t, atomic_load(&s.others));
    return s.err ? fw_refuse(t, "green_spawn", -s.err, "green threads", yield_units(t)) : 0;
}
/* -- end -- */
