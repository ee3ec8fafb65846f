/* robust.c - see robust.h. */
#include "robust.h"

#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel reads it when this thread dies; a fork's child begins with none. */
static _Thread_local struct robust_list_head head;
static _Thread_local pid_t owner; /* whom head was made known for */

static bool make_known(void)
{
    pid_t self = (pid_t)syscall(SYS_gettid);

    if (owner == self)
        return true;
    head = (struct robust_list_head){.list.next = &head.list,
                                     .futex_offset = offsetof(robust, word) - offsetof(robust, node)};
    if (syscall(SYS_set_robust_list, &head, sizeof head) != 0)
        return false;
    owner = self;
    return true;
}

void robust_own(robust *r)
{
    if (robust_owned(atomic_load(&r->word)) || !make_known())
        return;
    r->node.next = head.list.next;
    head.list.next = &r->node;
    atomic_fetch_or(&r->word, (uint32_t)owner); /* who sleeps already keeps its FUTEX_WAITERS */
}

void robust_disown(robust *r)
{
    if (owner != (pid_t)syscall(SYS_gettid))
        return;
    for (struct robust_list *at = &head.list; at->next != &head.list; at = at->next)
        if (at->next == &r->node) {
            at->next = r->node.next;
            return;
        }
}
