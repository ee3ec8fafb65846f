/* trial.h - the whole of a trial: for the runner and for tests of cells. Cells see
 * fw.h only. One MAP_SHARED mapping, made before the trial's process is forked, so
 * that all its processes write to it and the runner's parent reads it. */
#ifndef TRIAL_H
#define TRIAL_H

#include "fw.h"

enum { FW_VALUE_BYTES = 1024, FW_LINE_BYTES = 512, FW_MAX_METRICS = 32, FW_MAX_TOLD = 32768, FW_ROW_LEVELS = 2 };

/* What running the cell took, of its process and its waited-for children; prepare() excluded, warm-up included. */
typedef struct fw_usage {
    uint64_t cpu_user_ns, cpu_sys_ns;
    uint64_t voluntary_switches, involuntary_switches, minor_faults, major_faults;
} fw_usage;

typedef struct fw_metric_row {
    char name[48], unit[24];
    double value;
} fw_metric_row;

/* What an instrument told: a row, a figure of the last row, or one item of a figure that is a list. */
typedef enum fw_told_kind { FW_TOLD_ROW, FW_TOLD_FIGURE, FW_TOLD_ITEM } fw_told_kind;
typedef struct fw_told {
    fw_told_kind kind;
    unsigned level;                   /* row */
    char list[16], key[24], text[32]; /* list, text: row */
    uint64_t value;
} fw_told;

struct fw_trial {
    const fw_cell *cell;
    void *input;                               /* set in the trial's process, inherited by its forks */
    char value[FW_MAX_PARAMS][FW_VALUE_BYTES]; /* by index in cell->spec->params */
    fw_mode mode;
    uint64_t seed, warmup_ns, window_ns;
    unsigned batch, nworkers;
    bool pin_units;
    bool baseline; /* sequential: it has no units, so the oracle binds only its ops and checksum */
    fw_worker worker[FW_MAX_WORKERS];

    /* written while it runs */
    _Atomic uint64_t warm_end_ns, window_end_ns;          /* steady; set by fw_open, window_end_ns last, with release */
    _Atomic uint32_t opened, meters_taken, meters_wanted; /* wanted: UINT32_MAX until fw_open_when says */
    uint64_t begin_ns;                                    /* complete; the one coordinating thread of the cell */
    int64_t user_before, kernel_before;                   /* bytes; by fw_memory_before */
    uint64_t memory_units;                                /* by fw_memory_live; 0: it has not looked */
    uint64_t repeats, measured;                           /* in all; kept in repeat_ns */
    uint64_t cold_ns, repeat_ns[FW_MAX_REPEATS];
    bool warm; /* complete: this repeat is measured */
    _Atomic uint64_t result_ops, result_checksum;
    _Atomic uint32_t metric_count;
    fw_metric_row metric[FW_MAX_METRICS];

    fw_usage usage, load; /* load: part of what usage would be, but for fw_load_wait */
    bool finished;        /* the trial's process came to its end; usage, receipt and expect hold */
    fw_receipt receipt;
    fw_expect expect;

    _Atomic uint32_t failed; /* 0, 1 being written, 2 written */
    char failure[FW_LINE_BYTES];
    bool refused;
    char refused_call[64], refused_limit[128];
    int refused_errno;
    int64_t refused_value;

    _Atomic uint32_t got_ncpus[FW_MAX_WORKERS]; /* placement as read back */
    _Atomic uint64_t got_mask[FW_MAX_WORKERS][FW_MAX_CPUS / 64];

    _Atomic uint32_t meters; /* one above the greatest index used */
    fw_meter meter[FW_MAX_METERS];
    fw_hist lag[FW_MAX_METERS]; /* zero: not used */

    size_t told_count; /* by the runtime's instruments, after the cell */
    fw_told told[FW_MAX_TOLD];
};

/* A trial of cell with every parameter at its value for profile ("smoke", "quick", anything else: standard), one
 * unbound worker, seed 1, batch 1, windows 0. Becomes the current one, whose placement fw_worker_bind notes. NULL: no
 * memory. Freed by fw_trial_free. */
fw_trial *fw_trial_new(const fw_cell *cell, const char *profile);
void fw_trial_free(fw_trial *t);
/* Sets a parameter. 0, or -EINVAL with one line in why: name, value, what is accepted. */
int fw_trial_set(fw_trial *t, const char *name, const char *value, char *why, size_t why_bytes);
/* prepare, then the cell: once (steady), or again until the window is full (complete). In the trial's own process.
 * 0; -errno from the cell; what went wrong stands in t (failed, refused). */
int fw_trial_run(fw_trial *t);
/* fw_trial_run, then receipt and oracle: receipt and expect are filled in, a receipt that does not satisfy the oracle
 * is a failure. Nothing is returned: failed, refused and finished tell. */
void fw_trial_judge(fw_trial *t);
/* Only the spec's prepare. 0 or -EPROTO (failed). */
int fw_trial_prepare(fw_trial *t);
/* What the runtime counted and the cell returned. */
void fw_trial_receipt(const fw_trial *t, fw_receipt *receipt);
/* After fw_trial_judge, of a complete cell: what of its units' memory is still there (fw_memory_before in fw.h). */
void fw_memory_after(fw_trial *t);
/* Whether receipt satisfies e; if not, -EPROTO and one line: field, rule, wanted, got. */
int fw_receipt_check(const fw_receipt *receipt, const fw_expect *e, char *why, size_t why_bytes);
/* Sum that must rise while a trial makes progress. */
uint64_t fw_trial_progress(const fw_trial *t);

#endif
