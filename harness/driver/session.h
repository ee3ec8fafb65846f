/* session.h - one `fiveways run` from its options to its result folder. The
 * steps in order: pilot.c, schedule.c, measure.c, finish.c. Single-threaded. */
#ifndef SESSION_H
#define SESSION_H
#include "driver.h"
#include "points.h"
#include "results.h"
#include "sentinel.h"

typedef struct fw_session {
    fw_options options;
    fw_catalogue catalogue;
    fw_topo *topo;
    fw_points points;
    fw_results results;
    fw_settings settings;
    const char *alias, *parent, *utc;
    unsigned rounds, next_id;
    double budget_s, clock_cost_ns;
    uint64_t start_ns, clock_step_ns;
    fw_outcome *done; /* every trial, in order, grown by fw_session_new */
    size_t ndone, capacity;
    fw_outcome *planned; /* measured trials, in order */
    size_t nplanned;
    fw_names dropped;
    double expected_s;
} fw_session;

/* A fresh outcome at the end of done; earlier pointers into done stay valid until the next call. */
fw_outcome *fw_session_new(fw_session *s, const fw_outcome *like);
/* Runs done[i], taints it, writes it. */
void fw_session_run(fw_session *s, size_t i);
/* "green", or "processes-ring" when not the headline. */
char *fw_case_name(const fw_case *c);
double fw_trial_seconds(const fw_session *s, const fw_point *p, const fw_case *c);

void fw_pilot(fw_session *s);
void fw_schedule(fw_session *s);
void fw_measure(fw_session *s);
/* Whole-run files. Again at the end: verdicts and the machine as it was. */
void fw_write_manifest(fw_session *s, bool last);
/* verdicts.json, merged histograms, the table and the sentences. The exit status. */
int fw_finish(fw_session *s);

#endif
