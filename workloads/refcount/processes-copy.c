/* Refcount with processes, a copy for each reader: the cell is processes.c. */
#include "fw.h"
#include "processes/processes.h"
#include "spec.h"

int refcount_processes_under(fw_trial *t, refcount_policy policy);

int refcount_processes_copy(fw_trial *t)
{
    return refcount_processes_under(t, REFCOUNT_COPY);
}
