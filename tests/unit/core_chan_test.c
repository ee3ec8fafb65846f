/* core_chan_test - the channel core under waiters of the test's own: who is woken by a close may destroy the channel.
 */
#include "core/chan.h"

#include <errno.h>

enum { WAITERS = 3 };

static core_chan *closing;
static unsigned woken;

/* The last one has nobody to wait for: as soon as it is woken it may destroy the channel, before close returns. */
static void last_one_destroys(waiter *w)
{
    FW_MUST(w->status == -EPIPE && w->owner == (void *)(uintptr_t)woken);
    if (++woken == WAITERS)
        core_chan_destroy(closing);
}

static void close_leaves_the_channel_before_the_last_wake(void)
{
    waiter w[WAITERS];
    int v;

    FW_MUST(core_chan_create(&closing, sizeof v, 0) == 0);
    for (unsigned i = 0; i < WAITERS; i++) {
        w[i] = (waiter){.wake = last_one_destroys, .owner = (void *)(uintptr_t)i};
        FW_MUST(core_chan_recv(closing, &v, &w[i], fw_slot_here(), false) == -EINPROGRESS);
    }
    FW_MUST(core_chan_close(closing) == 0 && woken == WAITERS);
}

int main(void)
{
    close_leaves_the_channel_before_the_last_wake();
    return 0;
}
