/* session.c - a trial within its run: taint, files, names. */
#include "session.h"
#include "child.h"

#include <stdlib.h>
#include <string.h>

char *fw_case_name(const fw_case *c)
{
    const char *v = c->entry.headline ? "" : c->entry.variant;
    return fw_text("%s%s%s", c->entry.runner->runtime, *v ? "-" : "", v);
}

fw_outcome *fw_session_new(fw_session *s, const fw_outcome *like)
{
    if (s->ndone == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 256;
        s->done = realloc(s->done, s->capacity * sizeof *s->done);
        FW_MUST(s->done);
    }
    fw_outcome *o = &s->done[s->ndone++];
    *o = *like;
    o->id = ++s->next_id;
    o->status = "failed";
    o->taints = json_array();
    return o;
}
