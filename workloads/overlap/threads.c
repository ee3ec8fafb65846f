/* Overlap with threads: one a file; who waits in the kernel leaves the CPU to the others. */
#include <errno.h>
#include <stdlib.h>

#include "fw.h"
#include "spec.h"
#include "threads/threads.h"

typedef struct unit {
    thr *thread;
    overlap_reader reader;
} unit;

/* -- unit -- */
static void run(void *arg)
{
    overlap_reader *r = arg;

    do {
        overlap_read(r);
    } while (overlap_hash(r));
}
/* -- launch -- */
int overlap_threads(fw_trial *t)
{
    overlap_plan plan;
    int err = fw_check_os_units(t, "pthread_create", (uint64_t)fw_int(t, "files"), FW_THREAD_BYTES);

    if (err || (err = overlap_begin(&plan, t)) != 0)
        return err;
    unit *units = calloc(plan.files, sizeof *units);
    uint64_t made = 0, values = 0;
    FW_MUST(units);
    for (; made < plan.files && !err; made += err == 0) {
        overlap_reader_init(&units[made].reader, &plan, made);
        err = thr_spawn(&units[made].thread, fw_worker_of(t, (unsigned)made), run, &units[made].reader);
    }
    /* -- coordinate -- */
    for (uint64_t i = 0; i < made; i++) {
        thr_join(units[i].thread);
        values += overlap_value(&units[i].reader);
    }
    /* -- finish -- */
    free(units);
    int bad = overlap_end(&plan, values);
    return err ? fw_refuse_units(t, "pthread_create", -err) : bad;
}
/* -- end -- */
