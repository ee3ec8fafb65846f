/* Nqueens with stackless tasks: a placement boxes the frames of those that follow from it (a frame can't hold its own
 * kind), spawns a task for each, awaits their ends and adds up. */
#include "stackless/stackless.h"
#include "fw.h"
#include "spec.h"

/* -- unit -- */
typedef struct node {
    future fut;
    nqueens_part part;
    nqueens_sum sum;
    struct node *child;  /* boxed */
    task_join_fut joins; /* the parent's: waits for this node's task */
    unsigned i, made;
    uint32_t free;
    int err;
} node;

static async_fn(node)
{
    async_begin(node);
    if (nqueens_is_leaf(&self->part)) {
        self->sum = nqueens_search(&self->part);
        async_return;
    }
    self->child = task_box(cx, self->part.n * sizeof(node));
    for (self->free = nqueens_free(&self->part); self->free; self->free &= self->free - 1, self->made++) {
        node *child = &self->child[self->made];
        child->part = nqueens_child(&self->part, self->free);
        future_init(&child->fut, node_poll);
        if ((self->err = task_spawn(cx, &child->joins.task, -1, &child->fut)) != 0)
            break;
    }
    for (self->i = self->made; self->i-- > 0;) { /* the newest first: it is the next that this worker would poll */
        task_join(&self->child[self->i].joins, self->child[self->i].joins.task);
        async_await(&self->child[self->i].joins.fut);
        nqueens_add(&self->sum, self->child[self->i].sum);
        self->err = self->err ? self->err : self->child[self->i].err;
    }
    task_unbox(cx, self->child, self->part.n * sizeof(node));
    async_end;
}
/* -- launch -- */
typedef struct tree {
    future fut;
    node root;
    int err;
} tree;

static async_fn(tree)
{
    async_begin(tree);
    future_init(&self->root.fut, node_poll);
    self->err = task_spawn(cx, &self->root.joins.task, -1, &self->root.fut);
    /* -- coordinate -- */
    if (!self->err) {
        task_join(&self->root.joins, self->root.joins.task);
        async_await(&self->root.joins.fut);
    }
    async_end;
}

int nqueens_stackless(fw_trial *t)
{
    task_config config = {.workers = fw_worker_of(t, 0), .n = fw_workers(t), .pinned = fw_pin_units(t)};
    tree all = {.root = {.part = nqueens_board(t)}};

    fw_begin(t);
    future_init(&all.fut, tree_poll);
    int err = task_run(&config, &all.fut);
    /* -- finish -- */
    all.err = all.err ? all.err : all.root.err;
    if (!err && !all.err)
        nqueens_finish(t, all.root.sum);
    fw_end(t);
    if (err)
        return fw_refuse(t, "task_run", -err, "workers", fw_workers(t));
    return all.err ? fw_refuse(t, "task_spawn", -all.err, "tasks", (int64_t)nqueens_units(t)) : 0;
}
/* -- end -- */
