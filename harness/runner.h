/* runner.h - the parts of a runner. One process (the parent) reads the request,
 * maps the trial and forks the trial's process, which runs the cell; the parent
 * alone speaks JSON, beats and waits. Next: runner.c, then PROTOCOL.md. */
#ifndef RUNNER_H
#define RUNNER_H

#include "trial.h"

#include <jansson.h>
#include <sys/types.h>

typedef struct fw_request {
    json_t *json;    /* the trial as received; owns the strings below */
    fw_trial *trial; /* NULL until fw_request_read */
    int progress_fd; /* -1: none */
    bool instrument;
    const char *hist_dir, *hist_stem;
    const char *trace_file; /* NULL: not traced */
    json_t *trace_about;    /* or NULL; goes into the file as it is */
    uint64_t repeats, ops;  /* --oracle only */
} fw_request;

/* What the parent saw of the trial's process. */
typedef struct fw_watch {
    int wait_status;
    uint64_t max_rss_bytes, page_table_bytes, kernel_stack_bytes; /* peaks; 0: not known */
    json_t *trace; /* what the result says of the trace; NULL: not traced */
} fw_watch;

/* runner_serve.c: --serve; argv after it. Exit status. */
int fw_serve(int argc, char **argv);

/* runner_describe.c: --describe, a fresh object. */
json_t *fw_describe(void);

/* runner_request.c: reads standard input. 0, or -EINVAL with one line in why. oracle: {"trial":…,"repeats":…,"ops":…}.
 */
int fw_request_read(fw_request *r, bool oracle, char *why, size_t why_bytes);
void fw_request_free(fw_request *r);

/* runner_trial.c: forks the trial's process, beats, waits. 0 or -errno: no process. */
int fw_watch_trial(const fw_request *r, fw_watch *w);

/* runner_trace.c: who ran on which CPU and when. open before the trial's process is forked, of which the tracer is not
 * a part; poll sleeps until pidfd (-1: none) is readable, a ring fills or timeout_ms have passed; close writes the file
 * and gives what the result says of it. forget: in the trial's process. */
typedef struct fw_tracer fw_tracer;
fw_tracer *fw_trace_open(const fw_request *r);
void fw_trace_forget(fw_tracer *tracer);
void fw_trace_poll(fw_tracer *tracer, int pidfd, int timeout_ms);
json_t *fw_trace_close(fw_tracer *tracer, const fw_request *r, pid_t trial);

/* runner_result.c: the result object; writes the histogram files. */
json_t *fw_result_json(const fw_request *r, const fw_watch *w);
json_t *fw_expect_json(const fw_expect *e);

#endif
