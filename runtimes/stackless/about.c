/* about.c - what the runner says of this runtime. */
#include "core/kept.h"
#include "core/watch.h"
#include "fw.h"

const fw_about fw_about_runtime = {
    .runtime = "stackless",
    .model = "stackless tasks",
    .kind = "model",
    .spins = "an idle worker, up to 50 us before it sleeps, if the workers have a CPU each, and two or more",
    .threads = "one OS thread a worker, bound to its CPUs; units are state machines without a stack",
    .schedules = true,
    .give_back = kept_give_back,
    .instrument = core_watch_units,
    .report = core_watch_report,
};
