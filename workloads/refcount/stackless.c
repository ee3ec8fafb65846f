/* Refcount with stackless tasks: readers of one version; who has read long enough replaces it. Under the policies that
 * never wait all is in the spec; else a channel's one token guards the version (mutex) or a reader's own copy of it
 * (copy), and whoever replaced it is the only one left who has the old one. */
#include "stackless/stackless.h"
#include "fw.h"
#include "spec.h"

int refcount_stackless_under(fw_trial *t, refcount_policy policy);

typedef struct slot {
    task_chan *token;
    refcount_version *version; /* of who has the token */
} slot;

typedef struct object {
    future fut;
    refcount refcount;
    slot slot[REFCOUNT_MOST_READERS];
    unsigned slots; /* with mutex one, with copy one a reader, else none */
    struct reader *reader;
    task *unit[REFCOUNT_MOST_READERS];
    unsigned made;
    task_join_all_fut all;
    int err;
} object;

/* -- unit -- */
typedef struct reader {
    future fut;
    object *object;
    fw_meter *meter;
    task_recv_fut take;
    task_yield_fut yield;
    refcount_tally tally;
    refcount_version *fresh;
    uint64_t start, batches;
    unsigned number, i, at;
    bool more;
    char token;
} reader;

static void give(task_cx *cx, slot *s)
{
    FW_MUST(task_try_send(cx, s->token, "") == 0);
}

static async_fn(reader)
{
    async_begin(reader);
    self->meter = fw_meter_of(self->object->refcount.trial, self->number);
    do {
        self->start = fw_now_ns();
        for (self->i = 0; self->i < fw_batch(self->object->refcount.trial); self->i++) {
            if (refcount_never_waits(&self->object->refcount)) {
                refcount_add(&self->tally, refcount_read(&self->object->refcount, self->number));
                continue;
            }
            self->at = self->number % self->object->slots;
            task_recv(&self->take, self->object->slot[self->at].token, &self->token);
            async_await(&self->take.fut);
            refcount_add(&self->tally, refcount_look(&self->object->refcount, self->object->slot[self->at].version));
            give(cx, &self->object->slot[self->at]);
        }
        self->more = fw_meter_record(self->meter, self->start, fw_now_ns(), fw_batch(self->object->refcount.trial));
        while (refcount_due(&self->object->refcount, &self->tally)) {
            if (refcount_never_waits(&self->object->refcount))
                refcount_update(&self->object->refcount, self->number);
            for (self->at = 0; self->at < self->object->slots; self->at++) {
                self->fresh = refcount_make(&self->object->refcount);
                task_recv(&self->take, self->object->slot[self->at].token, &self->token);
                async_await(&self->take.fut);
                refcount_replace(&self->object->refcount, &self->object->slot[self->at].version, self->fresh,
                                 self->number);
                give(cx, &self->object->slot[self->at]);
            }
        }
        if (++self->batches % 64 == 0) { /* nothing here need ever wait: the others on this worker too */
            task_yield(&self->yield);
            async_await(&self->yield.fut);
        }
    } while (self->more);
    refcount_book(&self->object->refcount, &self->tally);
    async_end;
}
/* -- launch -- */
static void spawn_all(task_cx *cx, object *o)
{
    fw_trial *t = o->refcount.trial;

    for (unsigned i = 0; i < o->slots; i++)
        give(cx, &o->slot[i]);
    for (o->made = 0; o->made < o->refcount.readers && !o->err; o->made += o->err == 0) {
        reader *one = &o->reader[o->made];
        *one = (reader){.object = o, .number = o->made};
        future_init(&one->fut, reader_poll);
        o->err = task_spawn(cx, &o->unit[o->made], (int)(o->made % fw_workers(t)), &one->fut);
    }
    fw_open_when(t, o->made);
}

static async_fn(object)
{
    async_begin(object);
    spawn_all(cx, self);
    /* -- coordinate -- */
    task_join_all(&self->all, self->unit, self->made);
    async_await(&self->all.fut);
    async_end;
}

int refcount_stackless_under(fw_trial *t, refcount_policy policy)
{
    static object o;
    reader readers[REFCOUNT_MOST_READERS];
    task_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    int err = refcount_open(&o.refcount, t, policy);

    if (err)
        return err;
    o.reader = readers;
    o.err = 0;
    o.slots = policy == REFCOUNT_MUTEX ? 1 : policy == REFCOUNT_COPY ? o.refcount.readers : 0;
    for (unsigned i = 0; i < o.slots; i++) {
        FW_MUST(task_chan_create(&o.slot[i].token, 1, 1) == 0);
        o.slot[i].version = refcount_make(&o.refcount);
    }
    future_init(&o.fut, object_poll);
    err = task_run(&config, &o.fut);
    /* -- finish -- */
    for (unsigned i = 0; i < o.slots; i++) {
        refcount_free(&o.refcount, o.slot[i].version, i);
        task_chan_destroy(o.slot[i].token);
    }
    int full = refcount_close(&o.refcount);
    if (err)
        return fw_refuse(t, "task_run", -err, "workers", fw_workers(t));
    return o.err ? fw_refuse(t, "task_spawn", -o.err, "tasks", o.refcount.readers) : full;
}

int refcount_stackless(fw_trial *t)
{
    return refcount_stackless_under(t, REFCOUNT_COUNT);
}
/* -- end -- */
