/* Refcount with channels and a copy for each: whoever replaces the object sends every reader a new one of its own, and
 * never waits. A reader first takes what came, and frees what it had. */
#include "channels/channels.h"
#include "fw.h"
#include "spec.h"

typedef struct reader {
    const refcount *refcount;
    chan **inbox; /* of refcount_version *, which goes over to who receives it; one a reader */
    unsigned number;
} reader;

/* -- unit -- */
static void take_all(const reader *me, refcount_version **mine)
{
    refcount_version *v;
    while (chan_try_recv(me->inbox[me->number], &v) == 0)
        refcount_replace(me->refcount, mine, v, me->number);
}

static void update(const reader *me)
{
    for (unsigned i = 0; i < me->refcount->readers; i++) {
        refcount_version *v = refcount_make(me->refcount);
        chan_send(me->inbox[i], &v);
    }
}

static void run(void *arg)
{
    reader *me = arg;
    const refcount *r = me->refcount;
    fw_meter *meter = fw_meter_of(r->trial, me->number);
    refcount_version *mine = refcount_make(r);
    refcount_tally tally = {0};
    uint64_t start;
    bool more;

    do {
        start = fw_now_ns();
        for (unsigned i = 0; i < fw_batch(r->trial); i++) {
            take_all(me, &mine);
            refcount_add(&tally, refcount_look(r, mine));
        }
        more = fw_meter_record(meter, start, fw_now_ns(), fw_batch(r->trial));
        while (refcount_due(r, &tally))
            update(me);
        fw_count(fw_slot_here(), FW_WORK, 1);
    } while (more);
    refcount_free(r, mine, me->number);
    refcount_book(r, &tally);
}
/* -- launch -- */
int refcount_channels_copy(fw_trial *t)
{
    refcount r;
    reader readers[REFCOUNT_MOST_READERS];
    chan *inbox[REFCOUNT_MOST_READERS];
    csp *unit[REFCOUNT_MOST_READERS];
    unsigned made = 0;
    int err = refcount_open(&r, t, REFCOUNT_COPY);

    if (err)
        return err;
    for (unsigned i = 0; i < r.readers; i++)
        FW_MUST(chan_create(&inbox[i], sizeof(refcount_version *), FW_UNBOUNDED) == 0);
    for (; made < r.readers && !err; made += err == 0) {
        readers[made] = (reader){&r, inbox, made};
        err = csp_spawn(&unit[made], fw_worker_of(t, made), run, &readers[made]);
    }
    fw_open_when(t, made);
    /* -- coordinate -- */
    for (unsigned i = 0; i < made; i++)
        csp_join(unit[i]);
    /* -- finish -- */
    for (unsigned i = 0; i < r.readers; i++) {
        refcount_version *left;
        while (chan_try_recv(inbox[i], &left) == 0)
            refcount_free(&r, left, i);
        chan_destroy(inbox[i]);
    }
    int full = refcount_close(&r);
    return err ? fw_refuse_units(t, "pthread_create", -err) : full;
}
/* -- end -- */
