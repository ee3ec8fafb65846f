/* park.c - see park.h. */
#include "park.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fw.h"

enum { EMPTY, PERMIT, SLEEPING };
enum { SPIN_NS = 2000 }; /* about half of what a sleep and a wake cost where both ends have a CPU */

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

uint64_t core_spin_ns(void)
{
    static _Thread_local unsigned cpus; /* a process has one trial */

    if (cpus == 0)
        cpus = fw_cpus();
    return cpus > 1 ? SPIN_NS : 0;
}

int core_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns, bool shared)
{
    struct timespec until = {(time_t)(deadline_ns / UINT64_C(1000000000)), (long)(deadline_ns % UINT64_C(1000000000))};
    int op = FUTEX_WAIT_BITSET | (shared ? 0 : FUTEX_PRIVATE_FLAG);

    fw_count(fw_slot_here(), FW_FUTEX, 1);
    long got =
        syscall(SYS_futex, word, op, expected, deadline_ns == FW_FOREVER ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
    return got == 0 ? 0 : -errno;
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
}

/* Takes a permit if one is there; acquire pairs with park_wake's release. */
static bool take_permit(parker *p)
{
    uint32_t permit = PERMIT;
    return atomic_compare_exchange_strong_explicit(&p->state, &permit, EMPTY, memory_order_acquire,
                                                   memory_order_relaxed);
}

int park_wait(parker *p, uint64_t deadline_ns)
{
    uint64_t spin = core_spin_ns();

    if (take_permit(p))
        return 0;
    for (uint64_t until = spin ? fw_now_ns() + spin : 0; spin && fw_now_ns() < until;) {
        for (int i = 0; i < 16; i++) {
            if (take_permit(p))
                return 0;
            core_cpu_relax();
        }
    }
    uint32_t empty = EMPTY;
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
            uint32_t sleeping = SLEEPING;
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
    if (atomic_exchange_explicit(&p->state, PERMIT, memory_order_acq_rel) == SLEEPING) {
        fw_count(fw_slot_here(), FW_UNPARKS, 1);
        core_futex_wake(&p->state, 1, shared);
    }
}
