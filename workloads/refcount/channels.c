/* Refcount with channels: one process owns the object, looks at it for whoever asks, and replaces it when told to.
 * Nobody else ever has a reference. */
#include "channels/channels.h"
#include "fw.h"
#include "spec.h"

typedef struct wish {
    chan *answer; /* for the sum; NULL: replace it */
} wish;

typedef struct reader {
    const refcount *refcount;
    chan *wishes, *answer;
    unsigned number;
} reader;

/* -- unit -- */
static void own(void *arg)
{
    reader *me = arg;
    const refcount *r = me->refcount;
    refcount_version *version = refcount_make(r);
    wish w;

    while (chan_recv(me->wishes, &w) == 0) {
        uint64_t sum = w.answer ? refcount_look(r, version) : 0;
        if (w.answer)
            chan_send(w.answer, &sum);
        else
            refcount_replace(r, &version, refcount_make(r), r->readers);
    }
    refcount_free(r, version, r->readers);
}

static uint64_t look(const reader *me)
{
    uint64_t sum;
    chan_send(me->wishes, &(wish){me->answer});
    chan_recv(me->answer, &sum);
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
            chan_send(me->wishes, &(wish){NULL});
    } while (more);
    refcount_book(r, &tally);
}
/* -- launch -- */
static chan *channel(size_t bytes, size_t capacity)
{
    chan *c;
    FW_MUST(chan_create(&c, bytes, capacity) == 0);
    return c;
}

int refcount_channels(fw_trial *t)
{
    refcount r;
    reader readers[REFCOUNT_MOST_READERS + 1]; /* the owner first */
    csp *unit[REFCOUNT_MOST_READERS + 1];
    unsigned made = 0;
    int err = refcount_open(&r, t, REFCOUNT_OWNER);

    if (err)
        return err;
    chan *wishes = channel(sizeof(wish), 0);
    for (; made <= r.readers && !err; made += err == 0) {
        readers[made] = (reader){&r, wishes, channel(sizeof(uint64_t), 1), made - 1};
        err = csp_spawn(&unit[made], fw_worker_of(t, made), made == 0 ? own : run, &readers[made]);
    }
    fw_open_when(t, err ? 0 : r.readers);
    /* -- coordinate -- */
    for (unsigned i = made; i-- > 0; csp_join(unit[i]))
        if (i == 0)
            chan_close(wishes);
    /* -- finish -- */
    for (unsigned i = 0; i < made + (err != 0); i++)
        chan_destroy(readers[i].answer);
    chan_destroy(wishes);
    int full = refcount_close(&r);
    return err ? fw_refuse_units(t, "pthread_create", -err) : full;
}
/* -- end -- */
