// What the reference runners for C++ share: the trial, the meter and the answer. Each runner speaks
// harness/PROTOCOL.md. Receipts are self-reported: units are added up by the units themselves and travel with their
// results, so that counting shares nothing.
#ifndef FIVEWAYS_PEERS_TRIAL_H
#define FIVEWAYS_PEERS_TRIAL_H

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <jansson.h>

namespace peers
{

using watch = std::chrono::steady_clock;
using std::chrono::nanoseconds;

// A request that can't be read or asks for what is not there.
[[noreturn]] void reject(const std::string &why);

// What the runtime can't do.
struct refusal {
    std::string reason;
};

// What a trial asks for; the names are the protocol's.
struct trial {
    explicit trial(json_t *request);

    std::string text(const char *name) const;    // a parameter, "" without
    std::uint64_t param(const char *name) const; // a parameter that is a whole number

    void bind_to(std::size_t worker) const; // the calling thread, to a worker's CPUs
    void bind_to_all() const;               // the calling thread, and those that it starts, to all workers' CPUs

    // Tells the driver, at most ten times a second, how much work was done by all. `count` is the caller's own, `told`
    // what it has told before.
    void progress(std::uint64_t count, std::uint64_t &told, watch::time_point now) const;

    json_t *id, *params;
    std::string workload, variant;
    std::vector<std::vector<std::size_t>> workers;
    nanoseconds warmup, window;
    std::uint64_t batch, seed;

  private:
    int progress_fd;
    watch::time_point begun = watch::now();
    mutable std::atomic<std::int64_t> next_beat{0};
    mutable std::atomic<std::uint64_t> work{0};
};

// When the warm-up ends and when the measuring does.
struct window {
    watch::time_point warm_end, end;

    static window open(const trial &t);

    nanoseconds length() const
    {
        return end - warm_end;
    }
};

// The measuring side of a steady workload: record until it says stop.
class meter
{
  public:
    meter(const trial &t, window w) : asked(&t), open(w)
    {
    }

    explicit meter(const trial &t) : meter(t, window::open(t))
    {
    }

    // Books `count` operations from `start` until now; false: stop. An empty window is opened again, twice as long.
    bool record(watch::time_point start, std::uint64_t count);

    nanoseconds elapsed() const; // the window's length; of one that was opened again, the time inside the operations

    std::uint64_t ops = 0, inside = 0;
    std::array<std::uint64_t, 10> slices{};

  private:
    const trial *asked;
    window open;
    nanoseconds within{0};
    int reopened = 0;
    std::uint64_t told = 0;
};

// What a workload reports of itself.
struct outcome {
    std::uint64_t units = 0, messages = 0, live = 0, checksum = 0;
    std::string failure;
    std::vector<meter> meters; // none: the workload is complete, and this was one repeat
};

// A runtime and what it can do. A steady workload runs until its meters say stop, a complete one is one repeat.
struct workload {
    const char *name;
    bool steady;
    outcome (*run)(const trial &t);
};

struct runner {
    const char *name, *model;
    std::string version;
    const char *spins, *threads;
    void (*host)(const trial &t, const std::function<void()> &body); // binds the workers and runs the body among them
    std::vector<workload> workloads;

    int main(int count, char **arguments) const;
};

// From here on the process may have half of the memory that is available; who asks for more is refused.
void limit_memory(const trial &t);
[[noreturn]] void out_of_memory();

} // namespace peers

#endif
