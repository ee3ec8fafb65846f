/* c10k with processes made beforehand, as many as connections are expected: each accepts, serves, accepts again. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fw.h"
#include "processes/processes.h"
#include "spec.h"

/* -- unit -- */
static void serve(c10k_server *s, int fd)
{
    c10k_http h;

    c10k_enter(&h, s, fd);
    c10k_timeouts(s, fd);
    while (!h.close)
        c10k_exchange(&h, fd);
    c10k_leave(&h, fd);
    close(fd);
    fw_count(fw_slot_here(), FW_WORK, 1); /* thousands that end at once take seconds, and are not stuck */
}

static int run(void *arg)
{
    c10k_server *s = arg;

    for (;;) {
        int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            serve(s, fd);
        else if (!c10k_accept_again(s, errno))
            return 0;
    }
}
/* -- launch -- */
static size_t make(fw_trial *t, c10k_server *s, proc **unit, size_t n, int *err)
{
    size_t made = 0;

    for (*err = 0; made < n && !*err; made += *err == 0)
        *err = proc_spawn(&unit[made], fw_worker_of(t, (unsigned)made), run, s);
    if (*err)
        c10k_stop(s); /* who waits in accept gets an error, and ends */
    return made;
}

static void on_child(int signal)
{
    (void)signal;
}

/* Until the server stops: who crashed is replaced. The signal is let through only while ppoll waits: none is missed. */
static void watch(fw_trial *t, c10k_server *s, proc **unit, size_t n)
{
    struct pollfd stopped = {.fd = s->listener}; /* POLLHUP comes unasked */
    struct sigaction notice = {.sa_handler = on_child}, before;
    siginfo_t ended = {0};
    sigset_t child, all;
    size_t i;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &all);
    sigaction(SIGCHLD, &notice, &before);
    while (!c10k_stopping(s)) {
        while (c10k_child_ended(t, s, &ended)) {
            for (i = 0; i < n && proc_pid(unit[i]) != ended.si_pid; i++)
                ;
            if (i == n) { /* who ran this program's process before it had left a child behind */
                waitpid(ended.si_pid, NULL, 0);
                continue;
            }
            if (ended.si_code == CLD_EXITED)
                break; /* it saw the server stop */
            proc_join(unit[i], NULL);
            c10k_lost(s);
            FW_MUST(proc_spawn(&unit[i], fw_worker_of(t, (unsigned)i), run, s) == 0);
        }
        ppoll(&stopped, 1, NULL, &all);
    }
    sigaction(SIGCHLD, &before, NULL);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

int c10k_processes_prefork(fw_trial *t)
{
    size_t n = c10k_crowd(t);
    c10k_server *s;
    int err = fw_check_os_units(t, "fork", n, FW_PROCESS_BYTES);
    proc **unit = err ? NULL : calloc(n, sizeof(proc *));

    if (!unit)
        return err ? err : fw_refuse(t, "calloc", ENOMEM, "records", (int64_t)n);
    if ((err = c10k_begin(t, &s)) != 0) {
        free(unit);
        return err;
    }
    size_t made = make(t, s, unit, n, &err);
    /* -- coordinate -- */
    watch(t, s, unit, made);
    /* -- finish -- */
    for (size_t i = 0; i < made && s->alone; i++)
        kill(proc_pid(unit[i]), SIGTERM); /* as we were told */
    for (size_t i = 0; i < made; i++)
        proc_join(unit[i], NULL);
    free(unit);
    return c10k_finish(t, s, "fork", err);
}
/* -- end -- */
