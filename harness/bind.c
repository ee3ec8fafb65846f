/* bind.c - binds a worker to its CPUs and reads the mask back. */
#include "trial.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

fw_trial *fw_current_trial;

static void note(const fw_worker *w, const cpu_set_t *got)
{
    fw_trial *t = fw_current_trial;
    if (!t || w->index >= FW_MAX_WORKERS)
        return;
    for (unsigned word = 0; word < FW_MAX_CPUS / 64; word++) {
        uint64_t mask = 0;
        for (unsigned bit = 0; bit < 64; bit++)
            if (CPU_ISSET(word * 64 + bit, got))
                mask |= UINT64_C(1) << bit;
        atomic_store_explicit(&t->got_mask[w->index][word], mask, memory_order_relaxed);
    }
    atomic_store_explicit(&t->got_ncpus[w->index], (uint32_t)CPU_COUNT(got), memory_order_relaxed);
}

int fw_worker_bind(const fw_worker *w)
{
    cpu_set_t want, got;

    if (!w || w->ncpus == 0)
        return 0;
    CPU_ZERO(&want);
    for (unsigned cpu = 0; cpu < FW_MAX_CPUS; cpu++)
        if (w->cpu_mask[cpu / 64] >> (cpu % 64) & 1)
            CPU_SET(cpu, &want);
    fw_count(fw_slot_here(), FW_SYSCALLS, 2);
    if (sched_setaffinity(0, sizeof want, &want) != 0)
        return -errno;
    CPU_ZERO(&got);
    if (sched_getaffinity(0, sizeof got, &got) != 0)
        return -errno;
    note(w, &got);
    return CPU_EQUAL(&want, &got) ? 0 : -EXDEV;
}

unsigned fw_cpus(void)
{
    uint64_t all[FW_MAX_CPUS / 64] = {0};
    unsigned bound = 0;
    cpu_set_t set;

    for (unsigned i = 0; fw_current_trial && i < fw_current_trial->nworkers; i++)
        for (unsigned word = 0; word < FW_MAX_CPUS / 64; word++)
            all[word] |= fw_current_trial->worker[i].ncpus ? fw_current_trial->worker[i].cpu_mask[word] : 0;
    for (unsigned word = 0; word < FW_MAX_CPUS / 64; word++)
        bound += (unsigned)__builtin_popcountll(all[word]);
    if (bound)
        return bound;
    CPU_ZERO(&set);
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}
