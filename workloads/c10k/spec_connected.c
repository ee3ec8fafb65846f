/* spec_connected.c - c10k: who is connected to this server, and calls that block, for models whose units may. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "spec.h"

/* Of this process, a bit for each descriptor. A connection is noted before it looks whether we stop, and we stop before
 * looking at what is noted (all seq_cst): one of the two sees the other. */
static _Atomic uint64_t connected[C10K_MOST_FDS / 64];
static _Atomic int words; /* of connected: those above never had a bit; raised before the bit is set */

static _Atomic uint64_t deadline[C10K_MOST_FDS]; /* bit 0: of writing. For c10k_end_late; hands nothing over */

void c10k_deadline(int fd, uint64_t deadline_ns, bool writing)
{
    atomic_store_explicit(&deadline[fd], (deadline_ns & ~UINT64_C(1)) | writing, memory_order_relaxed);
}

void c10k_end_late(void)
{
    uint64_t now = fw_now_ns();

    for (int word = 0, n = atomic_load(&words); word < n; word++)
        for (uint64_t bits = atomic_load(&connected[word]); bits; bits &= bits - 1) {
            int fd = word * 64 + __builtin_ctzll(bits);
            uint64_t d = atomic_load_explicit(&deadline[fd], memory_order_relaxed);
            if (d <= now)
                shutdown(fd, d & 1 ? SHUT_RDWR : SHUT_RD);
        }
}

void c10k_enter(c10k_http *h, c10k_server *s, int fd)
{
    c10k_http_init(h, s, fw_now_ns());
    h->close = fd >= C10K_MOST_FDS || atomic_load(&s->open) >= s->room;
    if (h->close)
        return;
    h->entered = true;
    c10k_deadline(fd, h->deadline_ns, false);
    atomic_fetch_add(&s->open, 1);
    for (int n = atomic_load(&words); n <= fd / 64 && !atomic_compare_exchange_weak(&words, &n, fd / 64 + 1);)
        ;
    atomic_fetch_or(&connected[fd / 64], UINT64_C(1) << fd % 64);
    if (atomic_load(&s->stopping))
        shutdown(fd, SHUT_RD);
}

void c10k_stop(c10k_server *s)
{
    atomic_store(&s->stopping, true);
    shutdown(s->listener, SHUT_RDWR);
    for (int word = 0, n = atomic_load(&words); word < n; word++)
        for (uint64_t bits = atomic_load(&connected[word]); bits; bits &= bits - 1)
            shutdown(word * 64 + __builtin_ctzll(bits), SHUT_RD);
}

bool c10k_stopping(const c10k_server *s)
{
    return atomic_load(&s->stopping);
}

bool c10k_accept_again(const c10k_server *s, int err)
{
    return !c10k_stopping(s) && (err == ECONNABORTED || err == EINTR || err == EAGAIN || err == EPROTO);
}

void c10k_leave(c10k_http *h, int fd)
{
    c10k_server *s = h->server;

    if (!h->entered)
        return;
    atomic_fetch_and(&connected[fd / 64], ~(UINT64_C(1) << fd % 64));
    atomic_fetch_add_explicit(&s->answers, h->answers, memory_order_relaxed); /* read when all units were joined */
    atomic_fetch_add_explicit(&s->answered, h->answered, memory_order_relaxed);
    c10k_lost(s);
}

void c10k_lost(c10k_server *s)
{
    if (atomic_fetch_sub(&s->open, 1) == 1 && !s->alone)
        c10k_stop(s);
}

void c10k_take(c10k_buffers **mine, c10k_buffers **spare)
{
    if (*mine)
        return;
    *mine = *spare;
    *spare = NULL;
    if (!*mine)
        FW_MUST((*mine = malloc(sizeof **mine)) != NULL);
}

void c10k_give(c10k_buffers **mine, c10k_buffers **spare)
{
    if (*spare)
        free(*mine);
    else
        *spare = *mine;
    *mine = NULL;
}

/* ---- calls that block, for models whose units may ------------------------- */

/* Bytes got, 0: the end, -errno (-ETIMEDOUT: the deadline has passed). */
static int64_t recv_some(int fd, const c10k_http *h, char *in, size_t bytes)
{
    uint64_t now = fw_now_ns();
    uint64_t left_ms = h->deadline_ns > now ? (h->deadline_ns - now) / 1000000 + 1 : 0;
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    fw_count(fw_slot_here(), FW_SYSCALLS, h->in_request ? 2 : 1);
    if (h->in_request && poll(&ready, 1, left_ms > INT32_MAX ? INT32_MAX : (int)left_ms) == 0)
        return -ETIMEDOUT;
    ssize_t got;
    do {
        got = recv(fd, in, bytes, 0); /* at most idle_ms, see c10k_timeouts */
    } while (got < 0 && errno == EINTR);
    return got >= 0 ? got : errno == EAGAIN ? -ETIMEDOUT : -errno;
}

static int send_all(int fd, const c10k_out *out)
{
    for (size_t at = 0; at < out->bytes;) {
        fw_count(fw_slot_here(), FW_SYSCALLS, 1);
        ssize_t put = send(fd, out->data + at, out->bytes - at, MSG_NOSIGNAL);
        if (put < 0 && errno != EINTR)
            return -errno;
        at += put > 0 ? (size_t)put : 0;
    }
    return 0;
}

void c10k_exchange(c10k_http *h, int fd)
{
    char in[C10K_IN_BYTES];
    c10k_out out;
    int64_t at = 0, n = recv_some(fd, h, in, sizeof in);

    do {
        if (n < 0)
            c10k_late(h, &out);
        else
            at += (int64_t)c10k_feed(h, in + at, (size_t)(n - at), &out, fw_now_ns());
        if (send_all(fd, &out) != 0)
            h->close = true;
    } while (!h->close && at < n);
    if (n == sizeof in) { /* it sends without a pause: the others first */
        sched_yield();
        fw_count(fw_slot_here(), FW_SYSCALLS, 1);
    }
}

void c10k_timeouts(const c10k_server *s, int fd)
{
    struct timeval recv_most = {.tv_sec = (time_t)(s->idle_ns / 1000000000), .tv_usec = s->idle_ns / 1000 % 1000000};
    struct timeval send_most = {.tv_sec = (time_t)(s->request_ns / 1000000000),
                                .tv_usec = s->request_ns / 1000 % 1000000};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &recv_most, sizeof recv_most);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send_most, sizeof send_most);
}
