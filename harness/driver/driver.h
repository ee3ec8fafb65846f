/* driver.h - what the parts of the `fiveways` command share: runners and
 * workloads as they described themselves, the options of `run`, a block of the
 * plan and a trial's outcome. Everything lives until the process ends; JSON
 * values are owned by the struct that names them. Next: main.c, run.c. */
#ifndef DRIVER_H
#define DRIVER_H
#include "fw.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { FW_EXIT_OK = 0, FW_EXIT_FAILED = 1, FW_EXIT_USAGE = 2, FW_EXIT_INTERRUPTED = 130 };

/* ---- names.c ------------------------------------------------------------ */

/* The nearest of names to word, or NULL when none is near. */
const char *fw_nearest(const char *word, const char *const *names, size_t count);
/* One line to standard error, "fiveways: …"; returns FW_EXIT_USAGE. */
int fw_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "unknown WHAT 'word'; did you mean …? (known: …)"; returns FW_EXIT_USAGE. */
int fw_unknown(const char *what, const char *word, const char *const *names, size_t count);
/* Whole numbers without junk, in range. */
bool fw_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value);
bool fw_parse_seconds(const char *text, double min, double max, double *value);
/* Formats into a fresh string; aborts without memory. */
char *fw_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "431 ns", "4.31 us", "12.0 ms", "1.73 s"; returns text. */
const char *fw_time_text(char *text, size_t bytes, double ns);

/* A growing list of strings. */
typedef struct fw_names {
    const char **at;
    size_t n;
} fw_names;
void fw_names_add(fw_names *list, const char *name);
void fw_names_split(fw_names *list, const char *text); /* at commas */
bool fw_names_has(const fw_names *list, const char *name);

/* ---- runners.c ---------------------------------------------------------- */

typedef struct fw_runner {
    const char *path, *runtime, *model, *kind;
    bool ours; /* found beside the driver, declares cells, can be asked for the oracle */
    bool peer; /* found in peers/: takes part when asked for */
    json_t *describe;
} fw_runner;

typedef struct fw_entry {
    const fw_runner *runner;
    const char *workload, *variant;
    bool headline;
} fw_entry;

typedef struct fw_catalogue {
    fw_runner *runner;
    size_t runners;
    json_t **workload; /* the declaration of each workload (with mode, params, blocks, axes) */
    size_t workloads;
    fw_entry *entry; /* runner × workload × variant */
    size_t entries;
    fw_names warnings; /* a line for each runner left out */
} fw_catalogue;

/* Finds and describes every runner: fiveways-* and runners/ beside the driver, then extra. */
void fw_catalogue_read(fw_catalogue *c, const fw_names *extra);
json_t *fw_catalogue_workload(const fw_catalogue *c, const char *name); /* or NULL */
const fw_runner *fw_catalogue_oracle(const fw_catalogue *c, const char *workload);
/* The value of parameter p for a profile. */
const char *fw_param_default(const json_t *p, const char *profile);
json_t *fw_param_of(const json_t *workload, const char *name);
const char *fw_str_of(const json_t *object, const char *key); /* "" when absent */
double fw_num_of(const json_t *object, const char *key, double otherwise);

/* ---- options.c ---------------------------------------------------------- */

typedef struct fw_options {
    const char *profile, *placement, *out, *alias;
    fw_names workload, runtime, variant, set, runner;
    const char *sweep; /* KEY=V1,V2 or NULL */
    unsigned workers[64];
    size_t nworkers; /* 0: as the blocks say; a worker count 0 is "all" */
    uint64_t seed;
    unsigned rounds;
    double budget_s, hang_after_s, window_s;
    bool has_seed, has_budget, oversubscribe, instrument, no_charts, plain, peers;
    json_t *argv;
} fw_options;

/* Parses the words after `run`. -1: go on; else the exit status. */
int fw_options_parse(fw_options *o, int argc, char **argv);

/* ---- trials ------------------------------------------------------------- */

typedef struct fw_case {
    fw_entry entry;
    bool refused, failed;
    const char *reason;
    double pilot_ns, pilot_s; /* time per op and how long a trial took, from the pilot */
    double took_s;            /* the last trial that was no pilot; 0: none yet */
} fw_case;

typedef struct fw_point { /* a block, or a point of an axis */
    const char *id, *label, *params_text, *placement;
    const char *axis; /* NULL: a block with verdicts */
    const json_t *workload;
    json_t *params;  /* all of them: name → string */
    json_t *workers; /* as the protocol wants them */
    unsigned nworkers, rounds, batch;
    bool oversubscribed, dropped, cut; /* cut: its later rounds were left out, for want of time */
    fw_case *cases;
    size_t ncases;
} fw_point;

typedef struct fw_outcome {
    unsigned id, round, retry_of;
    fw_point *point;
    fw_case *which;
    const char *role;
    uint64_t seed;
    const char *status; /* ok, refused, failed */
    char *reason;
    bool tainted, interrupted, superseded;
    json_t *taints, *request, *result;
    char *err;
    double time_per_op, cpu_per_op, seconds;
    uint64_t ops;
} fw_outcome;

/* ---- trial.c: one trial from request to judged outcome ------------------- */

typedef struct fw_settings {
    const fw_catalogue *catalogue;
    const char *folder; /* result folder */
    double hang_after_s;
    uint64_t warmup_ns, window_ns;
    bool instrument; /* measured trials of the runtimes that have instruments */
    bool probe;      /* after each trial: whether somebody takes the CPUs unseen */
    json_t *trace;   /* the request's field, or NULL */
} fw_settings;

/* Whether the runtime counts for itself, which slows it, when it is asked to. */
bool fw_has_instruments(const fw_case *c);
uint64_t fw_pilot_window_ns(const fw_settings *s);
void fw_trial_execute(const fw_settings *s, fw_outcome *o);

/* ---- subcommands: the exit status; argv[0] is the subcommand -------------- */

int fw_cmd_run(int argc, char **argv);
int fw_cmd_list(int argc, char **argv);
int fw_cmd_micro(int argc, char **argv);
int fw_cmd_report(int argc, char **argv);
int fw_cmd_serve(int argc, char **argv);
int fw_cmd_compare(int argc, char **argv); /* share.c, these three */
int fw_cmd_pack(int argc, char **argv);
int fw_cmd_merge(int argc, char **argv);
int fw_cmd_trace(int argc, char **argv); /* trace_cmd.c */

const char *fw_bin_folder(void); /* where the driver is */
/* charts.py and report.py on DIR, then the console charts. FW_EXIT_OK or FW_EXIT_FAILED after one clear line. */
int fw_draw(const char *folder, bool plain, bool console);
/* timeline.py on folder, which holds trace.json. Likewise. */
int fw_draw_timeline(const char *folder);
/* The host's name in results unless --alias gives one: tells machines apart and says nothing of them. */
const char *fw_anonymous(void);

#endif
