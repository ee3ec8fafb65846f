/* progress.h - what a waiting person sees: one line redrawn on a terminal, plain
 * lines elsewhere. Standard error; NO_COLOR is honoured. */
#ifndef PROGRESS_H
#define PROGRESS_H
#include <stdbool.h>
#include <stddef.h>

void fw_progress_start(size_t trials, double seconds);
/* After a trial: how many are done, the seconds still expected, what ran. */
void fw_progress_show(size_t done, double seconds_left, const char *what);
/* Before other text: removes the bar. */
void fw_progress_clear(void);

#endif
