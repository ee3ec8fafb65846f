/* netpoll.c - see netpoll.h. An event carries the descriptor's place in a table and a sequence number, which changes
 * when the place is used again: an event of the descriptor before it is dropped. */
#include "netpoll_private.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, SLAB = 128, SLABS = 8192, ONE_SECOND = 1000000000 };
#define READY ((core_io_wait *)(uintptr_t)1)
#define BREAK UINT64_MAX

struct netpoll {
    int epoll, event; /* event: an eventfd, for netpoll_break */
    _Atomic bool claimed;
    _Atomic bool coarse;  /* the kernel has no epoll_pwait2 */
    pthread_mutex_t lock; /* guards free and slabs' number */
    core_io *free;        /* last closed first */
    unsigned slabs;
    core_io *_Atomic slab[SLABS];
    struct epoll_event events[EVENTS]; /* `got` of them; whose claim it is */
    int got;
};

/* Acquire: pairs with add_slab. */
static core_io *at(netpoll *n, uint32_t place)
{
    return &atomic_load_explicit(&n->slab[place / SLAB], memory_order_acquire)[place % SLAB];
}

/* ---- a descriptor's life -------------------------------------------------- */

static void expire(core_timer *t, worker *w);

static bool add_slab(netpoll *n)
{
    core_io *slab = n->slabs < SLABS ? calloc(SLAB, sizeof *slab) : NULL;

    for (uint32_t i = SLAB; slab && i-- > 0;) {
        slab[i].place = n->slabs * SLAB + i;
        slab[i].net = n;
        slab[i].timer = (core_timer){.fire = expire, .owner = &slab[i]};
        atomic_init(&slab[i].sequence, 1);
        atomic_init(&slab[i].armed_ns, FW_FOREVER);
        slab[i].next = n->free;
        n->free = &slab[i];
    }
    if (slab)
        atomic_store_explicit(&n->slab[n->slabs++], slab, memory_order_release); /* pairs with at */
    return slab;
}

static core_io *take_place(netpoll *n)
{
    FW_MUST(pthread_mutex_lock(&n->lock) == 0);
    core_io *io = n->free || add_slab(n) ? n->free : NULL;
    if (io)
        n->free = io->next;
    FW_MUST(pthread_mutex_unlock(&n->lock) == 0);
    return io;
}

static void give_place(core_io *io)
{
    FW_MUST(pthread_mutex_lock(&io->net->lock) == 0);
    io->next = io->net->free;
    io->net->free = io;
    FW_MUST(pthread_mutex_unlock(&io->net->lock) == 0);
}

int core_io_open(pool *p, core_io **out, int fd)
{
    netpoll *n;
    int err = pool_netpoll(p, &n), flags = fcntl(fd, F_GETFL);

    if (err || flags < 0 || (!(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0))
        return err ? err : -errno;
    core_io *io = take_place(n);
    if (!io)
        return -ENOMEM;
    io->fd = fd;
    for (int s = 0; s < 2; s++) {
        io->side[s].emptied = io->side[s].plain = false;
        atomic_store_explicit(&io->side[s].state, NULL, memory_order_relaxed); /* published by epoll_ctl */
    }
    uint64_t sequence = atomic_load_explicit(&io->sequence, memory_order_relaxed);
    struct epoll_event e = {EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.u64 = sequence << 32 | io->place}};
    if (epoll_ctl(n->epoll, EPOLL_CTL_ADD, fd, &e) == 0) {
        *out = io;
        return 0;
    }
    err = -errno;
    give_place(io);
    return err;
}

int core_io_fd(const core_io *io)
{
    return io->fd;
}

/* Takes out who waits at s, if that is w. Whoever gets true, alone, wakes w. acq_rel pairs with its enlisting. */
static bool take_out(side *s, core_io_wait *w)
{
    return w && w != READY &&
           atomic_compare_exchange_strong_explicit(&s->state, &w, NULL, memory_order_acq_rel, memory_order_acquire);
}

static void wake(core_io_wait *w, int status)
{
    w->status = status;
    w->wake(w);
}

void core_io_close(core_io *io)
{
    atomic_fetch_add(&io->sequence, 1); /* late events are no longer ours */
    for (int s = 0; s < 2; s++) {
        core_io_wait *w = atomic_load_explicit(&io->side[s].state, memory_order_acquire); /* pairs with enlisting */
        if (take_out(&io->side[s], w))
            wake(w, -ECANCELED);
    }
    wordlock_take(&io->lock);
    if (atomic_load_explicit(&io->armed_ns, memory_order_relaxed) != FW_FOREVER && core_timer_cancel(&io->timer))
        atomic_store(&io->armed_ns, FW_FOREVER); /* else it is firing, and looks at whatever it finds here */
    wordlock_release(&io->lock);
    close(io->fd); /* and out of epoll: nobody duplicated it */
    give_place(io);
}

/* ---- waiting -------------------------------------------------------------- */

/* Holding io's lock. The timer is armed for deadline_ns or earlier, or is firing and will look. */
static void arm(core_io *io, uint64_t deadline_ns, worker *by)
{
    uint64_t armed = atomic_load_explicit(&io->armed_ns, memory_order_relaxed);

    if (deadline_ns >= armed || (armed != FW_FOREVER && !core_timer_cancel(&io->timer)))
        return;
    io->timer.deadline_ns = deadline_ns;
    core_timer_arm(by, &io->timer);
    atomic_store(&io->armed_ns, deadline_ns); /* seq_cst, as in core_io_wait_for */
}

/* A deadline mostly moves on without having passed: the timer is left where it is, and when it fires looks for the
 * next one. */
static void expire(core_timer *t, worker *by)
{
    core_io *io = t->owner;
    core_io_wait *late[2] = {NULL, NULL};
    uint64_t now = fw_now_ns(), next = FW_FOREVER;
    int status[2];

    wordlock_take(&io->lock);
    atomic_store(&io->armed_ns, FW_FOREVER); /* seq_cst: a wait that sees it armed still is seen below */
    for (int i = 0; i < 2; i++) {
        side *s = &io->side[i];
        core_io_wait *w = atomic_load(&s->state);
        uint64_t deadline = atomic_load_explicit(&s->deadline_ns, memory_order_relaxed);
        if (deadline <= now && take_out(s, w)) {
            late[i] = w;
            /* Another wait of the same waiter may have come between the two loads: woken for nothing, it looks again.
             */
            status[i] = atomic_load_explicit(&s->deadline_ns, memory_order_relaxed) <= now ? -ETIMEDOUT : 0;
        } else if (w && w != READY && deadline < next) {
            next = deadline;
        }
    }
    if (next != FW_FOREVER)
        arm(io, next > now ? next : now, by);
    wordlock_release(&io->lock);
    for (int i = 0; i < 2; i++)
        if (late[i])
            wake(late[i], status[i]);
}

/* Acquire: pairs with deliver. */
static bool is_over(core_io *io, side *s)
{
    return atomic_load_explicit(&s->over, memory_order_acquire) ==
           atomic_load_explicit(&io->sequence, memory_order_relaxed); /* only who closes changes it */
}

int core_io_wait_for(core_io *io, core_io_side which, core_io_wait *w, uint64_t deadline_ns, worker *by)
{
    side *s = &io->side[which];
    core_io_wait *state = NULL;

    s->emptied = false;
    if (is_over(io, s))
        return 0;
    if (deadline_ns != FW_FOREVER && deadline_ns <= fw_now_ns())
        return -ETIMEDOUT;
    atomic_store_explicit(&s->deadline_ns, deadline_ns, memory_order_relaxed); /* published by the next line */
    if (!atomic_compare_exchange_strong(&s->state, &state, w)) {
        FW_MUST(state == READY); /* else two wait at one side */
        atomic_store_explicit(&s->state, NULL, memory_order_relaxed);
        return 0;
    }
    /* w may be woken, and io closed, from here on. Either we see that the timer must be armed, or who disarms it sees w
     * (both seq_cst). A timer too many, on a place used again, finds nothing to do. */
    if (deadline_ns < atomic_load(&io->armed_ns)) {
        wordlock_take(&io->lock);
        arm(io, deadline_ns, by);
        wordlock_release(&io->lock);
    }
    return -EINPROGRESS;
}

bool core_io_waited(const core_io *io, core_io_side which)
{
    core_io_wait *w = atomic_load_explicit(&io->side[which].state, memory_order_relaxed);
    return w && w != READY;
}

bool core_io_cancel(core_io *io, core_io_side which, core_io_wait *w)
{
    return take_out(&io->side[which], w);
}

/* ---- events --------------------------------------------------------------- */

static unsigned ready(side *s)
{
    core_io_wait *was = atomic_load_explicit(&s->state, memory_order_acquire); /* as below */

    for (;;) {
        if (was == READY)
            return 0;
        /* acq_rel: pairs with core_io_wait_for. */
        if (atomic_compare_exchange_weak_explicit(&s->state, &was, was ? NULL : READY, memory_order_acq_rel,
                                                  memory_order_acquire))
            break;
    }
    if (was)
        wake(was, 0);
    return was != NULL;
}

static unsigned deliver(netpoll *n, const struct epoll_event *e)
{
    core_io *io = at(n, (uint32_t)e->data.u64);
    uint32_t sequence = (uint32_t)(e->data.u64 >> 32);
    unsigned woken = 0;

    if (atomic_load_explicit(&io->sequence, memory_order_relaxed) != sequence)
        return 0;
    /* Closed from here on, and its place used again: a spurious READY, and `over` of a number that is past. */
    if (e->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        atomic_store_explicit(&io->side[CORE_IO_READ].over, sequence, memory_order_release); /* pairs with is_over */
    if (e->events & (EPOLLHUP | EPOLLERR))
        atomic_store_explicit(&io->side[CORE_IO_WRITE].over, sequence, memory_order_release);
    if (e->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        woken += ready(&io->side[CORE_IO_READ]);
    if (e->events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        woken += ready(&io->side[CORE_IO_WRITE]);
    return woken;
}

static int wait_events(netpoll *n, uint64_t deadline_ns, int most)
{
    uint64_t now = deadline_ns == 0 || deadline_ns == FW_FOREVER ? 0 : fw_now_ns();
    uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
    struct timespec t = {(time_t)(left / ONE_SECOND), (long)(left % ONE_SECOND)};

    if (deadline_ns == 0)
        return epoll_wait(n->epoll, n->events, most, 0);
    if (!atomic_load_explicit(&n->coarse, memory_order_relaxed)) {
        int got = epoll_pwait2(n->epoll, n->events, most, deadline_ns == FW_FOREVER ? NULL : &t, NULL);
        if (got >= 0 || (errno != ENOSYS && errno != EPERM))
            return got;
        atomic_store_explicit(&n->coarse, true, memory_order_relaxed);
    }
    uint64_t ms = left / 1000000 + 1; /* never early */
    return epoll_wait(n->epoll, n->events, most, deadline_ns == FW_FOREVER ? -1 : ms < INT32_MAX ? (int)ms : INT32_MAX);
}

void netpoll_wait(netpoll *n, uint64_t deadline_ns, unsigned most, worker *by)
{
    fw_count(by->slot, FW_SYSCALLS, 1);
    fw_count(by->slot, FW_PARKS, deadline_ns != 0);
    n->got = wait_events(n, deadline_ns, most < EVENTS ? (int)most : EVENTS);
    FW_MUST(n->got >= 0 || errno == EINTR);
}

unsigned netpoll_deliver(netpoll *n)
{
    unsigned woken = 0;

    for (int i = 0; i < n->got; i++)
        if (n->events[i].data.u64 != BREAK)
            woken += deliver(n, &n->events[i]);
    n->got = 0;
    return woken;
}

bool netpoll_claim(netpoll *n)
{
    /* Acquire pairs with netpoll_release: events is ours. */
    return !atomic_load_explicit(&n->claimed, memory_order_relaxed) &&
           !atomic_exchange_explicit(&n->claimed, true, memory_order_acquire);
}

void netpoll_release(netpoll *n)
{
    atomic_store_explicit(&n->claimed, false, memory_order_release); /* pairs with netpoll_claim */
}

void netpoll_break(netpoll *n)
{
    uint64_t one = 1; /* edge-triggered: need not be read */

    fw_count(fw_slot_here(), FW_SYSCALLS, 1);
    FW_MUST(write(n->event, &one, sizeof one) == sizeof one);
}

int netpoll_new(netpoll **out)
{
    netpoll *n = calloc(1, sizeof *n);
    struct epoll_event e = {EPOLLIN | EPOLLET, {.u64 = BREAK}};

    if (!n)
        return -ENOMEM;
    n->epoll = epoll_create1(EPOLL_CLOEXEC);
    n->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (n->epoll < 0 || n->event < 0 || epoll_ctl(n->epoll, EPOLL_CTL_ADD, n->event, &e) != 0) {
        int err = -errno;
        close(n->epoll);
        close(n->event);
        free(n);
        return err;
    }
    FW_MUST(pthread_mutex_init(&n->lock, NULL) == 0);
    *out = n;
    return 0;
}

void netpoll_free(netpoll *n)
{
    for (unsigned i = 0; i < n->slabs; i++)
        free(atomic_load_explicit(&n->slab[i], memory_order_relaxed));
    pthread_mutex_destroy(&n->lock);
    close(n->epoll);
    close(n->event);
    free(n);
}
