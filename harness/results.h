/* results.h - writes a result folder (results/SCHEMA.md). Every trial is flushed
 * as it ends; whole files are written beside and renamed, so that a full disk or
 * an interrupt never leaves half a file in place of a good one. */
#ifndef RESULTS_H
#define RESULTS_H
#include "driver/driver.h"

typedef struct fw_results {
    char *folder; /* absolute */
    FILE *ndjson, *tidy;
    int error; /* first -errno of a write; nothing more is tried after it */
    char *error_file;
} fw_results;

/* Makes parent/name and its subfolders, opens the files. 0 or -errno. */
int fw_results_open(fw_results *r, const char *parent, const char *name);
void fw_results_trial(fw_results *r, const fw_outcome *o);
void fw_results_schedule(fw_results *r, const fw_outcome *planned, size_t n);
/* Writes value, which it releases, as folder/name. */
void fw_results_json(fw_results *r, const char *name, json_t *value);
/* Adds the histograms of one case's valid measured trials into hist/STEM.csv and hgrm/STEM.hgrm. */
void fw_results_merge(fw_results *r, const fw_point *p, const fw_case *c, const fw_outcome *all, size_t n);
/* Points parent/latest at the folder. */
void fw_results_latest(const fw_results *r);
void fw_results_close(fw_results *r);

#endif
