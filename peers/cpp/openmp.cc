// The reference runner for OpenMP: tasks in a parallel region.
#include <array>

#include <omp.h>

#include "trial.h"
#include "work.h"

using namespace peers;

// The threads of the first region are those of all that follow.
static void host(const trial &t, const std::function<void()> &body)
{
    omp_set_dynamic(0);
    omp_set_num_threads(static_cast<int>(t.workers.size()));
#pragma omp parallel
    t.bind_to(omp_get_thread_num());
    body();
}

// A task a node, which its parent waits for.
static sum node(std::uint64_t first, std::uint64_t leaves, std::uint64_t grain, std::uint64_t seed)
{
    if (leaves <= grain)
        return sum::leaf(first, leaves, seed);
    const std::uint64_t share = leaves / 10;
    std::array<sum, 10> sums;
    for (std::uint64_t i = 0; i < 10; i++) {
#pragma omp task shared(sums)
        sums[i] = node(first + i * share, share, grain, seed);
    }
#pragma omp taskwait
    sum all;
    for (const sum &child : sums)
        all.add(child);
    return all;
}

static outcome skynet(const trial &t)
{
    const std::uint64_t leaves = t.param("leaves"), grain = t.param("grain");
    sum all;
#pragma omp parallel
#pragma omp single
    all = node(0, leaves, grain, t.seed);
    return all.checked(leaves);
}

// A call above the cutoff makes a task for n-1, does n-2 itself and waits.
static call fork(std::uint64_t n, std::uint64_t cutoff, std::uint64_t salt)
{
    if (n <= cutoff)
        return {plain(n, salt), 0};
    call left;
#pragma omp task shared(left)
    left = fork(n - 1, cutoff, salt);
    const call right = fork(n - 2, cutoff, salt);
#pragma omp taskwait
    return call::joined(left, right);
}

static outcome fib(const trial &t)
{
    const std::uint64_t n = t.param("n"), cutoff = std::max<std::uint64_t>(t.param("cutoff"), 1), salt = mix(t.seed);
    call first;
#pragma omp parallel
#pragma omp single
    first = fork(n, cutoff, salt);
    return first.checked();
}

// How many steps a point stays near, at most `most`.
static unsigned escape(double re, double im, unsigned most)
{
    double x = 0, y = 0, xx = 0, yy = 0;
    unsigned n = 0;
    for (; n < most && xx + yy <= 4; n++) {
        y = 2 * x * y + im;
        x = xx - yy + re;
        xx = x * x;
        yy = y * y;
    }
    return n;
}

// A parallel loop over the rows.
static outcome mandelbrot(const trial &t)
{
    constexpr double left = -2.0, right = 0.5, bottom = -0.25, top = 1.25;
    const std::int64_t width = t.param("width"), height = t.param("height");
    const unsigned most = t.param("iterations");
    const std::string schedule = t.text("schedule");
    if (t.text("spawn") == "0")
        throw refusal{"only a future can be awaited without a task"};
    omp_set_schedule(schedule == "static"   ? omp_sched_static
                     : schedule == "guided" ? omp_sched_guided
                                            : omp_sched_dynamic,
                     schedule == "static" ? 0 : 1);
    std::vector<std::uint16_t> picture(width * height);
    std::uint64_t fold = 0;
#pragma omp parallel for schedule(runtime) reduction(+ : fold)
    for (std::int64_t y = 0; y < height; y++) {
        const double im = top - (top - bottom) * y / height;
        for (std::int64_t x = 0; x < width; x++) {
            const unsigned n = escape(left + (right - left) * x / width, im, most);
            picture[y * width + x] = n;
            fold += mix(t.seed + (y * width + x) * 65536 + n);
        }
    }
    outcome o;
    o.units = o.live = t.workers.size();
    o.checksum = fold;
    return o;
}

int main(int count, char **arguments)
{
    const runner openmp{
        "openmp",
        "fork-join (OpenMP)",
        "OpenMP " + std::to_string(_OPENMP) + ", libgomp of g++ " __VERSION__,
        "an idle thread spins for some milliseconds before it sleeps (OMP_WAIT_POLICY is not set)",
        "a team of a thread a worker, on its CPUs; with more than 64 tasks a thread waiting, libgomp runs a new one at "
        "once",
        host,
        {{"skynet", false, skynet}, {"fib", false, fib}, {"mandelbrot", false, mandelbrot}},
    };
    return openmp.main(count, arguments);
}
