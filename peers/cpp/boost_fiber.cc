// boost_fiber.cc - the reference runner for Boost.Fiber: fibers, and its channels. With one worker the round-robin
// scheduler and a pool of stacks; with more, work stealing and stacks from malloc, for the pool is one thread's.
#include <boost/fiber/all.hpp>
#include <boost/version.hpp>
#include <condition_variable>
#include <fstream>
#include <memory>
#include <mutex>
#include <thread>

#include "arithmetic.h"

namespace fibers = boost::fibers;
using fibers::launch;

constexpr size_t STACK_BYTES = 16 * 1024;
static bool alone; // one worker

template <typename Fn> static fibers::fiber make(launch policy, Fn fn)
{
    static fibers::pooled_fixedsize_stack pool(STACK_BYTES);
    if (alone)
        return fibers::fiber(policy, std::allocator_arg, pool, std::move(fn));
    return fibers::fiber(policy, std::allocator_arg, fibers::fixedsize_stack(STACK_BYTES), std::move(fn));
}

// The other workers' threads take part until the work is done.
static void inside(const Trial &t, const std::function<void()> &work)
{
    unsigned workers = static_cast<unsigned>(t.workers.size());
    alone = workers == 1;
    t.bind(0);
    if (alone)
        return work();
    fibers::mutex lock;
    fibers::condition_variable changed;
    bool over = false;
    std::vector<std::thread> others;
    for (unsigned w = 1; w < workers; w++)
        others.emplace_back([&, w] {
            t.bind(w);
            fibers::use_scheduling_algorithm<fibers::algo::work_stealing>(workers);
            std::unique_lock<fibers::mutex> held(lock);
            changed.wait(held, [&] { return over; });
        });
    fibers::use_scheduling_algorithm<fibers::algo::work_stealing>(workers); // returns when all have come
    work();
    {
        std::unique_lock<fibers::mutex> held(lock);
        over = true;
    }
    changed.notify_all();
    for (std::thread &other : others)
        other.join();
}

// ---- ping-pong and ring -------------------------------------------------

static Outcome pingpong(const Trial &t)
{
    fibers::unbuffered_channel<Words> requests, answers;
    Outcome o;
    std::string wrong;
    uint64_t s = 0;
    fibers::fiber server = make(launch::post, [&] {
        Words words;
        for (uint64_t n = 0; requests.pop(words) == fibers::channel_op_status::success; n++) {
            if (!turn(words, t.seed, n))
                wrong = "request " + std::to_string(n) + " is wrong";
            answers.push(std::move(words));
        }
    });
    fibers::fiber client = make(launch::post, [&] {
        Words words(t.param("size") / 8);
        o.meters.emplace_back(t);
        Clock::time_point start;
        do {
            start = Clock::now();
            for (uint64_t i = 0; i < t.batch; i++, s++) {
                ask(words, t.seed, s);
                requests.push(std::move(words));
                answers.pop(words);
                if (!check(words, t.seed, s, o.checksum))
                    o.failure = "answer " + std::to_string(s) + " is wrong";
            }
        } while (o.meters[0].record(start, t.batch));
        requests.close();
    });
    client.join();
    server.join();
    o.units = o.live = 2;
    o.messages = 2 * s;
    if (!wrong.empty())
        o.failure = wrong;
    return o;
}

using Link = fibers::unbuffered_channel<Token>;

// A node until the ring closes; the one where the token ends has the checksum.
static void pass_on(const Trial &t, uint64_t node, Link &in, Link &out, uint64_t &checksum)
{
    Token token;
    while (in.pop(token) == fibers::channel_op_status::success) {
        if (!token.hop(t.seed, node)) {
            checksum = mix(token.fold ^ node);
            break;
        }
        out.push(token);
    }
    out.close();
}

static Outcome ring(const Trial &t)
{
    uint64_t nodes = t.param("nodes");
    std::vector<std::unique_ptr<Link>> links;
    std::vector<fibers::fiber> units;
    Outcome o;
    for (uint64_t i = 0; i < nodes; i++)
        links.push_back(std::make_unique<Link>());
    for (uint64_t node = 1; node < nodes; node++)
        units.push_back(
            make(launch::post, [&, node] { pass_on(t, node, *links[node - 1], *links[node], o.checksum); }));
    units.push_back(make(launch::post, [&] {
        Link &out = *links[0], &in = *links[nodes - 1];
        Token token;
        o.meters.emplace_back(t);
        Clock::time_point start;
        do {
            start = Clock::now();
            for (uint64_t i = 0; i < t.batch; i++) {
                token.left = nodes;
                out.push(token);
                in.pop(token);
                if (token.hop(t.seed, 0))
                    o.failure = "the token did not come back after one lap";
            }
        } while (o.meters[0].record(start, t.batch));
        token.left = last_hops(t.seed);
        out.push(token);
        pass_on(t, 0, in, out, o.checksum);
    }));
    for (fibers::fiber &unit : units)
        unit.join();
    o.units = o.live = nodes;
    o.messages = o.meters[0].ops * nodes + last_hops(t.seed);
    return o;
}

// ---- skynet and fib -----------------------------------------------------

// A child is run at once (dispatch): few live at a time.
static Sum node(uint64_t first, uint64_t leaves, uint64_t grain, uint64_t seed)
{
    if (leaves <= grain)
        return Sum::of(first, leaves, seed);
    Sum children[10], all;
    fibers::fiber units[10];
    uint64_t share = leaves / 10;
    for (uint64_t i = 0; i < 10; i++)
        units[i] = make(launch::dispatch, [&, i] { children[i] = node(first + i * share, share, grain, seed); });
    all.units = 1;
    for (uint64_t i = 0; i < 10; i++) {
        units[i].join();
        all.add(children[i]);
    }
    return all;
}

static Outcome skynet(const Trial &t)
{
    uint64_t leaves = t.param("leaves");
    Sum sum;
    make(launch::dispatch, [&] { sum = node(0, leaves, t.param("grain"), t.seed); }).join();
    return sum.outcome(leaves);
}

static Call fork(uint64_t n, uint64_t cutoff, uint64_t salt)
{
    if (n <= cutoff)
        return {Call::plain(n, salt), 0};
    Call left;
    fibers::fiber unit = make(launch::dispatch, [&] { left = fork(n - 1, cutoff, salt); });
    Call right = fork(n - 2, cutoff, salt);
    unit.join();
    return left.join(right);
}

static Outcome fib(const Trial &t)
{
    Call call;
    make(launch::dispatch, [&] { call = fork(t.param("n"), t.param("cutoff"), mix(t.seed)); }).join();
    return call.outcome();
}

// ---- spawn --------------------------------------------------------------

static uint64_t available_bytes()
{
    std::ifstream file("/proc/meminfo");
    std::string word;
    while (file >> word)
        if (word == "MemAvailable:") {
            uint64_t kib = 0;
            file >> kib;
            return kib * 1024;
        }
    return UINT64_MAX;
}

// Where a burst waits until all of it is there.
struct Gate {
    fibers::mutex lock;
    fibers::condition_variable changed;
    uint64_t missing = 0;
    bool open = false;
};

static void wait_at(Gate &gate)
{
    std::unique_lock<fibers::mutex> held(gate.lock);
    if (--gate.missing == 0)
        gate.changed.notify_all();
    gate.changed.wait(held, [&] { return gate.open; });
}

__attribute__((noinline)) static uint64_t descend(const Trial &t, uint64_t unit, uint64_t frame, uint64_t depth,
                                                  Gate *gate)
{
    if (frame == depth) {
        if (gate)
            wait_at(*gate);
        return mix(t.seed + unit);
    }
    return mix(descend(t, unit, frame + 1, depth, gate) + frame);
}

static Outcome spawn(const Trial &t)
{
    static std::vector<char> ballast(t.param("parent_rss") << 20, 1); // each page written, kept to the end
    uint64_t units = t.param("units"), burst = t.param("burst"), depth = t.param("depth"), numbers = 0;
    bool gated = t.param("gate") > 0;
    Outcome o;
    if (burst == 0 || burst > units)
        burst = units;
    if (gated && burst > available_bytes() / 2 / STACK_BYTES) {
        o.refusal = std::to_string(burst) + " stacks of 16 KiB are more than half of the available memory";
        return o;
    }
    std::vector<uint64_t> values(burst);
    for (uint64_t first = 0; first < units; first += burst) {
        uint64_t n = std::min(burst, units - first);
        std::vector<fibers::fiber> made;
        Gate gate;
        gate.missing = n;
        made.reserve(n);
        for (uint64_t i = 0; i < n; i++)
            made.push_back(make(gated ? launch::post : launch::dispatch,
                                [&, i] { values[i] = descend(t, first + i, 1, depth, gated ? &gate : nullptr); }));
        if (gated) {
            std::unique_lock<fibers::mutex> held(gate.lock);
            gate.changed.wait(held, [&] { return gate.missing == 0; });
            gate.open = true;
            gate.changed.notify_all();
        }
        for (uint64_t i = 0; i < n; i++) {
            made[i].join();
            numbers += first + i;
            o.checksum += values[i];
        }
    }
    if (numbers != units * (units - 1) / 2)
        o.failure = "the units' numbers sum to " + std::to_string(numbers);
    o.units = units;
    o.live = gated ? burst : 1;
    return o;
}

// ---- mpmc and yield -----------------------------------------------------

struct Message {
    uint64_t producer, number;
};

// What a consumer knows: which number each producer may come with next, and the sum.
struct Consumer {
    std::vector<uint64_t> next;
    uint64_t sum = 0, taken = 0;
    std::string failure;

    void take(const Trial &t, const Message &m, uint64_t work)
    {
        if (m.producer >= next.size() || m.number < next[m.producer])
            failure = "message " + std::to_string(m.number) + " of producer " + std::to_string(m.producer) +
                      " came out of order";
        else
            next[m.producer] = m.number + 1;
        uint64_t h = mix(t.seed + (m.producer << 40) + m.number);
        for (uint64_t i = 0; i < work; i++)
            h = mix(h);
        sum += h;
        if (++taken % 1024 == 0)
            t.progress(taken);
    }
};

template <typename Channel> static Outcome share(const Trial &t, Channel &queue)
{
    uint64_t producers = t.param("producers"), consumers = t.param("consumers"), work = t.param("work");
    std::vector<Consumer> side(consumers, Consumer{std::vector<uint64_t>(producers), 0, 0, ""});
    std::vector<fibers::fiber> takers, makers;
    Outcome o;
    for (uint64_t c = 0; c < consumers; c++)
        takers.push_back(make(launch::post, [&, c] {
            Message m;
            while (queue.pop(m) == fibers::channel_op_status::success)
                side[c].take(t, m, work);
        }));
    o.meters.assign(producers, Meter(t)); // one window for all
    for (uint64_t p = 0; p < producers; p++)
        makers.push_back(make(launch::post, [&, p] {
            uint64_t s = 0;
            Clock::time_point start;
            do {
                start = Clock::now();
                for (uint64_t i = 0; i < t.batch; i++)
                    queue.push(Message{p, s++});
            } while (o.meters[p].record(start, t.batch));
        }));
    for (fibers::fiber &maker : makers)
        maker.join();
    queue.close();
    for (fibers::fiber &taker : takers)
        taker.join();
    o.units = o.live = producers + consumers;
    for (const Meter &m : o.meters)
        o.messages += m.ops;
    for (const Consumer &c : side) {
        o.checksum += c.sum;
        if (!c.failure.empty())
            o.failure = c.failure;
    }
    return o;
}

static Outcome mpmc(const Trial &t)
{
    Outcome no;
    if (t.param("size") != 16 || t.text("pass") != "copy")
        no.refusal = "messages of 16 bytes, copied, only";
    else if (t.text("capacity") == "inf")
        no.refusal = "a channel of Boost.Fiber has a capacity";
    if (!no.refusal.empty())
        return no;
    uint64_t capacity = t.param("capacity");
    if (capacity == 0) {
        fibers::unbuffered_channel<Message> queue;
        return share(t, queue);
    }
    if (capacity & (capacity - 1)) {
        no.refusal = "a channel of Boost.Fiber has a power of two of slots";
        return no;
    }
    fibers::buffered_channel<Message> queue(capacity < 2 ? 2 : capacity); // one slot of it stays empty
    return share(t, queue);
}

static Outcome yield(const Trial &t)
{
    uint64_t units = t.param("units");
    std::atomic<bool> stop{false};
    std::atomic<uint64_t> turned{0};
    std::vector<fibers::fiber> made;
    Outcome o;
    made.push_back(make(launch::post, [&] {
        o.meters.emplace_back(t);
        Clock::time_point start;
        do {
            start = Clock::now();
            for (uint64_t i = 0; i < t.batch; i++)
                boost::this_fiber::yield();
        } while (o.meters[0].record(start, t.batch));
        stop.store(true, std::memory_order_relaxed);
    }));
    for (uint64_t u = 1; u < units; u++)
        made.push_back(make(launch::post, [&] {
            if (!stop.load(std::memory_order_relaxed))
                turned.fetch_add(1, std::memory_order_relaxed);
            while (!stop.load(std::memory_order_relaxed))
                boost::this_fiber::yield();
        }));
    for (fibers::fiber &unit : made)
        unit.join();
    if (alone && turned != units - 1)
        o.failure = std::to_string(turned) + " of " + std::to_string(units - 1) + " other units had a turn";
    o.units = o.live = units;
    o.checksum = mix(t.seed + o.meters[0].ops);
    return o;
}

int main(int argc, char **argv)
{
    return runner_main({"boost-fiber",
                        "green threads (Boost.Fiber)",
                        "Boost " BOOST_LIB_VERSION ", compiler " __VERSION__,
                        "with more than one worker: an idle thread looks for work to steal, without end",
                        "a thread a worker, on its CPUs; one: round robin, more: work stealing; stacks of 16 KiB; a "
                        "buffered channel holds one message less than its capacity",
                        {{"pingpong", true, pingpong},
                         {"ring", true, ring},
                         {"skynet", false, skynet},
                         {"fib", false, fib},
                         {"spawn", false, spawn},
                         {"mpmc", true, mpmc},
                         {"yield", true, yield}},
                        inside},
                       argc, argv);
}
