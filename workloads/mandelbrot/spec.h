/* spec.h - mandelbrot: the picture, row by row, and who computes which rows. */
#ifndef MANDELBROT_SPEC_H
#define MANDELBROT_SPEC_H

#include "fw.h"

extern const fw_spec mandelbrot_spec;

typedef enum mandelbrot_schedule { MANDELBROT_STATIC, MANDELBROT_DYNAMIC, MANDELBROT_GUIDED } mandelbrot_schedule;

typedef struct mandelbrot {
    fw_trial *trial;
    unsigned width, height, iterations;
    uint64_t seed;
    mandelbrot_schedule schedule;
    uint16_t *picture; /* height rows of width iteration counts; shared with child processes */
} mandelbrot;

/* What a model can do besides drawing each row as its own piece of work. */
enum { MANDELBROT_GUIDES = 1, MANDELBROT_AWAITS = 2 };
/* Before fw_begin: refuses what is asked for and not in `can`, and makes the picture, which mandelbrot_end frees. */
int mandelbrot_begin(mandelbrot *m, fw_trial *t, int can);
/* Computes row y into counts[width]; gives its part of the checksum. */
uint64_t mandelbrot_row(const mandelbrot *m, unsigned y, uint16_t *counts);
/* The same into the picture, for rows [from, to). */
uint64_t mandelbrot_rows(const mandelbrot *m, unsigned from, unsigned to);
/* The first row of band `band` of `bands`; band == bands gives the height. Lengths differ by at most one. */
static inline unsigned mandelbrot_band(const mandelbrot *m, unsigned band, unsigned bands)
{
    return (unsigned)((uint64_t)m->height * band / bands);
}
/* After fw_end: writes the file that was asked for, once, and frees the picture. 0 or failed. */
int mandelbrot_end(mandelbrot *m);

#endif
