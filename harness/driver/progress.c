/* progress.c - see progress.h. */
#include "progress.h"
#include "fw.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
    size_t trials;
    bool terminal, colour, drawn;
    uint64_t last_ns;
} progress;

enum { WIDTH = 30 };

void fw_progress_start(size_t trials, double seconds)
{
    progress.trials = trials;
    progress.terminal = isatty(STDERR_FILENO);
    const char *no_colour = getenv("NO_COLOR");
    progress.colour = progress.terminal && !(no_colour && *no_colour);
    progress.last_ns = fw_now_ns();
    fw_progress_show(0, seconds, "");
}

static void left_text(char *text, size_t bytes, double s)
{
    int whole = s > 0 ? (int)(s + 0.5) : 0;
    if (whole >= 60)
        snprintf(text, bytes, "%d min %02d s", whole / 60, whole % 60);
    else
        snprintf(text, bytes, "%d s", whole);
}

void fw_progress_show(size_t done, double seconds_left, const char *what)
{
    char left[32], bar[WIDTH + 1];
    uint64_t now = fw_now_ns(), gap = now - progress.last_ns;
    left_text(left, sizeof left, seconds_left);
    if (!progress.terminal) {
        if (done && done < progress.trials && gap < UINT64_C(2000000000))
            return;
        progress.last_ns = now;
        fprintf(stderr, "%zu/%zu trials, %s left%s%s\n", done, progress.trials, left, *what ? ", last: " : "", what);
        return;
    }
    if (done && done < progress.trials && gap < UINT64_C(100000000))
        return;
    progress.last_ns = now;
    size_t full = progress.trials ? done * WIDTH / progress.trials : 0;
    for (size_t i = 0; i < WIDTH; i++)
        bar[i] = i < full ? '#' : '.';
    bar[WIDTH] = '\0';
    fprintf(stderr, "\r\033[K%s[%s]%s %zu/%zu, %s left  %.40s", progress.colour ? "\033[34m" : "", bar,
            progress.colour ? "\033[0m" : "", done, progress.trials, left, what);
    progress.drawn = true;
}

void fw_progress_clear(void)
{
    if (progress.drawn)
        fputs("\r\033[K", stderr);
    progress.drawn = false;
}
