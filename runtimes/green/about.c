/* about.c - what the runner says of this runtime. */
#include "core/kept.h"
#include "core/stack.h"
#include "core/watch.h"
#include "fw.h"

static void give_back(void)
{
    core_stack_give_back();
    kept_give_back();
}

const fw_about fw_about_runtime = {
    .runtime = "green",
    .model = "green threads",
    .kind = "model",
    .spins = "an idle worker, up to 50 us before it sleeps, if the workers have a CPU each, and two or more",
    .threads = "one OS thread a worker, bound to its CPUs; units are not OS threads",
    .schedules = true,
    .give_back = give_back,
    .instrument = core_watch_units,
    .report = core_watch_report,
};
