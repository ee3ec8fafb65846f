/* stackless_io_test - a task that waits for a descriptor leaves its worker to others, is woken once it can go on, at
 * its deadline or when the descriptor is closed; a dropped wait takes nothing along. Calls that really block hold up
 * nobody. */
#include <arpa/inet.h>
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os_threads.h"
#include "stackless/stackless.h"

enum { PAIRS = 50, TRIPS = 100, MESSAGE = 300, BIG = 4 << 20, RACES = 300, CALLS = 300, MILLISECOND = 1000000 };

static void run(unsigned workers, bool pinned, task_poll (*fn)(future *, task_cx *), future *root)
{
    static fw_worker places[8];
    for (unsigned i = 0; i < workers; i++)
        places[i] = (fw_worker){.index = i, .l3 = -1, .numa = -1};
    future_init(root, fn);
    FW_MUST(task_run(&(task_config){places, workers, pinned}, root) == 0);
}

static void make_pair(task_cx *cx, task_io *io[2])
{
    int fd[2];
    FW_MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
    FW_MUST(task_io_open(cx, &io[0], fd[0]) == 0 && task_io_open(cx, &io[1], fd[1]) == 0);
}

/* ---- there and back ------------------------------------------------------- */

typedef struct echo {
    future fut;
    task_io *io;
    task_io_fut f;
    char data[MESSAGE];
} echo;

static async_fn(echo)
{
    async_begin(echo);
    for (;;) {
        task_read(&self->f, self->io, self->data, sizeof self->data, FW_FOREVER);
        async_await(&self->f.fut);
        if (self->f.result == 0)
            break;
        FW_MUST(self->f.result > 0);
        task_write(&self->f, self->io, self->data, (size_t)self->f.result, FW_FOREVER);
        async_await(&self->f.fut);
        FW_MUST(self->f.result == (int64_t)self->f.bytes);
    }
    async_end;
}

typedef struct ask {
    future fut;
    task_io *io;
    task_io_fut f;
    int trip;
    size_t bytes, got;
    char sent[MESSAGE], back[MESSAGE];
} ask;

static async_fn(ask)
{
    async_begin(ask);
    for (self->trip = 0; self->trip < TRIPS; self->trip++) {
        self->bytes = 1 + (size_t)self->trip * 7 % MESSAGE;
        memset(self->sent, 'a' + self->trip % 26, self->bytes);
        task_write(&self->f, self->io, self->sent, self->bytes, FW_FOREVER);
        async_await(&self->f.fut);
        for (self->got = 0; self->got < self->bytes; self->got += (size_t)self->f.result) {
            task_read(&self->f, self->io, self->back + self->got, self->bytes - self->got, FW_FOREVER);
            async_await(&self->f.fut);
            FW_MUST(self->f.result > 0);
        }
        FW_MUST(memcmp(self->sent, self->back, self->bytes) == 0);
    }
    FW_MUST(shutdown(core_io_fd(self->io), SHUT_WR) == 0);
    async_end;
}

typedef struct many_pairs {
    future fut;
    task_io *io[PAIRS][2];
    echo echo[PAIRS];
    ask ask[PAIRS];
    task *tasks[PAIRS * 2];
    task_join_all_fut join;
    int threads;
} many_pairs;

static async_fn(many_pairs)
{
    async_begin(many_pairs);
    self->threads = os_threads();
    for (int i = 0; i < PAIRS; i++) {
        make_pair(cx, self->io[i]);
        self->echo[i].io = self->io[i][0];
        self->ask[i].io = self->io[i][1];
        future_init(&self->echo[i].fut, echo_poll);
        future_init(&self->ask[i].fut, ask_poll);
        FW_MUST(task_spawn(cx, &self->tasks[i], -1, &self->echo[i].fut) == 0);
        FW_MUST(task_spawn(cx, &self->tasks[PAIRS + i], -1, &self->ask[i].fut) == 0);
    }
    task_join_all(&self->join, self->tasks, (size_t)PAIRS * 2);
    async_await(&self->join.fut);
    for (int i = 0; i < PAIRS; i++) {
        task_io_close(self->io[i][0]);
        task_io_close(self->io[i][1]);
    }
    FW_MUST(os_threads() <= self->threads);
    async_end;
}

static void messages_come_back_on_any_number_of_workers(void)
{
    static many_pairs m;
    run(1, false, many_pairs_poll, &m.fut);
    run(2, false, many_pairs_poll, &m.fut);
    run(4, false, many_pairs_poll, &m.fut);
    run(2, true, many_pairs_poll, &m.fut);
}

/* ---- more than the kernel keeps ------------------------------------------- */

static unsigned char pattern(size_t i)
{
    return (unsigned char)(i * 31 + i / 4096);
}

typedef struct pour {
    future fut;
    task_io *to;
    task_io_fut f;
    unsigned char *data;
} pour;

static async_fn(pour)
{
    async_begin(pour);
    task_write(&self->f, self->to, self->data, BIG, FW_FOREVER);
    async_await(&self->f.fut);
    FW_MUST(self->f.result == BIG);
    task_io_close(self->to);
    async_end;
}

typedef struct drink {
    future fut;
    task_io *io[2];
    pour pour;
    task *task;
    task_io_fut f;
    task_join_fut join;
    size_t got;
} drink;

static async_fn(drink)
{
    static unsigned char sent[BIG], back[BIG];
    async_begin(drink);
    for (size_t i = 0; i < BIG; i++)
        sent[i] = pattern(i);
    make_pair(cx, self->io);
    self->pour.to = self->io[1];
    self->pour.data = sent;
    future_init(&self->pour.fut, pour_poll);
    FW_MUST(task_spawn(cx, &self->task, -1, &self->pour.fut) == 0);
    for (self->got = 0;; self->got += (size_t)self->f.result) {
        task_read(&self->f, self->io[0], back + self->got, BIG + 1 - self->got, FW_FOREVER);
        async_await(&self->f.fut);
        if (self->f.result <= 0)
            break;
    }
    FW_MUST(self->f.result == 0 && self->got == BIG && memcmp(sent, back, BIG) == 0);
    task_io_close(self->io[0]);
    task_join(&self->join, self->task);
    async_await(&self->join.fut);
    async_end;
}

static void a_write_waits_until_all_is_taken(void)
{
    static drink d;
    run(1, false, drink_poll, &d.fut);
    run(2, false, drink_poll, &d.fut);
}

/* ---- deadlines, drops, close ---------------------------------------------- */

typedef struct write_one {
    future fut;
    task_io *io;
    task_io_fut f;
} write_one;

static async_fn(write_one)
{
    async_begin(write_one);
    task_write(&self->f, self->io, "x", 1, FW_FOREVER);
    async_await(&self->f.fut);
    FW_MUST(self->f.result == 1);
    async_end;
}

/* The writer's byte comes at about the time of the reader's deadline, or of another future's, after which the read is
 * dropped: it is read now or by the next one. */
typedef struct race {
    future fut;
    task_io *io[2];
    write_one writer;
    task *task;
    task_io_fut f;
    task_sleep_fut sleep;
    task_select2_fut first;
    task_join_fut join;
    uint64_t deadline, wait_ns;
    int i, got;
    char c;
} race;

static async_fn(race)
{
    async_begin(race);
    make_pair(cx, self->io);
    self->writer.io = self->io[1];
    for (self->i = 0; self->i < RACES; self->i++) {
        future_init(&self->writer.fut, write_one_poll);
        FW_MUST(task_spawn(cx, &self->task, -1, &self->writer.fut) == 0);
        self->wait_ns = (uint64_t)self->i * 100;
        for (self->got = 0; !self->got; self->wait_ns += 1000) {
            self->deadline = fw_now_ns() + self->wait_ns;
            if (self->i % 2) {
                task_read(&self->f, self->io[0], &self->c, 1, self->deadline);
                async_await(&self->f.fut);
                self->got = self->f.result == 1;
                FW_MUST(self->got || (self->f.result == -ETIMEDOUT && fw_now_ns() >= self->deadline));
            } else {
                task_read(&self->f, self->io[0], &self->c, 1, FW_FOREVER);
                task_sleep_until(&self->sleep, self->deadline);
                task_select2(&self->first, &self->f.fut, &self->sleep.fut);
                async_await(&self->first.fut);
                self->got = self->first.which == 0;
                FW_MUST(!self->got || self->f.result == 1);
                if (self->got)
                    task_sleep_drop(&self->sleep);
                else
                    task_io_drop(&self->f);
            }
        }
        task_join(&self->join, self->task);
        async_await(&self->join.fut);
    }
    task_read(&self->f, self->io[0], &self->c, 1, fw_now_ns() + MILLISECOND);
    async_await(&self->f.fut);
    FW_MUST(self->f.result == -ETIMEDOUT);
    task_io_close(self->io[0]);
    task_io_close(self->io[1]);
    async_end;
}

static void a_deadline_or_a_drop_ends_the_wait_and_nothing_else(void)
{
    static race r;
    run(1, false, race_poll, &r.fut);
    run(2, false, race_poll, &r.fut);
    run(4, false, race_poll, &r.fut);
}

typedef struct expect_cancelled {
    future fut;
    task_io *io;
    task_io_fut f;
    char c;
} expect_cancelled;

static async_fn(expect_cancelled)
{
    async_begin(expect_cancelled);
    task_read(&self->f, self->io, &self->c, 1, fw_now_ns() + 3600000ull * MILLISECOND);
    async_await(&self->f.fut);
    FW_MUST(self->f.result == -ECANCELED);
    async_end;
}

typedef struct close_while_read {
    future fut;
    task_io *io[2];
    expect_cancelled reader;
    task *task;
    task_join_fut join;
    task_yield_fut yield;
    task_io_fut f;
    int i;
    char c;
} close_while_read;

static async_fn(close_while_read)
{
    async_begin(close_while_read);
    for (self->i = 0; self->i < RACES; self->i++) {
        make_pair(cx, self->io);
        self->reader.io = self->io[0];
        future_init(&self->reader.fut, expect_cancelled_poll);
        FW_MUST(task_spawn(cx, &self->task, self->i, &self->reader.fut) == 0);
        while (!core_io_waited(self->io[0], CORE_IO_READ)) {
            task_yield(&self->yield);
            async_await(&self->yield.fut);
        }
        task_io_close(self->io[0]);
        task_join(&self->join, self->task);
        async_await(&self->join.fut);
        task_read(&self->f, self->io[1], &self->c, 1, FW_FOREVER);
        async_await(&self->f.fut);
        FW_MUST(self->f.result == 0);
        task_io_close(self->io[1]);
    }
    async_end;
}

static void close_wakes_who_waits(void)
{
    static close_while_read c;
    run(1, false, close_while_read_poll, &c.fut);
    run(2, false, close_while_read_poll, &c.fut);
    run(2, true, close_while_read_poll, &c.fut);
}

/* ---- connections ---------------------------------------------------------- */

typedef struct serve_all {
    future fut;
    task_io *listener, *io;
    task_io_fut f;
    int i;
    char c;
} serve_all;

static async_fn(serve_all)
{
    async_begin(serve_all);
    for (self->i = 0; self->i < PAIRS; self->i++) {
        task_accept(&self->f, self->listener, FW_FOREVER);
        async_await(&self->f.fut);
        FW_MUST(self->f.result >= 0 && task_io_open(cx, &self->io, (int)self->f.result) == 0);
        task_read(&self->f, self->io, &self->c, 1, FW_FOREVER);
        async_await(&self->f.fut);
        task_write(&self->f, self->io, &self->c, 1, FW_FOREVER);
        async_await(&self->f.fut);
        FW_MUST(self->f.result == 1);
        task_io_close(self->io);
    }
    async_end;
}

typedef struct call_all {
    future fut;
    struct sockaddr_in at;
    serve_all server;
    task *task;
    task_join_fut join;
    task_io *io;
    task_io_fut f;
    int i;
    char c;
} call_all;

static void start_listening(call_all *self, task_cx *cx)
{
    socklen_t bytes = sizeof self->at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    self->at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    FW_MUST(bind(fd, (void *)&self->at, bytes) == 0 && listen(fd, 8) == 0);
    FW_MUST(getsockname(fd, (void *)&self->at, &bytes) == 0);
    FW_MUST(task_io_open(cx, &self->server.listener, fd) == 0);
}

static async_fn(call_all)
{
    async_begin(call_all);
    start_listening(self, cx);
    future_init(&self->server.fut, serve_all_poll);
    FW_MUST(task_spawn(cx, &self->task, -1, &self->server.fut) == 0);
    for (self->i = 0; self->i <= PAIRS; self->i++) {
        if (self->i == PAIRS) { /* nobody listens there any more */
            task_join(&self->join, self->task);
            async_await(&self->join.fut);
            task_io_close(self->server.listener);
        }
        FW_MUST(task_io_open(cx, &self->io, socket(AF_INET, SOCK_STREAM, 0)) == 0);
        task_connect(&self->f, self->io, (void *)&self->at, sizeof self->at, FW_FOREVER);
        async_await(&self->f.fut);
        FW_MUST(self->f.result == (self->i < PAIRS ? 0 : -ECONNREFUSED));
        if (self->i < PAIRS) {
            self->c = (char)self->i;
            task_write(&self->f, self->io, &self->c, 1, FW_FOREVER);
            async_await(&self->f.fut);
            task_read(&self->f, self->io, &self->c, 1, FW_FOREVER);
            async_await(&self->f.fut);
            FW_MUST(self->f.result == 1 && self->c == (char)self->i);
        }
        task_io_close(self->io);
    }
    async_end;
}

static void connections_are_accepted_and_refused(void)
{
    static call_all c;
    run(1, false, call_all_poll, &c.fut);
    run(2, false, call_all_poll, &c.fut);
}

/* ---- calls that really block ---------------------------------------------- */

static sem_t open_gate;
static _Atomic int calls, inside, most;

static void wait_at_gate(void *arg)
{
    int now = atomic_fetch_add(&inside, 1) + 1, seen = atomic_load(&most);
    while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
        ;
    atomic_fetch_add(&calls, 1);
    while (sem_wait(&open_gate) != 0)
        ;
    atomic_fetch_sub(&inside, 1);
    *(bool *)arg = true;
}

typedef struct caller {
    future fut;
    task_block_fut f;
    bool done;
} caller;

static async_fn(caller)
{
    async_begin(caller);
    self->done = false;
    task_block(&self->f, wait_at_gate, &self->done);
    async_await(&self->f.fut);
    FW_MUST(self->f.status == 0 && self->done);
    async_end;
}

typedef struct block_many {
    future fut;
    caller caller[CALLS];
    task *tasks[CALLS];
    task_yield_fut yield;
    task_join_all_fut join;
} block_many;

static async_fn(block_many)
{
    async_begin(block_many);
    atomic_store(&calls, 0);
    atomic_store(&most, 0);
    for (int i = 0; i < CALLS; i++) {
        future_init(&self->caller[i].fut, caller_poll);
        FW_MUST(task_spawn(cx, &self->tasks[i], -1, &self->caller[i].fut) == 0);
    }
    while (atomic_load(&calls) < 128) { /* this task goes on, and the others, up to their calls */
        task_yield(&self->yield);
        async_await(&self->yield.fut);
    }
    for (int i = 0; i < CALLS; i++)
        FW_MUST(sem_post(&open_gate) == 0);
    task_join_all(&self->join, self->tasks, CALLS);
    async_await(&self->join.fut);
    FW_MUST(atomic_load(&calls) == CALLS && atomic_load(&most) == 128);
    async_end;
}

static void calls_that_block_hold_up_nobody(void)
{
    static block_many b;
    FW_MUST(sem_init(&open_gate, 0, 0) == 0);
    run(1, false, block_many_poll, &b.fut);
    run(2, false, block_many_poll, &b.fut);
    run(2, true, block_many_poll, &b.fut);
}

/* The job that ends a call polls nothing. */
static void a_call_takes_two_polls(void)
{
    static caller c;
    uint64_t polls = fw_counter_sum(FW_POLLS);

    FW_MUST(sem_post(&open_gate) == 0);
    run(1, false, caller_poll, &c.fut);
    FW_MUST(fw_counter_sum(FW_POLLS) == polls + 2);
}

int main(void)
{
    messages_come_back_on_any_number_of_workers();
    a_write_waits_until_all_is_taken();
    a_deadline_or_a_drop_ends_the_wait_and_nothing_else();
    close_wakes_who_waits();
    connections_are_accepted_and_refused();
    calls_that_block_hold_up_nobody();
    a_call_takes_two_polls();
    puts("ok: descriptors and tasks");
    return 0;
}
