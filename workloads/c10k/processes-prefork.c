/* c10k with processes made beforehand, as many as connections are expected: each accepts, serves, accepts again. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
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

int c10k_processes_prefork(fw_trial *t)
{
    size_t n = (size_t)fw_int(t, "connections") + 1; /* the client holds one more */
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
    struct pollfd stopped = {.fd = s->listener}; /* POLLHUP comes unasked */
    while (!c10k_stopping(s))
        poll(&stopped, 1, -1);
    /* -- finish -- */
    for (size_t i = 0; i < made && s->alone; i++)
        kill(proc_pid(unit[i]), SIGTERM); /* as we were told */
    for (size_t i = 0; i < made; i++)
        proc_join(unit[i], NULL);
    free(unit);
    return c10k_finish(t, s, "fork", err);
}
/* -- end -- */
