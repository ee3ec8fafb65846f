/* Spawn with processes: all children of a burst write to one pipe, a message is whole or not there; the gate is a pipe
 * that is closed. */
#include <errno.h>
#include <stdlib.h>

#include "fw.h"
#include "processes/processes.h"
#include "spec.h"

typedef struct unit {
    const spawn_plan *plan;
    uint64_t number;
    proc_link *up, *gate; /* of spawn_sum: {0, 0} says "I am here"; of nothing */
} unit;

/* -- unit -- */
static void wait_at_gate(void *arg)
{
    unit *u = arg;
    spawn_sum here = {0, 0};

    proc_send(u->up, &here, sizeof here);
    proc_recv(u->gate, &here, sizeof here); /* -EPIPE: it is open */
}

static int run(void *arg)
{
    unit *u = arg;

    proc_link_sender(u->up);
    proc_link_receiver(u->gate);
    spawn_sum sum = spawn_descend(u->plan, u->number, wait_at_gate, u);
    return proc_send(u->up, &sum, sizeof sum) != 0;
}
/* -- launch -- */
static int receive(const spawn_plan *plan, proc_link *up, uint64_t n, spawn_sum *all)
{
    spawn_sum one;
    for (uint64_t i = 0; i < n; i++) {
        if (proc_recv(up, &one, sizeof one) != sizeof one)
            return fw_fail(plan->trial, "a process ended without an answer");
        spawn_add(all, one);
    }
    return 0;
}

static int run_burst(const spawn_plan *plan, proc **units, uint64_t first, spawn_sum *all)
{
    uint64_t n = spawn_next_burst(plan, first), made = 0;
    unit u = {.plan = plan};
    int err = 0, lost = 0;

    FW_MUST(proc_link_create(&u.up, PROC_PIPE, sizeof(spawn_sum), 0) == 0);
    FW_MUST(proc_link_create(&u.gate, PROC_PIPE, sizeof(spawn_sum), 0) == 0);
    fw_memory_before(plan->trial);
    for (; made < n && !err; made += err == 0) {
        u.number = first + made;
        err = proc_spawn(&units[made], fw_worker_of(plan->trial, (unsigned)made), run, &u);
    }
    /* -- coordinate -- */
    proc_link_receiver(u.up); /* from now on only the children hold its other end */
    proc_link_sender(u.gate);
    if (plan->gate) {
        lost = receive(plan, u.up, made, all); /* all are here */
        fw_memory_live(plan->trial, made);
    }
    proc_close(u.gate);
    lost = lost ? lost : receive(plan, u.up, made, all);
    for (uint64_t i = 0; i < made; i++)
        proc_join(units[i], NULL);
    proc_link_destroy(u.up);
    proc_link_destroy(u.gate);
    return err ? err : lost;
}

int spawn_processes(fw_trial *t)
{
    spawn_plan plan = spawn_plan_of(t);
    spawn_sum all = {0, 0};
    int err = fw_check_os_units(t, "fork", plan.burst, FW_PROCESS_BYTES);
    proc **units = err ? NULL : calloc(plan.burst, sizeof(proc *));

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
    return err && err != -EPROTO ? fw_refuse_units(t, "fork", -err) : err;
}
/* -- end -- */
