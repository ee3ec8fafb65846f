/* green_turns_test - of green threads that wait for descriptors, who is ready first is served first, and nobody who
 * gives way all the time, to others or to nobody, keeps the ready from their turns. */
#include <stdio.h>
#include <unistd.h>

#include "green/green.h"

enum { STACK = 65536 };

static void run(bool pinned, void (*fn)(void *))
{
    fw_worker place = {.l3 = -1, .numa = -1};
    FW_MUST(green_run(&(green_config){&place, 1, pinned, STACK}, fn, NULL) == 0);
}

/* More than a worker's ring holds become ready, one after the other. Each batch of events may let one jump the queue.
 * Pipes: a socket is ready to be written from the start, and keeps that place until it is looked at. */
enum { CROWD = 450, JUMPS = 50 };
static int waiting, served;

static void note_turn(void *arg)
{
    int place = waiting++;
    char got;
    FW_MUST(green_read(arg, &got, 1, FW_FOREVER) == 1);
    FW_MUST(served++ <= place + JUMPS);
}

static void one_crowd(void *arg)
{
    static green_io *io[CROWD];
    static green *unit[CROWD];
    static int fd[CROWD][2];
    (void)arg;
    waiting = served = 0;
    for (int i = 0; i < CROWD; i++) {
        FW_MUST(pipe(fd[i]) == 0 && green_io_open(&io[i], fd[i][0]) == 0);
        FW_MUST(green_spawn(&unit[i], NULL, note_turn, io[i]) == 0);
        while (waiting <= i)
            green_yield();
    }
    for (int i = 0; i < CROWD; i++)
        FW_MUST(write(fd[i][1], "", 1) == 1);
    for (int i = 0; i < CROWD; i++) {
        green_join(unit[i]);
        green_io_close(io[i]);
        close(fd[i][1]);
    }
}

/* As above, beside units that give way all the time: whoever is ready has about as many turns as they. */
enum { GIVE_WAY = 8, TURNS_MOST = 4 * CROWD };
static int turns;

static void give_way(void *arg)
{
    (void)arg;
    for (; served < CROWD; turns += waiting == CROWD)
        green_yield();
}

static void a_crowd_beside_others(void *arg)
{
    green *unit[GIVE_WAY];
    waiting = served = turns = 0; /* before anybody looks */
    for (int i = 0; i < GIVE_WAY; i++)
        FW_MUST(green_spawn(&unit[i], NULL, give_way, NULL) == 0);
    one_crowd(arg);
    for (int i = 0; i < GIVE_WAY; i++)
        green_join(unit[i]);
    FW_MUST(turns <= TURNS_MOST);
}

static void who_is_ready_has_turns_beside_who_gives_way(void)
{
    run(false, a_crowd_beside_others);
}

static void who_is_ready_first_is_served_first(void)
{
    run(false, one_crowd);
    run(true, one_crowd);
}

/* Turns that are long (worker_poll_if_late) of one who gives way, alone or to another who does the same: after each of
 * them who is ready by then comes first. Where there is another worker, it is in a unit that never gives way. */
enum { LONG_TURNS = 100, LONG_NS = 200000 };
typedef struct company {
    fw_worker place[2];
    unsigned workers;
    bool pinned, other;
} company;
static _Atomic int heard, holds, listens;

static void take_long_turn(void)
{
    for (uint64_t until = fw_now_ns() + LONG_NS; fw_now_ns() < until;)
        ;
}

static void hold_worker(void *arg)
{
    (void)arg;
    for (holds = 1; heard < LONG_TURNS;)
        ;
}

static void give_way_too(void *arg)
{
    (void)arg;
    for (; heard < LONG_TURNS; green_yield())
        take_long_turn();
}

static void hear_all(void *from)
{
    char got;
    for (listens = 1; heard < LONG_TURNS; heard++)
        FW_MUST(green_read(from, &got, 1, FW_FOREVER) == 1);
}

static void write_and_give_way(void *arg)
{
    company *with = arg;
    green_attr last = {.worker = (int)with->workers - 1}, here = {.worker = 0};
    green *unit[3] = {NULL};
    green_io *io;
    int fd[2];

    heard = holds = listens = 0;
    FW_MUST(pipe(fd) == 0 && green_io_open(&io, fd[0]) == 0);
    if (with->workers > 1)
        FW_MUST(green_spawn(&unit[0], &last, hold_worker, NULL) == 0);
    while (with->workers > 1 && !holds)
        green_yield();
    FW_MUST(green_spawn(&unit[1], &here, hear_all, io) == 0);
    while (!listens)
        green_yield();
    if (with->other)
        FW_MUST(green_spawn(&unit[2], &here, give_way_too, NULL) == 0);
    for (int i = 0; i < LONG_TURNS; i++) {
        FW_MUST(heard == i && write(fd[1], "", 1) == 1);
        take_long_turn();
        green_yield();
    }
    FW_MUST(heard == LONG_TURNS);
    for (int i = 0; i < 3; i++)
        if (unit[i])
            green_join(unit[i]);
    green_io_close(io);
    close(fd[1]);
}

static void who_gives_way_lets_the_ready_come_at_once(void)
{
    company with = {{{.l3 = -1, .numa = -1}, {.index = 1, .l3 = -1, .numa = -1}}, 0, false, false};

    for (int i = 0; i < 8; i++) {
        with.workers = 1 + i / 4;
        with.pinned = i & 2;
        with.other = i & 1;
        FW_MUST(green_run(&(green_config){with.place, with.workers, with.pinned, STACK}, write_and_give_way, &with) ==
                0);
    }
}

int main(void)
{
    who_is_ready_first_is_served_first();
    who_is_ready_has_turns_beside_who_gives_way();
    who_gives_way_lets_the_ready_come_at_once();
    puts("ok: turns of green threads that wait for descriptors");
    return 0;
}
