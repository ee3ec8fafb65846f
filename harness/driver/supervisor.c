/* supervisor.c - the process between the driver and a runner. It starts the
 * runner in a process group of its own, waits for its end or for an order (or the
 * driver's death) on the control pipe, and then ends every descendant.
 * Single-threaded; owns no memory but its stack. */
#include "child.h"
#include "fw.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GRACE_MS = 300, LINGER_MS = 50 };

static int open_pidfd(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

static void kill_pid(pid_t pid, int signal_number)
{
    int fd = open_pidfd(pid);
    if (fd < 0 || syscall(SYS_pidfd_send_signal, fd, signal_number, NULL, 0) != 0)
        kill(pid, signal_number); /* an old kernel; a child of ours keeps its number until we reap it */
    if (fd >= 0)
        close(fd);
}

/* Parses /proc/PID/stat: name, state and parent. */
static bool read_stat(const char *pid, char name[32], char *state, pid_t *parent)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    char *open_paren = strchr(text, '('), *close_paren = strrchr(text, ')');
    if (!open_paren || !close_paren || close_paren[1] != ' ')
        return false;
    *close_paren = '\0';
    snprintf(name, 32, "%s", open_paren + 1);
    int ppid = 0;
    if (sscanf(close_paren + 2, "%c %d", state, &ppid) != 2)
        return false;
    *parent = ppid;
    return true;
}

/* Signals every living child (0: none); appends "name(pid)" of each to names. Returns their number. */
static unsigned each_child(int signal_number, char *names, size_t bytes)
{
    unsigned found = 0;
    size_t used = names ? strlen(names) : 0;
    DIR *proc = opendir("/proc");
    for (struct dirent *d; proc && (d = readdir(proc));) {
        char name[32], state;
        pid_t parent;
        if (!isdigit((unsigned char)d->d_name[0]) || !read_stat(d->d_name, name, &state, &parent))
            continue;
        if (parent != getpid() || state == 'Z' || state == 'X')
            continue;
        found++;
        if (names && used < bytes)
            used += (size_t)snprintf(names + used, bytes - used, "%s%s(%s)", used ? ", " : "", name, d->d_name);
        if (signal_number)
            kill_pid((pid_t)atoi(d->d_name), signal_number);
    }
    if (proc)
        closedir(proc);
    return found;
}

/* Reaps what has ended; notes the runner's status. False when no child is left. */
static bool reap(pid_t runner, fw_child_report *report, bool *ended)
{
    int status;
    for (;;) {
        pid_t pid = waitpid(-1, &status, WNOHANG | __WALL);
        if (pid == 0)
            return true;
        if (pid < 0 && errno != EINTR)
            return false;
        if (pid > 0 && pid == runner && (WIFEXITED(status) || WIFSIGNALED(status))) {
            report->wait_status = status;
            *ended = true;
        }
    }
}

static void pause_ms(int ms)
{
    poll(NULL, 0, ms);
}

/* Ends everything below: killing a child hands its children to us, so go on until there are none. */
static void end_all(pid_t runner, fw_child_report *report)
{
    bool ended = false;
    kill(-runner, SIGKILL);
    for (int i = 0; reap(runner, report, &ended) && i < 20000; i++) {
        each_child(SIGKILL, NULL, 0);
        if (reap(runner, report, &ended))
            pause_ms(1);
    }
}

_Noreturn static void become_runner(const char *const *argv, const int fd[4], int failure, pid_t supervisor)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != supervisor)
        _exit(126);
    int high[4];
    for (int i = 0; i < 4; i++)
        high[i] = fd[i] < 0 ? -1 : fcntl(fd[i], F_DUPFD_CLOEXEC, 16);
    failure = fcntl(failure, F_DUPFD_CLOEXEC, 16);
    for (int i = 0; i < 4; i++)
        if (high[i] >= 0)
            dup2(high[i], i);
    sigset_t none;
    sigemptyset(&none);
    for (int s = 1; s < 32; s++)
        signal(s, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(argv[0], (char *const *)(uintptr_t)argv);
    int error = errno;
    ssize_t n = write(failure, &error, sizeof error);
    (void)n;
    _exit(127);
}

/* Waits for the runner's end, an order on control, or the driver's death. True: it ended by itself. */
static bool wait_for_end(pid_t runner, int control, fw_child_report *report)
{
    bool ended = false;
    int pidfd = open_pidfd(runner);
    for (;;) {
        struct pollfd p[2] = {{.fd = control, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
        poll(p, 2, pidfd < 0 ? 5 : 1000);
        reap(runner, report, &ended);
        if (ended || p[0].revents)
            break;
    }
    if (!ended) { /* ask first, so that a runner may remove its temporary files */
        kill(-runner, SIGTERM);
        for (int ms = 0; ms < GRACE_MS && !ended; ms += 5) {
            pause_ms(5);
            reap(runner, report, &ended);
        }
        if (pidfd >= 0)
            close(pidfd);
        return false;
    }
    if (pidfd >= 0)
        close(pidfd);
    return true;
}

_Noreturn void fw_supervise(const char *const *argv, const int fd[4], int control, int report_fd, pid_t driver)
{
    fw_child_report report = {0};
    int failure[2];
    setpgid(0, 0); /* a terminal's Ctrl-C goes to the driver alone */
    for (int s = 1; s < 32; s++)
        if (s != SIGCHLD)
            signal(s, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (getppid() != driver || pipe2(failure, O_CLOEXEC) != 0)
        _exit(126);
    pid_t supervisor = getpid(), runner = fork();
    if (runner == 0)
        become_runner(argv, fd, failure[1], supervisor);
    for (int i = 0; i < 4; i++)
        if (fd[i] >= 0)
            close(fd[i]);
    close(failure[1]);
    if (runner < 0) {
        report.exec_errno = errno;
    } else {
        setpgid(runner, runner);
        if (read(failure[0], &report.exec_errno, sizeof report.exec_errno) < 0)
            report.exec_errno = errno;
        bool alone = wait_for_end(runner, control, &report), ended;
        for (int ms = 0; alone && ms < LINGER_MS && reap(runner, &report, &ended); ms++)
            pause_ms(1); /* what the runner's end has killed may still be on its way out */
        if (alone && reap(runner, &report, &ended))
            report.left = each_child(0, report.names, sizeof report.names);
        end_all(runner, &report);
    }
    ssize_t n = write(report_fd, &report, sizeof report);
    _exit(n == (ssize_t)sizeof report ? 0 : 126);
}
