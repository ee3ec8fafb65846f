/* gbench.h - Google Benchmark as C sees it. Two uses: the driver makes every
 * trial a benchmark of one iteration with manual time (fw_gbench_trial), and `fwmicro` is
 * an ordinary Google Benchmark program of primitive costs (fw_bench_*). Not
 * thread-safe: one thread registers and runs. Next: gbench.cc, micro.c. */
#ifndef GBENCH_H
#define GBENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- micro-benchmarks ---------------------------------------------------- */

typedef struct fw_bench fw_bench; /* a running benchmark */
typedef void (*fw_bench_fn)(fw_bench *b, void *context);

/* Registers a benchmark: fn loops `while (fw_bench_keep_running(b, n)) { n operations }`. name is copied. */
void fw_bench_register(const char *name, fw_bench_fn fn, void *context);
/* True while the benchmark must do `batch` operations more. fn must loop until it is false, or call fw_bench_error. */
bool fw_bench_keep_running(fw_bench *b, uint64_t batch);
void fw_bench_counter(fw_bench *b, const char *name, double value); /* NaN and infinities are left out */
void fw_bench_error(fw_bench *b, const char *message);              /* the row is an error; then return from fn */
/* Takes --benchmark_* flags out of argv, runs what is registered. The exit status: 2 for an unknown word. */
int fw_bench_main(int argc, char **argv);

/* ---- trials as benchmarks ------------------------------------------------- */

enum { FW_GBENCH_COUNTERS = 16 };

/* What a trial gave; all zero before the callback. */
typedef struct fw_gbench_row {
    bool skip;       /* refused, failed or interrupted: no row */
    uint64_t ops;    /* operations behind the figure: "iterations" */
    double real_ns;  /* time per operation */
    double cpu_ns;   /* CPU time per operation, children included */
    char label[128]; /* "" for none */
    unsigned counters;
    struct {
        char name[48];
        double value;
    } counter[FW_GBENCH_COUNTERS];
} fw_gbench_row;

typedef struct fw_gbench fw_gbench; /* the rows of one run */
typedef void (*fw_gbench_fn)(void *context, fw_gbench_row *row);

fw_gbench *fw_gbench_new(void);
/* Registers a benchmark of one iteration with manual time, runs it at once and keeps its row. fn is called exactly
 * once, in this thread. Nothing is printed. A name may come again: its rows are repetitions. Returns whether a row
 * was kept. */
bool fw_gbench_trial(fw_gbench *g, const char *name, fw_gbench_fn fn, void *context);
/* A pair for the "context" object, e.g. ("profile", "quick"). Both are copied. */
void fw_gbench_context(fw_gbench *g, const char *key, const char *value);
/* Writes the rows so far in Google Benchmark's JSON schema; may be called again. host is what stands for the machine's
 * name. 0 or -errno; an incomplete file is removed. */
int fw_gbench_write(const fw_gbench *g, const char *path, const char *executable, const char *host);
void fw_gbench_free(fw_gbench *g);

#ifdef __cplusplus
}
#endif
#endif
