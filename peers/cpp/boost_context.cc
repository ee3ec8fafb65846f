// boost_context.cc - the reference runner for Boost.Context: two contexts that switch to one another, no scheduler.
#include <boost/context/fiber.hpp>
#include <boost/version.hpp>

#include "arithmetic.h"

namespace ctx = boost::context;

static void inside(const Trial &t, const std::function<void()> &work)
{
    t.bind(0);
    work();
}

// One operation is unit 0's switch to unit 1 and unit 1's back.
static Outcome yield(const Trial &t)
{
    Outcome o;
    if (t.param("units") != 2) {
        o.refusal = "two contexts that switch to one another: units=2 only";
        return o;
    }
    bool stop = false, turned = false;
    ctx::fiber other([&](ctx::fiber &&first) {
        turned = true;
        while (!stop)
            first = std::move(first).resume();
        return std::move(first);
    });
    o.meters.emplace_back(t);
    Clock::time_point start;
    do {
        start = Clock::now();
        for (uint64_t i = 0; i < t.batch; i++)
            other = std::move(other).resume();
    } while (o.meters[0].record(start, t.batch));
    stop = true;
    other = std::move(other).resume();
    if (!turned)
        o.failure = "unit 1 had no turn";
    o.units = o.live = 2;
    o.checksum = mix(t.seed + o.meters[0].ops);
    return o;
}

int main(int argc, char **argv)
{
    return runner_main({"boost-context",
                        "symmetric switch (Boost.Context)",
                        "Boost " BOOST_LIB_VERSION ", compiler " __VERSION__,
                        "nothing",
                        "one, on worker 0's CPUs; a yield is two switches, there and back",
                        {{"yield", true, yield}},
                        inside},
                       argc, argv);
}
