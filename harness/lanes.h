/* lanes.h - the harness's side of fw.h's lanes: one MAP_SHARED mapping, made before the trial's process is forked, that
 * its workers write and the runner's parent reads when that process has ended.
 *
 *   lane 0   (ns, unit 1) (ns, unit 2) (ns, asleep) ...     each mark lasts until the next one
 *   lane 1   ...
 *   names    unit 1: "pinger", unit 2: "", ...              numbered when they first run
 *
 * Next: lanes.c, runner_trace.c. */
#ifndef LANES_H
#define LANES_H

#include "fw.h"

enum { FW_LANE_MARKS = 1 << 16, FW_LANE_NAMES = 1 << 16, FW_UNIT_NAME_BYTES = 32 };

typedef struct fw_mark {
    uint64_t ns;
    uint32_t unit; /* or FW_LANE_NONE, FW_LANE_ASLEEP, FW_LANE_ROOT */
} fw_mark;

struct fw_lane {
    alignas(FW_PAD) _Atomic bool taken;
    uint32_t used;    /* marks */
    uint64_t dropped; /* marks that found no room */
    fw_mark mark[FW_LANE_MARKS];
};

/* n lanes of 1 MiB, of which what is written takes memory. 0 or -ENOMEM. A process traces one trial. */
int fw_lanes_open(unsigned n);
void fw_lanes_close(void);
unsigned fw_lanes(void);
const fw_lane *fw_lane_read(unsigned index);
uint32_t fw_lane_units(void);                 /* numbers given; also those beyond FW_LANE_NAMES */
const char *fw_lane_unit_name(uint32_t unit); /* "" when it has none; unit >= 1 */

#endif
