/* stackless_turns_test - of tasks that give way after long turns (worker_poll_if_late), alone or to another that does
 * the same: after each of them who is ready by then comes first. Where there is another worker, it is in a task that
 * never gives way. */
#include <stdio.h>
#include <unistd.h>

#include "stackless/stackless.h"

enum { LONG_TURNS = 100, LONG_NS = 200000 };

static _Atomic int heard, holds, listens;

static void take_long_turn(void)
{
    for (uint64_t until = fw_now_ns() + LONG_NS; fw_now_ns() < until;)
        ;
}

static task_poll hold_worker(future *fut, task_cx *cx)
{
    (void)fut;
    (void)cx;
    for (holds = 1; heard < LONG_TURNS;)
        ;
    return TASK_READY;
}

typedef struct give_way_too {
    future fut;
    task_yield_fut yield;
} give_way_too;

static async_fn(give_way_too)
{
    async_begin(give_way_too);
    while (heard < LONG_TURNS) {
        take_long_turn();
        task_yield(&self->yield);
        async_await(&self->yield.fut);
    }
    async_end;
}

typedef struct hear_all {
    future fut;
    task_io *io;
    task_io_fut f;
    char got;
} hear_all;

static async_fn(hear_all)
{
    async_begin(hear_all);
    for (listens = 1; heard < LONG_TURNS; heard++) {
        task_read(&self->f, self->io, &self->got, 1, FW_FOREVER);
        async_await(&self->f.fut);
        FW_MUST(self->f.result == 1);
    }
    async_end;
}

typedef struct write_and_give_way {
    future fut;
    int workers, fd[2], i, made;
    bool other;
    future hold;
    hear_all hear;
    give_way_too too;
    task *tasks[3];
    task_yield_fut yield;
    task_join_all_fut join;
} write_and_give_way;

static void start(write_and_give_way *w, task_cx *cx, int worker, future *fut, task_poll (*fn)(future *, task_cx *))
{
    future_init(fut, fn);
    FW_MUST(task_spawn(cx, &w->tasks[w->made++], worker, fut) == 0);
}

static async_fn(write_and_give_way)
{
    async_begin(write_and_give_way);
    heard = holds = listens = 0;
    FW_MUST(pipe(self->fd) == 0 && task_io_open(cx, &self->hear.io, self->fd[0]) == 0);
    if (self->workers > 1)
        start(self, cx, 1, &self->hold, hold_worker);
    while (self->workers > 1 && !holds) {
        task_yield(&self->yield);
        async_await(&self->yield.fut);
    }
    start(self, cx, 0, &self->hear.fut, hear_all_poll);
    while (!listens) {
        task_yield(&self->yield);
        async_await(&self->yield.fut);
    }
    if (self->other)
        start(self, cx, 0, &self->too.fut, give_way_too_poll);
    for (self->i = 0; self->i < LONG_TURNS; self->i++) {
        FW_MUST(heard == self->i && write(self->fd[1], "", 1) == 1);
        take_long_turn();
        task_yield(&self->yield);
        async_await(&self->yield.fut);
    }
    FW_MUST(heard == LONG_TURNS);
    task_join_all(&self->join, self->tasks, (size_t)self->made);
    async_await(&self->join.fut);
    task_io_close(self->hear.io);
    close(self->fd[1]);
    async_end;
}

int main(void)
{
    static const fw_worker place[2] = {{.l3 = -1, .numa = -1}, {.index = 1, .l3 = -1, .numa = -1}};

    for (int i = 0; i < 8; i++) {
        write_and_give_way root = {.workers = 1 + i / 4, .other = i & 1};
        future_init(&root.fut, write_and_give_way_poll);
        FW_MUST(task_run(&(task_config){place, (unsigned)root.workers, i & 2}, &root.fut) == 0);
    }
    puts("ok: turns of tasks beside those that wait for descriptors");
    return 0;
}
