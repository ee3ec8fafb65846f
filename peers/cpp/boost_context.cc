// The reference runner for Boost.Context: two contexts that resume each other, and no scheduler.
#include <memory>

#include <boost/context/fiber.hpp>
#include <boost/context/fixedsize_stack.hpp>
#include <boost/version.hpp>

#include "trial.h"
#include "work.h"

namespace context = boost::context;
using namespace peers;

constexpr std::size_t stack_bytes = 16 << 10;

static void host(const trial &t, const std::function<void()> &body)
{
    t.bind_to(0);
    body();
}

// This thread's own context is unit 0 and measures.
static outcome yield(const trial &t)
{
    if (!t.text("units").empty() && t.param("units") != 2)
        throw refusal{"two contexts that resume each other, only"};
    std::uint64_t turns = 0;
    bool stop = false;
    context::fiber other(std::allocator_arg, context::fixedsize_stack(stack_bytes), [&](context::fiber &&zero) {
        while (!stop) {
            turns++;
            zero = std::move(zero).resume();
        }
        return std::move(zero);
    });
    meter measure(t);
    for (bool more = true; more;) {
        const auto begin = watch::now();
        for (std::uint64_t n = 0; n < t.batch; n++)
            other = std::move(other).resume();
        more = measure.record(begin, t.batch);
    }
    stop = true;
    std::move(other).resume(); // it ends
    outcome o;
    o.units = o.live = 2;
    o.checksum = mix(t.seed + measure.ops);
    if (turns != measure.ops)
        o.failure = "unit 1 had " + std::to_string(turns) + " turns, unit 0 " + std::to_string(measure.ops);
    o.meters.push_back(measure);
    return o;
}

int main(int count, char **arguments)
{
    const std::string number =
        std::to_string(BOOST_VERSION / 100000) + '.' + std::to_string(BOOST_VERSION / 100 % 1000);
    const runner boost_context{
        "boost-context",
        "symmetric switch (Boost.Context)",
        "Boost " + number + ", g++ " __VERSION__,
        "nothing",
        "one, on the first worker's CPUs; one operation is two switches, there and back",
        host,
        {{"yield", true, yield}},
    };
    return boost_context.main(count, arguments);
}
