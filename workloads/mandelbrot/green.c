/* Mandelbrot with green threads: one for each row, or for each worker's band; who is idle steals. */
#include <errno.h>
#include <stdlib.h>

#include "fw.h"
#include "green/green.h"
#include "spec.h"

typedef struct unit {
    const mandelbrot *m;
    unsigned from, to;
    uint64_t fold;
    green *thread;
} unit;

typedef struct drawing {
    mandelbrot m;
    unit *units;
    unsigned n; /* bands or rows */
    uint64_t fold;
    int err;
} drawing;

/* -- unit -- */
static void run(void *arg)
{
    unit *u = arg;
    u->fold = mandelbrot_rows(u->m, u->from, u->to);
}
/* -- launch -- */
static void launch(void *arg)
{
    drawing *d = arg;
    unsigned made = 0;

    for (; made < d->n && !d->err; made += d->err == 0) {
        green_attr attr = {.worker = d->m.schedule == MANDELBROT_STATIC ? (int)made : -1};
        d->units[made] = (unit){
            .m = &d->m, .from = mandelbrot_band(&d->m, made, d->n), .to = mandelbrot_band(&d->m, made + 1, d->n)};
        d->err = green_spawn(&d->units[made].thread, &attr, run, &d->units[made]);
    }
    /* -- coordinate -- */
    for (unsigned i = 0; i < made; i++) {
        green_join(d->units[i].thread);
        d->fold += d->units[i].fold;
    }
}

int mandelbrot_green(fw_trial *t)
{
    drawing d = {.n = 0};
    int err = mandelbrot_begin(&d.m, t, 0);

    if (err)
        return err;
    d.n = d.m.schedule == MANDELBROT_STATIC ? fw_workers(t) : d.m.height;
    d.units = calloc(d.n, sizeof *d.units);
    FW_MUST(d.units);
    green_config config = {
        .workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = d.m.schedule == MANDELBROT_STATIC};
    fw_begin(t);
    err = green_run(&config, launch, &d);
    /* -- finish -- */
    if (!err && !d.err)
        fw_result(t, 1, d.fold);
    fw_end(t);
    free(d.units);
    int wrong = mandelbrot_end(&d.m);
    if (err)
        return fw_refuse(t, "green_run", -err, "workers", fw_workers(t));
    return d.err ? fw_refuse(t, "green_spawn", -d.err, "green threads", d.n) : wrong;
}
/* -- end -- */
