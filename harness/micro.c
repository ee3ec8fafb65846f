/* micro.c - `fwmicro`: what the primitives cost, one Google Benchmark program
 * for the harness and all runtimes. Takes every --benchmark_* flag. The table of runtimes is generated. */
#include "fw.h"
#include "gbench.h"
#include "micro_machine.h"

#include <stdlib.h>

extern void (*const fw_micro_table[])(void);

static void clock_now(fw_bench *b, void *context)
{
    enum { BATCH = 64 };
    uint64_t sum = 0;
    while (fw_bench_keep_running(b, BATCH))
        for (int i = 0; i < BATCH; i++)
            sum += fw_now_ns();
    FW_MUST(sum != 0);
}

/* Latencies as they come in a trial: near one another, now and then far off. */
static void histogram_record(fw_bench *b, void *context)
{
    enum { BATCH = 1024 };
    static uint64_t values[BATCH];
    fw_hist *h = malloc(sizeof *h);
    FW_MUST(h);
    fw_hist_init(h);
    for (uint64_t i = 0; i < BATCH; i++)
        values[i] = 1000 + fw_mix64(i) % 500 + (i % 128 == 0 ? 100000 : 0);
    while (fw_bench_keep_running(b, BATCH))
        for (int i = 0; i < BATCH; i++)
            fw_hist_record(h, values[i], 1);
    fw_bench_counter(b, "p99_ns", (double)fw_hist_quantile(h, 0.99));
    free(h);
}

static void counter_add(fw_bench *b, void *context)
{
    enum { BATCH = 1024 };
    fw_slot *slot = fw_slot_here();
    while (fw_bench_keep_running(b, BATCH))
        for (int i = 0; i < BATCH; i++)
            fw_count(slot, FW_WORK, 1);
}

int main(int argc, char **argv)
{
    fw_bench_register("clock/now", clock_now, NULL);
    fw_bench_register("record/histogram", histogram_record, NULL);
    fw_bench_register("receipt/count", counter_add, NULL);
    machine_micro_register();
    for (size_t i = 0; fw_micro_table[i]; i++)
        fw_micro_table[i]();
    return fw_bench_main(argc, argv);
}
