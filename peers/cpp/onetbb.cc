// The reference runner for oneTBB: fork and join in an arena of threads that steal.
#include <array>

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_invoke.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>
#include <oneapi/tbb/task_scheduler_observer.h>
#include <oneapi/tbb/version.h>

#include "trial.h"
#include "work.h"

using namespace peers;

// Binds the thread in the arena's place i to worker i's CPUs, when it comes to a place that is new to it.
class binder : public tbb::task_scheduler_observer
{
  public:
    binder(const trial &t, tbb::task_arena &arena) : tbb::task_scheduler_observer(arena), asked(t)
    {
        observe(true);
    }

    ~binder() override
    {
        observe(false);
    }

    void on_scheduler_entry(bool) override
    {
        static thread_local int last = -1;
        const int place = tbb::this_task_arena::current_thread_index();
        if (place != last)
            asked.bind_to(last = place);
    }

  private:
    const trial &asked;
};

// The library counts the CPUs that this thread has when it starts: all workers'.
static void host(const trial &t, const std::function<void()> &body)
{
    const std::size_t workers = t.workers.size();
    for (std::size_t worker = 0; worker < workers; worker++)
        t.bind_to(worker);
    t.bind_to_all();
    const tbb::global_control threads(tbb::global_control::max_allowed_parallelism, workers);
    tbb::task_arena arena(static_cast<int>(workers), 1);
    const binder bound(t, arena);
    arena.execute(body);
}

// A task a node, in its parent's group.
static sum node(std::uint64_t first, std::uint64_t leaves, std::uint64_t grain, std::uint64_t seed)
{
    if (leaves <= grain)
        return sum::leaf(first, leaves, seed);
    const std::uint64_t share = leaves / 10;
    std::array<sum, 10> sums;
    tbb::task_group children;
    for (std::uint64_t i = 0; i < 10; i++)
        children.run([&sums, i, first, share, grain, seed] { sums[i] = node(first + i * share, share, grain, seed); });
    children.wait();
    sum all;
    for (const sum &child : sums)
        all.add(child);
    return all;
}

static outcome skynet(const trial &t)
{
    const std::uint64_t leaves = t.param("leaves");
    return node(0, leaves, t.param("grain"), t.seed).checked(leaves);
}

// A call above the cutoff makes a task for n-1 and does n-2 itself.
static call fork(std::uint64_t n, std::uint64_t cutoff, std::uint64_t salt)
{
    if (n <= cutoff)
        return {plain(n, salt), 0};
    call left, right;
    tbb::parallel_invoke([&] { left = fork(n - 1, cutoff, salt); }, [&] { right = fork(n - 2, cutoff, salt); });
    return call::joined(left, right);
}

static outcome fib(const trial &t)
{
    return fork(t.param("n"), std::max<std::uint64_t>(t.param("cutoff"), 1), mix(t.seed)).checked();
}

int main(int count, char **arguments)
{
    const runner onetbb{
        "onetbb",
        "fork-join (oneTBB)",
        std::string("oneTBB ") + TBB_runtime_version() + ", g++ " __VERSION__,
        "an idle thread looks for work to steal and yields to the kernel for some time before it sleeps",
        "an arena of a place a worker, a thread a place, on its worker's CPUs",
        host,
        {{"skynet", false, skynet}, {"fib", false, fib}},
    };
    return onetbb.main(count, arguments);
}
