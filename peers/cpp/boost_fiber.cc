// The reference runner for Boost.Fiber: fibers, with its own channels, schedulers and ways to wait.
#include <array>
#include <atomic>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include <boost/fiber/all.hpp>
#include <boost/version.hpp>
#include <malloc.h>

#include "trial.h"
#include "work.h"

namespace fibers = boost::fibers;
using namespace peers;

// Enough for what a unit does here, and what a nested call takes at most.
constexpr std::size_t stack_bytes = 16 << 10, frame_bytes = 128;

// A unit; by `dispatch` it runs at once, and who makes it is ready meanwhile, and can be stolen.
template <typename Body>
static fibers::fiber start(Body &&body, fibers::launch policy = fibers::launch::dispatch,
                           std::size_t stack = stack_bytes)
{
    try {
        return fibers::fiber(policy, std::allocator_arg, fibers::fixedsize_stack(stack), std::forward<Body>(body));
    } catch (const std::bad_alloc &) {
        out_of_memory();
    }
}

// A unit that runs at once and whose value is a future: its stack is free when it ends, not only when it is asked for.
template <typename Body> static auto promised(Body &&body)
{
    try {
        return fibers::async(fibers::launch::dispatch, std::allocator_arg, fibers::fixedsize_stack(stack_bytes),
                             std::forward<Body>(body));
    } catch (const std::bad_alloc &) {
        out_of_memory();
    }
}

// One worker: this thread and its round-robin scheduler. More: so many threads that steal from each other; this one is
// the first, and the others wait in a fiber of their own until the end.
static void host(const trial &t, const std::function<void()> &body)
{
    const std::size_t workers = t.workers.size();
    for (std::size_t worker = workers; worker-- > 0;)
        t.bind_to(worker);
    limit_memory(t);
    mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max()); // a stack's memory stays for those that come later
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    if (workers == 1)
        return body();
    fibers::mutex lock;
    fibers::condition_variable ended;
    bool end = false;
    std::vector<std::thread> threads;
    for (std::size_t worker = 1; worker < workers; worker++)
        threads.emplace_back([&, worker] {
            t.bind_to(worker);
            fibers::use_scheduling_algorithm<fibers::algo::work_stealing>(workers); // waits until all have come
            std::unique_lock<fibers::mutex> held(lock);
            ended.wait(held, [&] { return end; });
        });
    fibers::use_scheduling_algorithm<fibers::algo::work_stealing>(workers);
    body();
    {
        std::lock_guard<fibers::mutex> held(lock);
        end = true;
    }
    ended.notify_all();
    for (std::thread &thread : threads)
        thread.join();
}

using words = std::unique_ptr<std::uint64_t[]>;

// Two fibers, an unbuffered channel each way; the message's pointer travels, and who has it owns it.
static outcome pingpong(const trial &t)
{
    const std::uint64_t length = t.param("size") / 8;
    fibers::unbuffered_channel<words> requests, answers;
    outcome o;
    std::string wrong;
    fibers::fiber server = start([&] {
        words m;
        for (std::uint64_t s = 0; requests.pop(m) == fibers::channel_op_status::success; s++) {
            std::uint64_t word = mix(t.seed + s), bad = 0;
            for (std::uint64_t i = 0; i < length; i++, word += step) {
                bad |= m[i] ^ word;
                m[i] = ~word;
            }
            if (bad)
                wrong = "request " + std::to_string(s) + " is wrong";
            answers.push(std::move(m));
        }
    });
    fibers::fiber client = start([&] {
        words m(new std::uint64_t[length]);
        std::uint64_t s = 0;
        meter measure(t);
        for (bool more = true; more;) {
            const auto begin = watch::now();
            for (std::uint64_t n = 0; n < t.batch; n++, s++) {
                std::uint64_t word = mix(t.seed + s), bad = 0, all = 0;
                for (std::uint64_t i = 0; i < length; i++)
                    m[i] = word + i * step;
                requests.push(std::move(m));
                answers.pop(m);
                for (std::uint64_t i = 0; i < length; i++, word += step) {
                    bad |= m[i] ^ ~word;
                    all += m[i];
                }
                o.checksum += mix(all ^ s);
                if (bad)
                    o.failure = "answer " + std::to_string(s) + " is wrong";
            }
            more = measure.record(begin, t.batch);
        }
        requests.close();
        o.messages = 2 * s;
        o.meters.push_back(measure);
    });
    client.join();
    server.join();
    o.units = o.live = 2;
    if (!wrong.empty())
        o.failure = wrong;
    return o;
}

// A fiber a node, an unbuffered channel to the next.
static outcome ring(const trial &t)
{
    const std::uint64_t nodes = t.param("nodes");
    if (nodes < 2)
        reject("nodes: expected two at least");
    std::vector<fibers::unbuffered_channel<token>> links(nodes);
    outcome o;
    const auto pass_on = [&](std::uint64_t node) {
        auto &next = links[(node + 1) % nodes];
        for (token k; links[node].pop(k) == fibers::channel_op_status::success; next.push(k))
            if (!k.hop(t.seed, node)) {
                o.checksum = mix(k.fold ^ node);
                break;
            }
        next.close();
    };
    std::vector<fibers::fiber> units;
    for (std::uint64_t node = 1; node < nodes; node++)
        units.push_back(start([&pass_on, node] { pass_on(node); }));
    units.push_back(start([&] {
        token k;
        meter measure(t);
        for (bool more = true; more;) {
            const auto begin = watch::now();
            for (std::uint64_t n = 0; n < t.batch; n++) {
                k.left = nodes;
                links[1].push(k);
                links[0].pop(k);
                if (k.hop(t.seed, 0))
                    o.failure = "the token did not come back after one lap";
            }
            more = measure.record(begin, t.batch);
        }
        o.messages = measure.ops * nodes + last_hops(t.seed);
        o.meters.push_back(measure);
        k.left = last_hops(t.seed);
        links[1].push(k);
        pass_on(0);
    }));
    for (fibers::fiber &unit : units)
        unit.join();
    o.units = o.live = nodes;
    return o;
}

// A fiber a node, for whose sum its parent waits.
static sum node(std::uint64_t first, std::uint64_t leaves, std::uint64_t grain, std::uint64_t seed)
{
    if (leaves <= grain)
        return sum::leaf(first, leaves, seed);
    const std::uint64_t share = leaves / 10;
    std::array<fibers::future<sum>, 10> children;
    for (std::uint64_t i = 0; i < 10; i++)
        children[i] = promised([=] { return node(first + i * share, share, grain, seed); });
    sum all;
    for (auto &child : children)
        all.add(child.get());
    return all;
}

static outcome skynet(const trial &t)
{
    const std::uint64_t leaves = t.param("leaves"), grain = t.param("grain");
    return promised([&] { return node(0, leaves, grain, t.seed); }).get().checked(leaves);
}

// A call above the cutoff starts a fiber for n-1, does n-2 itself and joins it.
static call fork(std::uint64_t n, std::uint64_t cutoff, std::uint64_t salt)
{
    if (n <= cutoff)
        return {plain(n, salt), 0};
    call left;
    fibers::fiber unit = start([&left, n, cutoff, salt] { left = fork(n - 1, cutoff, salt); });
    const call right = fork(n - 2, cutoff, salt);
    unit.join();
    return call::joined(left, right);
}

static outcome fib(const trial &t)
{
    const std::uint64_t n = t.param("n"), cutoff = std::max<std::uint64_t>(t.param("cutoff"), 1), salt = mix(t.seed);
    call first;
    start([&] { first = fork(n, cutoff, salt); }).join();
    return first.checked();
}

// Where a burst waits until all of it is there.
class gate
{
  public:
    explicit gate(std::uint64_t units) : missing(units)
    {
    }

    void wait()
    {
        std::unique_lock<fibers::mutex> held(lock);
        if (--missing == 0)
            complete.notify_one();
        opened.wait(held, [&] { return open; });
    }

    void open_when_complete()
    {
        std::unique_lock<fibers::mutex> held(lock);
        complete.wait(held, [&] { return missing == 0; });
        open = true;
        held.unlock();
        opened.notify_all();
    }

  private:
    fibers::mutex lock;
    fibers::condition_variable complete, opened;
    std::uint64_t missing;
    bool open = false;
};

// Frame by frame down to the bottom and up again.
[[gnu::noinline]] static std::uint64_t descend(std::uint64_t frame, std::uint64_t depth, std::uint64_t value,
                                               gate *wait)
{
    if (frame < depth)
        return mix(descend(frame + 1, depth, value, wait) + frame);
    if (wait)
        wait->wait();
    return value;
}

// A fiber a unit, in bursts; to make all of one before the first runs is the faster way here.
static outcome spawn(const trial &t)
{
    const std::uint64_t units = t.param("units"), depth = t.param("depth");
    const bool gated = t.param("gate") > 0;
    if (units == 0 || depth == 0)
        reject("units and depth: expected one at least");
    const std::uint64_t asked = t.param("burst"), burst = asked == 0 ? units : std::min(asked, units);
    const std::size_t stack = stack_bytes + depth * frame_bytes;
    struct result {
        std::uint64_t number, value;
    };
    std::vector<result> results(burst);
    std::vector<fibers::fiber> made(burst);
    std::uint64_t numbers = 0;
    outcome o;
    for (std::uint64_t first = 0; first < units; first += burst) {
        const std::uint64_t count = std::min(burst, units - first);
        gate closed(count);
        for (std::uint64_t i = 0; i < count; i++)
            made[i] = start(
                [&, i, first, wait = gated ? &closed : nullptr] {
                    results[i] = {first + i, descend(1, depth, mix(t.seed + first + i), wait)};
                },
                fibers::launch::post, stack);
        if (gated)
            closed.open_when_complete();
        for (std::uint64_t i = 0; i < count; i++) {
            made[i].join();
            numbers += results[i].number;
            o.checksum += results[i].value;
        }
    }
    o.units = units;
    o.live = gated ? burst : 1;
    if (const std::uint64_t want = units * (units - 1) / 2; numbers != want)
        o.failure = "the units' numbers sum to " + std::to_string(numbers) + ", not " + std::to_string(want);
    return o;
}

struct message {
    std::uint64_t producer, sequence;
};

// What a consumer hands back.
struct consumed {
    std::uint64_t sum = 0;
    std::string failure;
};

template <typename Channel>
static consumed consume(const trial &t, Channel &queue, std::uint64_t producers, std::uint64_t work)
{
    constexpr std::uint64_t glance = 256; // it looks at the clock once in so many messages
    consumed c;
    std::vector<std::uint64_t> next(producers);
    std::uint64_t taken = 0, told = 0;
    for (message m; queue.pop(m) == fibers::channel_op_status::success;) {
        const auto [p, s] = m;
        if (p >= producers || s < next[p])
            c.failure = "message " + std::to_string(s) + " of producer " + std::to_string(p) + " came out of order";
        else
            next[p] = s + 1;
        std::uint64_t h = mix(t.seed + (p << 40) + s);
        for (std::uint64_t i = 0; i < work; i++)
            h = mix(h);
        c.sum += h;
        if (++taken % glance == 0)
            t.progress(taken, told, watch::now());
    }
    return c;
}

template <typename Channel> static meter produce(const trial &t, Channel &queue, std::uint64_t p, const window &w)
{
    meter measure(t, w);
    std::uint64_t s = 0;
    for (bool more = true; more;) {
        const auto begin = watch::now();
        for (std::uint64_t n = 0; n < t.batch; n++)
            queue.push(message{p, s++});
        more = measure.record(begin, t.batch);
    }
    return measure;
}

// All fibers share one channel.
template <typename Channel> static outcome exchange(const trial &t, Channel &queue)
{
    const std::uint64_t producers = t.param("producers"), consumers = t.param("consumers"), work = t.param("work");
    if (producers == 0 || consumers == 0)
        reject("producers and consumers: expected one at least");
    std::vector<std::optional<meter>> meters(producers);
    std::vector<consumed> results(consumers);
    std::vector<fibers::fiber> sending, receiving;
    fibers::promise<window> open;
    const fibers::shared_future<window> opened = open.get_future().share();
    for (std::uint64_t c = 0; c < consumers; c++)
        receiving.push_back(start([&, c] { results[c] = consume(t, queue, producers, work); }));
    for (std::uint64_t p = 0; p < producers; p++)
        sending.push_back(start([&, p] { meters[p] = produce(t, queue, p, opened.get()); }));
    open.set_value(window::open(t));
    for (fibers::fiber &unit : sending)
        unit.join();
    queue.close();
    for (fibers::fiber &unit : receiving)
        unit.join();
    outcome o;
    o.units = o.live = producers + consumers;
    for (const auto &m : meters) {
        o.meters.push_back(*m);
        o.messages += m->ops;
    }
    for (const consumed &c : results) {
        o.checksum += c.sum;
        if (!c.failure.empty())
            o.failure = c.failure;
    }
    return o;
}

static outcome mpmc(const trial &t)
{
    if (t.param("size") != 16 || t.text("pass") != "copy")
        throw refusal{"messages of 16 bytes, copied, only"};
    if (t.text("capacity") == "inf")
        throw refusal{"a channel of Boost.Fiber has a capacity"};
    const std::uint64_t capacity = t.param("capacity");
    if (capacity > 1 << 24)
        throw refusal{"a channel for 16,777,216 messages at most"};
    if (capacity == 0) {
        fibers::unbuffered_channel<message> queue;
        return exchange(t, queue);
    }
    std::size_t slots = 2; // a power of two, one of which stays empty
    while (slots <= capacity)
        slots *= 2;
    fibers::buffered_channel<message> queue(slots);
    return exchange(t, queue);
}

// Fibers that take turns; the first measures.
static outcome yield(const trial &t)
{
    const std::uint64_t units = t.text("units").empty() ? 2 : t.param("units");
    std::atomic<bool> stop{false};
    std::vector<std::uint64_t> turns(units);
    std::vector<fibers::fiber> others;
    outcome o;
    for (std::uint64_t u = 1; u < units; u++)
        others.push_back(start([&, u] {
            std::uint64_t count = 0;
            while (!stop.load(std::memory_order_relaxed)) {
                count++;
                boost::this_fiber::yield();
            }
            turns[u] = count;
        }));
    start([&] {
        meter measure(t);
        for (bool more = true; more;) {
            const auto begin = watch::now();
            std::uint64_t count = 0;
            while (count < t.batch) {
                count++;
                boost::this_fiber::yield();
            }
            more = measure.record(begin, count);
        }
        stop.store(true, std::memory_order_relaxed);
        o.meters.push_back(measure);
    }).join();
    for (fibers::fiber &unit : others)
        unit.join();
    o.units = o.live = units;
    o.checksum = mix(t.seed + o.meters[0].ops);
    for (std::uint64_t u = 1; u < units && t.workers.size() == 1; u++)
        if (turns[u] == 0)
            o.failure = "unit " + std::to_string(u) + " has never yielded";
    return o;
}

int main(int count, char **arguments)
{
    const std::string number =
        std::to_string(BOOST_VERSION / 100000) + '.' + std::to_string(BOOST_VERSION / 100 % 1000);
    const runner boost_fiber{
        "boost-fiber",
        "green threads (Boost.Fiber)",
        "Boost " + number + ", g++ " __VERSION__,
        "one worker: nothing; more: an idle thread looks for work to steal and never sleeps",
        "one worker: round_robin; more: work_stealing, a thread a worker, on its CPUs; stacks of 16 KiB by malloc; "
        "a buffered channel has the next power of two of slots, of which one stays empty",
        host,
        {
            {"pingpong", true, pingpong},
            {"ring", true, ring},
            {"skynet", false, skynet},
            {"fib", false, fib},
            {"spawn", false, spawn},
            {"mpmc", true, mpmc},
            {"yield", true, yield},
        },
    };
    return boost_fiber.main(count, arguments);
}
