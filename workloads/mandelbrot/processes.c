/* Mandelbrot with processes: one a worker, all drawing into one picture in shared memory. Rows are bands, or the next
 * number of a shared counter; each sends the sum of its own. */
#include <errno.h>
#include <stdatomic.h>

#include "fw.h"
#include "processes/processes.h"
#include "spec.h"

typedef struct unit {
    const mandelbrot *m; /* the picture is shared */
    unsigned number, units;
    _Atomic unsigned *next; /* shared: the first row that nobody has taken */
    proc_link *up;          /* of uint64_t */
} unit;

/* -- unit -- */
static int run(void *arg)
{
    unit *u = arg;
    const mandelbrot *m = u->m;
    uint64_t fold = 0;
    unsigned y;

    proc_link_sender(u->up);
    if (m->schedule == MANDELBROT_STATIC)
        fold = mandelbrot_rows(m, mandelbrot_band(m, u->number, u->units), mandelbrot_band(m, u->number + 1, u->units));
    else
        while ((y = atomic_fetch_add(u->next, 1)) < m->height)
            fold += mandelbrot_rows(m, y, y + 1);
    return proc_send(u->up, &fold, sizeof fold) != 0;
}
/* -- launch -- */
static unsigned make(unit *u, proc **units, int *err)
{
    for (*err = 0; u->number < u->units && !*err; u->number += *err == 0)
        *err = proc_spawn(&units[u->number], fw_worker_of(u->m->trial, u->number), run, u);
    return u->number;
}
/* -- coordinate -- */
static int collect(const unit *u, proc **units, unsigned made, uint64_t *fold)
{
    uint64_t one;
    int err = 0;

    proc_link_receiver(u->up);
    for (unsigned i = 0; i < made && !err; i++) {
        if (proc_recv(u->up, &one, sizeof one) == sizeof one)
            *fold += one;
        else
            err = fw_fail(u->m->trial, "a process ended without its rows");
    }
    for (unsigned i = 0; i < made; i++)
        proc_join(units[i], NULL);
    return err;
}

int mandelbrot_processes(fw_trial *t)
{
    mandelbrot m;
    proc *units[FW_MAX_WORKERS];
    unit u = {.m = &m, .units = fw_workers(t)};
    uint64_t fold = 0;
    int err = mandelbrot_begin(&m, t, 0), lost;

    if (err)
        return err;
    u.next = proc_shared_alloc(sizeof *u.next);
    FW_MUST(u.next && proc_link_create(&u.up, PROC_PIPE, sizeof fold, 0) == 0);
    fw_begin(t);
    unsigned made = make(&u, units, &err);
    lost = collect(&u, units, made, &fold);
    /* -- finish -- */
    if (!err && !lost)
        fw_result(t, 1, fold);
    fw_end(t);
    proc_link_destroy(u.up);
    proc_shared_free((void *)u.next, sizeof *u.next);
    lost = mandelbrot_end(&m) || lost ? -EPROTO : 0;
    return err ? fw_refuse_units(t, "fork", -err) : lost;
}
/* -- end -- */
