/* Mandelbrot without concurrency: all rows, one after another. */
#include "fw.h"
#include "spec.h"

/* -- unit -- */
static uint64_t draw(const mandelbrot *m)
{
    return mandelbrot_rows(m, 0, m->height);
}
/* -- launch -- */
int mandelbrot_seq(fw_trial *t)
{
    mandelbrot m;
    int err = fw_worker_bind(fw_worker_of(t, 0));

    if (err)
        return fw_fail(t, "cannot run on worker 0's CPUs: error %d", -err);
    if ((err = mandelbrot_begin(&m, t, MANDELBROT_GUIDES | MANDELBROT_AWAITS)))
        return err;
    fw_begin(t);
    /* -- coordinate -- */
    uint64_t fold = draw(&m);
    /* -- finish -- */
    fw_result(t, 1, fold);
    fw_end(t);
    return mandelbrot_end(&m);
}
/* -- end -- */
