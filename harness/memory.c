/* memory.c - what memory the units of a trial hold: see fw_memory_before in fw.h. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trial.h"

enum { LINE_BYTES = 256 };

/* The sum of the fields of a file of "Name:  123 kB" lines, in bytes; names ends with NULL. -1: no such file. */
static int64_t sum_of_fields(const char *path, const char *const *names)
{
    char line[LINE_BYTES];
    int64_t kib = 0;
    FILE *f = fopen(path, "re");

    if (!f)
        return -1;
    while (fgets(line, sizeof line, f))
        for (const char *const *name = names; *name; name++) {
            size_t n = strlen(*name);
            if (strncmp(line, *name, n) == 0 && line[n] == ':')
                kib += strtoll(line + n + 1, NULL, 10);
        }
    fclose(f);
    return kib * 1024;
}

int64_t fw_user_memory(int pid)
{
    static const char *const pss[] = {"Pss", NULL};
    char path[64];
    int child;

    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    int64_t sum = sum_of_fields(path, pss);
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    FILE *f = fopen(path, "re");
    while (f && fscanf(f, "%d", &child) == 1)
        sum += fw_user_memory(child);
    if (f)
        fclose(f);
    return sum;
}

static int64_t kernel_bytes(void)
{
    static const char *const fields[] = {"KernelStack", "PageTables", "SUnreclaim", NULL};
    return sum_of_fields("/proc/meminfo", fields);
}

void fw_memory_before(fw_trial *t)
{
    uint64_t start = fw_now_ns();
    if (t->repeats > 0 || t->memory_units > 0)
        return;
    t->user_before = fw_user_memory(getpid());
    t->kernel_before = kernel_bytes();
    t->begin_ns += fw_now_ns() - start;
}

static void tell(fw_trial *t, const char *user, const char *kernel)
{
    double units = (double)t->memory_units;

    fw_metric(t, user, "byte", (double)(fw_user_memory(getpid()) - t->user_before) / units);
    fw_metric(t, kernel, "byte", (double)(kernel_bytes() - t->kernel_before) / units);
}

void fw_memory_live(fw_trial *t, uint64_t units)
{
    uint64_t start = fw_now_ns();
    fw_live_sample();
    if (t->repeats > 0 || units == 0 || t->user_before < 0 || t->kernel_before < 0 || t->memory_units > 0)
        return;
    t->memory_units = units;
    tell(t, "user_memory_per_unit", "kernel_memory_per_unit");
    t->begin_ns += fw_now_ns() - start;
}

void fw_memory_after(fw_trial *t)
{
    if (t->memory_units == 0 || t->mode != FW_COMPLETE)
        return;
#ifdef __GLIBC__
    malloc_trim(0); /* what was freed is kept for the next repeat, and there is none */
#endif
    tell(t, "user_memory_left_per_unit", "kernel_memory_left_per_unit");
}
