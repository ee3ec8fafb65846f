/* The sieve with processes: one a stage, a pipe between two. */
#include <errno.h>
#include <stdlib.h>

#include "fw.h"
#include "processes/processes.h"
#include "spec.h"

typedef struct unit {
    proc_link *in, *out; /* of numbers; in: NULL for the source, else its receiving side already */
    uint64_t prime;      /* the source: the last number */
} unit;

/* -- unit -- */
static int run(void *arg)
{
    unit *u = arg;
    uint64_t x;

    proc_link_sender(u->out);
    for (x = 2; !u->in && x <= u->prime; x++)
        proc_send(u->out, &x, sizeof x);
    while (u->in && proc_recv(u->in, &x, sizeof x) == sizeof x)
        if (sieve_passes(u->prime, x))
            proc_send(u->out, &x, sizeof x);
    proc_close(u->out);
    return 0;
}
/* -- launch -- */
/* The new stage reads *tail and writes what *tail is then: of each pipe we hold the end that nobody has yet. */
static int append(const sieve_plan *p, proc **units, uint64_t n, proc_link **tail, uint64_t prime)
{
    unit u = {.in = *tail, .prime = prime};
    int err = proc_link_create(&u.out, PROC_PIPE, sizeof(uint64_t), 0);

    if (!err && (err = proc_spawn(&units[n], fw_worker_of(p->trial, (unsigned)n), run, &u)) != 0)
        proc_link_destroy(u.out);
    if (err)
        return err;
    proc_link_receiver(u.out);
    if (*tail)
        proc_link_destroy(*tail);
    *tail = u.out;
    return 0;
}

int sieve_processes(fw_trial *t)
{
    sieve_plan p = sieve_plan_of(t);
    uint64_t n = 0, prime, sum = 0;
    proc_link *tail = NULL;
    int err = fw_check_os_units(t, "fork", p.primes + 1, FW_PROCESS_BYTES);
    proc **units = err ? NULL : calloc(p.primes + 1, sizeof *units);

    if (err)
        return err;
    FW_MUST(units);
    fw_begin(t);
    err = append(&p, units, n, &tail, p.last);
    /* -- coordinate -- */
    for (n += err == 0; n > 0 && n <= p.primes && !err && proc_recv(tail, &prime, sizeof prime) == sizeof prime;
         n += err == 0) {
        sum += sieve_value(prime);
        err = append(&p, units, n, &tail, prime);
    }
    while (n > 0 && proc_recv(tail, &prime, sizeof prime) == sizeof prime)
        ; /* until all have ended */
    /* -- finish -- */
    if (tail)
        proc_link_destroy(tail);
    for (uint64_t i = 0; i < n; i++)
        proc_join(units[i], NULL);
    free(units);
    return err ? fw_refuse_units(t, "fork", -err) : sieve_finish(&p, n ? n - 1 : 0, sum);
}
/* -- end -- */
