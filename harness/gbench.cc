/* gbench.cc - the only C++ of the harness: gbench.h over Google Benchmark. The library
 * measures and repeats; the rows of trials are written by this file, since
 * their CPU time is that of other processes and their names are contracts. */
#include "gbench.h"

#include <benchmark/benchmark.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

struct fw_bench {
    benchmark::State &state;
};

struct fw_gbench_entry {
    std::string name;
    fw_gbench_row row;
    double real_ns; /* as Google Benchmark reported it */
    unsigned repetition;
};

struct fw_gbench {
    std::vector<fw_gbench_entry> entries;
    std::vector<std::pair<std::string, std::string>> context;
    std::map<std::string, unsigned> rows; /* by name */
};

void fw_bench_register(const char *name, fw_bench_fn fn, void *context)
{
    benchmark::RegisterBenchmark(name, [fn, context](benchmark::State &state) {
        fw_bench b{state};
        fn(&b, context);
    });
}

bool fw_bench_keep_running(fw_bench *b, uint64_t batch)
{
    return b->state.KeepRunningBatch(static_cast<benchmark::IterationCount>(batch));
}

void fw_bench_counter(fw_bench *b, const char *name, double value)
{
    if (std::isfinite(value)) // NaN would make the JSON invalid
        b->state.counters[name] = value;
}

void fw_bench_error(fw_bench *b, const char *message)
{
    b->state.SkipWithError(message);
}

int fw_bench_main(int argc, char **argv)
{
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 2;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}

namespace
{

/* Takes the manual time of the one run; prints nothing. */
class silent_reporter : public benchmark::BenchmarkReporter
{
  public:
    bool ReportContext(const Context &) override
    {
        return true;
    }

    void ReportRuns(const std::vector<Run> &runs) override
    {
        for (const Run &run : runs)
            if (!run.error_occurred && run.run_type == Run::RT_Iteration)
                real_ns = run.GetAdjustedRealTime();
    }

    double real_ns = -1;
};

std::string quoted(const std::string &text)
{
    std::string out = "\"";
    for (char c : text) {
        char escape[8];
        if (c == '"' || c == '\\')
            (out += '\\') += c;
        else if (static_cast<unsigned char>(c) < 0x20) {
            std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
            out += escape;
        } else
            out += c;
    }
    return out + "\"";
}

void write_context(std::FILE *file, const fw_gbench *g, const char *executable, const char *host)
{
    const benchmark::CPUInfo &cpu = benchmark::CPUInfo::Get();
    char date[64];
    std::time_t now = std::time(nullptr);
    std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S+00:00", std::gmtime(&now));
    std::fprintf(file, "  \"context\": {\n    \"date\": %s,\n    \"host_name\": %s,\n    \"executable\": %s,\n",
                 quoted(date).c_str(), quoted(host).c_str(), quoted(executable).c_str());
    std::fprintf(file, "    \"num_cpus\": %d,\n    \"mhz_per_cpu\": %.0f,\n    \"cpu_scaling_enabled\": %s,\n",
                 cpu.num_cpus, cpu.cycles_per_second / 1e6,
                 cpu.scaling == benchmark::CPUInfo::ENABLED ? "true" : "false");
    std::fprintf(file, "    \"caches\": [");
    for (std::size_t i = 0; i < cpu.caches.size(); i++)
        std::fprintf(file, "%s\n      {\"type\": %s, \"level\": %d, \"size\": %d, \"num_sharing\": %d}", i ? "," : "",
                     quoted(cpu.caches[i].type).c_str(), cpu.caches[i].level, cpu.caches[i].size,
                     cpu.caches[i].num_sharing);
    std::fprintf(file, "\n    ],\n    \"load_avg\": [");
    for (std::size_t i = 0; i < cpu.load_avg.size(); i++)
        std::fprintf(file, "%s%g", i ? "," : "", cpu.load_avg[i]);
    std::fprintf(file, "],\n");
    for (const auto &pair : g->context)
        std::fprintf(file, "    %s: %s,\n", quoted(pair.first).c_str(), quoted(pair.second).c_str());
#ifdef NDEBUG
    std::fprintf(file, "    \"library_build_type\": \"release\"\n  },\n");
#else
    std::fprintf(file, "    \"library_build_type\": \"debug\"\n  },\n");
#endif
}

void write_row(std::FILE *file, const fw_gbench *g, const fw_gbench_entry &e, std::size_t family)
{
    std::fprintf(file, "    {\n      \"name\": %s,\n      \"family_index\": %zu,\n", quoted(e.name).c_str(), family);
    std::fprintf(file, "      \"per_family_instance_index\": 0,\n      \"run_name\": %s,\n", quoted(e.name).c_str());
    std::fprintf(file, "      \"run_type\": \"iteration\",\n      \"repetitions\": %u,\n", g->rows.at(e.name));
    std::fprintf(file, "      \"repetition_index\": %u,\n      \"threads\": 1,\n", e.repetition);
    std::fprintf(file, "      \"iterations\": %llu,\n", static_cast<unsigned long long>(e.row.ops));
    std::fprintf(file, "      \"real_time\": %.17g,\n      \"cpu_time\": %.17g,\n      \"time_unit\": \"ns\"",
                 e.real_ns, std::isfinite(e.row.cpu_ns) ? e.row.cpu_ns : 0.0);
    for (unsigned i = 0; i < e.row.counters && i < FW_GBENCH_COUNTERS; i++)
        if (std::isfinite(e.row.counter[i].value))
            std::fprintf(file, ",\n      %s: %.17g", quoted(e.row.counter[i].name).c_str(), e.row.counter[i].value);
    if (e.row.label[0])
        std::fprintf(file, ",\n      \"label\": %s", quoted(e.row.label).c_str());
    std::fprintf(file, "\n    }");
}

} // namespace

fw_gbench *fw_gbench_new(void)
{
    return new fw_gbench;
}

void fw_gbench_free(fw_gbench *g)
{
    delete g;
}

bool fw_gbench_trial(fw_gbench *g, const char *name, fw_gbench_fn fn, void *context)
{
    fw_gbench_row row = {};
    silent_reporter reporter;
    benchmark::ClearRegisteredBenchmarks();
    benchmark::RegisterBenchmark(name,
                                 [&](benchmark::State &state) {
                                     while (state.KeepRunning()) {
                                         fn(context, &row);
                                         if (row.skip || !(row.real_ns > 0) || !std::isfinite(row.real_ns)) {
                                             state.SkipWithError("no figure");
                                             break;
                                         }
                                         state.SetIterationTime(row.real_ns * 1e-9);
                                     }
                                 })
        ->Iterations(1)
        ->UseManualTime()
        ->Unit(benchmark::kNanosecond);
    benchmark::RunSpecifiedBenchmarks(&reporter, "all");
    benchmark::ClearRegisteredBenchmarks();
    if (!(reporter.real_ns > 0))
        return false;
    g->entries.push_back({name, row, reporter.real_ns, g->rows[name]++});
    return true;
}

void fw_gbench_context(fw_gbench *g, const char *key, const char *value)
{
    g->context.emplace_back(key, value);
}

int fw_gbench_write(const fw_gbench *g, const char *path, const char *executable, const char *host)
{
    std::map<std::string, std::size_t> family;
    std::FILE *file = std::fopen(path, "w");
    if (!file)
        return -errno;
    std::fprintf(file, "{\n");
    write_context(file, g, executable, host);
    std::fprintf(file, "  \"benchmarks\": [");
    for (std::size_t i = 0; i < g->entries.size(); i++) {
        std::fprintf(file, "%s\n", i ? "," : "");
        write_row(file, g, g->entries[i], family.emplace(g->entries[i].name, family.size()).first->second);
    }
    std::fprintf(file, "\n  ]\n}\n");
    int err = std::fflush(file) != 0 ? errno : std::ferror(file) ? EIO : 0;
    if (std::fclose(file) != 0 && !err)
        err = errno;
    if (err)
        std::remove(path);
    return -err;
}
