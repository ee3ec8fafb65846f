/* c10k with channels: a poller accepts and waits for all connections (epoll, one event each); whose turn it is goes
 * through a channel to a worker, which answers and arms it again: a connection has one owner at a time. */
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channels/channels.h"
#include "fw.h"
#include "spec.h"

enum { TURNS = 1024, EVENTS = 256, SECOND_MS = 1000 };

typedef struct office {
    c10k_server *server;
    chan *turn; /* of c10k_turn * */
    int epoll;
    size_t live; /* the poller's */
} office;

/* -- unit -- */
static void work(void *arg)
{
    const office *o = arg;
    c10k_buffers own;
    c10k_turn *c;

    while (chan_recv(o->turn, &c) == 0)
        c10k_take_turn(c, o->epoll, &own);
}
/* -- launch -- */
static bool accept_all(office *o)
{
    int fd;

    while ((fd = accept4(o->server->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
        o->live += c10k_turn_begin(o->server, fd, o->epoll) != NULL;
    return c10k_accept_again(o->server, errno);
}
/* -- coordinate -- */
static void poll_all(void *arg)
{
    office *o = arg;
    struct epoll_event event[EVENTS], listener = {EPOLLIN | EPOLLET, {.ptr = NULL}};
    uint64_t looked = fw_now_ns();
    bool more = true;

    FW_MUST(epoll_ctl(o->epoll, EPOLL_CTL_ADD, o->server->listener, &listener) == 0);
    while (more || o->live > 0) {
        fw_count(fw_slot_here(), FW_SYSCALLS, 1);
        int n = epoll_wait(o->epoll, event, EVENTS, SECOND_MS);
        for (int i = 0; i < n; i++) {
            c10k_turn *c = event[i].data.ptr;
            if (!c)
                more = more && accept_all(o);
            else if (c10k_has_turn(c))
                chan_send(o->turn, &c);
            else
                o->live--;
        }
        if (fw_now_ns() - looked >= SECOND_MS * UINT64_C(1000000)) {
            c10k_end_late();
            looked = fw_now_ns();
        }
    }
    chan_close(o->turn);
}

int c10k_channels(fw_trial *t)
{
    office o = {.live = 0};
    unsigned n = fw_workers(t);
    csp *poller, *worker[FW_MAX_WORKERS];
    int err = c10k_begin(t, &o.server);

    if (err)
        return err;
    o.epoll = epoll_create1(EPOLL_CLOEXEC);
    FW_MUST(o.epoll >= 0 && fcntl(o.server->listener, F_SETFL, O_NONBLOCK) == 0);
    FW_MUST(chan_create(&o.turn, sizeof(c10k_turn *), TURNS) == 0);
    for (unsigned w = 0; w < n; w++)
        FW_MUST(csp_spawn(&worker[w], fw_worker_of(t, w), work, &o) == 0);
    FW_MUST(csp_spawn(&poller, fw_worker_of(t, 0), poll_all, &o) == 0);
    csp_join(poller);
    for (unsigned w = 0; w < n; w++)
        csp_join(worker[w]);
    /* -- finish -- */
    chan_destroy(o.turn);
    close(o.epoll);
    return c10k_finish(t, o.server, "csp_spawn", 0);
}
/* -- end -- */
