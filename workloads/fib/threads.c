/* Fib with threads: a call starts one for n - 1, does n - 2 itself and joins. */
#include "threads/threads.h"
#include "fw.h"
#include "spec.h"

typedef struct node {
    fw_trial *trial;
    fib_call call;
} node;

/* -- unit -- */
static void run(void *arg)
{
    node *n = arg;
    fib_call *c = &n->call;
    thr *unit;

    if (!fib_forks(c)) {
        c->value = fib_plain(c->n, c->salt);
        return;
    }
    node left = {n->trial, fib_less(c, 1)}, right = {n->trial, fib_less(c, 2)};
    c->err = thr_spawn(&unit, fw_worker_of(n->trial, c->n), run, &left);
    if (c->err)
        return;
    run(&right);
    thr_join(unit);
    c->value = left.call.value + right.call.value;
    c->err = left.call.err ? left.call.err : right.call.err;
}
/* -- launch -- */
int fib_threads(fw_trial *t)
{
    node root = {t, fib_root(t)};
    thr *unit;
    int err = fw_check_os_units(t, "pthread_create", fib_units(t), FW_THREAD_BYTES);

    if (err)
        return err;
    fw_begin(t);
    err = thr_spawn(&unit, fw_worker_of(t, 0), run, &root);
    /* -- coordinate -- */
    if (!err) {
        thr_join(unit);
        err = root.call.err;
    }
    /* -- finish -- */
    if (!err)
        fib_finish(t, root.call.value);
    fw_end(t);
    return err ? fw_refuse_units(t, "pthread_create", -err) : 0;
}
/* -- end -- */
