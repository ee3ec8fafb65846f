/* facts.c - reads what the machine says of itself. See doctor.h. */
#include "doctor.h"
#include "driver.h"
#include "gaps.h"

#include <ctype.h>
#include <glob.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

enum { PROBE_NS = 200000000, PROBE_LEAST_NS = 5000000 }; /* all CPUs together; one CPU */
static const char unknown[] = "not available";
static const char *root = ""; /* before every path; fw_machine_facts sets it */

static FILE *open_file(const char *path)
{
    char *whole = fw_text("%s%s", root, path);
    FILE *f = fopen(whole, "re");
    free(whole);
    return f;
}

static bool is_there(const char *path)
{
    char *whole = fw_text("%s%s", root, path);
    bool there = access(whole, F_OK) == 0;
    free(whole);
    return there;
}

/* The first line of a file, trimmed, into text; false: there is none. */
static bool line_of(const char *path, char *text, size_t bytes)
{
    FILE *f = open_file(path);
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
    FILE *f = open_file(path);
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

/* What the CPU itself says; NULL: nothing. */
static const char *hypervisor_of_cpu(void)
{
#if defined(__x86_64__) || defined(__i386__)
    static const struct {
        const char *id, *name;
    } known[] = {{"KVMKVMKVM", "KVM guest"},           {"VMwareVMware", "VMware guest"},
                 {"Microsoft Hv", "Hyper-V guest"},    {"XenVMMXenVMM", "Xen guest"},
                 {"VBoxVBoxVBox", "VirtualBox guest"}, {"TCGTCGTCGTCG", "QEMU guest (emulated)"},
                 {"bhyve bhyve ", "bhyve guest"}};
    unsigned a, b, c, d;
    char id[13] = "";
    if (*root || !__get_cpuid(1, &a, &b, &c, &d) || !(c >> 31))
        return NULL;
    __cpuid(0x40000000, a, b, c, d);
    memcpy(id, &b, 4);
    memcpy(id + 4, &c, 4);
    memcpy(id + 8, &d, 4);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strncmp(id, known[i].id, strlen(known[i].id)) == 0)
            return known[i].name;
    return "guest of an unknown hypervisor";
#else
    return NULL;
#endif
}

/* What the firmware's tables call the machine, where a hypervisor wrote them. */
static const char *hypervisor_of_firmware(void)
{
    static const struct {
        const char *word, *name;
    } known[] = {{"QEMU", "QEMU guest"},
                 {"KVM", "KVM guest"},
                 {"kvm", "KVM guest"},
                 {"VMware", "VMware guest"},
                 {"VirtualBox", "VirtualBox guest"},
                 {"Virtual Machine", "Hyper-V guest"},
                 {"Amazon EC2", "EC2 guest"},
                 {"Google", "Google guest"}};
    static const char *const paths[] = {"/sys/class/dmi/id/sys_vendor", "/sys/class/dmi/id/product_name",
                                        "/proc/device-tree/hypervisor/compatible"};
    char text[256];
    for (size_t p = 0; p < sizeof paths / sizeof *paths; p++)
        for (size_t i = 0; line_of(paths[p], text, sizeof text) && i < sizeof known / sizeof *known; i++)
            if (strstr(text, known[i].word))
                return known[i].name;
    return is_there("/proc/device-tree/hypervisor") ? "guest of an unknown hypervisor" : NULL;
}

static json_t *virtualisation(void)
{
    char text[8192];
    if (line_of("/proc/sys/kernel/osrelease", text, sizeof text) && (strstr(text, "icrosoft")))
        return json_string("WSL (Hyper-V guest)");
    const char *name = hypervisor_of_cpu();
    if (name)
        return json_string(name);
    bool flagged = value_of("/proc/cpuinfo", "flags", text, sizeof text) && strstr(text, " hypervisor");
    if (flagged || !is_there("/sys/class/dmi/id/bios_version")) /* an EC2 server without a guest has DMI names too */
        name = hypervisor_of_firmware();
    if (!name && line_of("/sys/hypervisor/type", text, sizeof text))
        return json_sprintf("%s guest", text);
    return json_string(name ? name : flagged ? "guest of an unknown hypervisor" : "none");
}

static const char *container(void)
{
    char text[4096];
    if (is_there("/.dockerenv"))
        return "Docker";
    if (is_there("/run/.containerenv"))
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
    FILE *f = open_file("/proc/self/cgroup");
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

/* Whether the clock is held down now, by heat or a weak supply, where firmware tells (a Raspberry Pi's does). */
static const char *cooling(void)
{
    enum { UNDER_VOLTAGE = 1, CAPPED = 2, THROTTLED = 4, HOT = 8 };
    char text[32];
    if (line_of("/sys/devices/platform/soc/soc:firmware/get_throttled", text, sizeof text)) {
        unsigned long bits = strtoul(text, NULL, 16);
        return bits & UNDER_VOLTAGE ? "under-voltage" : bits & (CAPPED | THROTTLED | HOT) ? "too hot" : "enough";
    }
    glob_t found;
    const char *says = unknown;
    char *pattern = fw_text("%s/sys/class/hwmon/hwmon*/in0_lcrit_alarm", root);
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++)
            if (line_of(found.gl_pathv[i] + strlen(root), text, sizeof text))
                says = *text == '1' ? "under-voltage" : "enough";
        globfree(&found);
    }
    free(pattern);
    return says;
}

/* Of the machine's own batteries, not a mouse's; "Discharging" where one is. */
static json_t *battery(void)
{
    glob_t found;
    char *pattern = fw_text("%s/sys/class/power_supply/*/type", root), status[64] = "", text[64];
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc && strcmp(status, "Discharging") != 0; i++) {
            char *type = found.gl_pathv[i] + strlen(root), *folder = fw_text("%.*s", (int)(strlen(type) - 5), type);
            char *scope = fw_text("%s/scope", folder), *state = fw_text("%s/status", folder);
            bool own = line_of(type, text, sizeof text) && strcmp(text, "Battery") == 0 &&
                       !(line_of(scope, text, sizeof text) && strcmp(text, "Device") == 0);
            if (own && !line_of(state, status, sizeof status))
                *status = '\0';
            free(folder);
            free(scope);
            free(state);
        }
        globfree(&found);
    }
    free(pattern);
    return json_string(*status ? status : unknown);
}

/* Whether the kernel was ever told that another guest had its CPUs. */
static const char *steal(void)
{
    char text[512];
    unsigned long long ticks;
    if (!line_of("/proc/stat", text, sizeof text) || sscanf(text, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &ticks) != 1)
        return unknown;
    return ticks ? "seen" : "never seen";
}

/* The worst CPU's share that went to somebody whom the kernel does not see, in per cent. */
static json_t *hidden_steal(void)
{
    cpu_set_t allowed;
    double worst = -1;
    if (*root || sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return json_string(unknown);
    uint64_t each = PROBE_NS / (unsigned)CPU_COUNT(&allowed);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        fw_gaps g;
        if (!CPU_ISSET((size_t)cpu, &allowed) || fw_gaps_look(cpu, each > PROBE_LEAST_NS ? each : PROBE_LEAST_NS, &g))
            continue;
        double share = 100.0 * (double)g.lost_ns / (double)g.elapsed_ns;
        worst = share > worst ? share : worst;
    }
    return worst < 0 ? json_string(unknown) : json_real(worst);
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
    FILE *f = open_file("/etc/os-release");
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

json_t *fw_machine_facts(const char *under, const fw_topo *topo)
{
    root = under;
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
    json_object_set_new(f, "cooling", json_string(cooling()));
    json_object_set_new(f, "distribution", distribution());
    json_object_set_new(f, "memory_bytes",
                        json_integer((json_int_t)sysconf(_SC_PHYS_PAGES) * (json_int_t)sysconf(_SC_PAGESIZE)));
    json_object_set_new(f, "clocksource",
                        text_fact("/sys/devices/system/clocksource/clocksource0/current_clocksource"));
    json_object_set_new(f, "clock_cost_ns", json_real(fw_clock_cost_ns()));
    json_object_set_new(f, "battery", battery());
    if (line_of("/proc/loadavg", text, sizeof text))
        load = strtod(text, NULL);
    json_object_set_new(f, "load1", load >= 0 ? json_real(load) : json_string(unknown));
    json_object_set_new(f, "steal", json_string(steal()));
    json_object_set_new(f, "hidden_steal_percent", hidden_steal());
    json_object_set_new(f, "topology_doubts", json_string(topo ? fw_topo_doubts(topo) : ""));
    json_object_set_new(f, "limits", limits());
    json_decref(t);
    return f;
}
