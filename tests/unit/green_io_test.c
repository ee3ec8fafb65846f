/* green_io_test - a green thread that waits for a descriptor leaves its worker to others, is woken once it can go on,
 * at its deadline or when the descriptor is closed, and loses nothing in any order of these. Calls that really block
 * hold up nobody. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/netpoll.h"
#include "green/green.h"
#include "os_threads.h"

enum { PAIRS = 50, TRIPS = 100, MESSAGE = 300, BIG = 4 << 20, RACES = 300, CALLS = 300, STACK = 65536 };
enum { MILLISECOND = 1000000 };

static void run(unsigned workers, bool pinned, void (*fn)(void *), void *arg)
{
    static fw_worker places[8];
    for (unsigned i = 0; i < workers; i++)
        places[i] = (fw_worker){.index = i, .l3 = -1, .numa = -1};
    FW_MUST(green_run(&(green_config){places, workers, pinned, STACK}, fn, arg) == 0);
}

static void make_pair(green_io *io[2])
{
    int fd[2];
    FW_MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
    FW_MUST(green_io_open(&io[0], fd[0]) == 0 && green_io_open(&io[1], fd[1]) == 0);
}

static void close_pair(green_io *io[2])
{
    green_io_close(io[0]);
    green_io_close(io[1]);
}

/* All of it, however it comes. */
static void read_all(green_io *io, void *to, size_t bytes)
{
    for (size_t done = 0; done < bytes;) {
        int64_t got = green_read(io, (char *)to + done, bytes - done, FW_FOREVER);
        FW_MUST(got > 0);
        done += (size_t)got;
    }
}

/* ---- there and back ------------------------------------------------------- */

static void echo(void *arg)
{
    char data[MESSAGE];
    int64_t got;
    while ((got = green_read(arg, data, sizeof data, FW_FOREVER)) > 0)
        FW_MUST(green_write(arg, data, (size_t)got, FW_FOREVER) == got);
    FW_MUST(got == 0 && green_read(arg, data, sizeof data, FW_FOREVER) == 0); /* the end stays the end */
}

static void ask(void *arg)
{
    char sent[MESSAGE], got[MESSAGE];
    for (int i = 0; i < TRIPS; i++) {
        size_t bytes = 1 + (size_t)i * 7 % MESSAGE;
        memset(sent, 'a' + i % 26, bytes);
        FW_MUST(green_write(arg, sent, bytes, FW_FOREVER) == (int64_t)bytes);
        read_all(arg, got, bytes);
        FW_MUST(memcmp(sent, got, bytes) == 0);
    }
    FW_MUST(shutdown(green_io_fd(arg), SHUT_WR) == 0);
}

static void many_pairs(void *arg)
{
    green_io *io[PAIRS][2];
    green *unit[PAIRS][2];
    (void)arg;
    int threads = os_threads();
    for (int i = 0; i < PAIRS; i++) {
        make_pair(io[i]);
        FW_MUST(green_spawn(&unit[i][0], NULL, echo, io[i][0]) == 0);
        FW_MUST(green_spawn(&unit[i][1], NULL, ask, io[i][1]) == 0);
    }
    for (int i = 0; i < PAIRS; i++) {
        green_join(unit[i][0]);
        green_join(unit[i][1]);
        close_pair(io[i]);
    }
    FW_MUST(os_threads() <= threads);
}

static void messages_come_back_on_any_number_of_workers(void)
{
    run(1, false, many_pairs, NULL);
    run(2, false, many_pairs, NULL);
    run(4, false, many_pairs, NULL);
    run(2, true, many_pairs, NULL);
}

/* ---- more than the kernel keeps ------------------------------------------- */

static unsigned char pattern(size_t i)
{
    return (unsigned char)(i * 31 + i / 4096);
}

static void pour(void *arg)
{
    static unsigned char data[BIG];
    for (size_t i = 0; i < BIG; i++)
        data[i] = pattern(i);
    FW_MUST(green_write(arg, data, BIG, FW_FOREVER) == BIG);
    green_io_close(arg);
}

static void drink(green_io *from, green_io *to)
{
    static unsigned char got[BIG];
    green *writer;
    FW_MUST(green_spawn(&writer, NULL, pour, to) == 0);
    read_all(from, got, BIG);
    for (size_t i = 0; i < BIG; i++)
        FW_MUST(got[i] == pattern(i));
    FW_MUST(green_read(from, got, 1, FW_FOREVER) == 0);
    green_join(writer);
    green_io_close(from);
}

static void socket_and_pipe(void *arg)
{
    green_io *io[2];
    int fd[2];
    (void)arg;
    make_pair(io);
    drink(io[0], io[1]);
    FW_MUST(pipe(fd) == 0 && green_io_open(&io[0], fd[0]) == 0 && green_io_open(&io[1], fd[1]) == 0);
    drink(io[0], io[1]);
}

static void a_write_waits_until_all_is_taken(void)
{
    run(1, false, socket_and_pipe, NULL);
    run(2, false, socket_and_pipe, NULL);
}

/* ---- deadlines, close ----------------------------------------------------- */

static void write_one(void *arg)
{
    FW_MUST(green_write(arg, "x", 1, FW_FOREVER) == 1);
}

/* The writer's byte and the reader's deadline come at about the same time: it is read now or by the next one. */
static void race(void *arg)
{
    green_io *io[2];
    green *writer;
    char c;
    (void)arg;
    make_pair(io);
    for (int i = 0; i < RACES; i++) {
        int64_t got = -ETIMEDOUT;
        FW_MUST(green_spawn(&writer, NULL, write_one, io[1]) == 0);
        for (uint64_t wait_ns = (uint64_t)i * 100; got == -ETIMEDOUT; wait_ns += 1000) {
            uint64_t deadline = fw_now_ns() + wait_ns;
            got = green_read(io[0], &c, 1, deadline);
            FW_MUST(got == 1 || (got == -ETIMEDOUT && fw_now_ns() >= deadline));
        }
        green_join(writer);
    }
    FW_MUST(green_read(io[0], &c, 1, fw_now_ns() + MILLISECOND) == -ETIMEDOUT);
    close_pair(io);
}

static void a_deadline_ends_the_wait_and_nothing_else(void)
{
    run(1, false, race, NULL);
    run(2, false, race, NULL);
    run(4, false, race, NULL);
}

static void expect_cancelled(void *arg)
{
    char c;
    FW_MUST(green_read(arg, &c, 1, fw_now_ns() + 3600000ull * MILLISECOND) == -ECANCELED);
}

/* Its place is used again by the next pair, which must not get what came for this one. */
static void close_while_read(void *arg)
{
    green_io *io[2];
    green *reader;
    char c;
    (void)arg;
    for (int i = 0; i < RACES; i++) {
        make_pair(io);
        FW_MUST(green_spawn(&reader, &(green_attr){.worker = i}, expect_cancelled, io[0]) == 0);
        while (!core_io_waited(io[0], CORE_IO_READ))
            green_yield();
        green_io_close(io[0]);
        green_join(reader);
        FW_MUST(green_read(io[1], &c, 1, FW_FOREVER) == 0);
        green_io_close(io[1]);
    }
}

static void close_wakes_who_waits(void)
{
    run(1, false, close_while_read, NULL);
    run(2, false, close_while_read, NULL);
    run(2, true, close_while_read, NULL);
}

/* ---- connections ---------------------------------------------------------- */

static void serve_all(void *arg)
{
    char c;
    for (int i = 0; i < PAIRS; i++) {
        int fd = green_accept(arg, FW_FOREVER);
        green_io *io;
        FW_MUST(fd >= 0 && green_io_open(&io, fd) == 0);
        read_all(io, &c, 1);
        FW_MUST(green_write(io, &c, 1, FW_FOREVER) == 1);
        green_io_close(io);
    }
    FW_MUST(green_accept(arg, fw_now_ns() + MILLISECOND) == -ETIMEDOUT);
}

static void call_all(void *arg)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof at;
    green_io *listener, *io;
    green *server;
    (void)arg;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    FW_MUST(bind(fd, (void *)&at, sizeof at) == 0 && listen(fd, 8) == 0 && getsockname(fd, (void *)&at, &bytes) == 0);
    FW_MUST(green_io_open(&listener, fd) == 0 && green_spawn(&server, NULL, serve_all, listener) == 0);
    for (int i = 0; i < PAIRS; i++) {
        char c = (char)i;
        FW_MUST(green_io_open(&io, socket(AF_INET, SOCK_STREAM, 0)) == 0);
        FW_MUST(green_connect(io, (void *)&at, sizeof at, FW_FOREVER) == 0);
        FW_MUST(green_write(io, &c, 1, FW_FOREVER) == 1);
        read_all(io, &c, 1);
        FW_MUST(c == (char)i);
        green_io_close(io);
    }
    green_join(server);
    green_io_close(listener);
    FW_MUST(green_io_open(&io, socket(AF_INET, SOCK_STREAM, 0)) == 0); /* nobody listens there any more */
    FW_MUST(green_connect(io, (void *)&at, sizeof at, FW_FOREVER) == -ECONNREFUSED);
    green_io_close(io);
}

static void connections_are_accepted_and_refused(void)
{
    run(1, false, call_all, NULL);
    run(2, false, call_all, NULL);
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

static void caller(void *arg)
{
    FW_MUST(green_block(wait_at_gate, arg) == 0);
    FW_MUST(*(bool *)arg);
}

/* All callers' units, and this one, go on while as many calls as can wait at the gate. */
static void block_many(void *arg)
{
    green *unit[CALLS];
    bool done[CALLS] = {false};
    (void)arg;
    atomic_store(&calls, 0);
    atomic_store(&most, 0);
    for (int i = 0; i < CALLS; i++)
        FW_MUST(green_spawn(&unit[i], NULL, caller, &done[i]) == 0);
    for (; atomic_load(&calls) < 128; green_yield())
        ;
    for (int i = 0; i < CALLS; i++)
        FW_MUST(sem_post(&open_gate) == 0);
    for (int i = 0; i < CALLS; i++)
        green_join(unit[i]);
    FW_MUST(atomic_load(&calls) == CALLS && atomic_load(&most) == 128);
}

static void calls_that_block_hold_up_nobody(void)
{
    FW_MUST(sem_init(&open_gate, 0, 0) == 0);
    run(1, false, block_many, NULL);
    run(2, false, block_many, NULL);
    run(2, true, block_many, NULL);
}

static void open_file(void *arg)
{
    green_io *io;
    int fd = open(arg, O_RDONLY);
    FW_MUST(fd >= 0 && green_io_open(&io, fd) == -EPERM && close(fd) == 0);
}

static void a_regular_file_never_waits(void)
{
    run(1, false, open_file, "/proc/self/exe");
}

int main(void)
{
    messages_come_back_on_any_number_of_workers();
    a_write_waits_until_all_is_taken();
    a_deadline_ends_the_wait_and_nothing_else();
    close_wakes_who_waits();
    connections_are_accepted_and_refused();
    calls_that_block_hold_up_nobody();
    a_regular_file_never_waits();
    puts("ok: descriptors and green threads");
    return 0;
}
