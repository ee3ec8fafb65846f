/* Mpmc with threads: one mutex, a condition for "not full" and one for "not empty". */
#include "fw.h"
#include "spec.h"
#include "threads/threads.h"

typedef struct side {
    const mpmc_load *load;
    thr_queue *queue;
    unsigned number;
} side;

/* -- unit -- */
static void produce(void *arg)
{
    side *s = arg;
    fw_trial *t = s->load->trial;
    fw_meter *meter = fw_meter_of(t, s->number);
    mpmc_element e;
    uint64_t sent = 0, start;

    do {
        start = fw_now_ns();
        for (unsigned i = 0; i < fw_batch(t); i++) {
            mpmc_make(s->load, &e, s->number, sent++);
            thr_queue_put(s->queue, &e);
        }
    } while (fw_meter_record(meter, start, fw_now_ns(), fw_batch(t)));
}

static void consume(void *arg)
{
    side *s = arg;
    mpmc_tally tally = {.sum = 0};
    mpmc_element e;

    while (thr_queue_get(s->queue, &e) == 0)
        mpmc_take(s->load, &tally, &e);
    mpmc_finish(s->load, &tally);
}
/* -- launch -- */
int mpmc_threads_cv(fw_trial *t)
{
    mpmc_load load = mpmc_load_of(t);
    side sides[2 * MPMC_MOST];
    thr *unit[2 * MPMC_MOST];
    unsigned n = load.consumers + load.producers, made = 0;
    thr_queue *queue;
    int err = thr_queue_create(&queue, mpmc_element_bytes(&load), load.capacity);

    if (err)
        return fw_refuse(t, "thr_queue_create", -err, "messages", (int64_t)load.capacity);
    for (; made < n && !err; made += err == 0) { /* the consumers first */
        bool consumer = made < load.consumers;
        sides[made] = (side){&load, queue, consumer ? made : made - load.consumers};
        err = thr_spawn(&unit[made], fw_worker_of(t, made), consumer ? consume : produce, &sides[made]);
    }
    fw_open_when(t, err ? 0 : load.producers);
    /* -- coordinate -- */
    for (unsigned i = load.consumers; i < made; i++)
        thr_join(unit[i]);
    thr_queue_close(queue);
    for (unsigned i = 0; i < made && i < load.consumers; i++)
        thr_join(unit[i]);
    /* -- finish -- */
    thr_queue_destroy(queue);
    return err ? fw_refuse_units(t, "pthread_create", -err) : 0;
}
/* -- end -- */
