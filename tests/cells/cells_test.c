/* cells_test - runs every cell of one runtime at smoke size, unbound, with one, two and
 * four workers, and with other sizes of its workload, and holds each receipt against the oracle. Needs no
 * JSON, so that it also runs under sanitizers and emulation. Exit 1 and a line for each cell that is wrong, or if there
 * was none.
 * usage: cells_test [+|-WORKLOAD[.NAME=VALUE]]   only, or all but, this workload or the cells with this setting of it
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trial.h"

enum { WARMUP_NS = 1000000, WINDOW_NS = 5000000, SEED = 20 };

/* Settings besides the profile's; of the workload they name. */
static const struct setting {
    const char *workload, *name, *value;
    const char *refused; /* by these models and variants, and by no other; NULL: by none */
} settings[] = {
    {"pingpong", "size", "8", NULL},
    {"pingpong", "size", "65536", NULL},
    {"wordcount", "stages", "1", NULL},
    {"wordcount", "stages", "2", NULL},
    {"wordcount", "stages", "3", NULL},
    {"wordcount", "slow_stage", "3", NULL},
    {"wordcount", "batch", "1024", NULL},
    {"wordcount", "batch", "1048576", NULL},
    {"wordcount", "input_bytes", "1", NULL},
    {"spawn", "gate", "0", NULL},
    {"spawn", "burst", "7", NULL},
    {"spawn", "depth", "64", NULL},
    {"spawn", "units", "1", NULL},
    {"spawn", "parent_rss", "4", NULL},
    {"mpmc", "producers", "1", NULL},
    {"mpmc", "consumers", "1", NULL},
    {"mpmc", "consumers", "5", NULL},
    {"mpmc", "capacity", "0", "processes sem"},
    {"mpmc", "capacity", "1", NULL},
    {"mpmc", "capacity", "inf", "processes sem"},
    {"mpmc", "size", "128", NULL},
    {"mpmc", "pass", "move", "processes"},
    {"mpmc", "work", "100", NULL},
    {"yield", "units", "9", NULL},
    {"sleepers", "units", "1", NULL},
    {"sleepers", "period_ms", "1", NULL},
    {"blocking", "blockers", "0", NULL},
    {"blocking", "blockers", "3", NULL},
    {"blocking", "cure", "yes", NULL},
    {"blocking", "kind", "compute", NULL},
    {"overlap", "medium", "pipe", NULL},
    {"overlap", "cure", "none", NULL},
    {"overlap", "files", "50", NULL},
    {"overlap", "delay_us", "0", NULL},
    {"mandelbrot", "schedule", "static", NULL},
    {"mandelbrot", "schedule", "guided", "processes channels green stackless"},
    {"mandelbrot", "spawn", "0", "processes threads channels green"},
    {"mandelbrot", "height", "1", NULL},
    {"mandelbrot", "width", "1", NULL},
    {"skynet", "grain", "10", NULL},
    {"skynet", "leaves", "1", NULL},
    {"bank", "accounts", "2", NULL},
    {"bank", "accounts", "4096", NULL},
    {"bank", "tellers", "1", NULL},
    {"bank", "tellers", "5", NULL},
    {"bank", "skew", "100", NULL},
    {"bank", "work", "100", NULL},
    {"bank", "audit", "1", NULL},
    {"bank", "lock", "ticket", "processes channels green stackless owner"},
    {"bank", "lock", "mcs", "processes channels green stackless owner"},
    {"refcount", "size", "8", NULL},
    {"refcount", "size", "65536", NULL},
    {"refcount", "readers", "1", NULL},
    {"refcount", "readers", "5", NULL},
    {"refcount", "update", "0", NULL},
    {"refcount", "check", "no", NULL},
    {"refcount", "cycle", "yes", NULL},
    {"nqueens", "n", "1", NULL},
    {"nqueens", "n", "3", NULL},
    {"nqueens", "grain", "4", NULL},
    {"nqueens", "grain", "15", NULL},
    {"fib", "n", "1", NULL},
    {"fib", "cutoff", "1", NULL},
    {"c10k", "connections", "1", NULL},
    {"c10k", "connections", "100", NULL},
    {"c10k", "active", "20", NULL},
    {"c10k", "rate", "2000", NULL},
    {"c10k", "fault", "spin", NULL},
    {"c10k", "body", "1", NULL},
    {"c10k", "body", "100000", NULL},
    {"sieve", "primes", "1", NULL},
    {"sieve", "primes", "150", NULL},
    {"ring", "nodes", "2", NULL},
    {"ring", "nodes", "100", NULL},
};

static int run_cell(const fw_cell *cell, unsigned workers, const struct setting *setting)
{
    char why[FW_LINE_BYTES] = "";
    fw_trial *t = fw_trial_new(cell, "smoke");

    FW_MUST(t);
    FW_MUST(!setting || fw_trial_set(t, setting->name, setting->value, why, sizeof why) == 0);
    t->nworkers = workers;
    for (unsigned w = 0; w < workers; w++)
        t->worker[w] = (fw_worker){.index = w, .l3 = -1, .numa = -1};
    t->seed = SEED;
    t->warmup_ns = WARMUP_NS;
    t->window_ns = WINDOW_NS;
    t->baseline = strcmp(fw_about_runtime.kind, "seq") == 0;
    fw_trial_judge(t);
    const char *who = *cell->variant ? cell->variant : fw_about_runtime.runtime;
    bool refuses = setting && setting->refused && strstr(setting->refused, who);
    bool bad = t->refused != refuses || atomic_load(&t->failed);
    printf("%s %s %s, %u workers%s%s%s: %llu ops, %llu messages %s\n", bad ? "FAIL" : "ok  ", cell->spec->name,
           cell->variant, workers, setting ? ", " : "", setting ? setting->name : "", setting ? setting->value : "",
           (unsigned long long)t->receipt.ops, (unsigned long long)t->receipt.messages,
           t->refused ? t->refused_call : t->failure);
    fflush(stdout); /* before a later cell forks */
    fw_trial_free(t);
    return bad;
}

/* setting NULL: the profile's */
static bool wanted(const char *filter, const char *workload, const struct setting *setting)
{
    char name[64] = "";

    if (!filter)
        return true;
    if (setting)
        snprintf(name, sizeof name, "%s.%s=%s", workload, setting->name, setting->value);
    return (strcmp(filter + 1, name) == 0 || strcmp(filter + 1, workload) == 0) == (*filter == '+');
}

int main(int argc, char **argv)
{
    static const unsigned workers[] = {1, 2, 4};
    const char *filter = argc > 1 ? argv[1] : NULL;
    int failed = 0, run = 0;

    for (size_t i = 0; i < fw_cell_count; i++) {
        const char *workload = fw_cells[i].spec->name;

        for (size_t w = 0; w < sizeof workers / sizeof workers[0] && wanted(filter, workload, NULL); w++, run++)
            failed += run_cell(&fw_cells[i], workers[w], NULL);
        for (size_t s = 0; s < sizeof settings / sizeof settings[0]; s++)
            if (strcmp(settings[s].workload, workload) == 0 && wanted(filter, workload, &settings[s])) {
                failed += run_cell(&fw_cells[i], 2, &settings[s]);
                run++;
            }
    }
    return failed != 0 || run == 0;
}
