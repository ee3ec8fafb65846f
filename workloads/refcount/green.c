/* Refcount with green threads: readers of one version; who has read long enough replaces it. Under the policies that
 * never wait all is in the spec; else a channel's one token guards the version (mutex) or a reader's own copy of it
 * (copy), and whoever replaced it is the only one left who has the old one. */
#include "green/green.h"
#include "fw.h"
#include "spec.h"

int refcount_green_under(fw_trial *t, refcount_policy policy);

typedef struct slot {
    green_chan *token;
    refcount_version *version; /* of who has the token */
} slot;

typedef struct object {
    refcount refcount;
    slot slot[REFCOUNT_MOST_READERS];
    unsigned slots; /* with mutex one, with copy one a reader, else none */
    int err;
} object;

typedef struct reader {
    object *object;
    unsigned number;
} reader;

/* -- unit -- */
static uint64_t look(object *o, unsigned number)
{
    char token;

    if (refcount_never_waits(&o->refcount))
        return refcount_read(&o->refcount, number);
    slot *s = &o->slot[number % o->slots];
    FW_MUST(green_recv(s->token, &token) == 0);
    uint64_t sum = refcount_look(&o->refcount, s->version);
    FW_MUST(green_try_send(s->token, &token) == 0);
    return sum;
}

static void update(object *o, unsigned number)
{
    char token;

    if (refcount_never_waits(&o->refcount))
        refcount_update(&o->refcount, number);
    for (unsigned i = 0; i < o->slots; i++) {
        refcount_version *v = refcount_make(&o->refcount);
        FW_MUST(green_recv(o->slot[i].token, &token) == 0);
        refcount_replace(&o->refcount, &o->slot[i].version, v, number);
        FW_MUST(green_try_send(o->slot[i].token, &token) == 0);
    }
}

static void run(void *arg)
{
    reader *me = arg;
    const refcount *r = &me->object->refcount;
    fw_meter *meter = fw_meter_of(r->trial, me->number);
    refcount_tally tally = {0};
    uint64_t start, batches = 0;
    bool more;

    do {
        start = fw_now_ns();
        for (unsigned i = 0; i < fw_batch(r->trial); i++)
            refcount_add(&tally, look(me->object, me->number));
        more = fw_meter_record(meter, start, fw_now_ns(), fw_batch(r->trial));
        while (refcount_due(r, &tally))
            update(me->object, me->number);
        if (++batches % 64 == 0)
            green_yield(); /* nothing here need ever park: the others on this worker too */
    } while (more);
    refcount_book(r, &tally);
}
/* -- launch -- */
static void launch(void *arg)
{
    object *o = arg;
    fw_trial *t = o->refcount.trial;
    reader readers[REFCOUNT_MOST_READERS];
    green *unit[REFCOUNT_MOST_READERS];
    unsigned made = 0;

    for (unsigned i = 0; i < o->slots; i++)
        FW_MUST(green_try_send(o->slot[i].token, "") == 0);
    for (; made < o->refcount.readers && !o->err; made += o->err == 0) {
        green_attr attr = {.worker = (int)(made % fw_workers(t))};
        readers[made] = (reader){o, made};
        o->err = green_spawn(&unit[made], &attr, run, &readers[made]);
    }
    fw_open_when(t, made);
    /* -- coordinate -- */
    for (unsigned i = 0; i < made; i++)
        green_join(unit[i]);
}

int refcount_green_under(fw_trial *t, refcount_policy policy)
{
    static object o;
    green_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    int err = refcount_open(&o.refcount, t, policy);

    if (err)
        return err;
    o.err = 0;
    o.slots = policy == REFCOUNT_MUTEX ? 1 : policy == REFCOUNT_COPY ? o.refcount.readers : 0;
    for (unsigned i = 0; i < o.slots; i++) {
        FW_MUST(green_chan_create(&o.slot[i].token, 1, 1) == 0);
        o.slot[i].version = refcount_make(&o.refcount);
    }
    err = green_run(&config, launch, &o);
    /* -- finish -- */
    for (unsigned i = 0; i < o.slots; i++) {
        refcount_free(&o.refcount, o.slot[i].version, i);
        green_chan_destroy(o.slot[i].token);
    }
    int full = refcount_close(&o.refcount);
    if (err)
        return fw_refuse(t, "green_run", -err, "workers", fw_workers(t));
    return o.err ? fw_refuse(t, "green_spawn", -o.err, "green threads", o.refcount.readers) : full;
}

int refcount_green(fw_trial *t)
{
    return refcount_green_under(t, REFCOUNT_COUNT);
}
/* -- end -- */
