/* Refcount with stackless tasks, a lock over the one version: the cell is stackless.c. */
#include "fw.h"
#include "spec.h"
#include "stackless/stackless.h"

int refcount_stackless_under(fw_trial *t, refcount_policy policy);

int refcount_stackless_mutex(fw_trial *t)
{
    return refcount_stackless_under(t, REFCOUNT_MUTEX);
}
