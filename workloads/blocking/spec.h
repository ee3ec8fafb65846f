/* spec.h - blocking: the wakers, whose lateness is measured, and the blockers, who are to blame for it. */
#ifndef BLOCKING_SPEC_H
#define BLOCKING_SPEC_H

#include "fw.h"

extern const fw_spec blocking_spec;

typedef struct blocking_plan {
    fw_trial *trial;
    uint64_t wakers, blockers, units; /* units: both together; the first are wakers */
    uint64_t period_ns, hog_ns, seed;
    bool hog;  /* a blocker computes; else it sleeps in the kernel */
    bool cure; /* where the model needs one */
} blocking_plan;

blocking_plan blocking_plan_of(fw_trial *t);

/* A waker's first wake, if it falls asleep now; the later ones follow a period apart, however late it was. */
static inline uint64_t blocking_first(const blocking_plan *p, uint64_t number, uint64_t now_ns)
{
    return now_ns + fw_mix64(p->seed + number) % p->period_ns;
}

/* What a unit leaves behind when it ends. */
static inline uint64_t blocking_value(const blocking_plan *p, uint64_t number)
{
    return fw_mix64(p->seed ^ fw_mix64(number));
}

/* A waker woke at now_ns. meter: NULL before the window is open. False: the window has closed. Fails the trial when it
 * is too early. */
bool blocking_woke(const blocking_plan *p, fw_meter *meter, uint64_t deadline_ns, uint64_t now_ns);

/* The disease: does not return for hog_ns; plan is a const blocking_plan *. */
void blocking_ail(void *plan);
/* A slice of it for who hogs but gives way in between. False: that was the last of hog_ns, which began at start_ns. */
bool blocking_slice(const blocking_plan *p, uint64_t start_ns);

/* Refuses more workers than there are meters, where each worker has one. */
int blocking_check_workers(fw_trial *t);

#endif
