/* points.h - from the options and what the runners declare to the points of a
 * run: blocks (with verdicts) and points of axes (without). Next: plan.h, run.c. */
#ifndef POINTS_H
#define POINTS_H
#include "driver.h"
#include "topo.h"

typedef struct fw_points {
    fw_point *at;
    size_t n;
    fw_names notes; /* what was left out, a line each */
} fw_points;

/* Checks every name and value. -1: go on; else the exit status after one clear line. */
int fw_points_make(fw_points *points, const fw_options *o, const fw_catalogue *c, const fw_topo *topo);

#endif
