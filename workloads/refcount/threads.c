/* Refcount with threads: readers of one version; who has read long enough replaces it. Under the policies that never
 * wait all is in the spec; else a lock guards the version (mutex) or a reader's own copy of it (copy), and whoever
 * replaced it is the only one left who has the old one. */
#include "threads/threads.h"
#include "fw.h"
#include "spec.h"

int refcount_threads_under(fw_trial *t, refcount_policy policy);

typedef struct slot {
    alignas(FW_PAD) thr_mutex lock;
    refcount_version *version; /* what the lock guards */
} slot;

typedef struct object {
    refcount refcount;
    slot slot[REFCOUNT_MOST_READERS];
    unsigned slots; /* with mutex one, with copy one a reader, else none */
} object;

typedef struct reader {
    object *object;
    unsigned number;
} reader;

/* -- unit -- */
static uint64_t look(object *o, unsigned number)
{
    if (refcount_never_waits(&o->refcount))
        return refcount_read(&o->refcount, number);
    slot *s = &o->slot[number % o->slots];
    thr_lock(&s->lock);
    uint64_t sum = refcount_look(&o->refcount, s->version);
    thr_unlock(&s->lock);
    return sum;
}

static void update(object *o, unsigned number)
{
    if (refcount_never_waits(&o->refcount))
        refcount_update(&o->refcount, number);
    for (unsigned i = 0; i < o->slots; i++) {
        refcount_version *v = refcount_make(&o->refcount);
        thr_lock(&o->slot[i].lock);
        refcount_replace(&o->refcount, &o->slot[i].version, v, number);
        thr_unlock(&o->slot[i].lock);
    }
}

static void run(void *arg)
{
    reader *me = arg;
    const refcount *r = &me->object->refcount;
    fw_meter *meter = fw_meter_of(r->trial, me->number);
    refcount_tally tally = {0};
    uint64_t start;
    bool more;

    do {
        start = fw_now_ns();
        for (unsigned i = 0; i < fw_batch(r->trial); i++)
            refcount_add(&tally, look(me->object, me->number));
        more = fw_meter_record(meter, start, fw_now_ns(), fw_batch(r->trial));
        while (refcount_due(r, &tally))
            update(me->object, me->number);
        fw_count(fw_slot_here(), FW_WORK, 1);
    } while (more);
    refcount_book(r, &tally);
}
/* -- launch -- */
int refcount_threads_under(fw_trial *t, refcount_policy policy)
{
    static object o;
    reader readers[REFCOUNT_MOST_READERS];
    thr *unit[REFCOUNT_MOST_READERS];
    unsigned made = 0;
    int err = refcount_open(&o.refcount, t, policy);

    if (err)
        return err;
    o.slots = policy == REFCOUNT_MUTEX ? 1 : policy == REFCOUNT_COPY ? o.refcount.readers : 0;
    for (unsigned i = 0; i < o.slots; i++) {
        thr_mutex_init(&o.slot[i].lock);
        o.slot[i].version = refcount_make(&o.refcount);
    }
    for (; made < o.refcount.readers && !err; made += err == 0) {
        readers[made] = (reader){&o, made};
        err = thr_spawn(&unit[made], fw_worker_of(t, made), run, &readers[made]);
    }
    fw_open_when(t, made);
    /* -- coordinate -- */
    for (unsigned i = 0; i < made; i++)
        thr_join(unit[i]);
    /* -- finish -- */
    for (unsigned i = 0; i < o.slots; i++) {
        refcount_free(&o.refcount, o.slot[i].version, i);
        thr_mutex_destroy(&o.slot[i].lock);
    }
    int full = refcount_close(&o.refcount);
    return err ? fw_refuse_units(t, "pthread_create", -err) : full;
}

int refcount_threads(fw_trial *t)
{
    return refcount_threads_under(t, REFCOUNT_COUNT);
}
/* -- end -- */
