/* Word count with channels: a sequential process a stage, a channel between two of them.
 * Whoever received the pointer owns the text. */
#include <stdlib.h>

#include "channels/channels.h"
#include "fw.h"
#include "spec.h"

typedef struct stage {
    wordcount_pass *pass;
    unsigned number;
    chan *in, *out; /* of wordcount_batch *; NULL: the first and the last stage */
} stage;

/* -- unit -- */
static wordcount_batch *next(stage *s)
{
    wordcount_batch *b;
    if (!s->in)
        return wordcount_next(s->pass);
    return chan_recv(s->in, &b) == 0 ? b : NULL;
}

static void run(void *arg)
{
    stage *s = arg;
    wordcount_batch *b;

    csp_name(wordcount_stage_name(s->pass, s->number));
    while ((b = next(s))) {
        wordcount_transform(s->pass, s->number, b);
        if (s->out) {
            chan_send(s->out, &b);
        } else {
            wordcount_count(s->pass, b);
            free(b);
        }
    }
    if (s->out)
        chan_close(s->out);
    else
        wordcount_finish(s->pass);
}
/* -- launch -- */
int wordcount_channels(fw_trial *t)
{
    chan *channel[WORDCOUNT_STAGES + 1] = {NULL}; /* channel[i] leads into stage i */
    stage stages[WORDCOUNT_STAGES];
    csp *units[WORDCOUNT_STAGES];
    int err = 0;

    fw_begin(t);
    wordcount_pass pass = wordcount_begin(t);
    unsigned first = pass.stages;
    for (unsigned i = 1; i < pass.stages; i++)
        FW_MUST(chan_create(&channel[i], sizeof(wordcount_batch *), WORDCOUNT_QUEUE) == 0);
    for (unsigned i = pass.stages; i-- > 0 && !err;) { /* the counter first, the reader last */
        stages[i] = (stage){&pass, i, channel[i], channel[i + 1]};
        err = csp_spawn(&units[i], fw_worker_of(t, i), run, &stages[i]);
        first = err ? first : i;
    }
    if (err && first < pass.stages)
        chan_close(channel[first]);
    /* -- coordinate -- */
    for (unsigned i = first; i < pass.stages; i++)
        csp_join(units[i]);
    /* -- finish -- */
    for (unsigned i = 1; i < pass.stages; i++)
        chan_destroy(channel[i]);
    fw_end(t);
    return err ? fw_refuse(t, "pthread_create", -err, "threads", pass.stages) : 0;
}
/* -- end -- */
