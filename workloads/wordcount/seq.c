/* Word count without concurrency: the same kernels in a loop, nothing handed on. */
#include <stdlib.h>

#include "fw.h"
#include "spec.h"

/* -- unit -- */
static void whole(wordcount_pass *pass)
{
    wordcount_batch *b = wordcount_batch_new(pass);

    while (wordcount_read(pass, b)) {
        for (unsigned stage = 0; stage < pass->stages; stage++)
            wordcount_transform(pass, stage, b);
        wordcount_count(pass, b);
    }
    free(b);
    wordcount_finish(pass);
}
/* -- launch -- */
int wordcount_seq(fw_trial *t)
{
    int err = fw_worker_bind(fw_worker_of(t, 0));
    if (err)
        return fw_fail(t, "cannot run on worker 0's CPUs: error %d", -err);
    fw_begin(t);
    wordcount_pass pass = wordcount_begin(t);
    /* -- coordinate -- */
    whole(&pass);
    /* -- finish -- */
    fw_end(t);
    return 0;
}
/* -- end -- */
