/* run.c - a run of the executor: its workers, from the first poll of the root to its end. */
#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdlib.h>
#include <string.h>

#include "core/park.h"
#include "task.h"

enum { FEW_SPARES = 1024 };

/* By its function: async_fn left a row for each between these two. */
extern const async_name __start_fw_async[], __stop_fw_async[];

const char *task_name(const task *t)
{
    for (const async_name *n = __start_fw_async; n < __stop_fw_async; n++)
        if (n->poll == t->fut->poll)
            return n->name;
    return NULL;
}

static const char *unit_name(const worker *w)
{
    const task *t = w->current;
    const char *name = t ? task_name(t) : NULL;

    return name || !t ? name : "a task that is no async function";
}

/* The frames are the program's; it, too, has freed them when the tasks were joined. */
static bool rest(worker *w, bool now)
{
    spares *tasks = &((run *)w->sched)->boxes[w->index].tasks;
    bool many = tasks->n > FEW_SPARES;

    if (many && now) {
        spares_free_all(tasks);
#ifdef __GLIBC__
        malloc_trim(0);
#endif
    }
    return many;
}

int task_run(const task_config *config, future *root)
{
    parker done;
    run r = {.pinned = config->pinned, .alone = config->n == 1, .done = &done};
    size_t bytes = (config->n ? config->n : 1) * sizeof *r.boxes;

    r.boxes = aligned_alloc(FW_PAD, bytes);
    if (!r.boxes)
        return -ENOMEM;
    memset(r.boxes, 0, bytes);
    task *t = task_new(&r, root);
    int err = t ? pool_start(&r.pool, &(pool_config){config->workers, config->n, config->pinned, (char *)&r, 0, rest,
                                                     unit_name, FW_POLLS})
                : -ENOMEM;
    if (err) {
        spares_free(t);
        free(r.boxes);
        return err;
    }
    park_init(&done, false);
    r.only = pool_worker(r.pool, 0);
    t->root = true;
    pool_push_to(r.pool, 0, &t->job);
    park_wait(&done, FW_FOREVER);
    pool_stop(r.pool);
    task_release(t);
    for (unsigned i = 0; i < config->n; i++)
        boxes_free(&r.boxes[i]);
    spares_end(&r.ended, sizeof *t);
    free(r.boxes);
    return 0;
}
