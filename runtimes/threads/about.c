/* about.c - what the runner says of this runtime. */
#include "fw.h"

const fw_about fw_about_runtime = {
    .runtime = "threads",
    .model = "threads + mutexes",
    .kind = "model",
    .spins = "locks, and idle threads of the loop pool: up to 50 us where there are CPUs enough; nothing on one CPU",
    .threads = "one OS thread a unit, bound to its worker's CPUs",
};
