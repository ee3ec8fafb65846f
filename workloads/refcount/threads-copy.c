/* Refcount with threads, a copy for each reader: the cell is threads.c. */
#include "fw.h"
#include "spec.h"
#include "threads/threads.h"

int refcount_threads_under(fw_trial *t, refcount_policy policy);

int refcount_threads_copy(fw_trial *t)
{
    return refcount_threads_under(t, REFCOUNT_COPY);
}
