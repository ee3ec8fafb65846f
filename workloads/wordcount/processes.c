/* Word count with processes: a process a stage and a pipe between two of them, as a
 * shell would do it. The text is copied into the kernel and out of it at every stage. */
#include <stdlib.h>

#include "fw.h"
#include "processes/processes.h"
#include "spec.h"

typedef struct stage {
    wordcount_pass *pass;
    unsigned number;
    proc_link **link; /* link[i] leads into stage i, 0 < i < stages */
} stage;

/* -- unit -- */
static bool next(stage *s, wordcount_batch *b)
{
    if (s->number == 0)
        return wordcount_read(s->pass, b);
    int64_t bytes = proc_recv(s->link[s->number], b->text, s->pass->batch);
    b->bytes = bytes > 0 ? (size_t)bytes : 0;
    return bytes > 0;
}

static int run(void *arg)
{
    stage *s = arg;
    proc_link *out = s->number + 1 < s->pass->stages ? s->link[s->number + 1] : NULL;
    wordcount_batch *b = wordcount_batch_new(s->pass);

    for (unsigned i = 1; i < s->pass->stages; i++) { /* keep two ends, close the rest */
        if (i == s->number)
            proc_link_receiver(s->link[i]);
        else if (s->link[i] == out)
            proc_link_sender(out);
        else
            proc_link_destroy(s->link[i]);
    }
    while (next(s, b)) {
        wordcount_transform(s->pass, s->number, b);
        if (!out)
            wordcount_count(s->pass, b);
        else if (proc_send(out, b->text, b->bytes) != 0)
            return fw_fail(s->pass->trial, "stage %u: the next one is gone", s->number + 1), 1;
    }
    if (out)
        proc_close(out);
    else
        wordcount_finish(s->pass);
    return 0;
}
/* -- launch -- */
int wordcount_processes(fw_trial *t)
{
    proc_link *link[WORDCOUNT_STAGES] = {NULL};
    stage stages[WORDCOUNT_STAGES];
    proc *units[WORDCOUNT_STAGES];
    int err = 0;

    fw_begin(t);
    wordcount_pass pass = wordcount_begin(t);
    unsigned first = pass.stages;
    for (unsigned i = 1; i < pass.stages; i++)
        FW_MUST(proc_link_create(&link[i], PROC_PIPE, pass.batch, 0) == 0);
    for (unsigned i = pass.stages; i-- > 0 && !err;) { /* the counter first, the reader last */
        stages[i] = (stage){&pass, i, link};
        err = proc_spawn(&units[i], fw_worker_of(t, i), run, &stages[i]);
        first = err ? first : i;
    }
    for (unsigned i = 1; i < pass.stages; i++)
        proc_link_destroy(link[i]); /* the parent holds no end, so that a stage sees the one before it end */
    /* -- coordinate -- */
    for (unsigned i = first; i < pass.stages; i++) {
        int status = 0;
        if (proc_join(units[i], &status) != 0 || status != 0)
            fw_fail(t, "stage %u ended with wait status %d", i + 1, status);
    }
    /* -- finish -- */
    wordcount_table_free(pass.table); /* the counter's is a copy */
    fw_end(t);
    return err ? fw_refuse(t, "fork", -err, "processes", pass.stages) : 0;
}
/* -- end -- */
