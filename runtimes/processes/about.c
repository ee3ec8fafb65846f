/* about.c - what the runner says of this runtime. */
#include "fw.h"

const fw_about fw_about_runtime = {
    .runtime = "processes",
    .model = "OS processes",
    .kind = "model",
    .spins = "the shared-memory ring only: up to 50 us before it sleeps, if the units have a CPU each and the workers "
             "two or more",
    .threads = "one process a unit, bound to its worker's CPUs",
};
