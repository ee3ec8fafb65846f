// trial.h - what the C++ runners share: the trial, the meter, the answer. Each runner speaks harness/PROTOCOL.md.
// Receipts are self-reported: units are added up by the units themselves and travel with their results.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

using Clock = std::chrono::steady_clock;

// What a trial asks for; the names are the protocol's.
struct Trial {
    long long id = 0;
    std::string workload, variant;
    std::map<std::string, std::string> params;
    std::vector<std::vector<unsigned>> workers; // the CPUs of each
    Clock::duration warmup{}, window{};
    uint64_t batch = 1, seed = 0;
    int progress_fd = -1;

    const std::string &text(const std::string &name) const;
    uint64_t param(const std::string &name) const; // a whole number, or exit 2
    void bind(size_t worker) const;                // the calling thread to its CPUs, or exit 2
    void bind_to_all() const;                      // likewise to the CPUs of all workers
    void progress(uint64_t work) const;            // tells the driver, at most ten times a second; any thread
};

// The measuring side of a steady workload: a unit records until it says stop. An empty window is opened again, twice
// as long, at most eight times.
struct Meter {
    uint64_t ops = 0, inside = 0;
    std::array<uint64_t, 10> slices{};

    explicit Meter(const Trial &trial);
    bool record(Clock::time_point start, uint64_t ops);
    int64_t elapsed_ns() const;

  private:
    const Trial *trial;
    Clock::time_point warm_end, end;
    Clock::duration within{};
    unsigned reopened = 0;
};

// What a workload reports of itself.
struct Outcome {
    uint64_t units = 0, messages = 0, live = 0, checksum = 0;
    std::string failure, refusal;
    std::vector<Meter> meters;
};

// A steady workload runs until its meters say stop, a complete one is one repeat.
struct Workload {
    const char *name;
    bool steady;
    Outcome (*run)(const Trial &);
};

struct Runner {
    const char *name, *model, *version, *spins, *threads;
    std::vector<Workload> workloads;
    // Binds the workers, starts what the workloads run in, calls `work` there once, and ends it.
    void (*inside)(const Trial &, const std::function<void()> &work);
};

int runner_main(const Runner &runner, int argc, char **argv);
[[noreturn]] void reject(const std::string &why); // one line, exit status 2
