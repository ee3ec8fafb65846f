/* Mpmc with stackless tasks: all share one channel; what would block is awaited. */
#include "stackless/stackless.h"
#include "fw.h"
#include "spec.h"

/* -- unit -- */
typedef struct producer {
    future fut;
    const mpmc_load *load;
    task_chan *queue;
    unsigned number, i;
    fw_meter *meter;
    uint64_t sent, start;
    task_send_fut send;
    mpmc_element element;
} producer;

static async_fn(producer)
{
    async_begin(producer);
    self->meter = fw_meter_of(self->load->trial, self->number);
    do {
        self->start = fw_now_ns();
        for (self->i = 0; self->i < fw_batch(self->load->trial); self->i++) {
            mpmc_make(self->load, &self->element, self->number, self->sent++);
            task_send(&self->send, self->queue, &self->element);
            async_await(&self->send.fut);
        }
    } while (fw_meter_record(self->meter, self->start, fw_now_ns(), fw_batch(self->load->trial)));
    async_end;
}

typedef struct consumer {
    future fut;
    const mpmc_load *load;
    task_chan *queue;
    mpmc_tally tally;
    task_recv_fut recv;
    mpmc_element element;
} consumer;

static async_fn(consumer)
{
    async_begin(consumer);
    for (;;) {
        task_recv(&self->recv, self->queue, &self->element);
        async_await(&self->recv.fut);
        if (self->recv.status)
            break;
        mpmc_take(self->load, &self->tally, &self->element);
    }
    mpmc_finish(self->load, &self->tally);
    async_end;
}
/* -- launch -- */
typedef struct crowd {
    future fut;
    mpmc_load load;
    task_chan *queue;
    producer producers[MPMC_MOST];
    consumer consumers[MPMC_MOST];
    task *sending[MPMC_MOST], *receiving[MPMC_MOST];
    unsigned senders, receivers;
    task_join_all_fut all;
    int err;
} crowd;

static void spawn_all(task_cx *cx, crowd *c)
{
    unsigned workers = fw_workers(c->load.trial);

    for (; c->receivers < c->load.consumers && !c->err; c->receivers += c->err == 0) {
        consumer *one = &c->consumers[c->receivers];
        *one = (consumer){.load = &c->load, .queue = c->queue};
        future_init(&one->fut, consumer_poll);
        c->err = task_spawn(cx, &c->receiving[c->receivers], (int)(c->receivers % workers), &one->fut);
    }
    for (; c->senders < c->load.producers && !c->err; c->senders += c->err == 0) {
        producer *one = &c->producers[c->senders];
        *one = (producer){.load = &c->load, .queue = c->queue, .number = c->senders};
        future_init(&one->fut, producer_poll);
        c->err = task_spawn(cx, &c->sending[c->senders], (int)((c->receivers + c->senders) % workers), &one->fut);
    }
    fw_open_when(c->load.trial, c->senders);
}

static async_fn(crowd)
{
    async_begin(crowd);
    spawn_all(cx, self);
    /* -- coordinate -- */
    task_join_all(&self->all, self->sending, self->senders);
    async_await(&self->all.fut);
    task_chan_close(self->queue);
    task_join_all(&self->all, self->receiving, self->receivers);
    async_await(&self->all.fut);
    async_end;
}

int mpmc_stackless(fw_trial *t)
{
    static crowd c; /* large, and one trial a process */
    task_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    c = (crowd){.load = mpmc_load_of(t)};
    int err = task_chan_create(&c.queue, mpmc_element_bytes(&c.load), c.load.capacity);

    if (err)
        return fw_refuse(t, "task_chan_create", -err, "messages", (int64_t)c.load.capacity);
    future_init(&c.fut, crowd_poll);
    err = task_run(&config, &c.fut);
    /* -- finish -- */
    task_chan_destroy(c.queue);
    if (err)
        return fw_refuse(t, "task_run", -err, "workers", fw_workers(t));
    return c.err ? fw_refuse(t, "task_spawn", -c.err, "tasks", c.load.producers + c.load.consumers) : 0;
}
/* -- end -- */
