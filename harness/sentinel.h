/* sentinel.h - was a trial disturbed? Two looks at the kernel's counts and what grew between them. What the machine
 * does not show (no cgroup file) is simply not judged. Next: gaps.h, driver/trial.c, driver/doctor.c. */
#ifndef SENTINEL_H
#define SENTINEL_H
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { FW_SENTINEL_CPUS = 256, FW_SENTINEL_CGROUPS = 16 };

typedef struct fw_sentinel {
    uint64_t now_ns;
    unsigned cpus;
    struct {
        int cpu;
        bool there;
        uint64_t busy, steal; /* clock ticks: user, nice, system, irq, softirq; and stolen */
    } cpu[FW_SENTINEL_CPUS];
    uint64_t created; /* processes and threads since the machine started */
    unsigned cgroups;
    uint64_t throttled[FW_SENTINEL_CGROUPS]; /* nr_throttled of this process's groups and their ancestors */
    char governor[32];                       /* of the first CPU; "" where there is none */
} fw_sentinel;

/* Looks now, at the n CPUs that a trial is bound to (n 0: all). About 50 us, no allocation. */
void fw_sentinel_take(fw_sentinel *s, const int *cpus, unsigned n);
/* The part that reads /proc/stat, on given text; s->cpu[i].cpu must be set. */
void fw_sentinel_read_stat(fw_sentinel *s, const char *text);
/* Appends to taints (JSON array of text) what disturbed the time between two looks; own_cpu_ns is the CPU time of the
 * trial's own processes in it. Steal counts from 2 ticks and 2 % of the time on a CPU; others' CPU time from 4
 * ticks and 5 % of the time of all CPUs looked at (a tick is 10 ms, so less can't be told), beyond what the kernel
 * itself takes for tasks created meanwhile. How many were added. */
unsigned fw_sentinel_compare(const fw_sentinel *before, const fw_sentinel *after, uint64_t own_cpu_ns, json_t *taints);
/* Where steal may be hidden: spins for 2 ms on each CPU that s looked at (gaps.h) and appends to taints those of which
 * more than a quarter went to somebody whom the kernel does not see. How many were added. */
unsigned fw_sentinel_probe(const fw_sentinel *s, json_t *taints);

#endif
