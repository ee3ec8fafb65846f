/* seq_about.c - what the runner of the sequential baseline says of itself. */
#include "fw.h"

const fw_about fw_about_runtime = {
    .runtime = "seq",
    .model = "sequential",
    .kind = "seq",
    .spins = "nothing",
    .threads = "one thread",
};
