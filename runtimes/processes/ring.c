/* ring.c - see ring.h. */
#include "ring.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>

#include "core/park.h"

enum { LOOK_EVERY_NS = 200 * 1000 * 1000 };

/* Without saying that it leaves. */
static bool died(int lifeline)
{
    struct pollfd end = {.fd = lifeline, .events = POLLRDHUP};
    return poll(&end, 1, 0) == 1 && (end.revents & (POLLHUP | POLLRDHUP));
}

static void wake(ring_side *other)
{
    /* seq_cst pairs with the store of asleep in sleep_until: either we see it asleep, or it sees our count. */
    if (atomic_load(&other->asleep) && atomic_exchange(&other->asleep, 0)) {
        fw_count(fw_slot_here(), FW_UNPARKS, 1);
        core_futex_wake(&other->asleep, 1, true);
    }
}

static bool ready(ring_side *other, uint64_t least)
{
    return (int64_t)(atomic_load_explicit(&other->at, memory_order_acquire) - least) >= 0;
}

/* Until other->at has reached `least`. */
static int sleep_until(ring_side *mine, ring_side *other, int lifeline, uint64_t least, uint64_t deadline_ns)
{
    if (ready(other, least))
        return 0;
    if (deadline_ns == 0)
        return (atomic_load(&other->left) || died(lifeline)) && !ready(other, least) ? -EPIPE : -EAGAIN;
    uint64_t spin = core_spin_ns(fw_live_now()), until = spin ? fw_now_ns() + spin : 0;
    while (spin && fw_now_ns() < until) {
        for (int i = 0; i < 16; i++) {
            if (ready(other, least))
                return 0;
            core_cpu_relax();
        }
    }
    for (bool dead = false;;) {
        atomic_store(&mine->asleep, 1);
        if ((int64_t)(atomic_load(&other->at) - least) >= 0)
            break;
        if (dead || atomic_load(&other->left)) {
            if (ready(other, least))
                break;
            atomic_store(&mine->asleep, 0);
            return -EPIPE;
        }
        uint64_t now = fw_now_ns();
        if (now >= deadline_ns) {
            atomic_store(&mine->asleep, 0);
            return -ETIMEDOUT;
        }
        uint64_t look = deadline_ns - now < LOOK_EVERY_NS ? deadline_ns : now + LOOK_EVERY_NS;
        fw_count(fw_slot_here(), FW_PARKS, 1);
        dead = core_futex_wait(&mine->asleep, 1, look, true) == -ETIMEDOUT && died(lifeline);
    }
    atomic_store(&mine->asleep, 0);
    return 0;
}

int ring_wait_room(ring *r, int lifeline, uint64_t bytes, uint64_t deadline_ns)
{
    uint64_t tail = atomic_load_explicit(&r->tail.at, memory_order_relaxed); /* ours */
    if (atomic_load_explicit(&r->head.left, memory_order_relaxed))           /* a hint; sleep_until asks properly */
        return -EPIPE;
    return sleep_until(&r->tail, &r->head, lifeline, tail + bytes - r->size, deadline_ns);
}

int ring_wait_bytes(ring *r, int lifeline, uint64_t bytes, uint64_t deadline_ns)
{
    uint64_t head = atomic_load_explicit(&r->head.at, memory_order_relaxed); /* ours */
    return sleep_until(&r->head, &r->tail, lifeline, head + bytes, deadline_ns);
}

static uint64_t first_part(const ring *r, uint64_t at, uint64_t bytes)
{
    uint64_t to_end = r->size - (at & (r->size - 1));
    return bytes < to_end ? bytes : to_end;
}

void ring_put(ring *r, uint64_t offset, const void *data, uint64_t bytes)
{
    uint64_t at = atomic_load_explicit(&r->tail.at, memory_order_relaxed) + offset, part = first_part(r, at, bytes);
    memcpy(r->data + (at & (r->size - 1)), data, part);
    memcpy(r->data, (const unsigned char *)data + part, bytes - part);
}

void ring_get(ring *r, uint64_t offset, void *data, uint64_t bytes)
{
    uint64_t at = atomic_load_explicit(&r->head.at, memory_order_relaxed) + offset, part = first_part(r, at, bytes);
    memcpy(data, r->data + (at & (r->size - 1)), part);
    memcpy((unsigned char *)data + part, r->data, bytes - part);
}

void ring_publish(ring *r, uint64_t bytes)
{
    atomic_fetch_add(&r->tail.at, bytes); /* seq_cst: see wake */
    wake(&r->head);
}

void ring_consume(ring *r, uint64_t bytes)
{
    atomic_fetch_add(&r->head.at, bytes);
    wake(&r->tail);
}

void ring_leave(ring_side *mine, ring_side *other)
{
    atomic_store(&mine->left, 1);
    atomic_store(&other->asleep, 0);
    core_futex_wake(&other->asleep, 1, true);
}
