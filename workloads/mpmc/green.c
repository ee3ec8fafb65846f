/* Mpmc with green threads: all share one channel; what would block parks. */
#include "green/green.h"
#include "fw.h"
#include "spec.h"

typedef struct side {
    const mpmc_load *load;
    green_chan *queue;
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
            green_send(s->queue, &e);
        }
        if (s->load->capacity == FW_UNBOUNDED)
            green_yield(); /* nobody takes the worker from who never waits */
    } while (fw_meter_record(meter, start, fw_now_ns(), fw_batch(t)));
}

static void consume(void *arg)
{
    side *s = arg;
    mpmc_tally tally = {.sum = 0};
    mpmc_element e;

    while (green_recv(s->queue, &e) == 0)
        mpmc_take(s->load, &tally, &e);
    mpmc_finish(s->load, &tally);
}
/* -- launch -- */
typedef struct crowd {
    mpmc_load load;
    green_chan *queue;
    side sides[2 * MPMC_MOST];
    green *unit[2 * MPMC_MOST];
    int err;
} crowd;

static void launch(void *arg)
{
    crowd *c = arg;
    fw_trial *t = c->load.trial;
    unsigned n = c->load.consumers + c->load.producers, made = 0;

    for (; made < n && !c->err; made += c->err == 0) { /* the consumers first */
        bool consumer = made < c->load.consumers;
        c->sides[made] = (side){&c->load, c->queue, consumer ? made : made - c->load.consumers};
        green_attr attr = {.worker = (int)(made % fw_workers(t)), .name = consumer ? "consumer" : "producer"};
        c->err = green_spawn(&c->unit[made], &attr, consumer ? consume : produce, &c->sides[made]);
    }
    fw_open_when(t, c->err ? 0 : c->load.producers);
    /* -- coordinate -- */
    for (unsigned i = c->load.consumers; i < made; i++)
        green_join(c->unit[i]);
    green_chan_close(c->queue);
    for (unsigned i = 0; i < made && i < c->load.consumers; i++)
        green_join(c->unit[i]);
}

int mpmc_green(fw_trial *t)
{
    green_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    crowd c = {.load = mpmc_load_of(t)};
    int err = green_chan_create(&c.queue, mpmc_element_bytes(&c.load), c.load.capacity);

    if (err)
        return fw_refuse(t, "green_chan_create", -err, "messages", (int64_t)c.load.capacity);
    err = green_run(&config, launch, &c);
    /* -- finish -- */
    green_chan_destroy(c.queue);
    if (err)
        return fw_refuse(t, "green_run", -err, "workers", fw_workers(t));
    return c.err ? fw_refuse(t, "green_spawn", -c.err, "green threads", c.load.producers + c.load.consumers) : 0;
}
/* -- end -- */
