/* calibrate.c - the calibration kernel: a chain of integer multiplications in which each waits for the one before. No
 * memory, system call or second thread takes part, so its time says how fast this CPU runs now, and nothing else:
 * `merge` divides by it to set runs of different machines in relation. The kernel is part of the contract: who changes
 * it changes its name, since only equal kernels are compared. */
#include "session.h"
#include "stats.h"

enum { STEPS = 1 << 17, REPEATS = 31 };

static volatile uint64_t sink;

json_t *fw_calibrate(void)
{
    double ns[REPEATS];
    for (int i = 0; i < REPEATS; i++) {
        uint64_t x = (uint64_t)i, start = fw_now_ns();
        for (int step = 0; step < STEPS; step++)
            x = fw_mix64(x);
        sink = x;
        ns[i] = (double)(fw_now_ns() - start);
    }
    fw_interval around = fw_median_interval(ns, REPEATS, 0.95);
    return json_pack("{s:s,s:i,s:i,s:f,s:f,s:f}", "kernel", "mix64-chain", "steps", STEPS, "n", REPEATS, "ns",
                     fw_median(ns, REPEATS), "low", around.low, "high", around.high);
}
