/* Fib with green threads: a call spawns one for n - 1, does n - 2 itself and joins. */
#include "green/green.h"
#include "fw.h"
#include "spec.h"

/* -- unit -- */
static void run(void *arg)
{
    fib_call *c = arg;
    green *unit;

    if (!fib_forks(c)) {
        c->value = fib_plain(c->n, c->salt);
        return;
    }
    fib_call left = fib_less(c, 1), right = fib_less(c, 2);
    c->err = green_spawn(&unit, NULL, run, &left);
    if (c->err)
        return;
    run(&right);
    green_join(unit);
    c->value = left.value + right.value;
    c->err = left.err ? left.err : right.err;
}
/* -- launch -- */
static void launch(void *arg)
{
    fib_call *root = arg;
    green *unit;
    int err = green_spawn(&unit, NULL, run, root); /* from now on root is the unit's */
    /* -- coordinate -- */
    if (err)
        root->err = err;
    else
        green_join(unit);
}

int fib_green(fw_trial *t)
{
    green_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    fib_call root = fib_root(t);

    fw_begin(t);
    int err = green_run(&config, launch, &root);
    /* -- finish -- */
    if (!err && !root.err)
        fib_finish(t, root.value);
    fw_end(t);
    if (err)
        return fw_refuse(t, "green_run", -err, "workers", fw_workers(t));
    return root.err ? fw_refuse(t, "green_spawn", -root.err, "green threads", (int64_t)fib_units(t)) : 0;
}
/* -- end -- */
