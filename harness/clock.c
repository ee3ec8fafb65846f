/* clock.c - the time source and what it costs. */
#include "fw.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { COST_ROUNDS = 31, COST_CALLS = 256 };

_Noreturn void fw_must_failed(const char *expr, const char *file, int line)
{
    fprintf(stderr, "%s:%d: this must hold: %s\n", file, line, expr);
    abort();
}

uint64_t fw_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double fw_clock_cost_ns(void)
{
    double cost[COST_ROUNDS];

    for (int round = 0; round < COST_ROUNDS; round++) {
        uint64_t start = fw_now_ns(), end = start;
        for (int call = 0; call < COST_CALLS; call++)
            end = fw_now_ns();
        cost[round] = (double)(end - start) / COST_CALLS;
    }
    qsort(cost, COST_ROUNDS, sizeof cost[0], by_value);
    return cost[COST_ROUNDS / 2];
}

uint64_t fw_clock_step_ns(void)
{
    uint64_t least = UINT64_MAX, before = fw_now_ns();

    for (int i = 0; i < 4096; i++) {
        uint64_t now = fw_now_ns();
        if (now != before && now - before < least)
            least = now - before;
        before = now;
    }
    return least == UINT64_MAX ? 1 : least;
}
