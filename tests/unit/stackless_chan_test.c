/* stackless_chan_test - channels of tasks: deadlines, select, drop; nothing is lost when they race. */
#include "stackless/stackless.h"

#include <errno.h>
#include <stdio.h>

enum { TURNS = 300 };

static void run(unsigned workers, bool pinned, future *root)
{
    static fw_worker places[8];
    for (unsigned i = 0; i < workers; i++)
        places[i] = (fw_worker){.index = i, .l3 = -1, .numa = -1};
    FW_MUST(task_run(&(task_config){places, workers, pinned}, root) == 0);
}

typedef struct selecting {
    future fut;
    task_chan *never, *ready;
    int a, b;
    task_recv_fut from_never, from_ready;
    task_sleep_fut late;
    task_select2_fut either;
} selecting;

static async_fn(selecting)
{
    async_begin(selecting);
    self->b = 7;
    FW_MUST(task_try_send(cx, self->ready, &self->b) == 0);
    self->b = 0;
    task_recv(&self->from_never, self->never, &self->a);
    task_recv(&self->from_ready, self->ready, &self->b);
    task_select2(&self->either, &self->from_never.fut, &self->from_ready.fut);
    async_await(&self->either.fut);
    FW_MUST(self->either.which == 1 && self->from_ready.status == 0 && self->b == 7);
    FW_MUST(!task_chan_drop(&self->from_never));                  /* nothing came */
    FW_MUST(task_try_send(cx, self->never, &self->b) == -EAGAIN); /* and nobody waits there any more */
    task_sleep_until(&self->late, fw_now_ns() + 3600000000000u);
    task_recv_until(&self->from_never, self->never, &self->a, fw_now_ns() + 50000);
    task_select2(&self->either, &self->late.fut, &self->from_never.fut);
    async_await(&self->either.fut);
    FW_MUST(self->either.which == 1 && self->from_never.status == -ETIMEDOUT);
    task_sleep_drop(&self->late);
    async_end;
}

static void select_takes_who_is_first_and_drops_the_other(void)
{
    selecting s = {.a = 0};
    FW_MUST(task_chan_create(&s.never, sizeof(int), 0) == 0 && task_chan_create(&s.ready, sizeof(int), 1) == 0);
    future_init(&s.fut, selecting_poll);
    run(2, false, &s.fut);
    task_chan_destroy(s.never);
    task_chan_destroy(s.ready);
}

typedef struct echo {
    future fut;
    task_chan **c;
    int value;
    task_chan_fut io;
} echo;

static async_fn(echo)
{
    async_begin(echo);
    for (;;) {
        task_recv(&self->io, self->c[0], &self->value);
        async_await(&self->io.fut);
        if (self->io.status)
            break;
        task_send(&self->io, self->c[1], &self->value);
        async_await(&self->io.fut);
        FW_MUST(self->io.status == 0);
    }
    task_chan_close(self->c[1]);
    async_end;
}

typedef struct player {
    future fut;
    task_chan *c[2];
    echo echo;
    task *task;
    int i, got;
    task_chan_fut io;
    task_join_fut join;
} player;

static async_fn(player)
{
    async_begin(player);
    FW_MUST(task_try_recv(cx, self->c[1], &self->got) == -EAGAIN);
    task_recv_until(&self->io, self->c[1], &self->got, fw_now_ns() + 50000);
    async_await(&self->io.fut);
    FW_MUST(self->io.status == -ETIMEDOUT);
    self->echo.c = self->c;
    future_init(&self->echo.fut, echo_poll);
    FW_MUST(task_spawn(cx, &self->task, -1, &self->echo.fut) == 0);
    for (self->i = 0; self->i < TURNS; self->i++) {
        task_send(&self->io, self->c[0], &self->i);
        async_await(&self->io.fut);
        task_recv_until(&self->io, self->c[1], &self->got, self->i % 3 ? FW_FOREVER : fw_now_ns() + 60000000000u);
        async_await(&self->io.fut);
        FW_MUST(self->io.status == 0 && self->got == self->i);
    }
    FW_MUST(task_chan_close(self->c[0]) == 0 && task_chan_close(self->c[0]) == -EPIPE);
    task_recv(&self->io, self->c[1], &self->got);
    async_await(&self->io.fut);
    FW_MUST(self->io.status == -EPIPE);
    task_join(&self->join, self->task);
    async_await(&self->join.fut);
    async_end;
}

static void ping_pong(unsigned workers, bool pinned, size_t capacity)
{
    player p = {.i = 0};
    for (int i = 0; i < 2; i++)
        FW_MUST(task_chan_create(&p.c[i], sizeof(int), capacity) == 0);
    future_init(&p.fut, player_poll);
    run(workers, pinned, &p.fut);
    for (int i = 0; i < 2; i++)
        task_chan_destroy(p.c[i]);
}

/* Deadlines race with senders: every message arrives once, none is lost to a timeout or a drop. */
typedef struct receiver {
    future fut;
    task_chan *c;
    bool drops;
    uint64_t value, sum;
    task_recv_fut io;
    task_yield_fut yield;
    task_select2_fut either;
} receiver;

static async_fn(receiver)
{
    async_begin(receiver);
    for (;;) {
        task_recv_until(&self->io, self->c, &self->value, fw_now_ns() + (self->drops ? 1000000 : 1000));
        if (self->drops) { /* gives up when it has been polled a second time */
            task_yield(&self->yield);
            task_select2(&self->either, &self->io.fut, &self->yield.fut);
            async_await(&self->either.fut);
            if (self->either.which == 1 && !task_chan_drop(&self->io))
                continue;
        } else {
            async_await(&self->io.fut);
        }
        if (self->io.status == -EPIPE)
            break;
        if (self->io.status == 0)
            self->sum += self->value;
    }
    async_end;
}

typedef struct racing {
    future fut;
    task_chan *c;
    receiver each[4];
    task *tasks[4];
    uint64_t i;
    task_send_fut io;
    task_join_all_fut join;
} racing;

static async_fn(racing)
{
    async_begin(racing);
    for (int i = 0; i < 4; i++) {
        self->each[i] = (receiver){.c = self->c, .drops = i % 2};
        future_init(&self->each[i].fut, receiver_poll);
        FW_MUST(task_spawn(cx, &self->tasks[i], -1, &self->each[i].fut) == 0);
    }
    for (self->i = 1; self->i <= TURNS; self->i++) {
        task_send(&self->io, self->c, &self->i);
        async_await(&self->io.fut);
        FW_MUST(self->io.status == 0);
    }
    task_chan_close(self->c);
    task_join_all(&self->join, self->tasks, 4);
    async_await(&self->join.fut);
    async_end;
}

static void deadlines_and_drops_lose_no_message(unsigned workers)
{
    static racing r;
    uint64_t sum = 0;
    r = (racing){.i = 0};
    FW_MUST(task_chan_create(&r.c, sizeof(uint64_t), 0) == 0);
    future_init(&r.fut, racing_poll);
    run(workers, false, &r.fut);
    for (int i = 0; i < 4; i++)
        sum += r.each[i].sum;
    FW_MUST(sum == (uint64_t)TURNS * (TURNS + 1) / 2);
    task_chan_destroy(r.c);
}

int main(void)
{
    select_takes_who_is_first_and_drops_the_other();
    for (size_t capacity = 0; capacity < 3; capacity++)
        for (unsigned workers = 1; workers <= 4; workers *= 2)
            ping_pong(workers, workers == 2 && capacity == 1, capacity);
    deadlines_and_drops_lose_no_message(1);
    deadlines_and_drops_lose_no_message(4);
    puts("ok: channels of stackless tasks");
    return 0;
}
