/* Sleepers with processes: a sleep is a receive with a deadline from a pipe, which ends all sleeps when it is closed;
 * each wake is told through another pipe to the parent, who keeps the book. To make them takes many periods, which they
 * would have to make up for: the first begins a period after all are made and their parent listens. */
#include <errno.h>
#include <stdlib.h>

#include "fw.h"
#include "processes/processes.h"
#include "spec.h"

typedef struct word {
    enum { HERE, WOKE, LEFT } what;
    uint64_t deadline_ns, now_ns, value;
} word;

typedef struct unit {
    const sleepers_plan *plan;
    uint64_t number;
    proc_link *up, *start, *gate; /* of word; of a byte, never sent */
    uint64_t *begin_ns;           /* shared; written before start is closed */
} unit;

/* -- unit -- */
static int run(void *arg)
{
    unit *u = arg;
    word say = {.what = HERE};
    char nothing;

    proc_link_sender(u->up);
    proc_link_receiver(u->start);
    proc_link_receiver(u->gate);
    proc_send(u->up, &say, sizeof say);
    proc_recv(u->start, &nothing, 1);
    say = (word){.what = WOKE, .deadline_ns = sleepers_first(u->plan, u->number, *u->begin_ns)};
    for (; proc_recv_until(u->gate, &nothing, 1, say.deadline_ns) == -ETIMEDOUT;
         say.deadline_ns += u->plan->period_ns) {
        say.now_ns = fw_now_ns();
        proc_send(u->up, &say, sizeof say);
    }
    say = (word){.what = LEFT, .value = sleepers_value(u->plan, u->number)};
    return proc_send(u->up, &say, sizeof say) != 0;
}
/* -- launch -- */
static uint64_t make(unit *u, proc **units, int *err)
{
    fw_trial *t = u->plan->trial;

    fw_memory_before(t);
    for (*err = 0; u->number < u->plan->units && !*err; u->number += *err == 0)
        *err = proc_spawn(&units[u->number], fw_worker_of(t, (unsigned)u->number), run, u);
    proc_link_receiver(u->up); /* from now on only the children hold its other end */
    proc_link_sender(u->start);
    proc_link_sender(u->gate);
    if (*err) {
        proc_close(u->gate);
        proc_close(u->start);
    }
    return u->number;
}
/* -- coordinate -- */
static int keep_book(const unit *u, uint64_t made, uint64_t *values)
{
    fw_trial *t = u->plan->trial;
    fw_meter *meter = NULL;
    uint64_t here = 0, left = 0;
    word heard;

    while (left < made) {
        if (proc_recv(u->up, &heard, sizeof heard) != sizeof heard)
            return fw_fail(t, "a process ended without an answer");
        if (heard.what == HERE && ++here == u->plan->units) {
            fw_memory_live(t, made);
            *u->begin_ns = fw_now_ns() + u->plan->period_ns;
            proc_close(u->start);
        } else if (heard.what == WOKE) {
            if (!meter && here == u->plan->units) { /* else not all could be made */
                fw_open(t);
                meter = fw_meter_of(t, 0);
            }
            if (!sleepers_woke(u->plan, meter, heard.deadline_ns, heard.now_ns))
                proc_close(u->gate);
        } else if (heard.what == LEFT) {
            *values += heard.value;
            left++;
        }
    }
    return 0;
}

int sleepers_processes(fw_trial *t)
{
    sleepers_plan plan = sleepers_plan_of(t);
    unit u = {.plan = &plan};
    uint64_t values = 0;
    int lost, err = fw_check_os_units(t, "fork", plan.units, FW_PROCESS_BYTES);
    proc **units = err ? NULL : calloc(plan.units, sizeof(proc *));

    if (!units)
        return err ? err : fw_refuse(t, "calloc", ENOMEM, "records", (int64_t)plan.units);
    u.begin_ns = proc_shared_alloc(sizeof *u.begin_ns);
    FW_MUST(u.begin_ns);
    FW_MUST(proc_link_create(&u.up, PROC_PIPE, sizeof(word), 0) == 0);
    FW_MUST(proc_link_create(&u.start, PROC_PIPE, 1, 0) == 0);
    FW_MUST(proc_link_create(&u.gate, PROC_PIPE, 1, 0) == 0);
    uint64_t made = make(&u, units, &err);
    lost = keep_book(&u, made, &values);
    fw_result(t, 0, values);
    /* -- finish -- */
    proc_link_destroy(u.start);
    proc_link_destroy(u.gate); /* who is left ends */
    for (uint64_t i = 0; i < made; i++)
        proc_join(units[i], NULL);
    proc_link_destroy(u.up);
    proc_shared_free(u.begin_ns, sizeof *u.begin_ns);
    free(units);
    return err ? fw_refuse_units(t, "fork", -err) : lost;
}
/* -- end -- */
