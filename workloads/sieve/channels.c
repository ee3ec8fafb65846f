/* The sieve with channels: Hoare's and McIlroy's program, a sequential process a stage. */
#include <stdlib.h>

#include "channels/channels.h"
#include "fw.h"
#include "spec.h"

typedef struct unit {
    csp *process;
    chan *in, *out; /* of numbers; in: NULL for the source */
    uint64_t prime; /* the source: the last number */
} unit;

/* -- unit -- */
static void run(void *arg)
{
    unit *u = arg;
    uint64_t x;

    for (x = 2; !u->in && x <= u->prime; x++)
        chan_send(u->out, &x);
    while (u->in && chan_recv(u->in, &x) == 0)
        if (sieve_passes(u->prime, x))
            chan_send(u->out, &x);
    chan_close(u->out);
}
/* -- launch -- */
static int append(const sieve_plan *p, unit *units, uint64_t n, chan *in, uint64_t prime)
{
    unit *u = &units[n];
    int err;

    *u = (unit){.in = in, .prime = prime};
    FW_MUST(chan_create(&u->out, sizeof(uint64_t), SIEVE_ROOM) == 0);
    if ((err = csp_spawn(&u->process, fw_worker_of(p->trial, (unsigned)n), run, u)) != 0)
        chan_destroy(u->out);
    return err;
}

int sieve_channels(fw_trial *t)
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
    for (n += err == 0; n > 0 && n <= p.primes && !err && chan_recv(units[n - 1].out, &prime) == 0; n += err == 0) {
        sum += sieve_value(prime);
        err = append(&p, units, n, units[n - 1].out, prime);
    }
    while (n > 0 && chan_recv(units[n - 1].out, &prime) == 0)
        ; /* until all have ended */
    /* -- finish -- */
    for (uint64_t i = 0; i < n; i++)
        csp_join(units[i].process);
    for (uint64_t i = 0; i < n; i++)
        chan_destroy(units[i].out);
    free(units);
    return err ? fw_refuse_units(t, "pthread_create", -err) : sieve_finish(&p, n ? n - 1 : 0, sum);
}
/* -- end -- */
