/* Refcount with green threads, old versions freed after an epoch: the cell is green.c. */
#include "fw.h"
#include "green/green.h"
#include "spec.h"

int refcount_green_under(fw_trial *t, refcount_policy policy);

int refcount_green_epoch(fw_trial *t)
{
    return refcount_green_under(t, REFCOUNT_EPOCH);
}
