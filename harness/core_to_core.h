/* core_to_core.h - how long a cache line takes from one CPU to another: two bound threads that answer each other's
 * stores. The driver's alone (`fiveways topo --core-to-core`). Next: driver/topo_cmd.c. */
#ifndef CORE_TO_CORE_H
#define CORE_TO_CORE_H

#include "stats.h"

enum { FW_C2C_BATCHES = 51, FW_C2C_TRIPS = 200 };

typedef struct fw_c2c {
    double median_ns; /* one way: half a round trip; over FW_C2C_BATCHES batches of FW_C2C_TRIPS round trips */
    fw_interval interval;
} fw_c2c;

/* Between the CPUs a and b (OS indexes, different ones). Blocks for some milliseconds; spins on both. 0; -EXDEV: the
 * binding was not applied, nothing was measured; another -errno: a thread could not be made or bound. */
int fw_core_to_core(int a, int b, fw_c2c *out);

#endif
