/* watchdog.c - see watchdog.h. A runner that sends no beat at all has a count of
 * 0 that never rises: it hangs too. */
#include "watchdog.h"

void fw_watchdog_start(fw_watchdog *w, uint64_t now_ns, uint64_t limit_ns)
{
    *w = (fw_watchdog){.limit_ns = limit_ns, .last_rise_ns = now_ns};
}

void fw_watchdog_feed(fw_watchdog *w, const char *text, size_t bytes, uint64_t now_ns)
{
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] >= '0' && text[i] <= '9') {
            w->number = w->number * 10 + (uint64_t)(text[i] - '0');
            w->digits = true;
            continue;
        }
        if (w->digits && w->number > w->count) {
            w->count = w->number;
            w->last_rise_ns = now_ns;
        }
        w->number = 0;
        w->digits = false;
    }
}

bool fw_watchdog_hung(const fw_watchdog *w, uint64_t now_ns)
{
    return w->limit_ns && now_ns - w->last_rise_ns > w->limit_ns;
}
