/* Mpmc with processes: all share one pipe that keeps messages apart. A page of it holds one message, so the pages are
 * its capacity; it can't be unbounded, nor hand over an address. */
#include <errno.h>

#include "fw.h"
#include "processes/processes.h"
#include "spec.h"

typedef struct side {
    const mpmc_load *load;
    proc_link *queue;
    unsigned number;
} side;

/* -- unit -- */
static int produce(void *arg)
{
    side *s = arg;
    fw_trial *t = s->load->trial;
    fw_meter *meter = fw_meter_of(t, s->number);
    mpmc_element e;
    uint64_t sent = 0, start;

    proc_link_sender(s->queue);
    do {
        start = fw_now_ns();
        for (unsigned i = 0; i < fw_batch(t); i++) {
            mpmc_make(s->load, &e, s->number, sent++);
            if (proc_send(s->queue, &e, s->load->size) != 0)
                return 1;
        }
    } while (fw_meter_record(meter, start, fw_now_ns(), fw_batch(t)));
    return 0;
}

static int consume(void *arg)
{
    side *s = arg;
    mpmc_tally tally = {.sum = 0};
    mpmc_element e;

    proc_link_receiver(s->queue);
    while (proc_recv(s->queue, &e, sizeof e) == (int64_t)s->load->size)
        mpmc_take(s->load, &tally, &e);
    mpmc_finish(s->load, &tally);
    return 0;
}
/* -- launch -- */
static int create(const mpmc_load *l, proc_link **queue)
{
    if (l->move)
        return fw_refuse(l->trial, "pipe", ENOTSUP, "address spaces in common", 0);
    if (l->capacity == 0)
        return fw_refuse(l->trial, "pipe", EINVAL, "least capacity", 1);
    int err = proc_link_create(queue, PROC_PACKETS, l->size, l->capacity);
    return err ? fw_refuse(l->trial, "F_SETPIPE_SZ", -err, "fs.pipe-max-size", fw_sysctl("fs/pipe-max-size")) : 0;
}

int mpmc_processes(fw_trial *t)
{
    mpmc_load load = mpmc_load_of(t);
    proc *unit[2 * MPMC_MOST];
    unsigned n = load.consumers + load.producers, made = 0;
    proc_link *queue;
    int status, err = create(&load, &queue);

    if (err)
        return err;
    for (; made < n && !err; made += err == 0) { /* the consumers first */
        bool consumer = made < load.consumers;
        side s = {&load, queue, consumer ? made : made - load.consumers};
        err = proc_spawn(&unit[made], fw_worker_of(t, made), consumer ? consume : produce, &s);
    }
    fw_open_when(t, err ? 0 : load.producers);
    proc_link_destroy(queue); /* the parent holds no end: the last producer's end is the consumers' end */
    /* -- coordinate -- */
    for (unsigned i = made; i-- > 0;)
        if (proc_join(unit[i], &status) != 0 || status != 0)
            fw_fail(t, "%s %u ended with wait status %d", i < load.consumers ? "consumer" : "producer", i, status);
    /* -- finish -- */
    return err ? fw_refuse_units(t, "fork", -err) : 0;
}
/* -- end -- */
