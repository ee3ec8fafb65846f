/* ring.c - see ring.h. */
#include "ring.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>

#include "core/copy.h"
#include "core/park.h"

enum { LOOK_EVERY_NS = 200 * 1000 * 1000 };

/* Without saying that it leaves. */
static bool died(int lifeline)
{
    struct pollfd end = {.fd = lifeline, .events = POLLRDHUP};
    return poll(&end, 1, 0) == 1 && (end.revents & (POLLHUP | POLLRDHUP));
}

/* seq_cst in both pairs with sleep_on: either who moved or left sees the sleeper, or the sleeper sees that. */
static void wake(ring_side *mine)
{
    if ((atomic_load(&mine->robust.word) & FUTEX_WAITERS) &&
        (atomic_fetch_and(&mine->robust.word, ~(uint32_t)FUTEX_WAITERS) & FUTEX_WAITERS)) {
        fw_count(fw_slot_here(), FW_UNPARKS, 1);
        core_futex_wake(&mine->robust.word, 1, true);
    }
}

/* Acquire: pairs with ring_publish and ring_consume. */
static bool ready(ring_side *other, uint64_t least)
{
    return (int64_t)(atomic_load_explicit(&other->at, memory_order_acquire) - least) >= 0;
}

/* Sleeps until `other` moves, leaves or dies, or the time is over; may return early. */
static int sleep_on(ring_side *mine, ring_side *other, int lifeline, uint64_t least, uint64_t deadline_ns)
{
    uint32_t word = atomic_fetch_or(&other->robust.word, FUTEX_WAITERS) | FUTEX_WAITERS;
    uint64_t timeout_ns = robust_owned(word) ? FW_FOREVER : LOOK_EVERY_NS;

    if ((int64_t)(atomic_load(&other->at) - least) >= 0)
        return 0;
    if ((word & FUTEX_OWNER_DIED) || atomic_load(&mine->deserted))
        return ready(other, least) ? 0 : -EPIPE;
    if (deadline_ns != FW_FOREVER) {
        uint64_t now = fw_now_ns();
        if (now >= deadline_ns)
            return -ETIMEDOUT;
        timeout_ns = deadline_ns - now < timeout_ns ? deadline_ns - now : timeout_ns;
    }
    fw_count(fw_slot_here(), FW_PARKS, 1);
    if (core_futex_wait_for(&other->robust.word, word, timeout_ns, true) == -ETIMEDOUT && died(lifeline))
        atomic_fetch_or(&other->robust.word, FUTEX_OWNER_DIED); /* as the kernel would have */
    return 0;
}

/* Until other->at has reached `least`. */
static int sleep_until(ring_side *mine, ring_side *other, int lifeline, uint64_t least, uint64_t deadline_ns)
{
    if (ready(other, least))
        return 0;
    if (deadline_ns == 0)
        return (atomic_load(&mine->deserted) || died(lifeline)) && !ready(other, least) ? -EPIPE : -EAGAIN;
    uint64_t spin = core_spin_ns(fw_live_now()), until = spin ? fw_now_ns() + spin : 0;
    while (spin && fw_now_ns() < until) {
        for (int i = 0; i < 16; i++) {
            if (ready(other, least))
                return 0;
            core_cpu_relax();
        }
    }
    int err;
    do
        err = sleep_on(mine, other, lifeline, least, deadline_ns);
    while (!err && !ready(other, least));
    if (atomic_load_explicit(&other->robust.word, memory_order_relaxed) & FUTEX_WAITERS) /* nobody sleeps now */
        atomic_fetch_and(&other->robust.word, ~(uint32_t)FUTEX_WAITERS);
    return err;
}

/* As sleep_until, where what `mine` saw last is not enough. */
static int wait_for(ring_side *mine, ring_side *other, int lifeline, uint64_t least, uint64_t deadline_ns)
{
    if ((int64_t)(mine->seen - least) >= 0)
        return 0;
    int err = sleep_until(mine, other, lifeline, least, deadline_ns);
    mine->seen = atomic_load_explicit(&other->at, memory_order_acquire); /* pairs with ring_publish and ring_consume */
    return err;
}

int ring_wait_room(ring *r, int lifeline, uint64_t bytes, uint64_t deadline_ns)
{
    uint64_t tail = atomic_load_explicit(&r->tail.at, memory_order_relaxed); /* ours */
    if (atomic_load_explicit(&r->tail.deserted, memory_order_relaxed))       /* soon enough; sleep_on asks in order */
        return -EPIPE;
    return wait_for(&r->tail, &r->head, lifeline, tail + bytes - r->size, deadline_ns);
}

int ring_wait_bytes(ring *r, int lifeline, uint64_t bytes, uint64_t deadline_ns)
{
    uint64_t head = atomic_load_explicit(&r->head.at, memory_order_relaxed); /* ours */
    return wait_for(&r->head, &r->tail, lifeline, head + bytes, deadline_ns);
}

static uint64_t first_part(const ring *r, uint64_t at, uint64_t bytes)
{
    uint64_t to_end = r->size - (at & (r->size - 1));
    return bytes < to_end ? bytes : to_end;
}

void ring_put(ring *r, uint64_t offset, const void *data, uint64_t bytes)
{
    uint64_t at = atomic_load_explicit(&r->tail.at, memory_order_relaxed) + offset, part = first_part(r, at, bytes);
    copy_element(r->data + (at & (r->size - 1)), data, part);
    if (part < bytes)
        memcpy(r->data, (const unsigned char *)data + part, bytes - part);
}

void ring_get(ring *r, uint64_t offset, void *data, uint64_t bytes)
{
    uint64_t at = atomic_load_explicit(&r->head.at, memory_order_relaxed) + offset, part = first_part(r, at, bytes);
    copy_element(data, r->data + (at & (r->size - 1)), part);
    if (part < bytes)
        memcpy((unsigned char *)data + part, r->data, bytes - part);
}

void ring_publish(ring *r, uint64_t bytes)
{
    atomic_fetch_add(&r->tail.at, bytes); /* seq_cst: see wake */
    wake(&r->tail);
}

void ring_consume(ring *r, uint64_t bytes)
{
    atomic_fetch_add(&r->head.at, bytes);
    wake(&r->head);
}

void ring_join(ring_side *mine)
{
    robust_own(&mine->robust);
}

void ring_leave(ring_side *mine, ring_side *other)
{
    atomic_store(&other->deserted, 1); /* seq_cst: see wake */
    wake(mine);
    robust_disown(&mine->robust);
}
