/* spec.h - yield: what a unit does between two yields, which is next to nothing. */
#ifndef YIELD_SPEC_H
#define YIELD_SPEC_H

#include "fw.h"

enum { YIELD_MOST = 64, YIELD_LOOK = 64 }; /* units; yields between two looks at whether to stop */

extern const fw_spec yield_spec;

static inline unsigned yield_units(const fw_trial *t)
{
    return (unsigned)fw_int(t, "units");
}

/* After unit 0: books its result. others: how many of the other units have yielded at all; on one worker all must. */
void yield_finish(fw_trial *t, unsigned others);

#endif
