/* many_test - 200,000 green threads live at once at the default vm.max_map_count, with markers or (--canary) with few
 * guard pages, and 1,000,000 tasks. Exit status 77: too little memory to try. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/stack.h"
#include "green/green.h"
#include "stackless/stackless.h"

enum { GREENS = 200000, TASKS = 1000000, SKIPPED = 77 };

static bool has_memory(long mib)
{
    char line[128];
    long kib = 0;
    FILE *f = fopen("/proc/meminfo", "re");
    while (f && kib == 0 && fgets(line, sizeof line, f))
        sscanf(line, "MemAvailable: %ld", &kib);
    if (f)
        fclose(f);
    return kib / 1024 > mib;
}

/* ---- green -------------------------------------------------------------- */

static green_chan *gate;
static unsigned arrived; /* all units are on one worker */

static void wait_green(void *arg)
{
    int token;
    (void)arg;
    arrived++;
    FW_MUST(green_recv(gate, &token) != 0);
}

static void crowd_of_greens(void *arg)
{
    green **unit = malloc(GREENS * sizeof *unit);
    (void)arg;
    FW_MUST(unit && green_chan_create(&gate, sizeof(int), 0) == 0);
    for (unsigned i = 0; i < GREENS; i++)
        FW_MUST(green_spawn(&unit[i], NULL, wait_green, NULL) == 0);
    while (arrived < GREENS)
        green_yield();
    FW_MUST(fw_counter_sum(FW_CREATED) - fw_counter_sum(FW_ENDED) == GREENS);
    green_chan_close(gate);
    for (unsigned i = 0; i < GREENS; i++)
        FW_MUST(green_join(unit[i]) == 0);
    green_chan_destroy(gate);
    free(unit);
}

/* ---- stackless ---------------------------------------------------------- */

typedef struct visitor {
    future fut;
    task_recv_fut gate;
    task *task;
    char token;
} visitor;

typedef struct crowd {
    future fut;
    visitor *all;
    task_chan *gate;
    unsigned i, arrived;
    task_yield_fut turn;
    task_join_fut join;
} crowd;

static crowd tasks;

static async_fn(visitor)
{
    async_begin(visitor);
    tasks.arrived++;
    task_recv(&self->gate, tasks.gate, &self->token);
    async_await(&self->gate.fut);
    async_end;
}

static async_fn(crowd)
{
    async_begin(crowd);
    for (self->i = 0; self->i < TASKS; self->i++) {
        future_init(&self->all[self->i].fut, visitor_poll);
        FW_MUST(task_spawn(cx, &self->all[self->i].task, -1, &self->all[self->i].fut) == 0);
    }
    while (self->arrived < TASKS) {
        task_yield(&self->turn);
        async_await(&self->turn.fut);
    }
    FW_MUST(fw_counter_sum(FW_CREATED) - fw_counter_sum(FW_ENDED) == TASKS);
    task_chan_close(self->gate);
    for (self->i = 0; self->i < TASKS; self->i++) {
        task_join(&self->join, self->all[self->i].task);
        async_await(&self->join.fut);
    }
    async_end;
}

int main(int argc, char **argv)
{
    fw_worker place = {.l3 = -1, .numa = -1};
    bool canary = argc > 1 && strcmp(argv[1], "--canary") == 0;

    if (!has_memory(2048)) {
        puts("skipped: less than 2 GiB of memory available");
        return SKIPPED;
    }
    if (canary)
        core_stack_limit_guards(1000);
    FW_MUST(green_run(&(green_config){.workers = &place, .n = 1}, crowd_of_greens, NULL) == 0);
    if (!canary) {
        tasks.all = calloc(TASKS, sizeof *tasks.all);
        FW_MUST(tasks.all && task_chan_create(&tasks.gate, 1, 0) == 0);
        future_init(&tasks.fut, crowd_poll);
        FW_MUST(task_run(&(task_config){.workers = &place, .n = 1}, &tasks.fut) == 0);
        task_chan_destroy(tasks.gate);
        free(tasks.all);
    }
    puts("ok: many");
    return 0;
}
