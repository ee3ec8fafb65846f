/* Mandelbrot with channels: workers take pieces of work from one channel and hand finished rows through another; nobody
 * writes into another's memory. */
#include <stdlib.h>
#include <string.h>

#include "channels/channels.h"
#include "fw.h"
#include "spec.h"

typedef struct piece {
    unsigned from, to; /* rows */
} piece;

typedef struct row {
    unsigned y;
    uint64_t fold;
    uint16_t *counts; /* the receiver's from now on; NULL: a worker has ended */
} row;

typedef struct unit {
    const mandelbrot *m; /* read only */
    chan *todo, *done;   /* of piece; of row */
    csp *process;
} unit;

/* -- unit -- */
static void run(void *arg)
{
    unit *u = arg;
    piece p;
    row r = {0, 0, NULL};

    while (chan_recv(u->todo, &p) == 0)
        for (r.y = p.from; r.y < p.to; r.y++) {
            r.counts = malloc(u->m->width * sizeof *r.counts);
            FW_MUST(r.counts);
            r.fold = mandelbrot_row(u->m, r.y, r.counts);
            chan_send(u->done, &r);
        }
    r.counts = NULL;
    chan_send(u->done, &r);
}
/* -- launch -- */
static unsigned make(const mandelbrot *m, unit *units, chan *todo, chan *done, int *err)
{
    unsigned n = fw_workers(m->trial), made = 0;

    for (*err = 0; made < n && !*err; made += *err == 0) {
        units[made] = (unit){m, todo, done, NULL};
        *err = csp_spawn(&units[made].process, fw_worker_of(m->trial, made), run, &units[made]);
    }
    return made;
}

/* A band for each worker, or each row alone. All fit in. */
static void share_out(const mandelbrot *m, chan *todo, unsigned workers)
{
    unsigned pieces = m->schedule == MANDELBROT_STATIC ? workers : m->height;
    for (unsigned i = 0; i < pieces; i++)
        chan_send(todo, &(piece){mandelbrot_band(m, i, pieces), mandelbrot_band(m, i + 1, pieces)});
    chan_close(todo);
}
/* -- coordinate -- */
static uint64_t collect(const mandelbrot *m, chan *done, unsigned workers)
{
    uint64_t fold = 0;
    row r;

    while (workers > 0) {
        chan_recv(done, &r);
        if (!r.counts) {
            workers--;
            continue;
        }
        memcpy(m->picture + (size_t)r.y * m->width, r.counts, m->width * sizeof *r.counts);
        free(r.counts);
        fold += r.fold;
    }
    return fold;
}

int mandelbrot_channels(fw_trial *t)
{
    mandelbrot m;
    unit units[FW_MAX_WORKERS];
    chan *todo, *done;
    int err = mandelbrot_begin(&m, t, 0);

    if (err)
        return err;
    FW_MUST(chan_create(&todo, sizeof(piece), m.height + FW_MAX_WORKERS) == 0);
    FW_MUST(chan_create(&done, sizeof(row), 64) == 0);
    fw_begin(t);
    unsigned made = make(&m, units, todo, done, &err);
    if (err)
        chan_close(todo);
    else
        share_out(&m, todo, made);
    uint64_t fold = collect(&m, done, made);
    for (unsigned i = 0; i < made; i++)
        csp_join(units[i].process);
    /* -- finish -- */
    if (!err)
        fw_result(t, 1, fold);
    fw_end(t);
    chan_destroy(todo);
    chan_destroy(done);
    int wrong = mandelbrot_end(&m);
    return err ? fw_refuse_units(t, "pthread_create", -err) : wrong;
}
/* -- end -- */
