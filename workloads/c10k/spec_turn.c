/* spec_turn.c - one turn of a connection in a server that is told who is ready and must not wait for it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spec.h"

static int write_out(c10k_turn *c, c10k_buffers *b)
{
    while (c->put < b->out.bytes) {
        fw_count(fw_slot_here(), FW_SYSCALLS, 1);
        ssize_t n = send(c->fd, b->out.data + c->put, b->out.bytes - c->put, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0)
            return -errno;
        c->put += (size_t)n;
    }
    c->put = 0;
    return 0;
}

static int answer(c10k_turn *c, c10k_buffers *b)
{
    int err = c->kept ? write_out(c, b) : 0;

    for (bool fresh = !c->kept; !err && !c->http.close && (fresh || c->at < c->n); fresh = false) {
        uint64_t now = fw_now_ns();
        if (c->n == 0 && now >= c->http.deadline_ns)
            c10k_late(&c->http, &b->out); /* c10k_end_late has ended its input */
        else
            c->at += c10k_feed(&c->http, b->in + c->at, c->n - c->at, &b->out, now);
        err = write_out(c, b);
    }
    return err;
}

/* True: what is left to do is in c->kept. */
static bool keep(c10k_turn *c, const c10k_buffers *b)
{
    if (!c->kept && (c->kept = malloc(sizeof *b)) != NULL)
        memcpy(c->kept, b, sizeof *b);
    return c->kept;
}

/* What epoll tells comes after what was done before it was asked to; the language does not know, so that `next` also
 * orders it (release, acquire). And ThreadSanitizer, which watches descriptors, would take the close for a race with
 * this call if it were the library's. */
static void ask(c10k_turn *c, int epoll, int op, c10k_next next)
{
    struct epoll_event e = {EPOLLONESHOT | (next == C10K_WRITE ? EPOLLOUT : EPOLLIN), {.ptr = c}};
    int fd = c->fd;

    if (next == C10K_OVER)
        shutdown(fd, SHUT_RDWR); /* which is an event */
    atomic_store_explicit(&c->next, next, memory_order_release);
    FW_MUST(syscall(SYS_epoll_ctl, epoll, op, fd, &e) == 0);
}

c10k_turn *c10k_turn_begin(c10k_server *s, int fd, int epoll)
{
    c10k_turn *c = calloc(1, sizeof *c);

    FW_MUST(c);
    c->fd = fd;
    c10k_enter(&c->http, s, fd);
    if (!c->http.close) {
        ask(c, epoll, EPOLL_CTL_ADD, C10K_READ);
        return c;
    }
    close(fd);
    free(c);
    return NULL;
}

bool c10k_has_turn(c10k_turn *c)
{
    if (atomic_load_explicit(&c->next, memory_order_acquire) != C10K_OVER)
        return true;
    c10k_leave(&c->http, c->fd);
    close(c->fd);
    free(c);
    return false;
}

static c10k_next go_on(c10k_turn *c, c10k_buffers *own)
{
    if (!c->kept) {
        fw_count(fw_slot_here(), FW_SYSCALLS, 1);
        ssize_t n = recv(c->fd, own->in, sizeof own->in, MSG_DONTWAIT);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? C10K_READ : C10K_OVER;
        c->n = (size_t)n;
        c->at = c->put = 0;
    }
    int err = answer(c, c->kept ? c->kept : own);
    if (err == -EAGAIN && keep(c, own)) {
        c10k_deadline(c->fd, fw_now_ns() + c->http.server->request_ns, true);
        return C10K_WRITE;
    }
    free(c->kept);
    c->kept = NULL;
    c10k_deadline(c->fd, c->http.deadline_ns, false);
    return err || c->http.close ? C10K_OVER : C10K_READ;
}

void c10k_take_turn(c10k_turn *c, int epoll, c10k_buffers *own)
{
    ask(c, epoll, EPOLL_CTL_MOD, go_on(c, own));
}
