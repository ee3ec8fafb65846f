/* mutex.c - see processes.h: glibc's mutex, shared and robust (the kernel tells of a dead holder). */
#include <pthread.h>

#include "processes.h"

void proc_mutex_init(proc_mutex *m)
{
    pthread_mutexattr_t how;

    FW_MUST(pthread_mutexattr_init(&how) == 0);
    FW_MUST(pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED) == 0);
    FW_MUST(pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST) == 0);
    FW_MUST(pthread_mutex_init(&m->mutex, &how) == 0);
    pthread_mutexattr_destroy(&how);
}

int proc_mutex_lock(proc_mutex *m)
{
    return -pthread_mutex_lock(&m->mutex);
}

void proc_mutex_unlock(proc_mutex *m)
{
    FW_MUST(pthread_mutex_unlock(&m->mutex) == 0);
}
