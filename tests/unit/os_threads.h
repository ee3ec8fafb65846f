/* os_threads.h - how many OS threads this process has now, at most: the kernel lists one that was joined for a moment
 * longer. So a later count may be smaller. */
#ifndef OS_THREADS_H
#define OS_THREADS_H
#include "fw.h"

#include <dirent.h>

static inline int os_threads(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/task");
    FW_MUST(d);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

#endif
