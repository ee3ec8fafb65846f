/* Fib with channels: a call starts a sequential process for n - 1, which sends its answer, and does n - 2 itself. */
#include "channels/channels.h"
#include "fw.h"
#include "spec.h"

typedef struct node {
    fw_trial *trial;
    fib_call call;
    chan *answer; /* of fib_call */
} node;

/* -- unit -- */
static void run(void *arg);

static void compute(fw_trial *t, fib_call *c)
{
    csp *unit;

    if (!fib_forks(c)) {
        c->value = fib_plain(c->n, c->salt);
        return;
    }
    node left = {.trial = t, .call = fib_less(c, 1)};
    fib_call right = fib_less(c, 2), got = {.err = 0};
    FW_MUST(chan_create(&left.answer, sizeof(fib_call), 1) == 0);
    c->err = csp_spawn(&unit, fw_worker_of(t, c->n), run, &left);
    if (!c->err) {
        compute(t, &right);
        chan_recv(left.answer, &got);
        csp_join(unit);
        c->value = got.value + right.value;
        c->err = got.err ? got.err : right.err;
    }
    chan_destroy(left.answer);
}

static void run(void *arg)
{
    node *n = arg;
    fib_call mine = n->call;

    compute(n->trial, &mine);
    chan_send(n->answer, &mine);
}
/* -- launch -- */
int fib_channels(fw_trial *t)
{
    node root = {.trial = t, .call = fib_root(t)};
    fib_call got = {.err = 0};
    csp *unit;
    int err = fw_check_os_units(t, "pthread_create", fib_units(t), FW_THREAD_BYTES);

    if (err)
        return err;
    fw_begin(t);
    FW_MUST(chan_create(&root.answer, sizeof(fib_call), 1) == 0);
    err = csp_spawn(&unit, fw_worker_of(t, 0), run, &root);
    /* -- coordinate -- */
    if (!err) {
        chan_recv(root.answer, &got);
        csp_join(unit);
        err = got.err;
    }
    /* -- finish -- */
    chan_destroy(root.answer);
    if (!err)
        fib_finish(t, got.value);
    fw_end(t);
    return err ? fw_refuse_units(t, "pthread_create", -err) : 0;
}
/* -- end -- */
