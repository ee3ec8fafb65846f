/* rows.c - what a runtime's instruments report, in the order told. runner_result.c makes JSON of it. */
#include "trial.h"

#include <stdio.h>

static fw_told *next(fw_trial *t, fw_told_kind kind)
{
    FW_MUST(t->told_count < FW_MAX_TOLD);
    fw_told *told = &t->told[t->told_count++];
    told->kind = kind;
    return told;
}

void fw_row(fw_trial *t, unsigned level, const char *list, const char *key, const char *text)
{
    FW_MUST(level < FW_ROW_LEVELS);
    fw_told *told = next(t, FW_TOLD_ROW);
    told->level = level;
    snprintf(told->list, sizeof told->list, "%s", list);
    snprintf(told->key, sizeof told->key, "%s", key);
    snprintf(told->text, sizeof told->text, "%s", text);
}

void fw_figure(fw_trial *t, const char *key, uint64_t value)
{
    fw_told *told = next(t, FW_TOLD_FIGURE);
    snprintf(told->key, sizeof told->key, "%s", key);
    told->value = value;
}

void fw_figures(fw_trial *t, const char *key, const uint64_t *value, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fw_figure(t, key, value[i]);
        t->told[t->told_count - 1].kind = FW_TOLD_ITEM;
    }
}
