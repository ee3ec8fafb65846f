/* Refcount with green threads that share nothing: one owns the object, looks at it for whoever asks, and replaces it
 * when told to. Nobody else ever has a reference. */
#include "fw.h"
#include "green/green.h"
#include "spec.h"

typedef struct wish {
    green_chan *answer; /* for the sum; NULL: replace it */
} wish;

typedef struct reader {
    const refcount *refcount;
    green_chan *wishes, *answer;
    unsigned number;
} reader;

/* -- unit -- */
static void own(void *arg)
{
    reader *me = arg;
    const refcount *r = me->refcount;
    refcount_version *version = refcount_make(r);
    wish w;

    while (green_recv(me->wishes, &w) == 0) {
        uint64_t sum = w.answer ? refcount_look(r, version) : 0;
        if (w.answer)
            green_send(w.answer, &sum);
        else
            refcount_replace(r, &version, refcount_make(r), r->readers);
    }
    refcount_free(r, version, r->readers);
}

static uint64_t look(const reader *me)
{
    uint64_t sum;
    green_send(me->wishes, &(wish){me->answer});
    green_recv(me->answer, &sum);
    return sum;
}

static void run(void *arg)
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
            green_send(me->wishes, &(wish){NULL});
    } while (more);
    refcount_book(r, &tally);
}
/* -- launch -- */
typedef struct house {
    refcount refcount;
    green_chan *wishes;
    reader reader[REFCOUNT_MOST_READERS + 1]; /* the owner first */
} house;

static void launch(void *arg)
{
    house *h = arg;
    green *unit[REFCOUNT_MOST_READERS + 1];

    for (unsigned i = 0; i <= h->refcount.readers; i++) {
        green_attr attr = {.worker = (int)(i % fw_workers(h->refcount.trial))};
        FW_MUST(green_spawn(&unit[i], &attr, i == 0 ? own : run, &h->reader[i]) == 0);
    }
    fw_open_when(h->refcount.trial, h->refcount.readers);
    /* -- coordinate -- */
    for (unsigned i = h->refcount.readers + 1; i-- > 0; green_join(unit[i]))
        if (i == 0)
            green_chan_close(h->wishes);
}

int refcount_green_owner(fw_trial *t)
{
    house h;
    green_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    int err = refcount_open(&h.refcount, t, REFCOUNT_OWNER);

    if (err)
        return err;
    FW_MUST(green_chan_create(&h.wishes, sizeof(wish), 0) == 0);
    for (unsigned i = 0; i <= h.refcount.readers; i++) {
        h.reader[i] = (reader){&h.refcount, h.wishes, NULL, i - 1};
        FW_MUST(green_chan_create(&h.reader[i].answer, sizeof(uint64_t), 1) == 0);
    }
    err = green_run(&config, launch, &h);
    /* -- finish -- */
    for (unsigned i = 0; i <= h.refcount.readers; i++)
        green_chan_destroy(h.reader[i].answer);
    green_chan_destroy(h.wishes);
    int full = refcount_close(&h.refcount);
    return err ? fw_refuse(t, "green_run", -err, "workers", fw_workers(t)) : full;
}
/* -- end -- */
