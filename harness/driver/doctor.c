/* doctor.c - the grade and `fiveways doctor`. See doctor.h. */
#include "doctor.h"
#include "driver.h"

#include <stdlib.h>
#include <string.h>

static const double MOST_HIDDEN_PERCENT = 2;

static void add(fw_grade *g, char cap, const char *reason, const char *effect, const char *fix)
{
    json_array_append_new(g->reasons, json_pack("{s:s,s:s,s:s,s:o}", "reason", reason, "effect", effect, "fix", fix,
                                                "cap", json_sprintf("%c", cap)));
    if (cap > g->letter)
        g->letter = cap;
}

static bool is(const json_t *facts, const char *key, const char *text)
{
    return strcmp(fw_str_of(facts, key), text) == 0;
}

static bool known(const json_t *facts, const char *key)
{
    return *fw_str_of(facts, key) && !is(facts, key, "not available") && !is(facts, key, "none");
}

static void power(fw_grade *g, const json_t *f)
{
    if (known(f, "governor") && !is(f, "governor", "performance"))
        add(g, 'B', fw_text("governor %s", fw_str_of(f, "governor")), "the clock rate follows the load, with delay",
            "cpupower frequency-set -g performance");
    if (is(f, "turbo", "on"))
        add(g, 'B', "turbo on", "the clock rate depends on temperature and on the neighbours' load",
            "echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo, or 0 > /sys/devices/system/cpu/cpufreq/boost");
    if (is(f, "battery", "Discharging"))
        add(g, 'D', "on battery", "clock rates are held down", "plug it in");
    if (known(f, "cooling") && !is(f, "cooling", "enough"))
        add(g, 'D', fw_text("clock rates held down: %s", fw_str_of(f, "cooling")),
            "they fall during the run, by an unknown share", "a stronger power supply, a fan; let it cool down first");
}

bool fw_doctor_may_hide_steal(const json_t *f)
{
    return known(f, "virtualisation") && !is(f, "steal", "seen");
}

fw_grade fw_doctor_grade(const json_t *f, const char *sanitizer)
{
    fw_grade g = {'A', json_array()};
    double cpus = fw_num_of(f, "cpus_allowed", 1), load = fw_num_of(f, "load1", 0);
    double clock_ns = fw_num_of(f, "clock_cost_ns", 0), hidden = fw_num_of(f, "hidden_steal_percent", 0), files;
    files = fw_num_of(json_object_get(f, "limits"), "nofile_hard", 1e9);
    if (*sanitizer)
        add(&g, 'F', fw_text("built with the %s sanitizer", sanitizer), "times say nothing", "an ordinary build");
    if (known(f, "virtualisation"))
        add(&g, 'C', fw_text("virtual machine (%s)", fw_str_of(f, "virtualisation")),
            "no hardware counters, neighbours may take time, a wake-up on another CPU goes through the hypervisor",
            "measure on a machine of your own");
    if (cpus < 2)
        add(&g, 'C', "one CPU allowed", "nothing runs at the same time; models differ in switching only",
            "allow two CPUs or more (taskset, cpuset)");
    if (known(f, "quota"))
        add(&g, 'D', fw_text("CPU quota of %s", fw_str_of(f, "quota")), "the kernel stops everything for milliseconds",
            "run without a quota, or with whole CPUs (a cpuset)");
    if (load > 0.5 * cpus)
        add(&g, 'D', fw_text("load %.1f on %.0f CPUs", load, cpus), "other programs take part in every figure",
            "end them, wait for the load to fall");
    power(&g, f);
    if (hidden > MOST_HIDDEN_PERCENT)
        add(&g, 'D', fw_text("%.1f %% of a CPU's time went to somebody whom the kernel does not see", hidden),
            "the hypervisor or the firmware stops everything for a while, at any time",
            "measure when its neighbours are quiet, or on a machine of your own");
    if (clock_ns > 100)
        add(&g, 'D', fw_text("a time stamp costs %.0f ns (%s)", clock_ns, fw_str_of(f, "clocksource")),
            "short operations are hidden by their own timing", "clocksource tsc, where the CPU has an invariant one");
    if (known(f, "topology_doubts") && !known(f, "virtualisation"))
        add(&g, 'B', fw_text("topology: %s", fw_str_of(f, "topology_doubts")), "distances between CPUs are guesses",
            "compare with lstopo");
    if (files < 1024)
        add(&g, 'C', fw_text("at most %.0f open files", files), "runs with many processes are refused",
            "ulimit -Hn 4096");
    return g;
}

static void tell(const json_t *facts, const fw_grade *g)
{
    const char *key;
    json_t *v, *r;
    size_t i;
    printf("grade %c\n\n", g->letter);
    json_array_foreach(g->reasons, i, r) printf("%s  %s\n   effect: %s\n   fix: %s\n", fw_str_of(r, "cap"),
                                                fw_str_of(r, "reason"), fw_str_of(r, "effect"), fw_str_of(r, "fix"));
    puts(json_array_size(g->reasons) ? "\nA grade is the best that the reasons allow.\n" : "nothing to change\n");
    json_object_foreach((json_t *)(uintptr_t)facts, key, v)
    {
        char *text = json_is_string(v) ? NULL : json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(4));
        printf("%-16s %s\n", key, text ? text : json_string_value(v));
        free(text);
    }
}

int fw_cmd_doctor(int argc, char **argv)
{
    bool json = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            puts("fiveways doctor [--json]: what this machine is, a grade for measuring on it from A to F, and what "
                 "would "
                 "better it.");
            return FW_EXIT_OK;
        }
        if (strcmp(argv[i], "--json") != 0)
            return fw_usage("doctor: unexpected '%s'; it takes --json", argv[i]);
        json = true;
    }
    fw_topo *topo = NULL;
    if (fw_topo_load(&topo, NULL))
        topo = NULL;
    json_t *facts = fw_machine_facts("", topo);
    fw_grade g = fw_doctor_grade(facts, FW_BUILD_SANITIZE);
    if (json) {
        json_object_set_new(facts, "grade", json_sprintf("%c", g.letter));
        json_object_set(facts, "grade_reasons", g.reasons);
        json_dumpf(facts, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
        puts("");
    } else
        tell(facts, &g);
    json_decref(facts);
    json_decref(g.reasons);
    fw_topo_free(topo);
    return FW_EXIT_OK;
}
