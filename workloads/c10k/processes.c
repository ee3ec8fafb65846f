/* c10k with processes: a process for each connection, forked when it is accepted; the signal of its end wakes the
 * parent, which joins it. */
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

/* The least there is. Who has asked once, and will be brief again, goes before those that begin and end. */
enum { SLICE_NS = 100000 };

typedef struct house {
    c10k_server *server;
    proc **unit; /* of `live` that were not joined */
    size_t live, room;
    uint64_t made;
    int fd; /* of the connection that is being made */
} house;

/* -- unit -- */
static int run(void *arg)
{
    house *home = arg;
    c10k_http h;

    c10k_enter(&h, home->server, home->fd);
    c10k_timeouts(home->server, home->fd);
    c10k_exchange(&h, home->fd);
    proc_set_slice(SLICE_NS); /* where it can't, others' forks go first */
    while (!h.close)
        c10k_exchange(&h, home->fd);
    c10k_leave(&h, home->fd);
    return 0;
}
/* -- launch -- */
static int make_conn(fw_trial *t, house *home)
{
    if (home->live == home->room) {
        size_t room = home->room ? 2 * home->room : 64;
        proc **more = realloc(home->unit, room * sizeof *more);
        if (!more)
            return -ENOMEM;
        home->unit = more;
        home->room = room;
    }
    int err = proc_spawn(&home->unit[home->live], fw_worker_of(t, (unsigned)home->made), run, home);
    home->made += err == 0;
    home->live += err == 0;
    return err;
}
/* -- coordinate -- */
static void reap(fw_trial *t, house *home)
{
    siginfo_t ended = {0};
    size_t i;

    while (c10k_child_ended(t, home->server, &ended)) {
        for (i = 0; i < home->live && proc_pid(home->unit[i]) != ended.si_pid; i++)
            ;
        if (i == home->live) { /* who ran this program's process before it had left a child behind */
            waitpid(ended.si_pid, NULL, 0);
            continue;
        }
        proc_join(home->unit[i], NULL);
        if (ended.si_code != CLD_EXITED)
            c10k_lost(home->server);
        home->unit[i] = home->unit[--home->live];
    }
}

static void on_child(int signal)
{
    (void)signal;
}

/* The signal is let through only while ppoll waits: none is missed. */
static int accept_all(fw_trial *t, house *home)
{
    struct pollfd next = {.fd = home->server->listener, .events = POLLIN};
    struct sigaction notice = {.sa_handler = on_child}, before;
    sigset_t child, all;
    int err = 0, failed;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &all);
    sigaction(SIGCHLD, &notice, &before);
    do {
        if (ppoll(&next, 1, NULL, &all) <= 0) {
            reap(t, home);
            continue;
        }
        home->fd = accept4(home->server->listener, NULL, NULL, SOCK_CLOEXEC);
        if (home->fd < 0 && !c10k_accept_again(home->server, errno))
            break;
        if (home->fd >= 0 && (failed = make_conn(t, home)) != 0)
            err = failed;
        close(home->fd);
    } while (!c10k_stopping(home->server));
    sigaction(SIGCHLD, &before, NULL);
    sigprocmask(SIG_SETMASK, &all, NULL);
    return err;
}

int c10k_processes(fw_trial *t)
{
    house home = {0};
    int err = fw_check_os_units(t, "fork", c10k_crowd(t), FW_PROCESS_BYTES);

    if (err || (err = c10k_begin(t, &home.server)) != 0)
        return err;
    err = accept_all(t, &home);
    /* -- finish -- */
    for (size_t i = 0; i < home.live && home.server->alone; i++)
        kill(proc_pid(home.unit[i]), SIGTERM); /* as we were told */
    for (size_t i = 0; i < home.live; i++)
        proc_join(home.unit[i], NULL);
    free(home.unit);
    return c10k_finish(t, home.server, "fork", err);
}
/* -- end -- */
