/* runner_trial.c - the trial's process and its parent. The parent never runs a
 * cell: it sleeps in poll on the child's pidfd, wakes at most ten times a second, writes the
 * work count and looks at the child's page tables and stacks.
 *
 *   driver ── runner (this, single-threaded) ── trial's process ── whatever the cell starts */
#include "runner.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BEAT_MS = 100, KERNEL_STACK_BYTES = 16384, MOST_CHILDREN = 4096 };

_Noreturn static void be_the_trial(const fw_request *r, pid_t parent, fw_tracer *tracer)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    setsid(); /* as many processes as it may have, they get one session's share of the CPUs: the parent's beat comes
                 through */
    fw_slot_after_fork();
    dup2(STDERR_FILENO, STDOUT_FILENO); /* standard output carries the result alone */
    if (r->progress_fd > STDERR_FILENO)
        close(r->progress_fd); /* only the parent beats */
    if (tracer)
        fw_trace_forget(tracer);
    fw_trace_name("main");
    bool instrument = r->instrument && fw_about_runtime.instrument;
    if (instrument)
        fw_about_runtime.instrument(true);
    fw_trial_judge(r->trial);
    if (fw_about_runtime.give_back)
        fw_about_runtime.give_back();
    fw_memory_after(r->trial);
    if (instrument)
        fw_about_runtime.report(r->trial);
    fflush(NULL);
    _exit(0);
}

static uint64_t status_field(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

/* Adds a process's page tables and kernel stacks; its threads are counted, a stack has 16 KB on the systems we run on.
 */
static void add_process(pid_t pid, uint64_t *tables, uint64_t *stacks)
{
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    *tables += status_field(text, "\nVmPTE:") * 1024;
    *stacks += status_field(text, "\nThreads:") * KERNEL_STACK_BYTES;
}

static void sample(pid_t child, fw_watch *w)
{
    uint64_t tables = 0, stacks = 0;
    char path[64];
    int pid;

    add_process(child, &tables, &stacks);
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)child, (int)child);
    FILE *file = fopen(path, "re");
    for (int n = 0; file && n < MOST_CHILDREN && fscanf(file, "%d", &pid) == 1; n++)
        add_process(pid, &tables, &stacks);
    if (file)
        fclose(file);
    if (tables > w->page_table_bytes)
        w->page_table_bytes = tables;
    if (stacks > w->kernel_stack_bytes)
        w->kernel_stack_bytes = stacks;
}

static void beat(const fw_request *r)
{
    char line[32];
    int n = snprintf(line, sizeof line, "%llu\n", (unsigned long long)fw_trial_progress(r->trial));
    if (r->progress_fd >= 0 && write(r->progress_fd, line, (size_t)n) < 0)
        return; /* nobody listens; the trial goes on */
}

/* Sleeps until the child has ended, or BEAT_MS; a tracer wakes for what it must read. True: it has ended (it is not
 * reaped). */
static bool ended(int pidfd, pid_t child, fw_tracer *tracer)
{
    siginfo_t info = {0};
    struct pollfd p = {.fd = pidfd, .events = POLLIN};
    if (tracer)
        fw_trace_poll(tracer, pidfd, BEAT_MS);
    else
        poll(pidfd >= 0 ? &p : NULL, pidfd >= 0, BEAT_MS);
    return waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == child;
}

int fw_watch_trial(const fw_request *r, fw_watch *w)
{
    pid_t parent = getpid();
    struct rusage usage = {0};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    fflush(NULL);
    fw_tracer *tracer = r->trace_file ? fw_trace_open(r) : NULL;
    pid_t child = fork();
    if (child < 0)
        return -errno;
    if (child == 0) {
        signal(SIGPIPE, SIG_DFL);
        be_the_trial(r, parent, tracer);
    }
    int pidfd = (int)syscall(SYS_pidfd_open, child, 0); /* without it (an old kernel): ended within a beat */
    unsigned beats = 0;
    do {
        beat(r);
        if ((beats & (beats - 1)) == 0) /* at 0, 1, 2, 4, ... beats: reading /proc costs the cell time */
            sample(child, w);
        beats++;
    } while (!ended(pidfd, child, tracer));
    if (pidfd >= 0)
        close(pidfd);
    while (wait4(child, &w->wait_status, 0, &usage) < 0 && errno == EINTR)
        ;
    w->max_rss_bytes = (uint64_t)usage.ru_maxrss * 1024;
    if (tracer)
        w->trace = fw_trace_close(tracer, r, child);
    return 0;
}
