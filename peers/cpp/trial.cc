// Parses a trial, binds, measures, repeats and answers.
#include "trial.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <new>

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace peers
{

static const char *program = "";

void reject(const std::string &why)
{
    std::fprintf(stderr, "%s: %s\n", program, why.c_str());
    _exit(2); // other threads may be at work
}

static std::string quoted(const std::string &text)
{
    return '"' + text + '"';
}

static bool whole_number(const std::string &text, std::uint64_t &number)
{
    if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos)
        return false;
    errno = 0;
    number = std::strtoull(text.c_str(), nullptr, 10);
    return errno == 0;
}

static std::uint64_t number_of(json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        reject(std::string(name) + ": expected a whole number");
    return json_integer_value(value);
}

static std::string text_of(json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

trial::trial(json_t *request)
    : id(json_object_get(request, "trial_id")), params(json_object_get(request, "params")),
      workload(text_of(request, "workload")), variant(text_of(request, "variant"))
{
    const std::uint64_t protocol = number_of(request, "protocol");
    if (protocol != 1)
        reject("protocol " + std::to_string(protocol) + ": this runner speaks 1");
    warmup = nanoseconds(number_of(request, "warmup_ns"));
    window = nanoseconds(number_of(request, "window_ns"));
    batch = number_of(request, "batch");
    if (!whole_number(text_of(request, "seed"), seed))
        reject("seed " + quoted(text_of(request, "seed")) + ": expected a decimal number of 64 bits");
    std::size_t i, k;
    json_t *worker, *cpu;
    json_array_foreach(json_object_get(request, "workers"), i, worker)
    {
        workers.emplace_back();
        json_array_foreach(json_object_get(worker, "cpus"), k, cpu) workers.back().push_back(json_integer_value(cpu));
    }
    if (batch < 1 || workers.empty())
        reject("batch " + std::to_string(batch) + ", " + std::to_string(workers.size()) +
               " workers: expected one at least");
    json_t *fd = json_object_get(request, "progress_fd");
    progress_fd = json_is_integer(fd) ? static_cast<int>(json_integer_value(fd)) : -1;
}

std::string trial::text(const char *name) const
{
    return text_of(params, name);
}

std::uint64_t trial::param(const char *name) const
{
    std::uint64_t number;
    if (!whole_number(text(name), number))
        reject(std::string(name) + "=" + quoted(text(name)) + ": expected a whole number");
    return number;
}

static void place_on(const std::vector<std::size_t> &cpus)
{
    cpu_set_t mask;
    CPU_ZERO(&mask);
    for (const std::size_t cpu : cpus) {
        if (cpu >= CPU_SETSIZE)
            reject("the workers' CPUs: no such CPU");
        CPU_SET(cpu, &mask);
    }
    if (!cpus.empty() && sched_setaffinity(0, sizeof mask, &mask) != 0)
        reject(std::string("the workers' CPUs: ") + std::strerror(errno));
}

void trial::bind_to(std::size_t worker) const
{
    place_on(workers[worker]);
}

void trial::bind_to_all() const
{
    std::vector<std::size_t> all;
    for (const auto &cpus : workers)
        all.insert(all.end(), cpus.begin(), cpus.end());
    place_on(all);
}

void trial::progress(std::uint64_t count, std::uint64_t &told, watch::time_point now) const
{
    constexpr std::int64_t beat = 100'000'000;
    std::int64_t due = next_beat.load(std::memory_order_relaxed);
    const std::int64_t at = nanoseconds(now - begun).count();
    if (progress_fd < 0 || at < due || !next_beat.compare_exchange_strong(due, at + beat, std::memory_order_relaxed))
        return;
    const std::string line = std::to_string(work.fetch_add(count - told) + count - told) + '\n';
    told = count;
    if (write(progress_fd, line.data(), line.size()) < 0)
        return; // the driver that stopped listening ends the trial itself
}

window window::open(const trial &t)
{
    const auto warm_end = watch::now() + t.warmup;
    return {warm_end, warm_end + t.window};
}

bool meter::record(watch::time_point start, std::uint64_t count)
{
    const auto now = watch::now();
    ops += count;
    if (start >= open.warm_end && now < open.end) {
        inside += count;
        within += now - start;
        slices[(now - open.warm_end) * 10 / open.length()] += count;
    }
    asked->progress(ops, told, now);
    if (now < open.end)
        return true;
    if (inside > 0 || reopened == 8)
        return false;
    reopened++;
    open = {now, now + 2 * open.length()};
    return true;
}

nanoseconds meter::elapsed() const
{
    return reopened > 0 && inside > 0 ? within : open.length();
}

static json_t *usage()
{
    rusage u{};
    getrusage(RUSAGE_SELF, &u);
    const auto ns = [](const timeval &t) {
        return static_cast<json_int_t>(t.tv_sec * 1'000'000'000 + t.tv_usec * 1000);
    };
    const auto number = [](long n) { return static_cast<json_int_t>(n); };
    return json_pack("{sI sI sI sI sI sI sI}", "cpu_user_ns", ns(u.ru_utime), "cpu_sys_ns", ns(u.ru_stime),
                     "voluntary_switches", number(u.ru_nvcsw), "involuntary_switches", number(u.ru_nivcsw),
                     "minor_faults", number(u.ru_minflt), "major_faults", number(u.ru_majflt), "max_rss_bytes",
                     number(u.ru_maxrss * 1024));
}

static void print(json_t *answer)
{
    json_dumpf(answer, stdout, JSON_COMPACT);
    std::putchar('\n');
    std::fflush(stdout);
}

static json_t *begin_answer(const trial &t, const char *status, const std::string &reason)
{
    return json_pack("{si sO? ss ss so}", "protocol", 1, "trial_id", t.id, "status", status, "reason", reason.c_str(),
                     "usage", usage());
}

template <typename Numbers> static json_t *list(const Numbers &numbers)
{
    json_t *array = json_array();
    for (const auto n : numbers)
        json_array_append_new(array, json_integer(static_cast<json_int_t>(n)));
    return array;
}

static json_t *answer(const trial &t, const outcome &o, std::uint64_t ops, std::uint64_t inside, nanoseconds elapsed)
{
    json_t *a = begin_answer(t, o.failure.empty() ? "ok" : "failed", o.failure);
    const auto number = [](std::uint64_t n) { return static_cast<json_int_t>(n); };
    json_t *receipt = json_pack("{sI sI sI si sI ss ss}", "units", number(o.units), "messages", number(o.messages),
                                "peak_live", number(o.live), "bytes", 0, "ops", number(ops), "checksum",
                                std::to_string(o.checksum).c_str(), "source", "self-reported");
    json_object_set_new(a, "receipt", receipt);
    json_object_set_new(a, "ops_total", json_integer(number(ops)));
    json_object_set_new(a, "ops_window", json_integer(number(inside)));
    json_object_set_new(a, "elapsed_ns", json_integer(elapsed.count()));
    return a;
}

static void run_steady(const trial &t, const workload &w)
{
    const outcome o = w.run(t);
    std::uint64_t ops = 0, inside = 0;
    nanoseconds elapsed{0};
    std::array<std::uint64_t, 10> slices{};
    std::vector<std::uint64_t> each;
    for (const meter &m : o.meters) {
        ops += m.ops;
        inside += m.inside;
        elapsed = std::max(elapsed, m.elapsed());
        each.push_back(m.ops);
        for (std::size_t i = 0; i < slices.size(); i++)
            slices[i] += m.slices[i];
    }
    json_t *a = answer(t, o, ops, inside, elapsed);
    json_object_set_new(a, "slices", list(slices));
    json_object_set_new(a, "meter_ops", list(each));
    json_object_set_new(a, "repeats_total", json_integer(1));
    print(a);
}

// The memory that `parent_rss` asks for, where a trial has it, each page touched.
static std::vector<char> ballast(const trial &t)
{
    return std::vector<char>(t.text("parent_rss").empty() ? 0 : t.param("parent_rss") << 20, 1);
}

// Repeats a complete workload until the window is full.
static void run_complete(const trial &t, const workload &w)
{
    const std::vector<char> held = ballast(t);
    outcome all;
    std::vector<std::int64_t> times;
    std::uint64_t total = 0, told = 0;
    nanoseconds elapsed{0}, cold{0};
    bool warm = t.warmup.count() == 0;
    for (const auto begin = watch::now();;) {
        const auto start = watch::now();
        const outcome one = w.run(t);
        const auto now = watch::now();
        const nanoseconds took = now - start;
        total++;
        all.units += one.units;
        all.messages += one.messages;
        all.checksum += one.checksum;
        all.live = std::max(all.live, one.live);
        all.failure = one.failure;
        if (total == 1)
            cold = took;
        if (warm) {
            times.push_back(took.count());
            elapsed += took;
        }
        t.progress(all.units, told, now);
        if (!all.failure.empty() || (warm && elapsed >= t.window))
            break;
        warm = warm || now - begin >= t.warmup;
    }
    json_t *a = answer(t, all, total, times.size(), elapsed);
    json_object_set_new(a, "repeats_ns", list(times));
    json_object_set_new(a, "cold_ns", json_integer(cold.count()));
    json_object_set_new(a, "repeats_total", json_integer(static_cast<json_int_t>(total)));
    print(a);
}

static json_t *describe(const runner &r)
{
    json_t *names = json_array();
    for (const workload &w : r.workloads)
        json_array_append_new(names, json_pack("{ss}", "name", w.name));
    return json_pack("{si ss ss ss ss ss ss so}", "protocol", 1, "runtime", r.name, "model", r.model, "kind",
                     "reference", "version", r.version.c_str(), "spins", r.spins, "threads", r.threads, "workloads",
                     names);
}

int runner::main(int count, char **arguments) const
{
    const char *slash = std::strrchr(arguments[0], '/');
    program = slash ? slash + 1 : arguments[0];
    const std::string call = count == 2 ? arguments[1] : "";
    if (call == "--describe") {
        print(describe(*this));
        return 0;
    }
    if (call != "--trial")
        reject("usage: --describe | --trial < trial.json");
    json_error_t error;
    json_t *request = json_loadf(stdin, 0, &error);
    if (!request)
        reject(std::string("the trial is not JSON: ") + error.text);
    const trial t(request);
    const auto known = [&](const workload &w) { return w.name == t.workload && t.variant.empty(); };
    const auto found = std::find_if(workloads.begin(), workloads.end(), known);
    if (found == workloads.end())
        reject("no workload " + quoted(t.workload) + " with variant " + quoted(t.variant));
    host(t, [&] {
        try {
            found->steady ? run_steady(t, *found) : run_complete(t, *found);
        } catch (const refusal &r) {
            print(begin_answer(t, "refused", r.reason));
        }
    });
    return 0;
}

static const trial *limited;
static rlimit unlimited;
static std::uint64_t half;

// A number of KiB in one of the files of /proc, in bytes.
static std::uint64_t kib(const char *file, const std::string &name)
{
    std::ifstream lines(file);
    std::string word;
    std::uint64_t number = 0;
    while (lines >> word && word != name)
        continue;
    lines >> number;
    return number << 10;
}

void limit_memory(const trial &t)
{
    limited = &t;
    half = kib("/proc/meminfo", "MemAvailable:") / 2;
    getrlimit(RLIMIT_DATA, &unlimited);
    rlimit most = unlimited;
    most.rlim_cur = std::min<rlim_t>(most.rlim_cur, kib("/proc/self/status", "VmData:") + half);
    setrlimit(RLIMIT_DATA, &most);
    std::set_new_handler(out_of_memory);
}

// Answers from wherever it happens: the units that wait for memory and for each other can't be unwound.
void out_of_memory()
{
    static std::atomic_flag answering = ATOMIC_FLAG_INIT;
    while (answering.test_and_set())
        pause(); // another thread ends the process
    setrlimit(RLIMIT_DATA, &unlimited);
    json_t *a =
        begin_answer(*limited, "refused", "malloc: ENOMEM, the units need more than half of the available memory");
    json_object_set_new(a, "refused",
                        json_pack("{ss si ss sI}", "call", "malloc", "errno", ENOMEM, "limit", "half of MemAvailable",
                                  "value", static_cast<json_int_t>(half)));
    print(a);
    _exit(0);
}

} // namespace peers
