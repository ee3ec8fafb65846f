/* Overlap with processes: one a file, which tells its digest through a pipe. */
#include <errno.h>
#include <stdlib.h>

#include "fw.h"
#include "processes/processes.h"
#include "spec.h"

typedef struct unit {
    const overlap_plan *plan;
    uint64_t number;
    proc_link *up; /* of a value */
} unit;

/* -- unit -- */
static int run(void *arg)
{
    static overlap_reader r;
    unit *u = arg;

    proc_link_sender(u->up);
    overlap_reader_init(&r, u->plan, u->number);
    do {
        overlap_read(&r);
    } while (overlap_hash(&r));
    uint64_t value = overlap_value(&r);
    return proc_send(u->up, &value, sizeof value) != 0;
}
/* -- launch -- */
int overlap_processes(fw_trial *t)
{
    static overlap_plan plan;
    unit u = {.plan = &plan};
    int bad = 0, err = fw_check_os_units(t, "fork", (uint64_t)fw_int(t, "files"), FW_PROCESS_BYTES);

    if (err || (err = overlap_begin(&plan, t)) != 0)
        return err;
    proc **units = calloc(plan.files, sizeof(proc *));
    FW_MUST(units && proc_link_create(&u.up, PROC_PIPE, sizeof(uint64_t), 0) == 0);
    for (; u.number < plan.files && !err; u.number += err == 0)
        err = proc_spawn(&units[u.number], fw_worker_of(t, (unsigned)u.number), run, &u);
    proc_link_receiver(u.up);
    /* -- coordinate -- */
    uint64_t value, values = 0;
    for (uint64_t i = 0; i < u.number && !bad; i++) {
        bad =
            proc_recv(u.up, &value, sizeof value) == sizeof value ? 0 : fw_fail(t, "a process ended without an answer");
        values += value;
    }
    for (uint64_t i = 0; i < u.number; i++)
        proc_join(units[i], NULL);
    /* -- finish -- */
    proc_link_destroy(u.up);
    free(units);
    int unfed = overlap_end(&plan, values);
    return err ? fw_refuse_units(t, "fork", -err) : bad ? bad : unfed;
}
/* -- end -- */
