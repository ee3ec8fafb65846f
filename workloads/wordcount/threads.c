/* Word count with threads: a thread a stage, a bounded buffer (mutex and condition
 * variables) between two of them. The text stays where it is; its pointer travels. */
#include <stdlib.h>

#include "fw.h"
#include "spec.h"
#include "threads/threads.h"

typedef struct stage {
    wordcount_pass *pass;
    unsigned number;
    thr_queue *in, *out; /* of wordcount_batch *; NULL: the first and the last stage */
} stage;

/* -- unit -- */
static wordcount_batch *next(stage *s)
{
    wordcount_batch *b;
    if (!s->in)
        return wordcount_next(s->pass);
    return thr_queue_get(s->in, &b) == 0 ? b : NULL;
}

static void run(void *arg)
{
    stage *s = arg;
    wordcount_batch *b;

    while ((b = next(s))) {
        wordcount_transform(s->pass, s->number, b);
        if (s->out) {
            thr_queue_put(s->out, &b);
        } else {
            wordcount_count(s->pass, b);
            free(b);
        }
    }
    if (s->out)
        thr_queue_close(s->out);
    else
        wordcount_finish(s->pass);
}
/* -- launch -- */
int wordcount_threads(fw_trial *t)
{
    thr_queue *queue[WORDCOUNT_STAGES + 1] = {NULL}; /* queue[i] leads into stage i */
    stage stages[WORDCOUNT_STAGES];
    thr *units[WORDCOUNT_STAGES];
    int err = 0;

    fw_begin(t);
    wordcount_pass pass = wordcount_begin(t);
    unsigned first = pass.stages;
    for (unsigned i = 1; i < pass.stages; i++)
        FW_MUST(thr_queue_create(&queue[i], sizeof(wordcount_batch *), WORDCOUNT_QUEUE) == 0);
    for (unsigned i = pass.stages; i-- > 0 && !err;) { /* the counter first, the reader last */
        stages[i] = (stage){&pass, i, queue[i], queue[i + 1]};
        err = thr_spawn(&units[i], fw_worker_of(t, i), run, &stages[i]);
        first = err ? first : i;
    }
    if (err && first < pass.stages)
        thr_queue_close(queue[first]);
    /* -- coordinate -- */
    for (unsigned i = first; i < pass.stages; i++)
        thr_join(units[i]);
    /* -- finish -- */
    for (unsigned i = 1; i < pass.stages; i++)
        thr_queue_destroy(queue[i]);
    fw_end(t);
    return err ? fw_refuse(t, "pthread_create", -err, "threads", pass.stages) : 0;
}
/* -- end -- */
