/* about.c - what the runner says of this runtime. */
#include "fw.h"

const fw_about fw_about_runtime = {
    .runtime = "threads",
    .model = "threads + mutexes",
    .kind = "model",
    .spins = "nothing",
    .threads = "one OS thread a unit, bound to its worker's CPUs",
};
