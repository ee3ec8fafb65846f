/* green_turns_test - of green threads that wait for descriptors, who is ready first is served first, and nobody who
 * gives way all the time, to others or to nobody, keeps the ready from their turns. */
#include <stdio.h>
#include <unistd.h>

#include "green/green.h"

enum { STACK = 65536, RACES = 300 };

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

/* Alone: each time that it gives way, who is ready by then comes first. */
static void hear_all(void *from)
{
    char got;
    for (served = 0; served < RACES; served++)
        FW_MUST(green_read(from, &got, 1, FW_FOREVER) == 1);
}

static void write_and_give_way(void *arg)
{
    int fd[2];
    green_io *io;
    green *unit;

    (void)arg;
    FW_MUST(pipe(fd) == 0 && green_io_open(&io, fd[0]) == 0 && green_spawn(&unit, NULL, hear_all, io) == 0);
    green_yield(); /* it waits now */
    for (int i = 0; i < RACES; i++) {
        FW_MUST(served == i && write(fd[1], "", 1) == 1);
        green_yield();
    }
    green_join(unit);
    FW_MUST(served == RACES);
    green_io_close(io);
    close(fd[1]);
}

static void who_gives_way_to_nobody_lets_the_ready_come_at_once(void)
{
    run(false, write_and_give_way);
    run(true, write_and_give_way);
}

int main(void)
{
    who_is_ready_first_is_served_first();
    who_is_ready_has_turns_beside_who_gives_way();
    who_gives_way_to_nobody_lets_the_ready_come_at_once();
    puts("ok: turns of green threads that wait for descriptors");
    return 0;
}
