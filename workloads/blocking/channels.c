/* Blocking with channels: as with threads, the kernel shares out the CPUs. A sleep is a receive with a deadline from
 * the gate, which ends all sleeps when it is closed; each wake is told to who keeps the book. */
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
    const blocking_plan *plan;
    uint64_t number;
    chan *up, *gate; /* of word; of a byte, never sent */
    csp *process;
} unit;

/* -- unit -- */
static void wake_again_and_again(unit *u)
{
    word say = {.what = WOKE, .deadline_ns = blocking_first(u->plan, u->number, fw_now_ns())};
    char nothing;

    for (; chan_recv_until(u->gate, &nothing, say.deadline_ns) == -ETIMEDOUT; say.deadline_ns += u->plan->period_ns) {
        say.now_ns = fw_now_ns();
        chan_send(u->up, &say);
    }
}

static void block_again_and_again(unit *u)
{
    char nothing;

    do {
        blocking_ail((void *)(uintptr_t)u->plan);
    } while (chan_recv_until(u->gate, &nothing, fw_now_ns() + u->plan->hog_ns) == -ETIMEDOUT);
}

static void run(void *arg)
{
    unit *u = arg;
    word say = {.what = HERE};

    chan_send(u->up, &say);
    if (u->number < u->plan->wakers)
        wake_again_and_again(u);
    else
        block_again_and_again(u);
    say = (word){.what = LEFT, .value = blocking_value(u->plan, u->number)};
    chan_send(u->up, &say);
}
/* -- launch -- */
static uint64_t make(const blocking_plan *plan, unit *units, chan *up, chan *gate, int *err)
{
    uint64_t made = 0;

    for (*err = 0; made < plan->units && !*err; made += *err == 0) {
        units[made] = (unit){plan, made, up, gate, NULL};
        *err = csp_spawn(&units[made].process, fw_worker_of(plan->trial, (unsigned)made), run, &units[made]);
    }
    if (*err)
        chan_close(gate);
    return made;
}
/* -- coordinate -- */
static uint64_t keep_book(const blocking_plan *plan, chan *up, chan *gate, uint64_t made)
{
    fw_meter *meter = NULL;
    uint64_t values = 0, here = 0, left = 0;
    word heard;

    while (left < made) {
        chan_recv(up, &heard);
        if (heard.what == HERE && ++here == plan->units) {
            fw_open(plan->trial);
            meter = fw_meter_of(plan->trial, 0);
        } else if (heard.what == WOKE && !blocking_woke(plan, meter, heard.deadline_ns, heard.now_ns)) {
            chan_close(gate);
        } else if (heard.what == LEFT) {
            values += heard.value;
            left++;
        }
    }
    return values;
}

int blocking_channels(fw_trial *t)
{
    blocking_plan plan = blocking_plan_of(t);
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
