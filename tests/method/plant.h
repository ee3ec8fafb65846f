/* plant.h - a slowdown that is there: included before the cells of a runner (see CMakeLists.txt), it makes each
 * operation last FW_PLANT percent longer by burning CPU until then. scripts/method-check looks whether the verdicts
 * find it. Steady cells burn after each batch, before its end is read; complete cells at the end of each repeat. */
#ifndef PLANT_H
#define PLANT_H
#include <stdlib.h>

#include "fw.h"

/* Of the one thread that measures. */
static uint64_t plant_begin_ns __attribute__((unused));

/* The time after burning; the look at the clock that this costs is part of what is burnt. */
static inline uint64_t plant_burn(uint64_t start_ns)
{
    static double share, clock_ns;
    if (clock_ns == 0) {
        const char *percent = getenv("FW_PLANT");
        share = percent ? strtod(percent, NULL) / 100 : 0;
        clock_ns = fw_clock_cost_ns();
    }
    uint64_t now = fw_now_ns();
    double more = share * (double)(now - start_ns) - clock_ns;
    uint64_t until = more > 0 ? now + (uint64_t)more : now;
    while (now < until)
        now = fw_now_ns();
    return now;
}

#define fw_meter_record(meter, start, end, ops) fw_meter_record(meter, start, plant_burn(start), ops)
#define fw_begin(trial) (fw_begin(trial), (void)(plant_begin_ns = fw_now_ns()))
#define fw_end(trial) ((void)plant_burn(plant_begin_ns), fw_end(trial))
#endif
