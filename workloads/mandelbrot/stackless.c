/* Mandelbrot with stackless tasks: a future for each row, or for each worker's band. spawn=1 makes each a task, which
 * any worker may poll; spawn=0 awaits one after another, and a future that nobody polls does nothing. */
#include <errno.h>
#include <stdlib.h>

#include "fw.h"
#include "spec.h"
#include "stackless/stackless.h"

/* -- unit -- */
typedef struct rows {
    future fut;
    const mandelbrot *m;
    unsigned from, to;
    uint64_t fold;
    task *task;
} rows;

static async_fn(rows)
{
    async_begin(rows);
    self->fold = mandelbrot_rows(self->m, self->from, self->to);
    async_end;
}
/* -- launch -- */
typedef struct drawing {
    future fut;
    mandelbrot m;
    rows *part;
    unsigned n, made, i; /* bands or rows */
    bool spawn;
    task_join_fut join;
    uint64_t fold;
    int err;
} drawing;

static void prepare(drawing *d, unsigned i)
{
    d->part[i] = (rows){.m = &d->m, .from = mandelbrot_band(&d->m, i, d->n), .to = mandelbrot_band(&d->m, i + 1, d->n)};
    future_init(&d->part[i].fut, rows_poll);
}

static int spawn_rows(task_cx *cx, drawing *d)
{
    prepare(d, d->made);
    return task_spawn(cx, &d->part[d->made].task, d->m.schedule == MANDELBROT_STATIC ? (int)d->made : -1,
                      &d->part[d->made].fut);
}

static async_fn(drawing)
{
    async_begin(drawing);
    for (; self->spawn && self->made < self->n && !self->err; self->made += self->err == 0)
        self->err = spawn_rows(cx, self);
    for (; !self->spawn && self->made < self->n; self->made++)
        prepare(self, self->made);
    /* -- coordinate -- */
    for (self->i = 0; self->i < self->made; self->i++) {
        if (self->spawn) {
            task_join(&self->join, self->part[self->i].task);
            async_await(&self->join.fut);
        } else {
            async_await(&self->part[self->i].fut);
        }
        self->fold += self->part[self->i].fold;
    }
    async_end;
}

int mandelbrot_stackless(fw_trial *t)
{
    drawing d = {.spawn = fw_int(t, "spawn") != 0};
    int err = mandelbrot_begin(&d.m, t, MANDELBROT_AWAITS);

    if (err)
        return err;
    d.n = d.m.schedule == MANDELBROT_STATIC ? fw_workers(t) : d.m.height;
    d.part = calloc(d.n, sizeof *d.part);
    FW_MUST(d.part);
    task_config config = {
        .workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = d.m.schedule == MANDELBROT_STATIC};
    future_init(&d.fut, drawing_poll);
    fw_begin(t);
    err = task_run(&config, &d.fut);
    /* -- finish -- */
    if (!err && !d.err)
        fw_result(t, 1, d.fold);
    fw_end(t);
    free(d.part);
    int wrong = mandelbrot_end(&d.m);
    if (err)
        return fw_refuse(t, "task_run", -err, "workers", fw_workers(t));
    return d.err ? fw_refuse(t, "task_spawn", -d.err, "tasks", d.n) : wrong;
}
/* -- end -- */
