/* Spawn with channels: a unit sends its arrival and its result up one channel; the gate is a channel that is closed. */
#include <errno.h>
#include <stdlib.h>

#include "channels/channels.h"
#include "fw.h"
#include "spec.h"

enum { UP = 128 };

typedef struct unit {
    const spawn_plan *plan;
    uint64_t number;
    chan *up;   /* of spawn_sum: {0, 0} says "I am here" */
    chan *gate; /* of spawn_sum, never sent */
    csp *process;
} unit;

/* -- unit -- */
static void wait_at_gate(void *arg)
{
    unit *u = arg;
    spawn_sum here = {0, 0};

    chan_send(u->up, &here);
    chan_recv(u->gate, &here);
}

static void run(void *arg)
{
    unit *u = arg;
    spawn_sum sum = spawn_descend(u->plan, u->number, wait_at_gate, u);
    chan_send(u->up, &sum);
}
/* -- launch -- */
static void receive(chan *up, uint64_t n, spawn_sum *all)
{
    spawn_sum one;
    for (uint64_t i = 0; i < n; i++) {
        chan_recv(up, &one);
        spawn_add(all, one);
    }
}

static int run_burst(const spawn_plan *plan, unit *units, uint64_t first, spawn_sum *all)
{
    uint64_t n = spawn_next_burst(plan, first), made = 0;
    chan *up, *gate;
    int err = 0;

    FW_MUST(chan_create(&up, sizeof(spawn_sum), UP) == 0 && chan_create(&gate, sizeof(spawn_sum), 0) == 0);
    fw_memory_before(plan->trial);
    for (; made < n && !err; made += err == 0) {
        units[made] = (unit){plan, first + made, up, gate, NULL};
        err = csp_spawn(&units[made].process, fw_worker_of(plan->trial, (unsigned)made), run, &units[made]);
    }
    /* -- coordinate -- */
    if (plan->gate) {
        receive(up, made, all); /* all are here */
        fw_memory_live(plan->trial, made);
        chan_close(gate);
    }
    receive(up, made, all);
    for (uint64_t i = 0; i < made; i++)
        csp_join(units[i].process);
    chan_destroy(up);
    chan_destroy(gate);
    return err;
}

int spawn_channels(fw_trial *t)
{
    spawn_plan plan = spawn_plan_of(t);
    spawn_sum all = {0, 0};
    int err = fw_check_os_units(t, "pthread_create", plan.burst, FW_THREAD_BYTES);
    unit *units = err ? NULL : calloc(plan.burst, sizeof *units);

    if (!units)
        return err ? err : fw_refuse(t, "calloc", ENOMEM, "records", (int64_t)plan.burst);
    fw_begin(t);
    for (uint64_t done = 0; done < plan.units && !err; done += plan.burst)
        err = run_burst(&plan, units, done, &all);
    /* -- finish -- */
    if (!err)
        spawn_finish(&plan, all);
    fw_end(t);
    free(units);
    return err ? fw_refuse_units(t, "pthread_create", -err) : 0;
}
/* -- end -- */
