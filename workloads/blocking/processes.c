/* Blocking with processes: as with threads, the kernel shares out the CPUs. A sleep is a receive with a deadline from a
 * pipe, which ends all sleeps when it is closed; each wake is told through another pipe to the parent. */
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
    const blocking_plan *plan;
    uint64_t number;
    proc_link *up, *gate; /* of word; of a byte, never sent */
} unit;

/* -- unit -- */
static void wake_again_and_again(unit *u)
{
    word say = {.what = WOKE, .deadline_ns = blocking_first(u->plan, u->number, fw_now_ns())};
    char nothing;

    for (; proc_recv_until(u->gate, &nothing, 1, say.deadline_ns) == -ETIMEDOUT;
         say.deadline_ns += u->plan->period_ns) {
        say.now_ns = fw_now_ns();
        proc_send(u->up, &say, sizeof say);
    }
}

static void block_again_and_again(unit *u)
{
    char nothing;

    do {
        blocking_ail((void *)(uintptr_t)u->plan);
    } while (proc_recv_until(u->gate, &nothing, 1, fw_now_ns() + u->plan->hog_ns) == -ETIMEDOUT);
}

static int run(void *arg)
{
    unit *u = arg;
    word say = {.what = HERE};

    proc_link_sender(u->up);
    proc_link_receiver(u->gate);
    proc_send(u->up, &say, sizeof say);
    if (u->number < u->plan->wakers)
        wake_again_and_again(u);
    else
        block_again_and_again(u);
    say = (word){.what = LEFT, .value = blocking_value(u->plan, u->number)};
    return proc_send(u->up, &say, sizeof say) != 0;
}
/* -- launch -- */
static uint64_t make(unit *u, proc **units, int *err)
{
    fw_trial *t = u->plan->trial;

    for (*err = 0; u->number < u->plan->units && !*err; u->number += *err == 0)
        *err = proc_spawn(&units[u->number], fw_worker_of(t, (unsigned)u->number), run, u);
    proc_link_receiver(u->up); /* from now on only the children hold its other end */
    proc_link_sender(u->gate);
    if (*err)
        proc_close(u->gate);
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
            fw_open(t);
            meter = fw_meter_of(t, 0);
        } else if (heard.what == WOKE && !blocking_woke(u->plan, meter, heard.deadline_ns, heard.now_ns)) {
            proc_close(u->gate);
        } else if (heard.what == LEFT) {
            *values += heard.value;
            left++;
        }
    }
    return 0;
}

int blocking_processes(fw_trial *t)
{
    blocking_plan plan = blocking_plan_of(t);
    unit u = {.plan = &plan};
    uint64_t values = 0;
    int lost, err = fw_check_os_units(t, "fork", plan.units, FW_PROCESS_BYTES);
    proc **units = err ? NULL : calloc(plan.units, sizeof(proc *));

    if (!units)
        return err ? err : fw_refuse(t, "calloc", ENOMEM, "records", (int64_t)plan.units);
    FW_MUST(proc_link_create(&u.up, PROC_PIPE, sizeof(word), 0) == 0);
    FW_MUST(proc_link_create(&u.gate, PROC_PIPE, 1, 0) == 0);
    uint64_t made = make(&u, units, &err);
    lost = keep_book(&u, made, &values);
    fw_result(t, 0, values);
    /* -- finish -- */
    proc_link_destroy(u.gate); /* who is left ends */
    for (uint64_t i = 0; i < made; i++)
        proc_join(units[i], NULL);
    proc_link_destroy(u.up);
    free(units);
    return err ? fw_refuse_units(t, "fork", -err) : lost;
}
/* -- end -- */
