/* session.h - one `fiveways run` from its options to its result folder. The
 * steps in order: pilot.c, schedule.c, measure.c, finish.c. Single-threaded. */
#ifndef SESSION_H
#define SESSION_H
#include "doctor.h"
#include "driver.h"
#include "gbench.h"
#include "points.h"
#include "results.h"
#include "verdicts.h"

typedef struct fw_session {
    fw_options options;
    fw_catalogue catalogue;
    fw_topo *topo;
    json_t *machine;                       /* its facts and its grade */
    json_t *calibration, *calibration_end; /* fw_calibrate at the start; at the end, else NULL */
    fw_grade grade;
    fw_points points;
    fw_results results;
    fw_gbench *gbench;
    fw_settings settings;
    const char *alias, *parent;
    char utc[32];
    unsigned rounds, next_id;
    double budget_s, clock_cost_ns;
    uint64_t start_ns, clock_step_ns;
    fw_outcome *done; /* every trial, in order, grown by fw_session_new */
    size_t ndone, capacity;
    fw_outcome *planned; /* measured trials, in order */
    size_t nplanned;
    fw_names dropped;
    fw_names instrumented; /* runtimes that count for themselves: slower than they are otherwise */
    double expected_s;
} fw_session;

/* A fresh outcome at the end of done; earlier pointers into done stay valid until the next call. */
fw_outcome *fw_session_new(fw_session *s, const fw_outcome *like);
/* Runs done[i], taints it, writes it. */
void fw_session_run(fw_session *s, size_t i);
double fw_trial_seconds(const fw_session *s, const fw_point *p, const fw_case *c);

void fw_pilot(fw_session *s);
/* Fits the rounds into the budget, fixes the order, prints the plan. */
void fw_schedule(fw_session *s);
void fw_measure(fw_session *s);
/* What is left of the budget, in seconds. */
double fw_budget_left(const fw_session *s);
typedef struct fw_counts {
    unsigned trials, ok, refused, failed, tainted, cured;
} fw_counts;
fw_counts fw_count_trials(const fw_outcome *done, size_t n);
/* Median time of the calibration kernel with its interval {kernel,steps,n,ns,low,high}: a new reference. About 15 ms.
 */
json_t *fw_calibrate(void);
/* First line of what git says of the source tree, or NULL; the caller's to free. */
char *fw_git(const char *const *words);
/* Whole-run files. Again at the end: verdicts and the machine as it was. */
void fw_write_manifest(fw_session *s, bool last);
/* verdicts.json, merged histograms, the table and the sentences. The exit status. */
int fw_finish(fw_session *s);

#endif
