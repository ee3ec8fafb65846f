// openmp.cc - the reference runner for OpenMP: tasks in a team of W threads.
#include <omp.h>

#include "arithmetic.h"

// The team stays for all repeats: one of its threads does the work, the others take tasks at the team's barrier.
static void inside(const Trial &t, const std::function<void()> &work)
{
    omp_set_dynamic(0);
    omp_set_num_threads(static_cast<int>(t.workers.size()));
#pragma omp parallel
    {
        t.bind(static_cast<size_t>(omp_get_thread_num()));
#pragma omp barrier
#pragma omp single
        work();
    }
}

static Sum node(uint64_t first, uint64_t leaves, uint64_t grain, uint64_t seed)
{
    if (leaves <= grain)
        return Sum::of(first, leaves, seed);
    Sum children[10], all;
    uint64_t share = leaves / 10;
    for (uint64_t i = 0; i < 9; i++) {
#pragma omp task shared(children) firstprivate(i)
        children[i] = node(first + i * share, share, grain, seed);
    }
    children[9] = node(first + 9 * share, share, grain, seed);
#pragma omp taskwait
    all.units = 1;
    for (const Sum &child : children)
        all.add(child);
    return all;
}

static Outcome skynet(const Trial &t)
{
    uint64_t leaves = t.param("leaves");
    return node(0, leaves, t.param("grain"), t.seed).outcome(leaves);
}

static Call fork(uint64_t n, uint64_t cutoff, uint64_t salt)
{
    if (n <= cutoff)
        return {Call::plain(n, salt), 0};
    Call left, right;
#pragma omp task shared(left)
    left = fork(n - 1, cutoff, salt);
    right = fork(n - 2, cutoff, salt);
#pragma omp taskwait
    return left.join(right);
}

static Outcome fib(const Trial &t)
{
    return fork(t.param("n"), t.param("cutoff"), mix(t.seed)).outcome();
}

int main(int argc, char **argv)
{
    static const std::string version = "OpenMP " + std::to_string(_OPENMP) + ", compiler " __VERSION__;
    return runner_main({"openmp",
                        "fork-join (OpenMP)",
                        version.c_str(),
                        "a waiting thread of the team, as OMP_WAIT_POLICY says",
                        "a thread a worker, on its CPUs",
                        {{"skynet", false, skynet}, {"fib", false, fib}},
                        inside},
                       argc, argv);
}
