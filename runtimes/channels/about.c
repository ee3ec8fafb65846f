/* about.c - what the runner says of this runtime. */
#include "fw.h"
#include "instruments.h"

const fw_about fw_about_runtime = {
    .runtime = "channels",
    .model = "channels (CSP)",
    .kind = "model",
    .spins = "a waiting thread, up to 50 us before it sleeps, if the units have a CPU each and the workers two or more",
    .threads = "one OS thread a unit, bound to its worker's CPUs",
    .instrument = chan_instrument,
    .report = instruments_report,
};
