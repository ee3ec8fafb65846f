/* topo_test - placements on a dozen machines, all but one made up; a binding on this one, read back.
 * topo/hybrid.xml (4 fast cores, 8 slow ones) and topo/big.xml (2 packages, 4 L3 each, 8 cores each, SMT) are hwloc's
 * exports of synthetic topologies. */
#include "core_to_core.h"
#include "fw.h"
#include "topo.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char two_packages[] = "synthetic:pack:2 l3:1 core:4 pu:2";

static fw_topo *load(const char *spec)
{
    fw_topo *t = NULL;
    assert_int_equal(fw_topo_load(&t, spec), 0);
    return t;
}

/* "0 1 2": the CPUs; or the refusal. Frees t. */
static const char *placed(fw_topo *t, const char *placement, unsigned workers)
{
    static char text[512];
    fw_place p[64];
    if (fw_topo_place(t, placement, workers, p, text, sizeof text) == 0) {
        size_t at = 0;
        for (unsigned i = 0; i < workers; i++)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%d", i ? " " : "", p[i].cpu);
    }
    fw_topo_free(t);
    return text;
}

static void one_core(void **state)
{
    const char *one = "synthetic:pack:1 l3:1 core:1 pu:1";
    assert_string_equal(placed(load(one), "compact", 1), "0");
    assert_string_equal(placed(load(one), "scatter", 3), "0 0 0"); /* oversubscribed: wraps */
    assert_string_equal(placed(load(one), "none", 2), "-1 -1");
    assert_non_null(strstr(placed(load(one), "smt", 2), "no SMT"));
    assert_non_null(strstr(placed(load(one), "same-l3", 2), "room for 1 worker here, not for 2"));
    assert_non_null(strstr(placed(load(one), "cross-numa", 2), "two NUMA nodes, here is 1"));
}

static void two_cores(void **state)
{
    assert_string_equal(placed(load("synthetic:pack:1 l3:1 core:2 pu:1"), "compact", 2), "0 1");
    assert_string_equal(placed(load("synthetic:pack:1 l3:1 core:2 pu:1"), "compact", 4), "0 1 0 1");
}

static void eight_cores_with_smt(void **state)
{
    const char *smt = "synthetic:pack:1 l3:1 core:8 pu:2";
    fw_topo *t = load(smt);
    assert_int_equal(fw_topo_allowed(t), 16);
    assert_int_equal(fw_topo_count(t, "core"), 8);
    assert_true(fw_topo_smt(t));
    assert_string_equal(placed(t, "compact", 10), "0 2 4 6 8 10 12 14 1 3"); /* cores before siblings */
    assert_string_equal(placed(load(smt), "smt", 4), "0 1 2 3");
    assert_string_equal(placed(load(smt), "scatter", 3), "0 2 4");
}

static void two_packages_fill_one_first_or_alternate(void **state)
{
    assert_string_equal(placed(load(two_packages), "compact", 6), "0 2 4 6 1 3");
    assert_string_equal(placed(load(two_packages), "scatter", 6), "0 8 2 10 4 12");
    assert_string_equal(placed(load(two_packages), "same-l3", 8), "0 2 4 6 1 3 5 7");
    assert_non_null(strstr(placed(load(two_packages), "same-l3", 9), "room for 8 workers"));
}

static void four_numa_nodes(void **state)
{
    const char *four = "synthetic:pack:2 numa:2 l3:1 core:2 pu:1";
    fw_topo *t = load(four);
    assert_int_equal(fw_topo_count(t, "numa"), 4);
    assert_string_equal(placed(t, "cross-numa", 6), "0 2 4 6 1 3");
    assert_string_equal(placed(load(four), "scatter", 5), "0 4 2 6 1"); /* packages before nodes before cores */
    assert_string_equal(placed(load(four), "compact", 3), "0 1 2");
}

static void hybrid_takes_the_fast_cores_first(void **state)
{
    fw_topo *t = load("xml:" TOPO_DIR "/hybrid.xml");
    assert_int_equal(fw_topo_count(t, "kind"), 2);
    assert_string_equal(placed(t, "compact", 6), "8 9 10 11 0 1");
}

static void a_big_machine_from_its_xml(void **state)
{
    fw_topo *t = load("xml:" TOPO_DIR "/big.xml");
    assert_false(fw_topo_this_system(t));
    assert_int_equal(fw_topo_allowed(t), 128);
    assert_int_equal(fw_topo_count(t, "l3"), 8);
    assert_string_equal(placed(t, "compact", 10), "0 2 4 6 8 10 12 14 1 3");
    assert_string_equal(placed(load("xml:" TOPO_DIR "/big.xml"), "scatter", 10), "0 64 16 80 32 96 48 112 2 66");
}

static void no_l3_is_doubted_and_same_l3_refused(void **state)
{
    fw_topo *t = load("synthetic:pack:1 core:4 pu:1");
    assert_string_equal(fw_topo_doubts(t), "it shows no L3 cache");
    assert_string_equal(placed(t, "same-l3", 2), "this machine shows no L3 cache");
    t = load("synthetic:pack:4 l3:1 core:1 pu:1");
    assert_non_null(strstr(fw_topo_doubts(t), "a package of its own"));
    fw_topo_free(t);
}

static void scatter_leaves_the_node_with_or_without_an_l3(void **state)
{
    const char *none = "synthetic:pack:2 numa:2 core:4 pu:2", *wide = "synthetic:pack:2 l3:1 numa:2 core:2 pu:1";
    assert_string_equal(placed(load(none), "scatter", 6), "0 16 8 24 2 18");
    assert_string_equal(placed(load(none), "compact", 6), "0 2 4 6 1 3");
    assert_string_equal(placed(load(wide), "scatter", 6), "0 4 2 6 1 5"); /* two nodes under one L3 */
    assert_string_equal(placed(load(wide), "compact", 6), "0 1 2 3 4 5");
}

static void cpus_without_cores_are_no_siblings(void **state)
{
    fw_topo *t = load("synthetic:pack:1 pu:4");
    assert_int_equal(fw_topo_count(t, "core"), 4);
    assert_false(fw_topo_smt(t));
    assert_non_null(strstr(fw_topo_doubts(t), "no cores"));
    assert_non_null(strstr(placed(t, "smt", 2), "no SMT"));
}

static void junk_is_refused(void **state)
{
    fw_topo *t = NULL;
    assert_int_equal(fw_topo_load(&t, "synthetic:pack:banana"), -EINVAL);
    assert_int_equal(fw_topo_load(&t, "xml:/nonexistent.xml"), -EINVAL);
    assert_int_equal(fw_topo_load(&t, "else"), -EINVAL);
    assert_non_null(strstr(placed(load(two_packages), "sideways", 1), "unknown placement"));
}

static void equal_machines_have_equal_hashes_and_exports_can_be_read(void **state)
{
    char file[] = "/tmp/fiveways-topo-XXXXXX";
    fw_topo *a = load(two_packages), *b = load(two_packages), *c = load("synthetic:pack:2 l3:1 core:4 pu:1"), *d;
    assert_string_equal(fw_topo_hash(a), fw_topo_hash(b));
    assert_string_not_equal(fw_topo_hash(a), fw_topo_hash(c));
    close(mkstemp(file));
    assert_int_equal(fw_topo_export(a, file), 0);
    char spec[64];
    snprintf(spec, sizeof spec, "xml:%s", file);
    d = load(spec);
    assert_string_equal(fw_topo_hash(a), fw_topo_hash(d));
    assert_int_equal(fw_topo_export(a, "/nonexistent/file.xml") < 0, 1);
    unlink(file);
    fw_topo_free(a);
    fw_topo_free(b);
    fw_topo_free(c);
    fw_topo_free(d);
}

static void exports_name_no_machine_and_no_container(void **state)
{
    char file[] = "/tmp/fiveways-topo-XXXXXX", line[1024];
    fw_topo *t = load(NULL);
    close(mkstemp(file));
    assert_int_equal(fw_topo_export(t, file), 0);
    fw_topo_free(t);
    FILE *f = fopen(file, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        if (strstr(line, "\"HostName\"") || strstr(line, "\"LinuxCgroup\"") || strstr(line, "\"DMI"))
            assert_non_null(strstr(line, "value=\"-\""));
    fclose(f);
    unlink(file);
}

static void this_machine_binds_and_reads_back(void **state)
{
    fw_topo *t = load(NULL);
    cpu_set_t before, set;
    fw_place p;
    char why[100];
    assert_true(fw_topo_this_system(t));
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    assert_int_equal(fw_topo_allowed(t), CPU_COUNT(&before));
    assert_int_equal(fw_topo_place(t, "scatter", 1, &p, why, sizeof why), 0);
    fw_worker w = {.ncpus = 1};
    w.cpu_mask[p.cpu / 64] |= UINT64_C(1) << p.cpu % 64;
    assert_int_equal(fw_worker_bind(&w), 0);
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    assert_true(CPU_COUNT(&set) == 1 && CPU_ISSET(p.cpu, &set));
    assert_int_equal(sched_getcpu(), p.cpu);
    fw_topo *narrow = load(NULL); /* a narrow affinity is all there is */
    assert_int_equal(fw_topo_allowed(narrow), 1);
    assert_string_equal(fw_topo_hash(narrow), fw_topo_hash(t));
    fw_topo_free(narrow);
    fw_topo_free(t);
    sched_setaffinity(0, sizeof before, &before);
}

static void a_line_goes_between_two_cpus_and_only_where_both_can_be_bound(void **state)
{
    fw_topo *t = load(NULL);
    fw_place p[2];
    char why[100];
    fw_c2c c = {.median_ns = -1};
    assert_int_equal(fw_topo_place(t, "scatter", 2, p, why, sizeof why), 0);
    assert_int_equal(fw_core_to_core(p[0].cpu, p[0].cpu, &c), -EINVAL);
    assert_true(fw_core_to_core(p[0].cpu, FW_MAX_CPUS - 1, &c) < 0); /* there is no such CPU: neither thread hangs */
    assert_true(fw_core_to_core(FW_MAX_CPUS - 1, p[0].cpu, &c) < 0);
    assert_true(c.median_ns == -1);
    if (p[0].cpu != p[1].cpu) {
        assert_int_equal(fw_core_to_core(p[0].cpu, p[1].cpu, &c), 0);
        assert_true(c.interval.low > 0 && c.interval.low <= c.median_ns && c.median_ns <= c.interval.high);
        assert_true(c.interval.level >= 0.95);
    }
    fw_topo_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_core),
        cmocka_unit_test(two_cores),
        cmocka_unit_test(eight_cores_with_smt),
        cmocka_unit_test(two_packages_fill_one_first_or_alternate),
        cmocka_unit_test(four_numa_nodes),
        cmocka_unit_test(hybrid_takes_the_fast_cores_first),
        cmocka_unit_test(a_big_machine_from_its_xml),
        cmocka_unit_test(no_l3_is_doubted_and_same_l3_refused),
        cmocka_unit_test(scatter_leaves_the_node_with_or_without_an_l3),
        cmocka_unit_test(cpus_without_cores_are_no_siblings),
        cmocka_unit_test(junk_is_refused),
        cmocka_unit_test(equal_machines_have_equal_hashes_and_exports_can_be_read),
        cmocka_unit_test(exports_name_no_machine_and_no_container),
        cmocka_unit_test(this_machine_binds_and_reads_back),
        cmocka_unit_test(a_line_goes_between_two_cpus_and_only_where_both_can_be_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
