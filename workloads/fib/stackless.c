/* Fib with stackless tasks: a call boxes the frames of its two (a frame can't hold its own kind), spawns a task for
 * n - 1, awaits n - 2 itself and then the task. */
#include "stackless/stackless.h"
#include "fw.h"
#include "spec.h"

/* -- unit -- */
typedef struct node {
    future fut;
    fib_call call;
    struct node *pair;   /* for n - 1 and n - 2, boxed */
    task_join_fut joins; /* this call's: waits for the task of n - 1 */
} node;

static async_fn(node)
{
    async_begin(node);
    if (!fib_forks(&self->call)) {
        self->call.value = fib_plain(self->call.n, self->call.salt);
        async_return;
    }
    self->pair = task_box(cx, 2 * sizeof(node));
    for (unsigned i = 0; i < 2; i++) {
        self->pair[i].call = fib_less(&self->call, i + 1);
        future_init(&self->pair[i].fut, node_poll);
    }
    self->call.err = task_spawn(cx, &self->joins.task, -1, &self->pair[0].fut);
    if (!self->call.err) {
        async_await(&self->pair[1].fut);
        task_join(&self->joins, self->joins.task);
        async_await(&self->joins.fut);
        self->call.value = self->pair[0].call.value + self->pair[1].call.value;
        self->call.err = self->pair[0].call.err ? self->pair[0].call.err : self->pair[1].call.err;
    }
    task_unbox(cx, self->pair, 2 * sizeof(node));
    async_end;
}
/* -- launch -- */
typedef struct tree {
    future fut;
    node root;
    task_join_fut joins;
    int err;
} tree;

static async_fn(tree)
{
    async_begin(tree);
    future_init(&self->root.fut, node_poll);
    self->err = task_spawn(cx, &self->joins.task, -1, &self->root.fut);
    /* -- coordinate -- */
    if (!self->err) {
        task_join(&self->joins, self->joins.task);
        async_await(&self->joins.fut);
    }
    async_end;
}

int fib_stackless(fw_trial *t)
{
    task_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    tree all = {.root = {.call = fib_root(t)}};

    fw_begin(t);
    future_init(&all.fut, tree_poll);
    int err = task_run(&config, &all.fut);
    /* -- finish -- */
    all.err = all.err ? all.err : all.root.call.err;
    if (!err && !all.err)
        fib_finish(t, all.root.call.value);
    fw_end(t);
    if (err)
        return fw_refuse(t, "task_run", -err, "workers", fw_workers(t));
    return all.err ? fw_refuse(t, "task_spawn", -all.err, "tasks", (int64_t)fib_units(t)) : 0;
}
/* -- end -- */
