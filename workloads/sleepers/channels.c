/* Sleepers with channels: a sleep is a receive with a deadline from the gate, which ends all sleeps when it is closed;
 * each wake is told to who keeps the book. */
#include <errno.h>
#include <stdlib.h>

#include "channels/channels.h"
#include "fw.h"
#include "spec.h"

enum { UP = 128 };

typedef struct word {
    enum { HERE, WOKE, LEFT } what;
    uint64_t deadline_ns, now_ns, value;
} word;

typedef struct unit {
    const sleepers_plan *plan;
    uint64_t number;
    chan *up, *gate; /* of word; of a byte, never sent */
    csp *process;
} unit;

/* -- unit -- */
static void run(void *arg)
{
    unit *u = arg;
    word say = {.what = HERE};
    char nothing;

    chan_send(u->up, &say);
    say = (word){.what = WOKE, .deadline_ns = sleepers_first(u->plan, u->number, fw_now_ns())};
    for (; chan_recv_until(u->gate, &nothing, say.deadline_ns) == -ETIMEDOUT; say.deadline_ns += u->plan->period_ns) {
        say.now_ns = fw_now_ns();
        chan_send(u->up, &say);
    }
    say = (word){.what = LEFT, .value = sleepers_value(u->plan, u->number)};
    chan_send(u->up, &say);
}
/* -- launch -- */
static uint64_t make(const sleepers_plan *plan, unit *units, chan *up, chan *gate, int *err)
{
    uint64_t made = 0;

    fw_memory_before(plan->trial);
    for (*err = 0; made < plan->units && !*err; made += *err == 0) {
        units[made] = (unit){plan, made, up, gate, NULL};
        *err = csp_spawn(&units[made].process, fw_worker_of(plan->trial, (unsigned)made), run, &units[made]);
    }
    if (*err)
        chan_close(gate);
    return made;
}
/* -- coordinate -- */
static uint64_t keep_book(const sleepers_plan *plan, chan *up, chan *gate, uint64_t made)
{
    fw_meter *meter = NULL;
    uint64_t values = 0, here = 0, left = 0;
    word heard;

    while (left < made) {
        chan_recv(up, &heard);
        if (heard.what == HERE && ++here == plan->units) {
            fw_memory_live(plan->trial, made);
            fw_open(plan->trial);
            meter = fw_meter_of(plan->trial, 0);
        } else if (heard.what == WOKE && !sleepers_woke(plan, meter, heard.deadline_ns, heard.now_ns)) {
            chan_close(gate);
        } else if (heard.what == LEFT) {
            values += heard.value;
            left++;
        }
    }
    return values;
}

int sleepers_channels(fw_trial *t)
{
    sleepers_plan plan = sleepers_plan_of(t);
    int err = fw_check_os_units(t, "pthread_create", plan.units, FW_THREAD_BYTES);
    unit *units = err ? NULL : calloc(plan.units, sizeof *units);
    chan *up, *gate;

    if (!units)
        return err ? err : fw_refuse(t, "calloc", ENOMEM, "records", (int64_t)plan.units);
    FW_MUST(chan_create(&up, sizeof(word), UP) == 0 && chan_create(&gate, 1, 0) == 0);
    uint64_t made = make(&plan, units, up, gate, &err);
    fw_result(t, 0, keep_book(&plan, up, gate, made));
    /* -- finish -- */
    for (uint64_t i = 0; i < made; i++)
        csp_join(units[i].process);
    chan_destroy(up);
    chan_destroy(gate);
    free(units);
    return err ? fw_refuse_units(t, "pthread_create", -err) : 0;
}
/* -- end -- */
