/* gaps.h - the gap probe: does somebody take a CPU without the kernel's knowledge? A hypervisor that hides steal does,
 * and so does firmware. A fixed piece of work is done again and again on one CPU; where one takes much longer than the
 * shortest, though the kernel says that this thread ran all the while, the rest went to somebody it does not see.
 * Next: sentinel.c (after a trial), driver/facts.c (for the grade). */
#ifndef GAPS_H
#define GAPS_H
#include <stddef.h>
#include <stdint.h>

/* One piece of work: what a clock on the wall and the thread's own CPU clock said that it took, in ns. */
typedef struct fw_gap_step {
    uint64_t wall_ns, cpu_ns;
} fw_gap_step;

typedef struct fw_gaps {
    uint64_t elapsed_ns, lost_ns, longest_ns; /* lost: in gaps of 100 us and more */
} fw_gaps;

/* Spins on the CPU for about for_ns (20 us to 1 s), the calling thread bound to it meanwhile. 0 or -errno: not bound.
 */
int fw_gaps_look(int cpu, uint64_t for_ns, fw_gaps *gaps);
/* What n steps tell. Pure. */
fw_gaps fw_gaps_judge(const fw_gap_step *step, size_t n);

#endif
