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
        {{"skynet", false, skynet}, {"fib", false, fib}},
    };
    return openmp.main(count, arguments);
}
