/* Refcount with processes: the versions in shared memory. Under a policy that never waits all is in the spec; else a
 * process-shared lock guards the version (mutex) or a reader's own copy of it (copy), and whoever replaced it is the
 * only one left who has the old one. */
#include "processes/processes.h"
#include "fw.h"
#include "spec.h"
#include <errno.h>

int refcount_processes_under(fw_trial *t, refcount_policy policy);

typedef struct slot {
    alignas(FW_PAD) proc_mutex lock;
    refcount_version *version; /* what the lock guards; at one address in all */
} slot;

typedef struct reader {
    const refcount *refcount;
    slot *slot;
    unsigned slots, number; /* slots: with mutex one, with copy one a reader, else none */
} reader;

/* -- unit -- */
static uint64_t look(const reader *me)
{
    if (refcount_never_waits(me->refcount))
        return refcount_read(me->refcount, me->number);
    slot *s = &me->slot[me->number % me->slots];
    FW_MUST(proc_mutex_lock(&s->lock) == 0);
    uint64_t sum = refcount_look(me->refcount, s->version);
    proc_mutex_unlock(&s->lock);
    return sum;
}

static void update(const reader *me)
{
    if (refcount_never_waits(me->refcount))
        refcount_update(me->refcount, me->number);
    for (unsigned i = 0; i < me->slots; i++) {
        refcount_version *v = refcount_make(me->refcount);
        FW_MUST(proc_mutex_lock(&me->slot[i].lock) == 0);
        refcount_replace(me->refcount, &me->slot[i].version, v, me->number);
        proc_mutex_unlock(&me->slot[i].lock);
    }
}

static int run(void *arg)
{
    reader *me = arg;
    const refcount *r = me->refcount;
    fw_meter *meter = fw_meter_of(r->trial, me->number);
    refcount_tally tally = {0};
    uint64_t start;
    bool more;

    do {
        start = fw_now_ns();
        for (unsigned i = 0; i < fw_batch(r->trial); i++)
            refcount_add(&tally, look(me));
        more = fw_meter_record(meter, start, fw_now_ns(), fw_batch(r->trial));
        while (refcount_due(r, &tally))
            update(me);
        fw_count(fw_slot_here(), FW_WORK, 1);
    } while (more);
    refcount_book(r, &tally);
    return 0;
}
/* -- launch -- */
int refcount_processes_under(fw_trial *t, refcount_policy policy)
{
    refcount r;
    proc *unit[REFCOUNT_MOST_READERS];
    unsigned made = 0;
    int status, err = refcount_open(&r, t, policy);
    slot *s = err ? NULL : proc_shared_alloc(REFCOUNT_MOST_READERS * sizeof *s);

    if (!s)
        return err ? err : fw_refuse(t, "mmap", ENOMEM, "locks", REFCOUNT_MOST_READERS);
    unsigned slots = policy == REFCOUNT_MUTEX ? 1 : policy == REFCOUNT_COPY ? r.readers : 0;
    for (unsigned i = 0; i < slots; i++) {
        proc_mutex_init(&s[i].lock);
        s[i].version = refcount_make(&r);
    }
    for (; made < r.readers && !err; made += err == 0)
        err = proc_spawn(&unit[made], fw_worker_of(t, made), run, &(reader){&r, s, slots, made});
    fw_open_when(t, made);
    /* -- coordinate -- */
    for (unsigned i = 0; i < made; i++)
        if (proc_join(unit[i], &status) != 0 || status != 0)
            fw_fail(t, "reader %u ended with wait status %d", i, status);
    /* -- finish -- */
    for (unsigned i = 0; i < slots; i++)
        refcount_free(&r, s[i].version, i);
    proc_shared_free(s, REFCOUNT_MOST_READERS * sizeof *s);
    int full = refcount_close(&r);
    return err ? fw_refuse_units(t, "fork", -err) : full;
}

int refcount_processes(fw_trial *t)
{
    return refcount_processes_under(t, REFCOUNT_COUNT);
}
/* -- end -- */
