/* spec.c - mandelbrot: parameters, blocks, kernel, oracle, and the picture as a file. */
#include "spec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const fw_param params[] = {
    {"width", FW_PARAM_INT, "48", "320", "640", 1, 20000, NULL, "points in a row"},
    {"height", FW_PARAM_INT, "36", "240", "480", 1, 20000, NULL, "rows"},
    {"iterations", FW_PARAM_INT, "50", "500", "1000", 1, 65535, NULL, "until a point counts as inside"},
    {"schedule", FW_PARAM_CHOICE, "dynamic", "dynamic", "dynamic", 0, 0, "static|dynamic|guided",
     "who computes which rows: a band each, the next to whoever is free, or (threads) half of a share of what is left"},
    {"spawn", FW_PARAM_CHOICE, "1", "1", "1", 0, 0, "0|1", "0 (stackless): rows are futures awaited in turn"},
    {"image", FW_PARAM_PATH, "", "", "", 0, 0, NULL, "file to write the picture to, as PPM"},
    {.name = NULL},
};

static const fw_block blocks[] = {
    {"rows to whoever is free", 0, ""},
    {NULL, 0, NULL},
};

static const fw_axis axes[] = {
    {"workers", "1,2,4,8", 0},
    {NULL, NULL, 0},
};

/* The part of the plane: not symmetrical, so that a band of rows is not like the one below it. */
static const double LEFT = -2.0, RIGHT = 0.5, BOTTOM = -0.25, TOP = 1.25;

static mandelbrot plan_of(fw_trial *t)
{
    const char *schedule = fw_str(t, "schedule");
    return (mandelbrot){.trial = t,
                        .width = (unsigned)fw_int(t, "width"),
                        .height = (unsigned)fw_int(t, "height"),
                        .iterations = (unsigned)fw_int(t, "iterations"),
                        .seed = fw_seed(t),
                        .schedule = strcmp(schedule, "static") == 0    ? MANDELBROT_STATIC
                                    : strcmp(schedule, "dynamic") == 0 ? MANDELBROT_DYNAMIC
                                                                       : MANDELBROT_GUIDED};
}

static size_t bytes_of(const mandelbrot *m)
{
    return (size_t)m->width * m->height * sizeof *m->picture;
}

int mandelbrot_begin(mandelbrot *m, fw_trial *t, int can)
{
    *m = plan_of(t);
    if (m->schedule == MANDELBROT_GUIDED && !(can & MANDELBROT_GUIDES))
        return fw_refuse(t, "schedule=guided", ENOTSUP, "schedules here", 2);
    if (fw_int(t, "spawn") == 0 && !(can & MANDELBROT_AWAITS))
        return fw_refuse(t, "spawn=0", ENOTSUP, "futures here", 0);
    void *picture = mmap(NULL, bytes_of(m), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (picture == MAP_FAILED)
        return fw_refuse(t, "mmap", errno, "bytes", (int64_t)bytes_of(m));
    m->picture = picture;
    return 0;
}

static unsigned escape(double re, double im, unsigned most)
{
    double x = 0, y = 0, xx = 0, yy = 0;
    unsigned n = 0;

    for (; n < most && xx + yy <= 4; n++) {
        y = 2 * x * y + im;
        x = xx - yy + re;
        xx = x * x;
        yy = y * y;
    }
    return n;
}

uint64_t mandelbrot_row(const mandelbrot *m, unsigned y, uint16_t *counts)
{
    double im = TOP - (TOP - BOTTOM) * y / m->height;
    uint64_t fold = 0, first = (uint64_t)y * m->width;

    for (unsigned x = 0; x < m->width; x++) {
        counts[x] = (uint16_t)escape(LEFT + (RIGHT - LEFT) * x / m->width, im, m->iterations);
        fold += fw_mix64(m->seed + (first + x) * 65536 + counts[x]);
    }
    return fold;
}

uint64_t mandelbrot_rows(const mandelbrot *m, unsigned from, unsigned to)
{
    uint64_t fold = 0;
    for (unsigned y = from; y < to; y++)
        fold += mandelbrot_row(m, y, m->picture + (size_t)y * m->width);
    return fold;
}

/* Inside is black; outside the darker the faster it escapes. */
static int write_picture(const mandelbrot *m, FILE *f)
{
    fprintf(f, "P6\n%u %u\n255\n", m->width, m->height);
    for (size_t i = 0; i < (size_t)m->width * m->height; i++) {
        unsigned n = m->picture[i], shade = n >= m->iterations ? 0 : 40 + 215 * (n % 32) / 31;
        unsigned char point[3] = {(unsigned char)(shade / 3), (unsigned char)(shade / 2), (unsigned char)shade};
        fwrite(point, 1, sizeof point, f);
    }
    int err = ferror(f) ? EIO : 0;
    return fclose(f) != 0 ? errno : err;
}

int mandelbrot_end(mandelbrot *m)
{
    static bool written; /* a process has one trial: its first repeat writes */
    const char *path = fw_str(m->trial, "image");
    int err = 0;

    if (*path && !written) {
        FILE *f = fopen(path, "wb");
        err = f ? write_picture(m, f) : errno;
        written = true;
    }
    munmap(m->picture, bytes_of(m));
    return err ? fw_fail(m->trial, "image=%s: %s", path, strerror(err)) : 0;
}

static void expect(const fw_trial *t, uint64_t repeats, uint64_t ops, fw_expect *e)
{
    mandelbrot m = plan_of((fw_trial *)(uintptr_t)t);
    uint16_t *counts = malloc(m.width * sizeof *counts);
    uint64_t fold = 0;

    FW_MUST(counts);
    for (unsigned y = 0; y < m.height; y++)
        fold += mandelbrot_row(&m, y, counts);
    free(counts);
    e->want = (fw_receipt){.ops = repeats, .checksum = repeats * fold};
    e->rule.ops = e->rule.checksum = FW_EXACT;
    e->rule.units = e->rule.peak_live = e->rule.messages = e->rule.bytes = FW_INFO; /* a worker each, or a row each */
    (void)ops;
}

const fw_spec mandelbrot_spec = {
    .name = "mandelbrot",
    .title = "A parallel loop over rows that differ in length: how well each model keeps all CPUs busy to the end.",
    .op = "picture",
    .mode = FW_COMPLETE,
    .core = true,
    .params = params,
    .blocks = blocks,
    .axes = axes,
    .expect = expect,
};
