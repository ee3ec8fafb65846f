/* Mpmc with channels: all share one, and who closes it is whoever saw the last producer end. Where the capacity allows,
 * the channel is declared: one to one, or many to many, it then needs no lock. */
#include "channels/channels.h"
#include "fw.h"
#include "spec.h"

typedef struct side {
    const mpmc_load *load;
    chan *queue;
    unsigned number;
} side;

/* -- unit -- */
static void produce(void *arg)
{
    side *s = arg;
    fw_trial *t = s->load->trial;
    fw_meter *meter = fw_meter_of(t, s->number);
    mpmc_element e;
    unsigned batch = fw_batch(t);
    uint64_t sent = 0, start;

    do {
        start = fw_now_ns();
        for (unsigned i = 0; i < batch; i++) {
            mpmc_make(s->load, &e, s->number, sent++);
            chan_send(s->queue, &e);
        }
    } while (fw_meter_record(meter, start, fw_now_ns(), batch));
}

static void consume(void *arg)
{
    side *s = arg;
    mpmc_tally tally = {.sum = 0};
    mpmc_element e;

    while (chan_recv(s->queue, &e) == 0)
        mpmc_take(s->load, &tally, &e);
    mpmc_finish(s->load, &tally);
}
/* -- launch -- */
static int make_queue(const mpmc_load *l, chan **queue)
{
    size_t capacity = l->capacity, bytes = mpmc_element_bytes(l);
    if (capacity == 0 || (capacity & (capacity - 1)))
        return chan_create(queue, bytes, capacity);
    return chan_create_for(queue, bytes, capacity,
                           l->producers + l->consumers == 2 ? CHAN_ONE_TO_ONE : CHAN_MANY_TO_MANY);
}

int mpmc_channels(fw_trial *t)
{
    mpmc_load load = mpmc_load_of(t);
    side sides[2 * MPMC_MOST];
    csp *unit[2 * MPMC_MOST];
    unsigned n = load.consumers + load.producers, made = 0;
    chan *queue;
    int err = make_queue(&load, &queue);

    if (err)
        return fw_refuse(t, "chan_create", -err, "messages", (int64_t)load.capacity);
    for (; made < n && !err; made += err == 0) { /* the consumers first */
        bool consumer = made < load.consumers;
        sides[made] = (side){&load, queue, consumer ? made : made - load.consumers};
        err = csp_spawn(&unit[made], fw_worker_of(t, made), consumer ? consume : produce, &sides[made]);
    }
    fw_open_when(t, err ? 0 : load.producers);
    /* -- coordinate -- */
    for (unsigned i = load.consumers; i < made; i++)
        csp_join(unit[i]);
    chan_close(queue);
    for (unsigned i = 0; i < made && i < load.consumers; i++)
        csp_join(unit[i]);
    /* -- finish -- */
    chan_destroy(queue);
    return err ? fw_refuse_units(t, "pthread_create", -err) : 0;
}
/* -- end -- */
