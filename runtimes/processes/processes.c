/* processes.c - fork, join, shared memory. The links are in link.c (pipe and
 * socket pair) and ring.c (shared memory). See processes.h. */
#include "processes.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct proc {
    pid_t pid;
    int pidfd; /* -1: not asked for yet, or the kernel has none */
};

_Noreturn static void child_main(pid_t parent, const fw_worker *worker, int (*fn)(void *arg), void *arg)
{
    fw_slot_after_fork();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before the line above */
        _exit(1);
    FW_MUST(fw_worker_bind(worker) == 0);
    int status = fn(arg);
    fw_count(fw_slot_here(), FW_ENDED, 1);
    fw_slot_release();
    fw_live_os(-1);
    _exit(status);
}

int proc_spawn(proc **out, const fw_worker *worker, int (*fn)(void *arg), void *arg)
{
    proc *p = malloc(sizeof *p);
    pid_t parent = getpid();

    if (!p)
        return -ENOMEM;
    fw_slot *slot = fw_slot_here();
    fw_live_os(+1);
    p->pid = fork();
    if (p->pid == 0)
        child_main(parent, worker, fn, arg);
    if (p->pid < 0) {
        int err = errno;
        fw_live_os(-1);
        free(p);
        return -err;
    }
    p->pidfd = -1; /* a descriptor a child would make each later fork copy it */
    fw_count(slot, FW_CREATED, 1);
    fw_count(slot, FW_SYSCALLS, 1);
    *out = p;
    return 0;
}

int proc_join(proc *p, int *status)
{
    int got, err = 0;

    fw_count(fw_slot_here(), FW_SYSCALLS, 1);
    while (waitpid(p->pid, &got, 0) == -1) {
        if (errno != EINTR) {
            err = -errno;
            break;
        }
    }
    if (!err && status)
        *status = got;
    if (p->pidfd >= 0)
        close(p->pidfd);
    free(p);
    return err;
}

/* sched_getattr(2); glibc has it from 2.41 on. */
struct attributes {
    uint32_t bytes, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns, deadline_ns, period_ns;
};

int proc_set_slice(uint64_t ns)
{
    struct attributes a = {0};

    fw_count(fw_slot_here(), FW_SYSCALLS, 2);
    if (syscall(SYS_sched_getattr, 0, &a, sizeof a, 0) != 0)
        return -errno;
    if (a.policy != SCHED_OTHER || a.runtime_ns == 0) /* 0: before Linux 6.12 */
        return -ENOTSUP;
    a.runtime_ns = ns;
    return syscall(SYS_sched_setattr, 0, &a, 0) == 0 ? 0 : -errno;
}

int proc_pidfd(proc *p)
{
    if (p->pidfd < 0)
        p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
    return p->pidfd;
}

int proc_pid(const proc *p)
{
    return p->pid;
}

void *proc_shared_alloc(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void proc_shared_free(void *p, size_t bytes)
{
    munmap(p, bytes);
}
