/* lane.c - making, closing, and waiting. See lane.h. */
#include "lane.h"

#include <stdlib.h>

/* A switch to another thread takes about a microsecond; so long is worth waiting for one that runs on another CPU. */
enum { LOOK_NS = 1000, YIELDS = 4, PAUSES_MOST = 32 };

int lane_create(lane **out, size_t elem_bytes, size_t capacity, bool many)
{
    size_t slot_bytes = (many ? sizeof(size_t) : 0) + (elem_bytes + 7) / 8 * 8;

    if (elem_bytes == 0 || capacity == 0 || (capacity & (capacity - 1)) || slot_bytes > SIZE_MAX / 4 / capacity)
        return -EINVAL;
    bool roomy = capacity >= 8 * LANE_AHEAD;
    lane *l = aligned_alloc(FW_PAD, sizeof *l);
    unsigned char *slots = malloc(capacity * slot_bytes);
    if (!l || !slots) {
        free(l);
        free(slots);
        return -ENOMEM;
    }
    *l = (lane){.elem_bytes = elem_bytes,
                .slot_bytes = slot_bytes,
                .capacity = capacity,
                .mask = capacity - 1,
                .ahead = roomy ? 2 * LANE_AHEAD : LANE_AHEAD,
                .few = roomy ? capacity / 2 : 0,
                .many = many,
                .slots = slots};
    for (size_t i = 0; many && i < capacity; i++)
        atomic_init(lane_stamp(l, i), 2 * i);
    core_barrier_init();
    *out = l;
    return 0;
}

void lane_destroy(lane *l)
{
    free(l->slots);
    free(l);
}

size_t lane_depth(const lane *l)
{
    size_t head = atomic_load(&l->head); /* first: it can't overtake tail */
    return atomic_load(&l->tail) / 2 - head;
}

/* ---- events ------------------------------------------------------------- */

static bool take_back(lane_event *e)
{
    uint32_t n = atomic_load_explicit(&e->sleepers, memory_order_relaxed);
    while (n > 0)
        if (atomic_compare_exchange_weak(&e->sleepers, &n, n - 1))
            return true;
    return false;
}

/* Wakes one. It counts as awake at once, so that the next publications need not wake it again. */
void lane_rouse(lane_event *e)
{
    if (!take_back(e))
        return;
    atomic_fetch_add(&e->epoch, 1);
    fw_count(fw_slot_here(), FW_UNPARKS, 1);
    core_futex_wake(&e->epoch, 1, false);
}

static void rouse_all(lane_event *e)
{
    atomic_store(&e->sleepers, 0);
    atomic_fetch_add(&e->epoch, 1);
    core_futex_wake(&e->epoch, INT32_MAX, false);
}

static bool could_go_on(lane *l, bool send)
{
    size_t head = atomic_load(&l->head), tail = atomic_load(&l->tail);
    return (tail & 1) || (send ? tail / 2 - head < l->capacity : tail / 2 != head);
}

static bool expired(uint64_t deadline_ns)
{
    return deadline_ns != FW_FOREVER && fw_now_ns() >= deadline_ns;
}

/* Until the other side has published something since, or the deadline. May return early. */
static void sleep_on(lane *l, lane_event *e, bool send, uint64_t deadline_ns)
{
    uint32_t epoch = atomic_load(&e->epoch);

    atomic_fetch_add(&e->sleepers, 1); /* seq_cst: pairs with lane_notify */
    if (!l->many)
        core_barrier_heavy();
    int err = 0;
    if (!could_go_on(l, send)) {
        fw_count(fw_slot_here(), FW_PARKS, 1);
        err = core_futex_wait(&e->epoch, epoch, deadline_ns, false);
        if (err != -ETIMEDOUT)
            return; /* woken, and counted as such */
    }
    if (!take_back(e) && err) /* somebody woke this one as it gave up: let another have it */
        lane_rouse(e);
}

/* Looks, lets others run, and sleeps, until it could go on. 0, or -ETIMEDOUT. */
static int wait(lane *l, bool send, uint64_t deadline_ns)
{
    /* Each look takes the line away from who writes it: where there is room, let a few messages come in between. */
    size_t pauses = l->capacity < 4 ? 1 : l->capacity / 4 < PAUSES_MOST ? l->capacity / 4 : PAUSES_MOST;
    uint64_t spin = core_spin_ns(fw_live_now()), brief = core_spin_ns(1) ? LOOK_NS : 0;
    uint64_t until = fw_now_ns() + (spin ? spin : brief);
    unsigned every = spin ? 16 : 2;

    for (unsigned looks = 0, yields = 0; !could_go_on(l, send); looks++) {
        if (expired(deadline_ns))
            return -ETIMEDOUT;
        if (looks % every || fw_now_ns() < until)
            for (size_t i = 0; i < pauses; i++)
                core_cpu_relax();
        else if (yields++ < YIELDS)
            core_yield();
        else
            sleep_on(l, send ? &l->room : &l->items, send, deadline_ns);
    }
    return 0;
}

static int attempt(lane *l, void *elem, bool send)
{
    if (send)
        return l->many ? lane_send_many(l, elem) : lane_send_one(l, elem);
    return l->many ? lane_recv_many(l, elem) : lane_recv_one(l, elem);
}

static int slowly(lane *l, void *elem, bool send, uint64_t deadline_ns)
{
    for (;;) {
        int err = attempt(l, elem, send);
        if (err == -EAGAIN && could_go_on(l, send)) /* somebody has claimed a position and not finished: let it run */
            core_yield();
        else if (err != -EAGAIN || (err = wait(l, send, deadline_ns)))
            return err;
    }
}

int lane_send_slowly(lane *l, const void *elem, uint64_t deadline_ns)
{
    return slowly(l, (void *)(uintptr_t)elem, true, deadline_ns);
}

int lane_recv_slowly(lane *l, void *elem, uint64_t deadline_ns)
{
    return slowly(l, elem, false, deadline_ns);
}

int lane_close(lane *l)
{
    size_t before = atomic_fetch_or(&l->tail, 1);
    rouse_all(&l->items);
    rouse_all(&l->room);
    return before & 1 ? -EPIPE : 0;
}
