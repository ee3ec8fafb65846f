/* points.c - see points.h. One lock, one condition; order matters here, speed doesn't. */
#include "points.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_LINES = 64, NAME_BYTES = 32, STUCK_SECONDS = 10 };

static struct {
    char thread[NAME_BYTES], name[NAME_BYTES];
} lines[MAX_LINES];
static int line_count, next_line; /* next_line: guarded by lock */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t passed = PTHREAD_COND_INITIALIZER;

void points_load(const char *path)
{
    FILE *file = fopen(path, "r");
    char text[256];

    if (!file) {
        fprintf(stderr, "schedule %s: %s\n", path, strerror(errno));
        exit(2);
    }
    while (fgets(text, sizeof text, file)) {
        text[strcspn(text, "#\n")] = '\0';
        if (text[strspn(text, " \t")] == '\0')
            continue;
        if (line_count == MAX_LINES ||
            sscanf(text, "%31s %31s", lines[line_count].thread, lines[line_count].name) != 2) {
            fprintf(stderr, "schedule %s: \"%s\": expected THREAD POINT, at most %d lines\n", path, text, MAX_LINES);
            exit(2);
        }
        line_count++;
    }
    fclose(file);
}

/* First line from next_line on that names this point, or -1. */
static int line_of(const char *thread, const char *name)
{
    for (int i = next_line; i < line_count; i++)
        if (strcmp(lines[i].thread, thread) == 0 && strcmp(lines[i].name, name) == 0)
            return i;
    return -1;
}

void point(const char *thread, const char *name)
{
    pthread_mutex_lock(&lock);
    int mine = line_of(thread, name);
    while (mine > next_line) {
        struct timespec until;
        int seen = next_line;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += STUCK_SECONDS;
        int err = pthread_cond_timedwait(&passed, &lock, &until);
        if (err == ETIMEDOUT && next_line == seen) {
            fprintf(stderr, "stuck: %s waits at \"%s\" for %s to reach \"%s\"\n", thread, name, lines[seen].thread,
                    lines[seen].name);
            exit(3);
        }
    }
    if (mine >= 0)
        next_line++;
    pthread_cond_broadcast(&passed);
    pthread_mutex_unlock(&lock);
}
