/* limits.c - why the machine gives no more OS threads or processes: the least limit that binds. */
#include "fw.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { NAME_BYTES = 48, PATH_BYTES = 4096 };

typedef struct limit {
    char name[NAME_BYTES];
    int64_t value;
} limit;

static void take_least(limit *least, const char *name, int64_t value)
{
    if (value > 0 && value < least->value) {
        least->value = value;
        snprintf(least->name, sizeof least->name, "%s", name);
    }
}

/* The number in a file; 0: no such file, or no number ("max"). */
static int64_t number_in(const char *path)
{
    int64_t n = 0;
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    if (fscanf(f, "%" SCNd64, &n) != 1)
        n = 0;
    fclose(f);
    return n;
}

int64_t fw_sysctl(const char *name)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "/proc/sys/%s", name);
    return number_in(path);
}

/* pids.max of every ancestor of this process's cgroup, versions 1 and 2. */
static void cgroup_pids(limit *least)
{
    char line[PATH_BYTES], path[PATH_BYTES + NAME_BYTES];
    FILE *f = fopen("/proc/self/cgroup", "re");

    while (f && fgets(line, sizeof line, f)) {
        bool two = strncmp(line, "0::", 3) == 0;
        char *at = two ? line + 2 : strstr(line, ":pids:");
        if (!at)
            continue;
        at += two ? 1 : 6;
        at[strcspn(at, "\n")] = '\0';
        for (char *end = at + strlen(at);; *end = '\0') {
            snprintf(path, sizeof path, "/sys/fs/cgroup%s%s/pids.max", two ? "" : "/pids", at);
            take_least(least, "pids.max of the cgroup", number_in(path));
            if (!(end = strrchr(at, '/')))
                break;
        }
    }
    if (f)
        fclose(f);
}

/* Of those that bind the number of OS threads and processes. */
static limit least_limit(void)
{
    limit least = {.name = "unknown", .value = INT64_MAX};
    struct rlimit nproc;

    take_least(&least, "kernel.threads-max", fw_sysctl("kernel/threads-max"));
    take_least(&least, "kernel.pid_max", fw_sysctl("kernel/pid_max"));
    if (geteuid() != 0 && getrlimit(RLIMIT_NPROC, &nproc) == 0 && nproc.rlim_cur != RLIM_INFINITY)
        take_least(&least, "RLIMIT_NPROC", (int64_t)nproc.rlim_cur);
    cgroup_pids(&least);
    return least;
}

int fw_refuse_units(fw_trial *t, const char *call, int err)
{
    limit least = least_limit();
    return fw_refuse(t, call, err, least.name, least.value == INT64_MAX ? 0 : least.value);
}

int fw_check_os_units(fw_trial *t, const char *call, uint64_t units, uint64_t bytes_each)
{
    limit least = least_limit();
    if (units > (uint64_t)least.value)
        return fw_refuse(t, call, EAGAIN, least.name, least.value);
    return fw_check_units(t, call, units, bytes_each);
}

int fw_check_units(fw_trial *t, const char *call, uint64_t units, uint64_t bytes_each)
{
    char line[128];
    int64_t kib = 0;
    FILE *f = fopen("/proc/meminfo", "re");

    while (f && fgets(line, sizeof line, f) && sscanf(line, "MemAvailable: %" SCNd64, &kib) != 1)
        ;
    if (f)
        fclose(f);
    uint64_t fit = (uint64_t)kib * 1024 / 2 / bytes_each;
    return kib == 0 || units <= fit ? 0 : fw_refuse(t, call, ENOMEM, "units in half of the memory", (int64_t)fit);
}
