/* trial_runner - a runner whose cells behave well and badly, for runner_test.py. */
#include "fw.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const fw_param params[] = {
    {"size", FW_PARAM_INT, "8", "64", "512", 8, 4096, NULL, "message, byte"},
    {NULL, FW_PARAM_INT, NULL, NULL, NULL, 0, 0, NULL, NULL},
};
static const fw_block blocks[] = {{"one CPU", 1, "size=64"}, {NULL, 0, NULL}};
static const fw_axis axes[] = {{"size", "8,64", 1}, {NULL, NULL, 0}};

static void expect_echo(const fw_trial *t, uint64_t repeats, uint64_t ops, fw_expect *e)
{
    e->want = (fw_receipt){.units = 1, .messages = ops, .ops = ops, .checksum = fw_mix64(fw_seed(t)) * ops};
    e->rule.units = e->rule.messages = e->rule.ops = e->rule.checksum = FW_EXACT;
}

static void expect_solve(const fw_trial *t, uint64_t repeats, uint64_t ops, fw_expect *e)
{
    e->want = (fw_receipt){.ops = 5 * repeats, .checksum = fw_seed(t) * repeats};
    e->rule.ops = e->rule.checksum = FW_EXACT;
}

static int run_echo(fw_trial *t, uint64_t lie)
{
    uint64_t start, ops = 0;
    fw_slot *slot = fw_slot_here();
    if (fw_worker_bind(fw_worker_of(t, 0)) != 0)
        return fw_fail(t, "not bound");
    fw_count(slot, FW_CREATED, 1);
    fw_open(t);
    fw_meter *m = fw_meter_of(t, 0);
    do {
        start = fw_now_ns();
        for (unsigned i = 0; i < fw_batch(t); i++, ops++)
            fw_count(slot, FW_MESSAGES, 1);
    } while (fw_meter_record(m, start, fw_now_ns(), fw_batch(t)));
    fw_count(slot, FW_ENDED, 1);
    fw_result(t, 0, fw_mix64(fw_seed(t)) * ops + lie);
    fw_metric(t, "answer", "1", 42.0);
    printf("cells may print\n");
    return 0;
}

static int good(fw_trial *t)
{
    return run_echo(t, 0);
}

static int liar(fw_trial *t)
{
    return run_echo(t, 1);
}

static int crash(fw_trial *t)
{
    raise(SIGSEGV);
    return 0;
}

static int leaves(fw_trial *t)
{
    exit(0);
}

static int refuses(fw_trial *t)
{
    return fw_refuse(t, "clone", EAGAIN, "RLIMIT_NPROC", 100);
}

static int errs(fw_trial *t)
{
    return -ENOMEM;
}

static int stuck(fw_trial *t)
{
    while (fw_int(t, "size"))
        pause();
    return 0;
}

static int solve(fw_trial *t)
{
    fw_begin(t);
    usleep(1000);
    fw_end(t);
    fw_result(t, 5, fw_seed(t));
    return 0;
}

static int no_input(fw_trial *t, void **input, char *why, size_t why_bytes)
{
    snprintf(why, why_bytes, "no such input");
    return -ENOENT;
}

static const fw_spec echo = {.name = "echo",
                             .title = "An echo.",
                             .op = "echo",
                             .mode = FW_STEADY,
                             .core = true,
                             .params = params,
                             .blocks = blocks,
                             .axes = axes,
                             .expect = expect_echo};
static const fw_spec solving = {
    .name = "solve", .title = "A problem.", .op = "step", .mode = FW_COMPLETE, .expect = expect_solve};
static const fw_spec unprepared = {.name = "unprepared",
                                   .title = "Input that is not there.",
                                   .op = "step",
                                   .mode = FW_COMPLETE,
                                   .prepare = no_input,
                                   .expect = expect_solve};

const fw_cell fw_cells[] = {
    {&echo, "", true, good},          {&echo, "liar", false, liar},       {&echo, "crash", false, crash},
    {&echo, "leaves", false, leaves}, {&echo, "refuses", false, refuses}, {&echo, "errs", false, errs},
    {&echo, "stuck", false, stuck},   {&solving, "", true, solve},        {&unprepared, "", true, solve},
};
const size_t fw_cell_count = sizeof fw_cells / sizeof fw_cells[0];

static bool counting;

static void instrument(bool on)
{
    counting = on;
}

/* Two rows, the first with a list and a row of its own. */
static void report(fw_trial *t)
{
    fw_row(t, 0, "doors", "name", "front");
    fw_figure(t, "counting", counting);
    fw_figures(t, "width", (const uint64_t[]){1, 0, 2}, 3);
    fw_row(t, 1, "users", "who", "\"\\");
    fw_figure(t, "times", 3);
    fw_row(t, 0, "doors", "name", "\xc3"); /* half of a letter */
}

const fw_about fw_about_runtime = {
    "tester", "test cells", "model", "nothing", "one thread", .instrument = instrument, .report = report};
