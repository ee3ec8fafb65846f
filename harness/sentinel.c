/* sentinel.c - see sentinel.h. */
#include "sentinel.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fw.h"
#include "gaps.h"

enum { LEAST_STEAL_TICKS = 2, LEAST_FOREIGN_TICKS = 4, PROBE_NS = 2000000 };
static const double LEAST_STEAL = 0.02, LEAST_FOREIGN = 0.05, LEAST_LOST = 0.25;
/* Kernel threads that move a task to its CPU and free it afterwards work for whoever created it, but on their own
 * account: 6 to 15 us a task were measured. */
static const double KERNEL_S_A_TASK = 20e-6;

/* The whole of a small file, or "". */
static const char *read_file(const char *path, char *text, size_t bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    for (ssize_t got; fd >= 0 && n + 1 < bytes && (got = read(fd, text + n, bytes - 1 - n)) > 0;)
        n += (size_t)got;
    if (fd >= 0)
        close(fd);
    text[n] = '\0';
    return text;
}

void fw_sentinel_read_stat(fw_sentinel *s, const char *text)
{
    for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
        unsigned long long user, nice, system, idle, wait, irq, soft, steal = 0;
        int cpu;
        if (strncmp(line, "processes ", 10) == 0)
            s->created = strtoull(line + 10, NULL, 10);
        if (sscanf(line, "cpu%d %llu %llu %llu %llu %llu %llu %llu %llu", &cpu, &user, &nice, &system, &idle, &wait,
                   &irq, &soft, &steal) < 8)
            continue;
        for (unsigned i = 0; i < s->cpus; i++)
            if (s->cpu[i].cpu == cpu) {
                s->cpu[i].there = true;
                s->cpu[i].busy = user + nice + system + irq + soft;
                s->cpu[i].steal = steal;
            }
    }
}

static bool read_throttled(fw_sentinel *s, const char *folder)
{
    char path[512], text[1024];
    snprintf(path, sizeof path, "%s/cpu.stat", folder);
    const char *at = strstr(read_file(path, text, sizeof text), "nr_throttled ");
    if (at && s->cgroups < FW_SENTINEL_CGROUPS)
        s->throttled[s->cgroups++] = strtoull(at + 13, NULL, 10);
    return at != NULL;
}

/* Our group in version 2, or in version 1's cpu controller, and every ancestor up to the mount. */
static void read_cgroups(fw_sentinel *s)
{
    char text[4096];
    read_file("/proc/self/cgroup", text, sizeof text);
    for (char *line = text, *next; line && *line; line = next) {
        char *end = strchr(line, '\n'), folder[400], *group = strchr(line, ':');
        next = end ? end + 1 : NULL;
        if (end)
            *end = '\0';
        char *path = group ? strchr(group + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        bool two = group[1] == '\0';
        if (!two && strcmp(group + 1, "cpu") != 0 && !strstr(group + 1, "cpu,") && !strstr(group + 1, ",cpu"))
            continue;
        size_t mount = (size_t)snprintf(folder, sizeof folder, "/sys/fs/cgroup%s", two ? "" : "/cpu");
        snprintf(folder + mount, sizeof folder - mount, "%s", path);
        for (char *slash; strlen(folder) >= mount; *slash = '\0') {
            read_throttled(s, folder);
            slash = strrchr(folder, '/');
            if (!slash || (size_t)(slash - folder) < mount)
                break;
        }
    }
}

void fw_sentinel_take(fw_sentinel *s, const int *cpus, unsigned n)
{
    char text[65536], path[100];
    *s = (fw_sentinel){.now_ns = fw_now_ns()};
    long all = sysconf(_SC_NPROCESSORS_CONF);
    s->cpus = n ? n : all > 0 ? (unsigned)all : 1;
    if (s->cpus > FW_SENTINEL_CPUS)
        s->cpus = FW_SENTINEL_CPUS;
    unsigned distinct = 0;
    for (unsigned i = 0; i < s->cpus; i++) { /* workers may share a CPU */
        int cpu = n ? cpus[i] : (int)i;
        bool seen = false;
        for (unsigned j = 0; j < distinct; j++)
            seen |= s->cpu[j].cpu == cpu;
        if (!seen)
            s->cpu[distinct++].cpu = cpu;
    }
    s->cpus = distinct;
    fw_sentinel_read_stat(s, read_file("/proc/stat", text, sizeof text));
    read_cgroups(s);
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", s->cpu[0].cpu);
    read_file(path, s->governor, sizeof s->governor);
    s->governor[strcspn(s->governor, "\n")] = '\0';
}

unsigned fw_sentinel_compare(const fw_sentinel *before, const fw_sentinel *after, uint64_t own_cpu_ns, json_t *taints)
{
    double tick_s = 1.0 / (double)sysconf(_SC_CLK_TCK), seconds = (double)(after->now_ns - before->now_ns) / 1e9;
    double busy = 0;
    size_t had = json_array_size(taints);
    bool complete = true;
    for (unsigned i = 0; i < before->cpus && i < after->cpus; i++) {
        if (!before->cpu[i].there || !after->cpu[i].there) {
            complete = false;
            json_array_append_new(taints, json_sprintf("CPU %d went away or came", before->cpu[i].cpu));
            continue;
        }
        busy += (double)(after->cpu[i].busy - before->cpu[i].busy) * tick_s;
        uint64_t stolen = after->cpu[i].steal - before->cpu[i].steal;
        if (stolen >= LEAST_STEAL_TICKS && (double)stolen * tick_s > LEAST_STEAL * seconds)
            json_array_append_new(taints,
                                  json_sprintf("steal: %.0f ms of %.0f ms on CPU %d went to other guests",
                                               (double)stolen * tick_s * 1e3, seconds * 1e3, before->cpu[i].cpu));
    }
    double for_tasks = (double)(after->created - before->created) * KERNEL_S_A_TASK;
    double foreign = busy - (double)own_cpu_ns / 1e9 - for_tasks;
    if (complete && foreign >= LEAST_FOREIGN_TICKS * tick_s && foreign > LEAST_FOREIGN * seconds * before->cpus)
        json_array_append_new(taints,
                              json_sprintf("others used %.0f ms of CPU time in %.0f ms on the trial's %u CPU%s",
                                           foreign * 1e3, seconds * 1e3, before->cpus, before->cpus == 1 ? "" : "s"));
    for (unsigned i = 0; i < before->cgroups && i < after->cgroups; i++)
        if (after->throttled[i] > before->throttled[i]) {
            json_array_append_new(taints,
                                  json_sprintf("throttled %llu times by a CPU quota",
                                               (unsigned long long)(after->throttled[i] - before->throttled[i])));
            break;
        }
    if (strcmp(before->governor, after->governor) != 0)
        json_array_append_new(taints,
                              json_sprintf("governor changed from %s to %s", before->governor, after->governor));
    return (unsigned)(json_array_size(taints) - had);
}

unsigned fw_sentinel_probe(const fw_sentinel *s, json_t *taints)
{
    size_t had = json_array_size(taints);
    for (unsigned i = 0; i < s->cpus; i++) {
        fw_gaps g;
        if (fw_gaps_look(s->cpu[i].cpu, PROBE_NS, &g) == 0 && (double)g.lost_ns > LEAST_LOST * (double)g.elapsed_ns)
            json_array_append_new(taints,
                                  json_sprintf("hidden steal: right after the trial %.1f of %.1f ms on CPU %d "
                                               "went to somebody whom the kernel does not see",
                                               (double)g.lost_ns / 1e6, (double)g.elapsed_ns / 1e6, s->cpu[i].cpu));
    }
    return (unsigned)(json_array_size(taints) - had);
}
