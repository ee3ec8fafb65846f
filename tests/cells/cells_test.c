/* cells_test - runs every cell of one runtime at smoke size with one, two and four
 * workers, unbound, and holds its receipt against the oracle. Needs no JSON, so that it also runs
 * under sanitizers and emulation. Exit 1 and a line for each cell that is wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trial.h"

enum { WARMUP_NS = 1000000, WINDOW_NS = 5000000, SEED = 20 };

static int run_cell(const fw_cell *cell, unsigned workers)
{
    char why[2 * FW_LINE_BYTES] = "";
    fw_receipt receipt;
    fw_expect expect = {0};
    fw_trial *t = fw_trial_new(cell, "smoke");

    FW_MUST(t);
    t->nworkers = workers;
    for (unsigned w = 0; w < workers; w++)
        t->worker[w] = (fw_worker){.index = w, .l3 = -1, .numa = -1};
    t->seed = SEED;
    t->warmup_ns = WARMUP_NS;
    t->window_ns = WINDOW_NS;
    int err = fw_trial_run(t);
    fw_trial_receipt(t, &receipt);
    if (err) {
        snprintf(why, sizeof why, "error %d: %s", err, t->refused ? t->refused_call : t->failure);
    } else {
        cell->spec->expect(t, t->repeats, receipt.ops, &expect);
        err = fw_receipt_check(&receipt, &expect, why, sizeof why);
        if (!err && receipt.ops == 0) {
            snprintf(why, sizeof why, "no operation finished");
            err = -1;
        }
    }
    printf("%s %s-%s, %u workers: %llu ops, %llu messages %s\n", err ? "FAIL" : "ok  ", cell->spec->name,
           cell->variant, workers, (unsigned long long)receipt.ops, (unsigned long long)receipt.messages, why);
    fflush(stdout); /* before a later cell forks */
    fw_trial_free(t);
    return err != 0;
}

int main(void)
{
    static const unsigned workers[] = {1, 2, 4};
    int failed = 0;

    for (size_t i = 0; i < fw_cell_count; i++)
        for (size_t w = 0; w < sizeof workers / sizeof workers[0]; w++)
            failed += run_cell(&fw_cells[i], workers[w]);
    return failed != 0;
}
