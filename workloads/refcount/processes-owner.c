/* Refcount with processes that share nothing: one of them owns the object, looks at it for whoever asks through a pipe,
 * and replaces it when told to. Nobody else ever has a reference. */
#include "fw.h"
#include "processes/processes.h"
#include "spec.h"

typedef struct wish {
    unsigned reader;
    bool update; /* else a read */
} wish;

typedef struct unit_arg {
    const refcount *refcount;
    proc_link *wishes, **answers; /* to the owner; from it, one a reader: the sum */
    unsigned number;
} unit_arg;

/* -- unit -- */
static int own(void *arg)
{
    unit_arg *me = arg;
    const refcount *r = me->refcount;
    refcount_version *version = refcount_make(r);
    wish w;

    proc_link_receiver(me->wishes);
    for (unsigned i = 0; i < r->readers; i++)
        proc_link_sender(me->answers[i]);
    while (proc_recv(me->wishes, &w, sizeof w) == sizeof w) {
        uint64_t sum = w.update ? 0 : refcount_look(r, version);
        if (w.update)
            refcount_replace(r, &version, refcount_make(r), r->readers);
        else
            proc_send(me->answers[w.reader], &sum, sizeof sum); /* else that reader is gone, and its end is seen */
    }
    refcount_free(r, version, r->readers);
    return 0;
}

static uint64_t look(const unit_arg *me)
{
    uint64_t sum;
    FW_MUST(proc_send(me->wishes, &(wish){me->number, false}, sizeof(wish)) == 0);
    FW_MUST(proc_recv(me->answers[me->number], &sum, sizeof sum) == sizeof sum);
    return sum;
}

static int run(void *arg)
{
    unit_arg *me = arg;
    const refcount *r = me->refcount;
    fw_meter *meter = fw_meter_of(r->trial, me->number);
    refcount_tally tally = {0};
    uint64_t start;
    bool more;

    proc_link_sender(me->wishes);
    for (unsigned i = 0; i < r->readers; i++)
        if (i != me->number)
            proc_link_destroy(me->answers[i]);
    proc_link_receiver(me->answers[me->number]);
    do {
        start = fw_now_ns();
        for (unsigned i = 0; i < fw_batch(r->trial); i++)
            refcount_add(&tally, look(me));
        more = fw_meter_record(meter, start, fw_now_ns(), fw_batch(r->trial));
        while (refcount_due(r, &tally))
            FW_MUST(proc_send(me->wishes, &(wish){me->number, true}, sizeof(wish)) == 0);
    } while (more);
    refcount_book(r, &tally);
    return 0;
}
/* -- launch -- */
int refcount_processes_owner(fw_trial *t)
{
    refcount r;
    proc_link *answers[REFCOUNT_MOST_READERS], *wishes;
    proc *unit[REFCOUNT_MOST_READERS + 1];
    unsigned made = 0;
    int status, err = refcount_open(&r, t, REFCOUNT_OWNER);

    if (err)
        return err;
    FW_MUST(proc_link_create(&wishes, PROC_PIPE, sizeof(wish), 0) == 0);
    for (unsigned i = 0; i < r.readers; i++)
        FW_MUST(proc_link_create(&answers[i], PROC_PIPE, sizeof(uint64_t), 0) == 0);
    for (; made <= r.readers && !err; made += err == 0) { /* the owner first */
        err = proc_spawn(&unit[made], fw_worker_of(t, made), made == 0 ? own : run,
                         &(unit_arg){&r, wishes, answers, made == 0 ? 0 : made - 1});
    }
    fw_open_when(t, err ? 0 : r.readers);
    proc_link_destroy(wishes); /* the last reader's end is the owner's end */
    for (unsigned i = 0; i < r.readers; i++)
        proc_link_destroy(answers[i]);
    /* -- coordinate -- */
    for (unsigned i = made; i-- > 0;)
        if (proc_join(unit[i], &status) != 0 || status != 0)
            fw_fail(t, "%s %u ended with wait status %d", i == 0 ? "owner" : "reader", i, status);
    /* -- finish -- */
    int full = refcount_close(&r);
    return err ? fw_refuse_units(t, "fork", -err) : full;
}
/* -- end -- */
