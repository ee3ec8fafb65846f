/* Yield with processes: sched_yield asks the kernel to run another process of this CPU. */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>

#include "fw.h"
#include "processes/processes.h"
#include "spec.h"

typedef struct turns {
    fw_trial *trial;
    _Atomic bool
        *stop; /* shared; set by unit 0, or when not all could be made; read by all (relaxed: it hands nothing over) */
    _Atomic unsigned *others; /* shared; that had a turn; read after join */
} turns;

/* -- unit -- */
static int measure(void *arg)
{
    turns *s = arg;
    fw_trial *t = s->trial;
    fw_meter *meter = fw_meter_of(t, 0);
    unsigned batch = fw_batch(t);
    uint64_t start;

    do {
        start = fw_now_ns();
        for (unsigned i = 0; i < batch; i++)
            sched_yield();
        fw_count(fw_slot_here(), FW_WORK, 1);
        fw_count(fw_slot_here(), FW_SYSCALLS, batch);
    } while (fw_meter_record(meter, start, fw_now_ns(), batch));
    while (atomic_load(s->others) < yield_units(t) - 1 && !atomic_load(s->stop))
        sched_yield(); /* a busy kernel may take longer than the window */
    atomic_store_explicit(s->stop, true, memory_order_relaxed);
    return 0;
}

static int give_way(void *arg)
{
    turns *s = arg;

    if (!atomic_load_explicit(s->stop, memory_order_relaxed))
        atomic_fetch_add_explicit(s->others, 1, memory_order_relaxed);
    while (!atomic_load_explicit(s->stop, memory_order_relaxed)) {
        for (unsigned i = 0; i < YIELD_LOOK; i++)
            sched_yield();
        fw_count(fw_slot_here(), FW_SYSCALLS, YIELD_LOOK);
    }
    return 0;
}
/* -- launch -- */
int yield_processes(fw_trial *t)
{
    void *shared = proc_shared_alloc(2 * FW_PAD);
    proc *unit[YIELD_MOST];
    unsigned n = yield_units(t), made = 0;
    int status, err = 0;

    if (!shared)
        return fw_refuse(t, "mmap", ENOMEM, "bytes", 2 * FW_PAD);
    turns s = {t, shared, (_Atomic unsigned *)((char *)shared + FW_PAD)};
    fw_open(t);
    for (; made < n && !err; made += err == 0)
        err = proc_spawn(&unit[made], fw_worker_of(t, made), made == 0 ? measure : give_way, &s);
    if (err)
        atomic_store(s.stop, true);
    /* -- coordinate -- */
    for (unsigned i = 0; i < made; i++)
        if (proc_join(unit[i], &status) != 0 || status != 0)
            fw_fail(t, "unit %u ended with wait status %d", i, status);
    /* -- finish -- */
    yield_finish(t, atomic_load(s.others));
    proc_shared_free(shared, 2 * FW_PAD);
    return err ? fw_refuse_units(t, "fork", -err) : 0;
}
/* -- end -- */
