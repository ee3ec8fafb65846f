// trial.cc - see trial.h.
#include "trial.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <jansson.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

using std::chrono::nanoseconds;

static const char *program = "";

void reject(const std::string &why)
{
    std::fprintf(stderr, "%s: %s\n", program, why.c_str());
    std::exit(2);
}

// ---- the trial ----------------------------------------------------------

static uint64_t whole(const json_t *of, const char *name)
{
    const json_t *value = json_object_get(of, name);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        reject(std::string(name) + ": expected a whole number");
    return static_cast<uint64_t>(json_integer_value(value));
}

static std::string words(const json_t *of, const char *name)
{
    const char *text = json_string_value(json_object_get(of, name));
    return text ? text : "";
}

static Trial parse()
{
    json_error_t error;
    json_t *all = json_loadf(stdin, 0, &error), *item, *cpu, *list;
    Trial t;
    size_t i, k;
    const char *name;

    if (!all)
        reject(std::string("the trial is not JSON: ") + error.text);
    if (whole(all, "protocol") != 1)
        reject("protocol " + std::to_string(whole(all, "protocol")) + ": this runner speaks 1");
    t.id = static_cast<long long>(whole(all, "trial_id"));
    t.workload = words(all, "workload");
    t.variant = words(all, "variant");
    json_object_foreach(json_object_get(all, "params"), name, item) t.params[name] =
        json_string_value(item) ? json_string_value(item) : "";
    json_array_foreach(json_object_get(all, "workers"), i, item)
    {
        t.workers.emplace_back();
        list = json_object_get(item, "cpus");
        json_array_foreach(list, k, cpu) t.workers.back().push_back(static_cast<unsigned>(json_integer_value(cpu)));
    }
    t.warmup = nanoseconds(whole(all, "warmup_ns"));
    t.window = nanoseconds(whole(all, "window_ns"));
    t.batch = whole(all, "batch");
    char *end = nullptr;
    std::string seed = words(all, "seed");
    t.seed = std::strtoull(seed.c_str(), &end, 10);
    if (seed.empty() || *end)
        reject("seed '" + seed + "': expected a decimal number of 64 bits");
    json_t *fd = json_object_get(all, "progress_fd");
    t.progress_fd = json_is_integer(fd) ? static_cast<int>(json_integer_value(fd)) : -1;
    if (t.batch < 1 || t.workers.empty())
        reject("batch and workers: expected one at least");
    json_decref(all);
    return t;
}

const std::string &Trial::text(const std::string &name) const
{
    static const std::string none;
    auto found = params.find(name);
    return found == params.end() ? none : found->second;
}

uint64_t Trial::param(const std::string &name) const
{
    char *end = nullptr;
    const std::string &value = text(name);
    uint64_t number = std::strtoull(value.c_str(), &end, 10);
    if (value.empty() || *end)
        reject(name + "='" + value + "': expected a whole number");
    return number;
}

static void bind_to(const std::vector<unsigned> &cpus)
{
    cpu_set_t mask;
    CPU_ZERO(&mask);
    for (unsigned cpu : cpus)
        if (cpu < CPU_SETSIZE)
            CPU_SET(cpu, &mask);
    if (!cpus.empty() && sched_setaffinity(0, sizeof mask, &mask) != 0)
        reject(std::string("the workers' CPUs: ") + std::strerror(errno));
}

void Trial::bind(size_t worker) const
{
    bind_to(workers[worker % workers.size()]);
}

void Trial::bind_to_all() const
{
    std::vector<unsigned> all;
    for (const auto &cpus : workers)
        all.insert(all.end(), cpus.begin(), cpus.end());
    bind_to(all);
}

void Trial::progress(uint64_t work) const
{
    static std::atomic<int64_t> next{0};
    int64_t now = Clock::now().time_since_epoch() / nanoseconds(1), due = next.load(std::memory_order_relaxed);
    if (progress_fd < 0 || now < due || !next.compare_exchange_strong(due, now + 100000000))
        return;
    std::string line = std::to_string(work) + "\n";
    if (write(progress_fd, line.data(), line.size()) < 0)
        return; // the driver that stopped listening ends the trial itself
}

// ---- the meter ----------------------------------------------------------

Meter::Meter(const Trial &t) : trial(&t), warm_end(Clock::now() + t.warmup), end(warm_end + t.window)
{
}

bool Meter::record(Clock::time_point start, uint64_t more)
{
    auto now = Clock::now();
    ops += more;
    if (start >= warm_end && now < end) {
        inside += more;
        within += now - start;
        slices[static_cast<size_t>((now - warm_end) * 10 / (end - warm_end))] += more;
    }
    trial->progress(ops);
    if (now < end)
        return true;
    if (inside > 0 || reopened == 8)
        return false;
    reopened++;
    auto twice = 2 * (end - warm_end);
    warm_end = now;
    end = now + twice;
    return true;
}

int64_t Meter::elapsed_ns() const
{
    return (reopened && inside ? within : end - warm_end) / nanoseconds(1);
}

// ---- the answer ---------------------------------------------------------

static json_t *usage()
{
    rusage u;
    getrusage(RUSAGE_SELF, &u);
    auto ns = [](const timeval &t) { return static_cast<json_int_t>(t.tv_sec) * 1000000000 + t.tv_usec * 1000; };
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "cpu_user_ns", ns(u.ru_utime), "cpu_sys_ns", ns(u.ru_stime),
                     "voluntary_switches", static_cast<json_int_t>(u.ru_nvcsw), "involuntary_switches",
                     static_cast<json_int_t>(u.ru_nivcsw), "minor_faults", static_cast<json_int_t>(u.ru_minflt),
                     "major_faults", static_cast<json_int_t>(u.ru_majflt), "max_rss_bytes",
                     static_cast<json_int_t>(u.ru_maxrss) * 1024);
}

static json_t *answer(const Trial &t, const Outcome &o, uint64_t ops, uint64_t inside, int64_t elapsed_ns,
                      uint64_t repeats)
{
    const char *status = !o.failure.empty() ? "failed" : !o.refusal.empty() ? "refused" : "ok";
    auto number = [](uint64_t n) { return static_cast<json_int_t>(n); };
    return json_pack("{s:i,s:I,s:s,s:s,s:{s:I,s:I,s:I,s:i,s:I,s:s,s:s},s:I,s:I,s:I,s:I,s:o}", "protocol", 1, "trial_id",
                     static_cast<json_int_t>(t.id), "status", status, "reason",
                     o.failure.empty() ? o.refusal.c_str() : o.failure.c_str(), "receipt", "units", number(o.units),
                     "messages", number(o.messages), "peak_live", number(o.live), "bytes", 0, "ops", number(ops),
                     "checksum", std::to_string(o.checksum).c_str(), "source", "self-reported", "ops_total",
                     number(ops), "ops_window", number(inside), "elapsed_ns", static_cast<json_int_t>(elapsed_ns),
                     "repeats_total", number(repeats), "usage", usage());
}

static json_t *steady(const Trial &t, Outcome (*run)(const Trial &))
{
    Outcome o = run(t);
    uint64_t ops = 0, inside = 0;
    int64_t elapsed_ns = 0;
    json_t *slices = json_array(), *each = json_array();
    for (const Meter &m : o.meters) {
        ops += m.ops;
        inside += m.inside;
        elapsed_ns = std::max(elapsed_ns, m.elapsed_ns());
        json_array_append_new(each, json_integer(static_cast<json_int_t>(m.ops)));
    }
    for (size_t i = 0; i < 10; i++) {
        uint64_t sum = 0;
        for (const Meter &m : o.meters)
            sum += m.slices[i];
        json_array_append_new(slices, json_integer(static_cast<json_int_t>(sum)));
    }
    json_t *a = answer(t, o, ops, inside, elapsed_ns, 1);
    json_object_set_new(a, "slices", slices);
    json_object_set_new(a, "meter_ops", each);
    return a;
}

// Repeats until the window is full.
static json_t *complete(const Trial &t, Outcome (*run)(const Trial &))
{
    Outcome all;
    json_t *times = json_array();
    uint64_t total = 0, measured = 0;
    int64_t cold_ns = 0;
    Clock::duration elapsed{};
    auto begin = Clock::now();
    for (bool warm = t.warmup == t.warmup.zero();;) {
        auto start = Clock::now();
        Outcome one = run(t);
        auto now = Clock::now();
        total++;
        all.units += one.units;
        all.messages += one.messages;
        all.checksum += one.checksum;
        all.live = std::max(all.live, one.live);
        all.failure = one.failure;
        all.refusal = one.refusal;
        if (!all.failure.empty() || !all.refusal.empty())
            break;
        if (total == 1)
            cold_ns = (now - start) / nanoseconds(1);
        if (warm) {
            json_array_append_new(times, json_integer((now - start) / nanoseconds(1)));
            measured++;
            elapsed += now - start;
        }
        t.progress(all.units);
        if (warm && elapsed >= t.window)
            break;
        warm = warm || now - begin >= t.warmup;
    }
    json_t *a = answer(t, all, total, measured, elapsed / nanoseconds(1), total);
    json_object_set_new(a, "repeats_ns", times);
    json_object_set_new(a, "cold_ns", json_integer(cold_ns));
    return a;
}

static json_t *describe(const Runner &r)
{
    json_t *list = json_array();
    for (const Workload &w : r.workloads)
        json_array_append_new(list, json_pack("{s:s}", "name", w.name));
    return json_pack("{s:i,s:s,s:s,s:s,s:s,s:s,s:s,s:o}", "protocol", 1, "runtime", r.name, "model", r.model, "kind",
                     "reference", "version", r.version, "spins", r.spins, "threads", r.threads, "workloads", list);
}

static json_t *trial(const Runner &r)
{
    Trial t = parse();
    json_t *a = nullptr;
    for (const Workload &w : r.workloads)
        if (t.workload == w.name && t.variant.empty()) {
            r.inside(t, [&] { a = w.steady ? steady(t, w.run) : complete(t, w.run); });
            return a;
        }
    reject("no workload '" + t.workload + "' with variant '" + t.variant + "'");
}

int runner_main(const Runner &r, int argc, char **argv)
{
    const char *slash = std::strrchr(argv[0], '/');
    program = slash ? slash + 1 : argv[0];
    std::string asked = argc == 2 ? argv[1] : "";
    if (asked != "--describe" && asked != "--trial")
        reject("usage: --describe | --trial < trial.json");
    json_t *a = asked == "--describe" ? describe(r) : trial(r);
    int bad = json_dumpf(a, stdout, JSON_COMPACT) != 0;
    bad |= std::putchar('\n') == EOF || std::fflush(stdout) != 0;
    json_decref(a);
    return bad;
}
