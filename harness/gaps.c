/* gaps.c - see gaps.h. */
#include "gaps.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "fw.h"

/* A step is 10 to 40 us of work; a timer interrupt takes less than LEAST_GAP_NS. */
enum { STEP_ROUNDS = 4000, STEP_LEAST_NS = 4000, LEAST_GAP_NS = 100000 };

static uint64_t thread_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

fw_gaps fw_gaps_judge(const fw_gap_step *step, size_t n)
{
    fw_gaps g = {0};
    uint64_t least = UINT64_MAX;

    for (size_t i = 0; i < n; i++)
        least = step[i].wall_ns < least ? step[i].wall_ns : least;
    for (size_t i = 0; i < n; i++) {
        g.elapsed_ns += step[i].wall_ns;
        /* what another program of this machine took is not in the thread's own time */
        uint64_t ran = step[i].cpu_ns < step[i].wall_ns ? step[i].cpu_ns : step[i].wall_ns;
        uint64_t gap = ran > least ? ran - least : 0;
        if (gap < LEAST_GAP_NS)
            continue;
        g.lost_ns += gap;
        g.longest_ns = gap > g.longest_ns ? gap : g.longest_ns;
    }
    return g;
}

static size_t run_steps(fw_gap_step *step, size_t most, uint64_t for_ns)
{
    volatile uint64_t sink;
    uint64_t x = 1, cpu = thread_ns(), wall = fw_now_ns(), end = wall + for_ns;
    size_t n = 0;

    while (n < most && wall < end) {
        for (unsigned i = 0; i < STEP_ROUNDS; i++)
            x = fw_mix64(x);
        uint64_t cpu_now = thread_ns(), wall_now = fw_now_ns();
        step[n++] = (fw_gap_step){wall_now - wall, cpu_now - cpu};
        cpu = cpu_now;
        wall = wall_now;
    }
    sink = x;
    (void)sink;
    return n;
}

int fw_gaps_look(int cpu, uint64_t for_ns, fw_gaps *gaps)
{
    cpu_set_t had, one;
    size_t most = for_ns / STEP_LEAST_NS + 1;
    fw_gap_step *step = calloc(most, sizeof *step);

    FW_MUST(step);
    int err = cpu < 0 || cpu >= CPU_SETSIZE ? EINVAL : 0;
    CPU_ZERO(&one);
    if (!err)
        CPU_SET((size_t)cpu, &one);
    if (!err && (sched_getaffinity(0, sizeof had, &had) != 0 || sched_setaffinity(0, sizeof one, &one) != 0))
        err = errno;
    if (!err) {
        *gaps = fw_gaps_judge(step, run_steps(step, most, for_ns));
        sched_setaffinity(0, sizeof had, &had);
    }
    free(step);
    return -err;
}
