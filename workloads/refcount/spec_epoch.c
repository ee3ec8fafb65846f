/* spec_epoch.c - refcount: epochs, by liburcu ("bulletproof" flavour: a thread registers itself when it first reads,
 * and the writer's system call membarrier pays for the order of memory that readers then need not pay for). A helper
 * thread of liburcu frees, some ten milliseconds later, all that was given to it.
 *
 * ThreadSanitizer doesn't see liburcu's order of memory; where one exists by its contract it is told so. */
#include "spec.h"

#include <errno.h>

#ifdef FW_LIBURCU
#include <urcu/urcu-bp.h>

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#define BEFORE(p) __tsan_release((void *)(uintptr_t)(p))
#define AFTER(p) __tsan_acquire((void *)(uintptr_t)(p))
#else
#define BEFORE(p) ((void)(p))
#define AFTER(p) ((void)(p))
#endif

_Static_assert(sizeof(struct rcu_head) <= sizeof(((refcount_version *)0)->deferred), "liburcu's head fits");

static const refcount *of_callbacks; /* one trial at a time */

int refcount_epoch_open(const refcount *r)
{
    of_callbacks = r;
    urcu_bp_get_default_call_rcu_data(); /* starts the helper thread, before this one is bound to a worker */
    return 0;
}

void refcount_epoch_enter(void)
{
    urcu_bp_read_lock();
}

void refcount_epoch_leave(const refcount_version *v)
{
    BEFORE(v);
    urcu_bp_read_unlock();
}

static void freed(struct rcu_head *head)
{
    refcount_version *v = (refcount_version *)(void *)((char *)head - offsetof(refcount_version, deferred));
    AFTER(v);
    refcount_free(of_callbacks, v, of_callbacks->readers);
    BEFORE(of_callbacks);
}

void refcount_epoch_free(const refcount *r, refcount_version *v)
{
    FW_MUST(r == of_callbacks);
    BEFORE(v);
    urcu_bp_call_rcu((struct rcu_head *)(void *)v->deferred, freed);
}

void refcount_epoch_settle(const refcount *r)
{
    urcu_bp_barrier();
    AFTER(r);
}

#else /* without liburcu */
int refcount_epoch_open(const refcount *r)
{
    return fw_refuse(r->trial, "urcu_bp_read_lock", ENOSYS, "liburcu in this build", 0);
}

void refcount_epoch_enter(void)
{
}

void refcount_epoch_leave(const refcount_version *v)
{
    (void)v;
}

void refcount_epoch_free(const refcount *r, refcount_version *v)
{
    (void)r, (void)v;
}

void refcount_epoch_settle(const refcount *r)
{
    (void)r;
}
#endif
