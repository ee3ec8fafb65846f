/* doctor_test - the grade follows from the facts alone; this machine's own facts can be read, and made-up machines'. */
#include "doctor.h"
#include "driver.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static json_t *ideal(void)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:i,s:f,s:f,s:s,s:{s:i}}", "virtualisation", "none", "governor", "performance",
                     "turbo", "off", "quota", "none", "cpus_allowed", 8, "load1", 0.1, "clock_cost_ns", 20.0,
                     "topology_doubts", "", "limits", "nofile_hard", 4096);
}

/* The grade once `key` is `value`; every reason must say what, effect and fix. */
static char graded(const char *key, json_t *value, const char *sanitizer, const char *reason)
{
    json_t *facts = ideal(), *r;
    size_t i;
    bool said = !reason;
    if (key)
        json_object_set_new(facts, key, value);
    fw_grade g = fw_doctor_grade(facts, sanitizer);
    json_array_foreach(g.reasons, i, r)
    {
        assert_true(*fw_str_of(r, "reason") && *fw_str_of(r, "effect") && *fw_str_of(r, "fix"));
        said |= reason && strstr(fw_str_of(r, "reason"), reason);
    }
    assert_true(said);
    assert_int_equal(json_array_size(g.reasons), key || *sanitizer ? 1 : 0);
    json_decref(facts);
    json_decref(g.reasons);
    return g.letter;
}

static void each_fact_caps_the_grade(void **state)
{
    assert_int_equal(graded(NULL, NULL, "", NULL), 'A');
    assert_int_equal(graded("governor", json_string("powersave"), "", "governor powersave"), 'B');
    assert_int_equal(graded("turbo", json_string("on"), "", "turbo"), 'B');
    assert_int_equal(graded("virtualisation", json_string("KVM guest"), "", "KVM guest"), 'C');
    assert_int_equal(graded("cpus_allowed", json_integer(1), "", "one CPU"), 'C');
    assert_int_equal(graded("limits", json_pack("{s:i}", "nofile_hard", 256), "", "256 open files"), 'C');
    assert_int_equal(graded("quota", json_string("1.50 CPUs"), "", "1.50 CPUs"), 'D');
    assert_int_equal(graded("load1", json_real(6.0), "", "load 6.0"), 'D');
    assert_int_equal(graded("battery", json_string("Discharging"), "", "battery"), 'D');
    assert_int_equal(graded("cooling", json_string("under-voltage"), "", "under-voltage"), 'D');
    assert_int_equal(graded("hidden_steal_percent", json_real(7.5), "", "7.5 % of a CPU's time"), 'D');
    assert_int_equal(graded("clock_cost_ns", json_real(900), "", "900 ns"), 'D');
    assert_int_equal(graded(NULL, NULL, "thread", "thread sanitizer"), 'F');
}

static void what_is_not_available_is_no_reason(void **state)
{
    json_t *facts = ideal();
    static const char *const keys[] = {"governor", "turbo", "quota",   "virtualisation",
                                       "battery",  "load1", "cooling", "hidden_steal_percent"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        json_object_set_new(facts, keys[i], json_string("not available"));
    fw_grade g = fw_doctor_grade(facts, "");
    assert_int_equal(g.letter, 'A');
    json_decref(facts);
    json_decref(g.reasons);
}

static void this_machines_facts_can_be_read(void **state)
{
    fw_topo *t;
    assert_int_equal(fw_topo_load(&t, NULL), 0);
    json_t *facts = fw_machine_facts("", t);
    static const char *const keys[] = {"cpu",         "caches",        "cpus_allowed", "smt",   "virtualisation",
                                       "container",   "quota",         "governor",     "turbo", "memory_bytes",
                                       "clocksource", "clock_cost_ns", "load1",        "limits"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_non_null(json_object_get(facts, keys[i]));
    assert_true(fw_num_of(facts, "memory_bytes", 0) > 1e6);
    json_decref(facts);
    fw_topo_free(t);
}

/* Machines that nobody has here: files under a folder of their own, what must be read from them, and the grade. */
static const struct machine {
    const char *name;
    struct {
        const char *path, *text;
    } file[6];
    struct {
        const char *key, *text;
    } fact[4];
    char grade;
} machines[] = {
    {"a server",
     {{"/proc/cpuinfo", "model name\t: Some CPU\nflags\t\t: fpu sse2 avx2\n"},
      {"/sys/class/dmi/id/bios_version", "1.0\n"},
      {"/sys/class/dmi/id/sys_vendor", "Amazon EC2\n"}, /* a whole one */
      {"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n"},
      {"/sys/devices/system/cpu/intel_pstate/no_turbo", "1\n"},
      {"/sys/class/power_supply/mouse/type", "Battery\n"}},
     {{"cpu", "Some CPU"}, {"virtualisation", "none"}, {"turbo", "off"}, {"battery", "not available"}},
     'A'},
    {"a guest in a cloud",
     {{"/proc/cpuinfo", "flags\t\t: fpu sse2 hypervisor avx2\n"},
      {"/sys/class/dmi/id/sys_vendor", "Amazon EC2\n"},
      {"/proc/stat", "cpu  1 2 3 4 5 6 7 0 0 0\n"}},
     {{"virtualisation", "EC2 guest"}, {"steal", "never seen"}},
     'C'},
    {"a guest that is told of steal",
     {{"/proc/device-tree/hypervisor/compatible", "linux,kvm"}, {"/proc/stat", "cpu  1 2 3 4 5 6 7 8 0 0\n"}},
     {{"virtualisation", "KVM guest"}, {"steal", "seen"}},
     'C'},
    {"WSL",
     {{"/proc/sys/kernel/osrelease", "5.15.153.1-microsoft-standard-WSL2\n"},
      {"/proc/cpuinfo", "flags\t\t: fpu hypervisor\n"}},
     {{"virtualisation", "WSL (Hyper-V guest)"}, {"governor", "not available"}},
     'C'},
    {"a Raspberry Pi on a weak supply",
     {{"/proc/cpuinfo", "processor\t: 0\n\nModel\t\t: Raspberry Pi 4 Model B Rev 1.4\n"},
      {"/sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n"},
      {"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "ondemand\n"}},
     {{"cpu", "Raspberry Pi 4 Model B Rev 1.4"}, {"cooling", "under-voltage"}, {"virtualisation", "none"}},
     'D'},
    {"a hot one", {{"/sys/devices/platform/soc/soc:firmware/get_throttled", "8\n"}}, {{"cooling", "too hot"}}, 'D'},
    {"one that has recovered",
     {{"/sys/devices/platform/soc/soc:firmware/get_throttled", "50000\n"}},
     {{"cooling", "enough"}},
     'A'},
    {"one whose driver watches the voltage only",
     {{"/sys/class/hwmon/hwmon3/in0_lcrit_alarm", "1\n"}},
     {{"cooling", "under-voltage"}},
     'D'},
    {"a container with a quota, version 2",
     {{"/proc/self/cgroup", "0::/pod/inner\n"},
      {"/sys/fs/cgroup/pod/inner/cpu.max", "max 100000\n"},
      {"/sys/fs/cgroup/pod/cpu.max", "150000 100000\n"},
      {"/run/.containerenv", "\n"}},
     {{"quota", "1.50 CPUs"}, {"container", "Podman"}},
     'D'},
    {"a container with a quota, version 1",
     {{"/proc/self/cgroup", "4:cpu,cpuacct:/docker/x\n"},
      {"/sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us", "50000\n"},
      {"/sys/fs/cgroup/cpu/docker/x/cpu.cfs_period_us", "100000\n"},
      {"/sys/fs/cgroup/cpu/docker/cpu.cfs_quota_us", "-1\n"},
      {"/.dockerenv", "\n"}},
     {{"quota", "0.50 CPUs"}, {"container", "Docker"}},
     'D'},
    {"a laptop on its second battery, beside a full mouse",
     {{"/sys/class/power_supply/BAT1/type", "Battery\n"},
      {"/sys/class/power_supply/BAT1/status", "Discharging\n"},
      {"/sys/class/power_supply/hid/type", "Battery\n"},
      {"/sys/class/power_supply/hid/scope", "Device\n"},
      {"/sys/class/power_supply/hid/status", "Full\n"}},
     {{"battery", "Discharging"}},
     'D'},
    {"a laptop on the mains beside a mouse",
     {{"/sys/class/power_supply/BAT0/type", "Battery\n"},
      {"/sys/class/power_supply/BAT0/status", "Full\n"},
      {"/sys/class/power_supply/hid/type", "Battery\n"},
      {"/sys/class/power_supply/hid/scope", "Device\n"},
      {"/sys/class/power_supply/hid/status", "Discharging\n"}},
     {{"battery", "Full"}},
     'A'},
};

static void put(const char *folder, const char *path, const char *text)
{
    char whole[400];
    snprintf(whole, sizeof whole, "%s%s", folder, path);
    for (char *at = whole + strlen(folder) + 1; (at = strchr(at, '/')); *at++ = '/') {
        *at = '\0';
        mkdir(whole, 0700);
    }
    FILE *f = fopen(whole, "w");
    assert_non_null(f);
    assert_int_equal(fputs(text, f) >= 0 && fclose(f) == 0, 1);
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
    return remove(path);
}

static void other_machines_are_read_and_graded(void **state)
{
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        const struct machine *m = &machines[i];
        char folder[] = "/tmp/fiveways-machine-XXXXXX";
        assert_non_null(mkdtemp(folder));
        for (size_t k = 0; k < 6 && m->file[k].path; k++)
            put(folder, m->file[k].path, m->file[k].text);
        json_t *facts = fw_machine_facts(folder, NULL);
        for (size_t k = 0; k < 4 && m->fact[k].key; k++)
            if (strcmp(fw_str_of(facts, m->fact[k].key), m->fact[k].text) != 0)
                fail_msg("%s: %s is '%s', not '%s'", m->name, m->fact[k].key, fw_str_of(facts, m->fact[k].key),
                         m->fact[k].text);
        json_object_set_new(facts, "cpus_allowed", json_integer(4)); /* these are of this machine */
        json_object_set_new(facts, "clock_cost_ns", json_real(20));
        json_object_del(facts, "limits");
        fw_grade g = fw_doctor_grade(facts, "");
        if (g.letter != m->grade)
            fail_msg("%s: grade %c, not %c", m->name, g.letter, m->grade);
        json_decref(facts);
        json_decref(g.reasons);
        assert_int_equal(nftw(folder, drop, 8, FTW_DEPTH | FTW_PHYS), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fact_caps_the_grade),
        cmocka_unit_test(what_is_not_available_is_no_reason),
        cmocka_unit_test(this_machines_facts_can_be_read),
        cmocka_unit_test(other_machines_are_read_and_graded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
