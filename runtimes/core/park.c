/* park.c - see park.h. */
#include "park.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fw.h"

enum { EMPTY, PERMIT, SLEEPING };
enum { SPIN_NS = 50000 };

void core_cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __asm__ volatile("pause");
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#else
    __asm__ volatile("" ::: "memory");
#endif
}

void core_yield(void)
{
    fw_count(fw_slot_here(), FW_SYSCALLS, 1);
    sched_yield();
}

/* About as long as a sleep and a wake take on another, idle CPU: then a wait costs at most twice what the better choice
 * would have (Karlin et al. 1991). 4 us on bare metal, 40 us where a hypervisor wakes the CPU. Shorter than that, and
 * two who hand over to and fro fall asleep for good at the first delay: each wake takes longer than the other one
 * spins. */
uint64_t core_spin_ns(uint64_t rivals)
{
    static _Thread_local unsigned cpus; /* a process has one trial */

    if (cpus == 0)
        cpus = fw_cpus();
    return cpus > 1 && rivals <= cpus ? SPIN_NS : 0;
}

void core_stand_back(uint64_t ns)
{
    uint64_t until = core_spin_ns(1) ? fw_now_ns() + ns : 0;
    while (until && fw_now_ns() < until)
        core_cpu_relax();
}

static int futex_wait(_Atomic uint32_t *word, int op, uint32_t expected, uint64_t ns, bool shared)
{
    struct timespec time = {(time_t)(ns / UINT64_C(1000000000)), (long)(ns % UINT64_C(1000000000))};

    fw_count(fw_slot_here(), FW_FUTEX, 1);
    long got = syscall(SYS_futex, word, op | (shared ? 0 : FUTEX_PRIVATE_FLAG), expected,
                       ns == FW_FOREVER ? NULL : &time, NULL, FUTEX_BITSET_MATCH_ANY);
    return got == 0 ? 0 : -errno;
}

int core_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns, bool shared)
{
    return futex_wait(word, FUTEX_WAIT_BITSET, expected, deadline_ns, shared);
}

int core_futex_wait_for(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns, bool shared)
{
    return futex_wait(word, FUTEX_WAIT, expected, timeout_ns, shared);
}

int core_futex_wake(_Atomic uint32_t *word, int count, bool shared)
{
    fw_count(fw_slot_here(), FW_FUTEX, 1);
    long got = syscall(SYS_futex, word, FUTEX_WAKE | (shared ? 0 : FUTEX_PRIVATE_FLAG), count, NULL, NULL, 0);
    return got >= 0 ? 0 : -errno;
}

void park_init(parker *p, bool shared)
{
    atomic_init(&p->state, EMPTY);
    p->shared = shared;
    p->spin_ns = 0;
}

/* Takes a permit if one is there; acquire pairs with park_wake's release. */
static bool take_permit(parker *p)
{
    uint32_t permit = PERMIT;
    return atomic_compare_exchange_strong_explicit(&p->state, &permit, EMPTY, memory_order_acquire,
                                                   memory_order_relaxed);
}

/* Who has what this thread waits for may want this CPU: to let it run costs less than a sleep and a wake. Where that
 * was in vain, it is not tried again for some waits. True: the permit came. */
static bool gave_way(parker *p)
{
    enum { WAITS_WITHOUT = 31 };
    static _Thread_local unsigned without;

    if (without > 0) {
        without--;
        return false;
    }
    core_yield();
    if (take_permit(p))
        return true;
    without = WAITS_WITHOUT;
    return false;
}

int park_wait(parker *p, uint64_t deadline_ns)
{
    if (take_permit(p))
        return 0;
    uint64_t until = p->spin_ns ? fw_now_ns() + p->spin_ns : 0;
    if (until > deadline_ns)
        until = deadline_ns;
    while (until && fw_now_ns() < until) {
        for (int i = 0; i < 16; i++) {
            if (atomic_load_explicit(&p->state, memory_order_relaxed) == PERMIT && take_permit(p))
                return 0;
            core_cpu_relax();
        }
    }
    if (p->spin_ns == 0 && gave_way(p))
        return 0;
    uint32_t empty = EMPTY; /* acq_rel: pairs with park_wake's exchange */
    if (!atomic_compare_exchange_strong_explicit(&p->state, &empty, SLEEPING, memory_order_acq_rel,
                                                 memory_order_relaxed)) {
        take_permit(p); /* only a permit can have come */
        return 0;
    }
    fw_count(fw_slot_here(), FW_PARKS, 1);
    for (;;) {
        int err = core_futex_wait(&p->state, SLEEPING, deadline_ns, p->shared);
        if (take_permit(p))
            return 0;
        if (err == -ETIMEDOUT) {
            uint32_t sleeping = SLEEPING; /* acquire: pairs with park_wake's release */
            if (atomic_compare_exchange_strong_explicit(&p->state, &sleeping, EMPTY, memory_order_acquire,
                                                        memory_order_acquire))
                return -ETIMEDOUT;
            take_permit(p);
            return 0;
        }
    }
}

void park_wake(parker *p)
{
    bool shared = p->shared; /* p may be gone once the permit is there */
    /* Release: pairs with take_permit. Acquire: with park_wait. */
    if (atomic_exchange_explicit(&p->state, PERMIT, memory_order_acq_rel) == SLEEPING) {
        fw_count(fw_slot_here(), FW_UNPARKS, 1);
        core_futex_wake(&p->state, 1, shared);
    }
}
