/* child.h - runs one program to its end and leaves nothing behind.
 *
 *   driver ──fork──> supervisor (subreaper) ──fork+exec──> runner ──> whatever it starts
 *     │  control pipe ──>│  its end is the order to end all, so a driver that
 *     │<── report pipe ──│  was killed with SIGKILL leaves nothing either
 *
 * Every orphan below the supervisor becomes its child, setsid or not, so killing
 * its children until there are none ends all. Next: supervisor.c, child.c. */
#ifndef CHILD_H
#define CHILD_H
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { FW_CHILD_OUTPUT = 4 << 20, FW_CHILD_PROGRESS_FD = 3, FW_CHILD_LEFT = 512 };

typedef struct fw_child_request {
    const char *const *argv; /* argv[0]: path of the program */
    const char *input;       /* for its standard input */
    bool progress;           /* give it FW_CHILD_PROGRESS_FD, watch the count */
    double hang_after_s;     /* how long the count may stand still (without progress: how long it may run) */
    double limit_s;          /* how long it may run in all; 0: no limit */
} fw_child_request;

typedef struct fw_child_result {
    char *out, *err; /* NUL-terminated, freed by fw_child_free; err is cut to its end */
    size_t out_bytes, err_bytes;
    int wait_status; /* as of waitpid */
    bool started, hung, too_long, too_much, interrupted;
    int exec_errno;            /* why it could not be started */
    unsigned left;             /* descendants that outlived it (all ended now) */
    char names[FW_CHILD_LEFT]; /* "sleep(123), ..." */
    double seconds;
} fw_child_result;

/* What the supervisor reports. */
typedef struct fw_child_report {
    int wait_status, exec_errno;
    unsigned left;
    char names[FW_CHILD_LEFT];
} fw_child_report;

/* Set by the driver's signal handlers; a set flag ends the child that runs. */
extern volatile sig_atomic_t fw_interrupted;

/* Runs it, blocks until nothing of it is left. 0, or -errno when no process could be made. */
int fw_child_run(const fw_child_request *request, fw_child_result *result);
void fw_child_free(fw_child_result *result);

/* The supervisor's whole life, in a fresh fork: runs argv with the given descriptors, reports, exits. */
_Noreturn void fw_supervise(const char *const *argv, const int fd[4], int control, int report, pid_t driver);

#endif
