/* verdicts.h - from a run's trials to verdicts.json (results/SCHEMA.md). Pure: no clock, no files.
 * Next: stats.h, summary.c. */
#ifndef VERDICTS_H
#define VERDICTS_H
#include "points.h"

/* Marks as superseded each tainted trial whose repetition counts in its place, and of two tainted ones the earlier. */
void fw_supersede(fw_outcome *done, size_t n);
/* Medians, intervals, the A/A noise and who separates from whom; a new reference. After fw_supersede. */
json_t *fw_verdicts(const char *profile, const fw_points *points, const fw_outcome *done, size_t n);
/* "green", or "processes-ring" when not the headline; the caller's to free. */
char *fw_case_name(const fw_case *c);

#endif
