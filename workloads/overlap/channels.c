/* Overlap with channels: a sequential process a file, which sends its digest. */
#include <errno.h>
#include <stdlib.h>

#include "channels/channels.h"
#include "fw.h"
#include "spec.h"

typedef struct unit {
    const overlap_plan *plan;
    uint64_t number;
    chan *up; /* of a value */
    csp *process;
} unit;

/* -- unit -- */
static void run(void *arg)
{
    unit *u = arg;
    overlap_reader r;

    overlap_reader_init(&r, u->plan, u->number);
    do {
        overlap_read(&r);
    } while (overlap_hash(&r));
    chan_send(u->up, &(uint64_t){overlap_value(&r)});
}
/* -- launch -- */
int overlap_channels(fw_trial *t)
{
    overlap_plan plan;
    chan *up;
    int err = fw_check_os_units(t, "pthread_create", (uint64_t)fw_int(t, "files"), FW_THREAD_BYTES);

    if (err || (err = overlap_begin(&plan, t)) != 0)
        return err;
    unit *units = calloc(plan.files, sizeof *units);
    uint64_t made = 0, value, values = 0;
    FW_MUST(units && chan_create(&up, sizeof(uint64_t), 0) == 0);
    for (; made < plan.files && !err; made += err == 0) {
        units[made] = (unit){&plan, made, up, NULL};
        err = csp_spawn(&units[made].process, fw_worker_of(t, (unsigned)made), run, &units[made]);
    }
    /* -- coordinate -- */
    for (uint64_t i = 0; i < made; i++) {
        chan_recv(up, &value);
        values += value;
    }
    /* -- finish -- */
    for (uint64_t i = 0; i < made; i++)
        csp_join(units[i].process);
    chan_destroy(up);
    free(units);
    int bad = overlap_end(&plan, values);
    return err ? fw_refuse_units(t, "pthread_create", -err) : bad;
}
/* -- end -- */
