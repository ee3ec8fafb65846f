/* Fib with processes: a call forks one for n - 1, which writes its answer to a pipe, and does n - 2 itself. */
#include <errno.h>

#include "fw.h"
#include "processes/processes.h"
#include "spec.h"

typedef struct node {
    fw_trial *trial;
    fib_call call;
    proc_link *answer; /* a fib_call */
} node;

/* -- unit -- */
static int run(void *arg);

static int start(proc **unit, node *n)
{
    int err = proc_link_create(&n->answer, PROC_PIPE, sizeof(fib_call), 0);
    if (err)
        return err;
    err = proc_spawn(unit, fw_worker_of(n->trial, n->call.n), run, n);
    if (err)
        proc_link_destroy(n->answer);
    else
        proc_link_receiver(n->answer);
    return err;
}

static fib_call collect(proc *unit, node *n)
{
    fib_call got;
    int status;
    if (proc_recv(n->answer, &got, sizeof got) != sizeof got)
        got = (fib_call){.err = -EPIPE}; /* it died without an answer */
    proc_link_destroy(n->answer);
    if (proc_join(unit, &status) != 0 || status != 0)
        got.err = got.err ? got.err : -EPIPE;
    return got;
}

static void compute(fw_trial *t, fib_call *c)
{
    proc *unit;

    if (!fib_forks(c)) {
        c->value = fib_plain(c->n, c->salt);
        return;
    }
    node left = {.trial = t, .call = fib_less(c, 1)};
    fib_call right = fib_less(c, 2);
    c->err = start(&unit, &left);
    if (c->err)
        return;
    compute(t, &right);
    fib_call got = collect(unit, &left);
    c->value = got.value + right.value;
    c->err = got.err ? got.err : right.err;
}

static int run(void *arg)
{
    node *n = arg;

    proc_link_sender(n->answer);
    compute(n->trial, &n->call);
    return proc_send(n->answer, &n->call, sizeof n->call) != 0;
}
/* -- launch -- */
int fib_processes(fw_trial *t)
{
    node root = {.trial = t, .call = fib_root(t)};
    proc *unit;
    int err = fw_check_os_units(t, "fork", fib_units(t), FW_PROCESS_BYTES);

    if (err)
        return err;
    fw_begin(t);
    err = start(&unit, &root);
    /* -- coordinate -- */
    if (!err) {
        root.call = collect(unit, &root);
        err = root.call.err;
    }
    /* -- finish -- */
    if (!err)
        fib_finish(t, root.call.value);
    fw_end(t);
    if (err == -EPIPE)
        return fw_fail(t, "a process ended without an answer");
    return err ? fw_refuse_units(t, "fork", -err) : 0;
}
/* -- end -- */
