/* Refcount with stackless tasks that share nothing: one owns the object, looks at it for whoever asks, and replaces it
 * when told to. Nobody else ever has a reference. An answer never waits: its channel has room for the only one under
 * way. */
#include "fw.h"
#include "spec.h"
#include "stackless/stackless.h"

typedef struct wish {
    task_chan *answer; /* for the sum; NULL: replace it */
} wish;

/* -- unit -- */
typedef struct owner {
    future fut;
    const refcount *refcount;
    task_chan *wishes;
    refcount_version *version;
    task_recv_fut recv;
    wish wish;
} owner;

static void serve(task_cx *cx, owner *me)
{
    uint64_t sum;

    if (!me->wish.answer) {
        refcount_replace(me->refcount, &me->version, refcount_make(me->refcount), me->refcount->readers);
        return;
    }
    sum = refcount_look(me->refcount, me->version);
    FW_MUST(task_try_send(cx, me->wish.answer, &sum) == 0);
}

static async_fn(owner)
{
    async_begin(owner);
    self->version = refcount_make(self->refcount);
    for (;;) {
        task_recv(&self->recv, self->wishes, &self->wish);
        async_await(&self->recv.fut);
        if (self->recv.status)
            break;
        serve(cx, self);
    }
    refcount_free(self->refcount, self->version, self->refcount->readers);
    async_end;
}

typedef struct reader {
    future fut;
    const refcount *refcount;
    task_chan *wishes, *answer;
    fw_meter *meter;
    refcount_tally tally;
    task_chan_fut step;
    wish wish;
    uint64_t start, sum;
    unsigned number, i;
    bool more;
} reader;

static async_fn(reader)
{
    async_begin(reader);
    self->meter = fw_meter_of(self->refcount->trial, self->number);
    do {
        self->start = fw_now_ns();
        for (self->i = 0; self->i < fw_batch(self->refcount->trial); self->i++) {
            self->wish.answer = self->answer;
            task_send(&self->step, self->wishes, &self->wish);
            async_await(&self->step.fut);
            task_recv(&self->step, self->answer, &self->sum);
            async_await(&self->step.fut);
            refcount_add(&self->tally, self->sum);
        }
        self->more = fw_meter_record(self->meter, self->start, fw_now_ns(), fw_batch(self->refcount->trial));
        while (refcount_due(self->refcount, &self->tally)) {
            self->wish.answer = NULL;
            task_send(&self->step, self->wishes, &self->wish);
            async_await(&self->step.fut);
        }
    } while (self->more);
    refcount_book(self->refcount, &self->tally);
    async_end;
}
/* -- launch -- */
typedef struct house {
    future fut;
    refcount refcount;
    owner owner;
    reader reader[REFCOUNT_MOST_READERS];
    task *unit[REFCOUNT_MOST_READERS + 1]; /* the owner last */
    task_join_all_fut all;
} house;

static async_fn(house)
{
    async_begin(house);
    for (unsigned n = self->refcount.readers, i = n + 1; i-- > 0;) { /* the owner is started first */
        int worker = (int)((n - i) % fw_workers(self->refcount.trial));
        FW_MUST(task_spawn(cx, &self->unit[i], worker, i == n ? &self->owner.fut : &self->reader[i].fut) == 0);
    }
    fw_open_when(self->refcount.trial, self->refcount.readers);
    /* -- coordinate -- */
    task_join_all(&self->all, self->unit, self->refcount.readers);
    async_await(&self->all.fut);
    task_chan_close(self->owner.wishes);
    task_join_all(&self->all, self->unit + self->refcount.readers, 1);
    async_await(&self->all.fut);
    async_end;
}

int refcount_stackless_owner(fw_trial *t)
{
    house h;
    task_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    int err = refcount_open(&h.refcount, t, REFCOUNT_OWNER);

    if (err)
        return err;
    h.owner = (owner){.fut = {owner_poll, 0}, .refcount = &h.refcount};
    FW_MUST(task_chan_create(&h.owner.wishes, sizeof(wish), 0) == 0);
    for (unsigned i = 0; i < h.refcount.readers; i++) {
        h.reader[i] = (reader){{reader_poll, 0}, .refcount = &h.refcount, .wishes = h.owner.wishes, .number = i};
        FW_MUST(task_chan_create(&h.reader[i].answer, sizeof(uint64_t), 1) == 0);
    }
    future_init(&h.fut, house_poll);
    err = task_run(&config, &h.fut);
    /* -- finish -- */
    for (unsigned i = 0; i < h.refcount.readers; i++)
        task_chan_destroy(h.reader[i].answer);
    task_chan_destroy(h.owner.wishes);
    int full = refcount_close(&h.refcount);
    return err ? fw_refuse(t, "task_run", -err, "workers", fw_workers(t)) : full;
}
/* -- end -- */
