/* spec_client.c - the load generator: one thread, in a process of its own. It asks every connection once, so that all
 * are known to be served at once; then, while the window is open, those that are active; then those that were idle.
 *
 *   rate 0      closed loop: who has an answer asks again; an operation's time runs from the sending
 *   rate > 0    open loop: requests are due at the points of a Poisson process, whatever the server does; one that is
 *               due goes out on the connection that is free longest, or waits for one. An operation's time runs from
 *               when it was due, so that a server that stalls is charged for all that waited */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
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
#define STALL_NS (20 * SECOND_NS) /* so long nothing comes though something was asked: the server hangs */

typedef struct conn {
    struct client *of;
    int fd;
    bool answered, blocked; /* blocked: waits until it can write */
    char head[160];         /* of the request */
    size_t head_bytes, out; /* out: written of head and body together */
    uint64_t id;            /* of /n/ID */
    size_t checked;         /* bytes of the answer's body */
    uint64_t due_ns, sent_ns;
    http_parser parser;
    bool faulty;       /* its unit is to suffer the fault: its end is no surprise */
    struct conn *next; /* in the list of free ones */
} conn;

typedef struct client {
    fw_trial *trial;
    c10k_server *server;
    int epoll;
    conn *all;
    size_t n, active, answer_bytes;
    char *body; /* NULL: GET */
    conn *first_free, **last_free;
    size_t waiting; /* for an answer */
    uint64_t asked;
    fw_meter *meter;                 /* NULL: not measured */
    double mean_gap_ns, next_due_ns; /* 0: closed loop */
    fw_hist service, late; /* sent to answered; due to sent, of those for which a connection was free in time */
    uint64_t fault_ns;     /* when the last connection asks for the fault; 0: not any more */
    bool more;             /* the window is open */
    char wrong[128];       /* what ended it, or "" */
} client;

static bool wrong(client *l, const char *what, const char *why)
{
    if (!*l->wrong)
        snprintf(l->wrong, sizeof l->wrong, "%s%s%s", what, *why ? ": " : "", why);
    return false;
}

/* ---- one connection --------------------------------------------------------- */

static int on_body(http_parser *p, const char *at, size_t n)
{
    conn *c = p->data;
    client *l = c->of;
    char number[NUMBER_BYTES + 1];

    if (!l->body)
        snprintf(number, sizeof number, "%016" PRIx64, fw_mix64(l->server->seed + c->id));
    if (n > l->answer_bytes - c->checked || memcmp((l->body ? l->body : number) + c->checked, at, n) != 0)
        return !wrong(l, "an answer has other bytes than were expected", "");
    c->checked += n;
    return 0;
}

static int on_complete(http_parser *p)
{
    conn *c = p->data;

    if (p->status_code != 200 || c->checked != c->of->answer_bytes || c->out < c->head_bytes)
        return !wrong(c->of, "an answer that is short, not asked for, or not 200", http_status_str(p->status_code));
    c->answered = true;
    return 0;
}

/* Writes what is left of the request. False: it went wrong. */
static bool push(conn *c)
{
    client *l = c->of;
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
            return wrong(l, "a connection broke", strerror(errno));
        c->out += (size_t)put;
    }
    c->blocked = false;
    return true;
}

static bool ask(conn *c, uint64_t due_ns)
{
    client *l = c->of;

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

static void set_free(conn *c)
{
    c->next = NULL;
    *c->of->last_free = c;
    c->of->last_free = &c->next;
}

static conn *take_free(client *l)
{
    conn *c = l->first_free;
    l->first_free = c->next;
    if (!l->first_free)
        l->last_free = &l->first_free;
    return c;
}

/* The answer is there to its last byte. */
static bool take_answer(conn *c)
{
    client *l = c->of;
    uint64_t now = fw_now_ns();

    l->waiting--;
    l->server->result.requests++;
    l->server->result.answered += l->body ? 0 : fw_mix64(l->server->seed + c->id);
    fw_count(fw_slot_here(), FW_WORK, 1);
    if (!l->meter)
        return true;
    fw_hist_record(&l->service, now - c->sent_ns, 1);
    l->more = fw_meter_record(l->meter, c->due_ns, now, 1) && l->more;
    if (l->more && l->mean_gap_ns == 0)
        return ask(c, now);
    set_free(c);
    return true;
}

/* The unit has crashed, or goes on. */
static bool take_fault(conn *c)
{
    c->of->waiting--;
    close(c->fd);
    c->fd = -1;
    return true;
}

/* ended: the server has sent its last. */
static bool pull(conn *c, bool ended)
{
    static const http_parser_settings settings = {.on_body = on_body, .on_message_complete = on_complete};
    static char in[IN_BYTES];
    client *l = c->of;

    for (;;) {
        ssize_t got = recv(c->fd, in, sizeof in, 0);
        if (got < 0 && errno == EAGAIN)
            return true;
        if (got <= 0 && c->faulty)
            return take_fault(c);
        if (got <= 0)
            return wrong(l, "the server closed a connection", got < 0 ? strerror(errno) : "");
        if (c->faulty)
            return take_fault(c);
        if (http_parser_execute(&c->parser, &settings, in, (size_t)got) != (size_t)got)
            return wrong(l, "an answer is not HTTP", http_errno_description(HTTP_PARSER_ERRNO(&c->parser)));
        if (c->answered && !take_answer(c))
            return false;
        if ((size_t)got < sizeof in && !ended)
            return true;
    }
}

/* ---- all of them ------------------------------------------------------------ */

/* Sleeps until something comes or until_ns; sees to it. */
static bool turn(client *l, uint64_t until_ns)
{
    struct epoll_event event[EVENTS];
    uint64_t now = fw_now_ns(), left = until_ns > now ? until_ns - now : 0;
    struct timespec t = {(time_t)(left / SECOND_NS), (long)(left % SECOND_NS)};
    int n = left ? epoll_pwait2(l->epoll, event, EVENTS, &t, NULL) : epoll_wait(l->epoll, event, EVENTS, 0);

    for (int i = 0; i < n; i++) {
        conn *c = event[i].data.ptr;
        uint32_t what = event[i].events;
        if ((c->blocked && !push(c)) ||
            (what & ~(uint32_t)EPOLLOUT && !pull(c, what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))))
            return false;
    }
    if (l->fault_ns && l->meter && fw_now_ns() >= l->fault_ns) {
        l->fault_ns = 0;
        l->all[l->n].faulty = true;
        l->server->result.requests += l->server->fault == C10K_SPIN;
        return ask(&l->all[l->n], fw_now_ns());
    }
    if (n == 0 && l->waiting > 0 && left >= STALL_NS)
        return wrong(l, "the server hangs", "nothing came for 20 seconds");
    return n >= 0 || errno == EINTR || wrong(l, "epoll_pwait2", strerror(errno));
}

static bool drain(client *l)
{
    while (l->waiting > 0)
        if (!turn(l, fw_now_ns() + STALL_NS))
            return false;
    return true;
}

static bool ask_from(client *l, size_t first)
{
    for (size_t i = first; i < l->n; i++)
        if (!ask(&l->all[i], fw_now_ns()) || (i % EVENTS == 0 && !turn(l, 0)))
            return false;
    return drain(l);
}

static bool closed_loop(client *l)
{
    for (size_t i = 0; i < l->active; i++)
        if (!ask(&l->all[i], fw_now_ns()))
            return false;
    while (l->more)
        if (!turn(l, fw_now_ns() + STALL_NS))
            return false;
    return drain(l);
}

static double gap(client *l, uint64_t *random)
{
    *random = fw_mix64(*random);
    return -log(((double)(*random >> 11) + 1) / 9007199254740993.0) * l->mean_gap_ns;
}

/* Sends what is due, as far as there are free connections. */
static bool send_due(client *l, uint64_t *random, bool *in_time)
{
    uint64_t now = fw_now_ns();

    for (; l->next_due_ns <= (double)now && l->first_free; now = fw_now_ns()) {
        uint64_t due = (uint64_t)l->next_due_ns;
        if (*in_time)
            fw_hist_record(&l->late, now - due, 1);
        if (!ask(take_free(l), due))
            return false;
        l->next_due_ns += gap(l, random);
    }
    *in_time = l->first_free != NULL;
    return true;
}

static bool open_loop(client *l)
{
    uint64_t random = fw_seed(l->trial);
    bool in_time = true;

    for (size_t i = 0; i < l->active; i++)
        set_free(&l->all[i]);
    l->next_due_ns = (double)fw_now_ns() + gap(l, &random);
    while (l->more) {
        if (!send_due(l, &random, &in_time))
            return false;
        uint64_t now = fw_now_ns(), until = in_time ? (uint64_t)l->next_due_ns : now + STALL_NS;
        if (!turn(l, until < now + STALL_NS ? until : now + STALL_NS))
            return false;
        l->more = l->more && (l->waiting > 0 || now < l->meter->window_end_ns);
    }
    return drain(l);
}

/* ---- a trial ------------------------------------------------------------------ */

static bool connect_one(client *l, conn *c, size_t i)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(l->server->port)}, from = {.sin_family = AF_INET};
    struct epoll_event e = {EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.ptr = c}};
    int on = 1;

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(i / PORTS)); /* ports are enough for so many each */
    *c = (conn){.of = l};
    http_parser_init(&c->parser, HTTP_RESPONSE);
    c->parser.data = c;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return wrong(l, "socket", strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if ((from.sin_addr.s_addr != to.sin_addr.s_addr && bind(c->fd, (struct sockaddr *)&from, sizeof from) != 0) ||
        connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0)
        return wrong(l, "connect", strerror(errno));
    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0 || epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e) != 0)
        return wrong(l, "epoll_ctl", strerror(errno));
    fw_count(fw_slot_here(), FW_WORK, 1);
    return true;
}

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

/* The window, and what there is to say of it. */
static bool measure(client *l)
{
    uint64_t cpu = cpu_ns(), start = fw_now_ns();

    fw_open(l->trial);
    l->meter = fw_meter_of(l->trial, 0);
    l->more = true;
    if (l->server->fault)
        l->fault_ns = (l->meter->warm_end_ns + l->meter->window_end_ns) / 2;
    bool good = l->mean_gap_ns > 0 ? open_loop(l) : closed_loop(l);
    l->meter = NULL;
    double busy = (double)(cpu_ns() - cpu) / (double)(fw_now_ns() - start);
    fw_metric(l->trial, "service_p50", "ns", (double)fw_hist_quantile(&l->service, 0.5));
    fw_metric(l->trial, "service_p99", "ns", (double)fw_hist_quantile(&l->service, 0.99));
    fw_metric(l->trial, "client_busy", "CPUs", busy);
    if (l->mean_gap_ns > 0)
        fw_metric(l->trial, "client_late_p99", "ns", (double)fw_hist_quantile(&l->late, 0.99));
    return good;
}

static void make_body(client *l, size_t bytes)
{
    l->answer_bytes = bytes ? bytes : NUMBER_BYTES;
    if (bytes)
        FW_MUST((l->body = malloc(bytes)) != NULL);
    for (size_t i = 0; i < bytes; i++)
        l->body[i] = (char)(fw_mix64(fw_seed(l->trial) + i / 8) >> i % 8 * 8);
}

int c10k_client(fw_trial *t, c10k_server *s)
{
    client *l = calloc(1, sizeof *l);
    int64_t rate = fw_int(t, "rate");

    prctl(PR_SET_TIMERSLACK, 1); /* wakes when a request is due, not up to 50 us later */
    FW_MUST(l);
    *l = (client){.trial = t, .server = s, .n = (size_t)fw_int(t, "connections"), .last_free = &l->first_free};
    l->active = (l->n * (size_t)fw_int(t, "active") + 99) / 100;
    l->mean_gap_ns = rate ? 1e9 / (double)rate : 0;
    fw_hist_init(&l->service);
    fw_hist_init(&l->late);
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
    if (measure(l) && ask_from(l, l->active))
        return DONE;
    fw_fail(t, "the client: %s", l->wrong);
    return FAILED;
}
