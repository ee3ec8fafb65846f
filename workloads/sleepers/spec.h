/* spec.h - sleepers: when each unit wakes, and what is made of how late it was. */
#ifndef SLEEPERS_SPEC_H
#define SLEEPERS_SPEC_H

#include "fw.h"

extern const fw_spec sleepers_spec;

typedef struct sleepers_plan {
    fw_trial *trial;
    uint64_t units, period_ns, seed;
} sleepers_plan;

sleepers_plan sleepers_plan_of(fw_trial *t);

/* Unit `number`'s first wake, if it falls asleep now; the later ones follow a period apart, however late it was. */
static inline uint64_t sleepers_first(const sleepers_plan *p, uint64_t number, uint64_t now_ns)
{
    return now_ns + fw_mix64(p->seed + number) % p->period_ns;
}

/* What unit `number` leaves behind when it ends. */
static inline uint64_t sleepers_value(const sleepers_plan *p, uint64_t number)
{
    return fw_mix64(p->seed ^ fw_mix64(number));
}

/* A unit woke at now_ns. meter: NULL before the window is open. False: the window has closed. Fails the trial when it
 * is too early. */
bool sleepers_woke(const sleepers_plan *p, fw_meter *meter, uint64_t deadline_ns, uint64_t now_ns);

/* Refuses more workers than there are meters, where each worker has one. */
int sleepers_check_workers(fw_trial *t);

#endif
