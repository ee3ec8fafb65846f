/* Yield with channels: sched_yield asks the kernel to run another thread of this CPU; a closed channel says stop. */
#include <errno.h>
#include <sched.h>

#include "channels/channels.h"
#include "fw.h"
#include "spec.h"

typedef struct turn {
    fw_trial *trial;
    chan *stop, *turns; /* of char: closed by unit 0; one from each other unit that had a turn before, closed when not
                           all could be made */
    unsigned others;    /* unit 0's: that had a turn */
} turn;

/* -- unit -- */
static void measure(void *arg)
{
    turn *s = arg;
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
    while (s->others < yield_units(t) - 1 && chan_recv(s->turns, &(char){0}) == 0)
        s->others++; /* waits: a busy kernel may take longer than the window */
    chan_close(s->stop);
}

static void give_way(void *arg)
{
    turn *s = arg;
    bool stopped = chan_try_recv(s->stop, &(char){0}) == -EPIPE;

    if (!stopped)
        chan_send(s->turns, "");
    while (!stopped) {
        for (unsigned i = 0; i < YIELD_LOOK; i++)
            sched_yield();
        fw_count(fw_slot_here(), FW_SYSCALLS, YIELD_LOOK);
        stopped = chan_try_recv(s->stop, &(char){0}) == -EPIPE;
    }
}
/* -- launch -- */
int yield_channels(fw_trial *t)
{
    turn s = {.trial = t};
    csp *unit[YIELD_MOST];
    unsigned n = yield_units(t), made = 0;
    int err = 0;

    FW_MUST(chan_create(&s.stop, 1, 0) == 0 && chan_create(&s.turns, 1, YIELD_MOST) == 0);
    fw_open(t);
    for (; made < n && !err; made += err == 0)
        err = csp_spawn(&unit[made], fw_worker_of(t, made), made == 0 ? measure : give_way, &s);
    if (err)
        chan_close(s.turns);
    /* -- coordinate -- */
    for (unsigned i = 0; i < made; i++)
        csp_join(unit[i]);
    /* -- finish -- */
    chan_destroy(s.stop);
    chan_destroy(s.turns);
    yield_finish(t, s.others);
    return err ? fw_refuse_units(t, "pthread_create", -err) : 0;
}
/* -- end -- */
