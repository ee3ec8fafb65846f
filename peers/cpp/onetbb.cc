// onetbb.cc - the reference runner for oneTBB: fork and join in an arena of W threads that steal.
#include <oneapi/tbb.h>

#include "arithmetic.h"

static tbb::task_arena *arena;

// Each thread that comes into the arena is bound to the worker's CPUs whose place it has.
class Binder : public tbb::task_scheduler_observer
{
  public:
    Binder(tbb::task_arena &a, const Trial &t) : tbb::task_scheduler_observer(a), trial(t)
    {
        observe(true);
    }
    ~Binder()
    {
        observe(false);
    }
    void on_scheduler_entry(bool) override
    {
        trial.bind(static_cast<size_t>(tbb::this_task_arena::current_thread_index()));
    }

  private:
    const Trial &trial;
};

static void inside(const Trial &t, const std::function<void()> &work)
{
    int workers = static_cast<int>(t.workers.size());
    tbb::global_control most(tbb::global_control::max_allowed_parallelism, t.workers.size());
    tbb::task_arena here(workers);
    Binder binder(here, t);
    arena = &here;
    here.execute(work);
}

// The last child is done by the node's own thread, as is usual.
static Sum node(uint64_t first, uint64_t leaves, uint64_t grain, uint64_t seed)
{
    if (leaves <= grain)
        return Sum::of(first, leaves, seed);
    Sum children[10], all;
    uint64_t share = leaves / 10;
    tbb::task_group group;
    for (uint64_t i = 0; i < 9; i++)
        group.run([&, i] { children[i] = node(first + i * share, share, grain, seed); });
    children[9] = node(first + 9 * share, share, grain, seed);
    group.wait();
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
    tbb::parallel_invoke([&] { left = fork(n - 1, cutoff, salt); }, [&] { right = fork(n - 2, cutoff, salt); });
    return left.join(right);
}

static Outcome fib(const Trial &t)
{
    return fork(t.param("n"), t.param("cutoff"), mix(t.seed)).outcome();
}

int main(int argc, char **argv)
{
    std::string version = std::string("oneTBB ") + TBB_runtime_version() + ", compiler " __VERSION__;
    return runner_main({"onetbb",
                        "fork-join (oneTBB)",
                        version.c_str(),
                        "an idle thread looks for work to steal for a while and yields to the kernel before it sleeps",
                        "a thread a worker, on its CPUs",
                        {{"skynet", false, skynet}, {"fib", false, fib}},
                        inside},
                       argc, argv);
}
