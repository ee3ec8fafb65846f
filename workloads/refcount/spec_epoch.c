/* spec_epoch.c - refcount: epochs, by liburcu ("bulletproof" flavour: a thread registers itself when it first reads,
 * and the writer's system call membarrier pays for the order of memory that readers then need not pay for). A helper
 * thread of liburcu frees, some ten milliseconds later, all that was given to it.
 *
 * Who waits for the last free counts them itself (urcu_bp_barrier would do, but for ThreadSanitizer, which sees its
 * calloc and free and not their order). Invariant: pending = 1, but for a settle under way, + frees given, not done.
 * ThreadSanitizer doesn't see liburcu's order of memory either; where one exists by its contract it is told so. */
#include "spec.h"

#include <errno.h>

#ifdef FW_LIBURCU
#include <semaphore.h>
#include <urcu/urcu-bp.h>

#if defined(__SANITIZE_THREAD__)
#define TELL_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TELL_SANITIZER 1
#endif
#endif
#ifdef TELL_SANITIZER
#include <sanitizer/tsan_interface.h>
#define BEFORE(p) __tsan_release((void *)(uintptr_t)(p))
#define AFTER(p) __tsan_acquire((void *)(uintptr_t)(p))
#else
#define BEFORE(p) ((void)(p))
#define AFTER(p) ((void)(p))
#endif

_Static_assert(sizeof(struct rcu_head) <= sizeof(((refcount_version *)0)->deferred), "liburcu's head fits");

static const refcount *of_callbacks; /* one trial at a time */
static _Atomic uint64_t pending;
static sem_t none_pending; /* posted whenever it came to 0 */

int refcount_epoch_open(const refcount *r)
{
    static bool ready;

    of_callbacks = r;
    atomic_store(&pending, 1);
    if (!ready) /* once: the last post of another trial may still be under way; one too many is only looked at in vain
                 */
        ready = sem_init(&none_pending, 0, 0) == 0;
    FW_MUST(ready);
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
    if (atomic_fetch_sub(&pending, 1) == 1) /* pairs with settle's load: what was freed is seen */
        sem_post(&none_pending);
}

void refcount_epoch_free(const refcount *r, refcount_version *v)
{
    FW_MUST(r == of_callbacks);
    BEFORE(v);
    atomic_fetch_add(&pending, 1);
    urcu_bp_call_rcu((struct rcu_head *)(void *)v->deferred, freed);
}

void refcount_epoch_settle(const refcount *r)
{
    FW_MUST(r == of_callbacks);
    for (uint64_t left = atomic_fetch_sub(&pending, 1) - 1; left > 0; left = atomic_load(&pending))
        while (sem_wait(&none_pending) != 0)
            FW_MUST(errno == EINTR);
    atomic_fetch_add(&pending, 1);
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
