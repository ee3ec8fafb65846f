/* The sieve with threads: one a stage, a bounded buffer between two. */
#include <stdlib.h>

#include "fw.h"
#include "spec.h"
#include "threads/threads.h"

typedef struct unit {
    thr *thread;
    thr_queue *in, *out; /* of numbers; in: NULL for the source */
    uint64_t prime;      /* the source: the last number */
} unit;

/* -- unit -- */
static void run(void *arg)
{
    unit *u = arg;
    uint64_t x;

    for (x = 2; !u->in && x <= u->prime; x++)
        thr_queue_put(u->out, &x);
    while (u->in && thr_queue_get(u->in, &x) == 0)
        if (sieve_passes(u->prime, x))
            thr_queue_put(u->out, &x);
    thr_queue_close(u->out);
}
/* -- launch -- */
static int append(const sieve_plan *p, unit *units, uint64_t n, thr_queue *in, uint64_t prime)
{
    unit *u = &units[n];
    int err;

    *u = (unit){.in = in, .prime = prime};
    FW_MUST(thr_queue_create(&u->out, sizeof(uint64_t), SIEVE_ROOM) == 0);
    if ((err = thr_spawn(&u->thread, fw_worker_of(p->trial, (unsigned)n), run, u)) != 0)
        thr_queue_destroy(u->out);
    return err;
}

int sieve_threads(fw_trial *t)
{
    sieve_plan p = sieve_plan_of(t);
    uint64_t n = 0, prime, sum = 0;
    int err = fw_check_os_units(t, "pthread_create", p.primes + 1, FW_THREAD_BYTES);
    unit *units = err ? NULL : calloc(p.primes + 1, sizeof *units);

    if (err)
        return err;
    FW_MUST(units);
    fw_begin(t);
    err = append(&p, units, n, NULL, p.last);
    /* -- coordinate -- */
    for (n += err == 0; n > 0 && n <= p.primes && !err && thr_queue_get(units[n - 1].out, &prime) == 0; n += err == 0) {
        sum += sieve_value(prime);
        err = append(&p, units, n, units[n - 1].out, prime);
    }
    while (n > 0 && thr_queue_get(units[n - 1].out, &prime) == 0)
        ; /* until all have ended */
    /* -- finish -- */
    for (uint64_t i = 0; i < n; i++)
        thr_join(units[i].thread);
    for (uint64_t i = 0; i < n; i++)
        thr_queue_destroy(units[i].out);
    free(units);
    return err ? fw_refuse_units(t, "pthread_create", -err) : sieve_finish(&p, n ? n - 1 : 0, sum);
}
/* -- end -- */
