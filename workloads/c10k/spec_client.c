/* spec_client.c - the load generator: one thread, in a process of its own. It asks every connection once, so that all
 * are known to be served at once; then, while the window is open, those that are active, as spec_load.c says; then
 * those that were idle. Here is what a connection does. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "spec.h"

enum { EVENTS = 256, IN_BYTES = 16384, PORTS = 20000, NUMBER_BYTES = 16, DONE = 0, FAILED = 1, REFUSED = 2 };
#define SECOND_NS UINT64_C(1000000000)

bool c10k_wrong(c10k_clients *l, const char *what, const char *why)
{
    if (!*l->wrong)
        snprintf(l->wrong, sizeof l->wrong, "%s%s%s", what, *why ? ": " : "", why);
    return false;
}

/* ---- one connection --------------------------------------------------------- */

static int on_body(http_parser *p, const char *at, size_t n)
{
    c10k_conn *c = p->data;
    c10k_clients *l = c->of;
    char number[NUMBER_BYTES + 1];

    if (!l->body)
        snprintf(number, sizeof number, "%016" PRIx64, fw_mix64(l->server->seed + c->id));
    if (n > l->answer_bytes - c->checked || memcmp((l->body ? l->body : number) + c->checked, at, n) != 0)
        return !c10k_wrong(l, "an answer has other bytes than were expected", "");
    c->checked += n;
    return 0;
}

static int on_complete(http_parser *p)
{
    c10k_conn *c = p->data;

    if (p->status_code != 200 || c->checked != c->of->answer_bytes || c->out < c->head_bytes)
        return !c10k_wrong(c->of, "an answer that is short, not asked for, or not 200",
                           http_status_str(p->status_code));
    c->answered = true;
    return 0;
}

/* Writes what is left of the request. False: it went wrong. */
static bool push(c10k_conn *c)
{
    c10k_clients *l = c->of;
    size_t body = l->body && !c->faulty ? l->answer_bytes : 0;

    while (c->out < c->head_bytes + body) {
        size_t of_head = c->out < c->head_bytes ? c->head_bytes - c->out : 0, of_body = c->head_bytes + body - c->out;
        struct iovec piece[] = {{c->head + c->out, of_head},
                                {l->body + (c->out - (c->head_bytes - of_head)), of_body - of_head}};
        ssize_t put = of_head && body == 0 ? send(c->fd, piece[0].iov_base, of_head, MSG_NOSIGNAL)
                                           : writev(c->fd, piece + !of_head, of_head ? 2 : 1);
        if (put < 0 && errno == EAGAIN)
            return c->blocked = true;
        if (put < 0)
            return c10k_wrong(l, "a connection broke", strerror(errno));
        c->out += (size_t)put;
    }
    c->blocked = false;
    return true;
}

bool c10k_ask(c10k_conn *c, uint64_t due_ns)
{
    c10k_clients *l = c->of;

    c->id = l->asked++;
    if (c->faulty)
        c->head_bytes = (size_t)snprintf(c->head, sizeof c->head, "GET /fault HTTP/1.1\r\nHost: c10k\r\n\r\n");
    else
        c->head_bytes = (size_t)(l->body ? snprintf(c->head, sizeof c->head,
                                                    "POST /echo HTTP/1.1\r\nHost: c10k\r\nContent-Length: %zu\r\n\r\n",
                                                    l->answer_bytes)
                                         : snprintf(c->head, sizeof c->head,
                                                    "GET /n/%" PRIu64 " HTTP/1.1\r\nHost: c10k\r\n\r\n", c->id));
    c->out = c->checked = 0;
    c->answered = false;
    c->due_ns = due_ns;
    c->sent_ns = fw_now_ns();
    l->waiting++;
    return push(c);
}

/* The answer is there to its last byte. */
static bool take_answer(c10k_conn *c)
{
    c10k_clients *l = c->of;
    uint64_t now = fw_now_ns();

    l->waiting--;
    l->server->result.requests++;
    l->server->result.answered += l->body ? 0 : fw_mix64(l->server->seed + c->id);
    fw_count(fw_slot_here(), FW_WORK, 1);
    if (l->meter)
        c10k_book(c, now);
    if (l->again)
        return c10k_ask(c, now);
    c10k_set_free(c);
    return true;
}

/* The unit has crashed, or goes on. */
static bool take_fault(c10k_conn *c)
{
    c->of->waiting--;
    close(c->fd);
    c->fd = -1;
    return true;
}

/* ended: the server has sent its last. */
static bool pull(c10k_conn *c, bool ended)
{
    static const http_parser_settings settings = {.on_body = on_body, .on_message_complete = on_complete};
    static char in[IN_BYTES];
    c10k_clients *l = c->of;

    for (;;) {
        ssize_t got = recv(c->fd, in, sizeof in, 0);
        if (got < 0 && errno == EAGAIN)
            return true;
        if (got <= 0 && c->faulty)
            return take_fault(c);
        if (got <= 0)
            return c10k_wrong(l, "the server closed a connection", got < 0 ? strerror(errno) : "");
        if (c->faulty)
            return take_fault(c);
        if (http_parser_execute(&c->parser, &settings, in, (size_t)got) != (size_t)got)
            return c10k_wrong(l, "an answer is not HTTP", http_errno_description(HTTP_PARSER_ERRNO(&c->parser)));
        if (c->answered && !take_answer(c))
            return false;
        if ((size_t)got < sizeof in && !ended)
            return true;
    }
}

/* ---- all of them ------------------------------------------------------------ */

/* Sleeps until something comes or until_ns; sees to it. */
bool c10k_look(c10k_clients *l, uint64_t until_ns)
{
    struct epoll_event event[EVENTS];
    uint64_t now = fw_now_ns(), left = until_ns > now ? until_ns - now : 0;
    struct timespec t = {(time_t)(left / SECOND_NS), (long)(left % SECOND_NS)};
    int n = left ? epoll_pwait2(l->epoll, event, EVENTS, &t, NULL) : epoll_wait(l->epoll, event, EVENTS, 0);

    for (int i = 0; i < n; i++) {
        c10k_conn *c = event[i].data.ptr;
        uint32_t what = event[i].events;
        if ((c->blocked && !push(c)) ||
            (what & ~(uint32_t)EPOLLOUT && !pull(c, what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))))
            return false;
    }
    if (l->fault_ns && l->meter && fw_now_ns() >= l->fault_ns) {
        l->fault_ns = 0;
        l->all[l->n].faulty = true;
        l->server->result.requests += l->server->fault == C10K_SPIN;
        return c10k_ask(&l->all[l->n], fw_now_ns());
    }
    if (n == 0 && l->waiting > 0 && left >= C10K_STALL_NS)
        return c10k_wrong(l, "the server hangs", "nothing came for 20 seconds");
    return n >= 0 || errno == EINTR || c10k_wrong(l, "epoll_pwait2", strerror(errno));
}

bool c10k_drain(c10k_clients *l)
{
    while (l->waiting > 0)
        if (!c10k_look(l, fw_now_ns() + C10K_STALL_NS))
            return false;
    return true;
}

static bool ask_from(c10k_clients *l, size_t first)
{
    for (size_t i = first; i < l->n; i++)
        if (!c10k_ask(&l->all[i], fw_now_ns()) || (i % EVENTS == 0 && !c10k_look(l, 0)))
            return false;
    return c10k_drain(l);
}

/* ---- a trial ------------------------------------------------------------------ */

static bool connect_one(c10k_clients *l, c10k_conn *c, size_t i)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(l->server->port)}, from = {.sin_family = AF_INET};
    struct epoll_event e = {EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.ptr = c}};
    int on = 1;

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(i / PORTS)); /* ports are enough for so many each */
    *c = (c10k_conn){.of = l};
    http_parser_init(&c->parser, HTTP_RESPONSE);
    c->parser.data = c;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return c10k_wrong(l, "socket", strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if ((from.sin_addr.s_addr != to.sin_addr.s_addr && bind(c->fd, (struct sockaddr *)&from, sizeof from) != 0) ||
        connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0)
        return c10k_wrong(l, "connect", strerror(errno));
    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0 || epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e) != 0)
        return c10k_wrong(l, "epoll_ctl", strerror(errno));
    fw_count(fw_slot_here(), FW_WORK, 1);
    return true;
}

static void make_body(c10k_clients *l, size_t bytes)
{
    l->answer_bytes = bytes ? bytes : NUMBER_BYTES;
    if (bytes)
        FW_MUST((l->body = malloc(bytes)) != NULL);
    for (size_t i = 0; i < bytes; i++)
        l->body[i] = (char)(fw_mix64(fw_seed(l->trial) + i / 8) >> i % 8 * 8);
}

int c10k_client(fw_trial *t, c10k_server *s)
{
    c10k_clients *l = calloc(1, sizeof *l);

    prctl(PR_SET_TIMERSLACK, 1); /* wakes when a request is due, not up to 50 us later */
    FW_MUST(l);
    *l = (c10k_clients){.trial = t, .server = s, .n = (size_t)fw_int(t, "connections"), .last_free = &l->first_free};
    l->active = (l->n * (size_t)fw_int(t, "active") + 99) / 100;
    make_body(l, (size_t)fw_int(t, "body"));
    FW_MUST((l->all = calloc(l->n + 1, sizeof *l->all)) != NULL);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < l->n + (s->fault != C10K_NO_FAULT) && !*l->wrong; i++)
        connect_one(l, &l->all[i], i);
    if (*l->wrong || !ask_from(l, 0)) {
        snprintf(s->result.wrong, sizeof s->result.wrong, "%s", l->wrong);
        s->result.connections = s->result.requests;
        return REFUSED;
    }
    s->result.connections = l->n;
    if (c10k_load(l) && ask_from(l, l->active))
        return DONE;
    fw_fail(t, "the client: %s", l->wrong);
    return FAILED;
}
