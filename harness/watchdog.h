/* watchdog.h - judges the beats of a trial: a count of work that stops rising is
 * a hang, however lively the beats themselves are. Pure; no clock of its own.
 * Next: driver/child.c, which feeds it. */
#ifndef WATCHDOG_H
#define WATCHDOG_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fw_watchdog {
    uint64_t limit_ns;     /* how long a count may stand still; 0: for ever */
    uint64_t last_rise_ns; /* when the count rose last, or the start */
    uint64_t count;        /* greatest count seen */
    uint64_t number;       /* digits of an unfinished line */
    bool digits;
} fw_watchdog;

void fw_watchdog_start(fw_watchdog *w, uint64_t now_ns, uint64_t limit_ns);
/* Beats as they arrived: decimal counts, one a line, possibly cut anywhere. Anything else is ignored. */
void fw_watchdog_feed(fw_watchdog *w, const char *text, size_t bytes, uint64_t now_ns);
bool fw_watchdog_hung(const fw_watchdog *w, uint64_t now_ns);

#endif
