/* Word count with green threads: one a stage, a channel between two of them. A stage
 * that has to wait parks, and its worker runs another stage. */
#include <stdlib.h>

#include "fw.h"
#include "green/green.h"
#include "spec.h"

typedef struct stage {
    wordcount_pass *pass;
    unsigned number;
    green_chan *in, *out; /* of wordcount_batch *; NULL: the first and the last stage */
} stage;

typedef struct pipeline {
    wordcount_pass pass;
    green_chan *channel[WORDCOUNT_STAGES + 1]; /* channel[i] leads into stage i */
    stage stages[WORDCOUNT_STAGES];
    int err;
} pipeline;

/* -- unit -- */
static wordcount_batch *next(stage *s)
{
    wordcount_batch *b;
    if (!s->in)
        return wordcount_next(s->pass);
    return green_recv(s->in, &b) == 0 ? b : NULL;
}

static void run(void *arg)
{
    stage *s = arg;
    wordcount_batch *b;

    while ((b = next(s))) {
        wordcount_transform(s->pass, s->number, b);
        if (s->out) {
            green_send(s->out, &b);
        } else {
            wordcount_count(s->pass, b);
            free(b);
        }
    }
    if (s->out)
        green_chan_close(s->out);
    else
        wordcount_finish(s->pass);
}
/* -- launch -- */
static void launch(void *arg)
{
    pipeline *p = arg;
    green *units[WORDCOUNT_STAGES];
    unsigned n = p->pass.stages, first = n, workers = fw_workers(p->pass.trial);

    for (unsigned i = n; i-- > 0 && !p->err;) { /* the counter first, the reader last */
        green_attr attr = {.worker = (int)(i % workers), .name = "stage"};
        p->stages[i] = (stage){&p->pass, i, p->channel[i], p->channel[i + 1]};
        p->err = green_spawn(&units[i], &attr, run, &p->stages[i]);
        first = p->err ? first : i;
    }
    if (p->err && first < n)
        green_chan_close(p->channel[first]);
    /* -- coordinate -- */
    for (unsigned i = first; i < n; i++)
        green_join(units[i]);
}

int wordcount_green(fw_trial *t)
{
    green_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};

    fw_begin(t);
    pipeline p = {.pass = wordcount_begin(t)};
    for (unsigned i = 1; i < p.pass.stages; i++)
        FW_MUST(green_chan_create(&p.channel[i], sizeof(wordcount_batch *), WORDCOUNT_QUEUE) == 0);
    int err = green_run(&config, launch, &p);
    /* -- finish -- */
    for (unsigned i = 1; i < p.pass.stages; i++)
        green_chan_destroy(p.channel[i]);
    fw_end(t);
    if (err)
        return fw_refuse(t, "green_run", -err, "workers", fw_workers(t));
    return p.err ? fw_refuse(t, "green_spawn", -p.err, "green threads", p.pass.stages) : 0;
}
/* -- end -- */
