/* facts.c - reads what the machine says of itself. See doctor.h. */
#include "doctor.h"
#include "driver.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

static const char unknown[] = "not available";

/* The first line of a file, trimmed, into text; false: there is none. */
static bool line_of(const char *path, char *text, size_t bytes)
{
    FILE *f = fopen(path, "re");
    bool there = f && fgets(text, (int)bytes, f);
    if (f)
        fclose(f);
    if (!there)
        return false;
    text[strcspn(text, "\n")] = '\0';
    return true;
}

static json_t *text_fact(const char *path)
{
    char text[256];
    return json_string(line_of(path, text, sizeof text) ? text : unknown);
}

static json_t *number_fact(const char *path)
{
    char text[64];
    return line_of(path, text, sizeof text) ? json_integer(strtoll(text, NULL, 10)) : json_string(unknown);
}

/* The value of "key : value" in a file such as /proc/cpuinfo. */
static bool value_of(const char *path, const char *key, char *out, size_t bytes)
{
    char text[8192];
    bool found = false;
    FILE *f = fopen(path, "re");
    while (f && !found && fgets(text, sizeof text, f)) {
        size_t n = strlen(key);
        char *colon = strchr(text, ':');
        if (!colon || strncmp(text, key, n) != 0 || !(isspace((unsigned char)text[n]) || text[n] == ':'))
            continue;
        colon += 1 + strspn(colon + 1, " \t");
        colon[strcspn(colon, "\n")] = '\0';
        snprintf(out, bytes, "%s", colon);
        found = true;
    }
    if (f)
        fclose(f);
    return found;
}

static json_t *cpu_model(void)
{
    static const char *const keys[] = {"model name", "Model", "Processor", "cpu model"};
    char text[256];
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (value_of("/proc/cpuinfo", keys[i], text, sizeof text))
            return json_string(text);
    return json_string(unknown);
}

static json_t *virtualisation(void)
{
    char text[4096];
#if defined(__x86_64__) || defined(__i386__)
    static const struct {
        const char *id, *name;
    } known[] = {{"KVMKVMKVM", "KVM guest"},           {"VMwareVMware", "VMware guest"},
                 {"Microsoft Hv", "Hyper-V guest"},    {"XenVMMXenVMM", "Xen guest"},
                 {"VBoxVBoxVBox", "VirtualBox guest"}, {"TCGTCGTCGTCG", "QEMU guest (emulated)"},
                 {"bhyve bhyve ", "bhyve guest"}};
    unsigned a, b, c, d;
    char id[13] = "";
    if (!__get_cpuid(1, &a, &b, &c, &d))
        return json_string(unknown);
    if (!(c >> 31))
        return json_string("none");
    __cpuid(0x40000000, a, b, c, d);
    memcpy(id, &b, 4);
    memcpy(id + 4, &c, 4);
    memcpy(id + 8, &d, 4);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strncmp(id, known[i].id, strlen(known[i].id)) == 0)
            return json_string(known[i].name);
    return json_string("guest of an unknown hypervisor");
#else
    return line_of("/sys/hypervisor/type", text, sizeof text) ? json_sprintf("%s guest", text) : json_string(unknown);
#endif
    (void)text;
}

static const char *container(void)
{
    char text[4096];
    if (access("/.dockerenv", F_OK) == 0)
        return "Docker";
    if (access("/run/.containerenv", F_OK) == 0)
        return "Podman";
    if (line_of("/run/systemd/container", text, sizeof text))
        return "yes";
    if (line_of("/proc/1/cgroup", text, sizeof text) &&
        (strstr(text, "docker") || strstr(text, "kubepods") || strstr(text, "lxc")))
        return "yes";
    return "none seen";
}

/* The tightest CPU quota of our cgroup and its ancestors, in CPUs; 0: none. */
static double quota_below(char *folder, size_t mount, bool two)
{
    double least = 0;
    while (strlen(folder) >= mount) {
        char path[1300], text[64];
        double quota = 0, period = 0;
        snprintf(path, sizeof path, "%s/%s", folder, two ? "cpu.max" : "cpu.cfs_quota_us");
        if (line_of(path, text, sizeof text)) {
            if (two)
                sscanf(text, "%lf %lf", &quota, &period); /* "max 100000" leaves 0 */
            else
                quota = strtod(text, NULL);
            snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
            if (!two && line_of(path, text, sizeof text))
                period = strtod(text, NULL);
        }
        if (quota > 0 && period > 0 && (least <= 0 || quota / period < least))
            least = quota / period;
        char *slash = strrchr(folder, '/');
        if (!slash || (size_t)(slash - folder) < mount)
            break;
        *slash = '\0';
    }
    return least;
}

static json_t *quota(void)
{
    char line[1024];
    double least = 0;
    FILE *f = fopen("/proc/self/cgroup", "re");
    while (f && fgets(line, sizeof line, f)) {
        char folder[1200], *group = strchr(line, ':'), *path = group ? strchr(group + 1, ':') : NULL;
        if (!path)
            continue;
        line[strcspn(line, "\n")] = '\0';
        *path++ = '\0';
        bool two = group[1] == '\0';
        if (!two && strcmp(group + 1, "cpu") != 0 && !strstr(group + 1, "cpu,") && !strstr(group + 1, ",cpu"))
            continue;
        size_t mount = (size_t)snprintf(folder, sizeof folder, "/sys/fs/cgroup%s", two ? "" : "/cpu");
        snprintf(folder + mount, sizeof folder - mount, "%s", strcmp(path, "/") == 0 ? "" : path);
        double here = quota_below(folder, mount, two);
        if (here > 0 && (least <= 0 || here < least))
            least = here;
    }
    if (f)
        fclose(f);
    return least > 0 ? json_sprintf("%.2f CPUs", least) : json_string("none");
}

static json_t *turbo(void)
{
    char text[16];
    if (line_of("/sys/devices/system/cpu/intel_pstate/no_turbo", text, sizeof text))
        return json_string(*text == '0' ? "on" : "off");
    if (line_of("/sys/devices/system/cpu/cpufreq/boost", text, sizeof text))
        return json_string(*text == '1' ? "on" : "off");
    return json_string(unknown);
}

static json_t *smt(void)
{
    char text[16];
    if (!line_of("/sys/devices/system/cpu/smt/active", text, sizeof text))
        return json_string(unknown);
    return json_string(*text == '1' ? "on" : "off");
}

static json_t *distribution(void)
{
    char text[256] = "";
    FILE *f = fopen("/etc/os-release", "re");
    while (f && fgets(text, sizeof text, f) && strncmp(text, "PRETTY_NAME=", 12) != 0)
        *text = '\0';
    if (f)
        fclose(f);
    char *name = strchr(text, '"');
    return json_string(name ? strtok(name, "\"\n") : unknown);
}

static json_t *limits(void)
{
    struct rlimit files = {0}, processes = {0};
    getrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_NPROC, &processes);
    json_t *l = json_pack("{s:I,s:I,s:I}", "nofile_soft", (json_int_t)files.rlim_cur, "nofile_hard",
                          (json_int_t)files.rlim_max, "nproc_soft", (json_int_t)processes.rlim_cur);
    json_object_set_new(l, "pid_max", number_fact("/proc/sys/kernel/pid_max"));
    json_object_set_new(l, "threads_max", number_fact("/proc/sys/kernel/threads-max"));
    json_object_set_new(l, "max_map_count", number_fact("/proc/sys/vm/max_map_count"));
    json_object_set_new(l, "overcommit", number_fact("/proc/sys/vm/overcommit_memory"));
    json_object_set_new(l, "perf_event_paranoid", number_fact("/proc/sys/kernel/perf_event_paranoid"));
    return l;
}

json_t *fw_machine_facts(const fw_topo *topo)
{
    json_t *f = json_object(), *t = topo ? fw_topo_json(topo) : json_object();
    char text[256];
    double load = -1;
    json_object_set_new(f, "cpu", cpu_model());
    json_object_set(f, "caches", json_object_get(t, "caches"));
    json_object_set(f, "cpus_allowed", json_object_get(t, "cpus_allowed"));
    json_object_set_new(f, "smt", smt());
    json_object_set_new(f, "virtualisation", virtualisation());
    json_object_set_new(f, "container", json_string(container()));
    json_object_set_new(f, "quota", quota());
    json_object_set_new(f, "governor", text_fact("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"));
    json_object_set_new(f, "turbo", turbo());
    json_object_set_new(f, "distribution", distribution());
    json_object_set_new(f, "memory_bytes",
                        json_integer((json_int_t)sysconf(_SC_PHYS_PAGES) * (json_int_t)sysconf(_SC_PAGESIZE)));
    json_object_set_new(f, "clocksource",
                        text_fact("/sys/devices/system/clocksource/clocksource0/current_clocksource"));
    json_object_set_new(f, "clock_cost_ns", json_real(fw_clock_cost_ns()));
    json_object_set_new(f, "battery", text_fact("/sys/class/power_supply/BAT0/status"));
    if (line_of("/proc/loadavg", text, sizeof text))
        load = strtod(text, NULL);
    json_object_set_new(f, "load1", load >= 0 ? json_real(load) : json_string(unknown));
    json_object_set_new(f, "topology_doubts", json_string(topo ? fw_topo_doubts(topo) : ""));
    json_object_set_new(f, "limits", limits());
    json_decref(t);
    return f;
}
