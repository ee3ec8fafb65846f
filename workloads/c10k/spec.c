/* spec.c - c10k: parameters, the listening socket, the client's process, oracle. */
#include "spec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HEADER_MOST = 16384, BACKLOG = 65535, SPARE_FDS = 64, CLIENT_FAILED = 1, CLIENT_REFUSED = 2 };

static const fw_param params[] = {
    {"connections", FW_PARAM_INT, "8", "100", "1000", 1, 50000, NULL, "connections, open all the time"},
    {"active", FW_PARAM_INT, "100", "100", "100", 1, 100, NULL, "percent of them that ask; the others are idle"},
    {"rate", FW_PARAM_INT, "0", "0", "0", 0, 100000000, NULL,
     "requests a second in all, at random times, where load is 0; 0: each connection asks again when it has its "
     "answer"},
    {"load", FW_PARAM_INT, "0", "0", "0", 0, 400, NULL,
     "the rate in percent of the capacity, which is what a closed loop reaches in the same trial, just before; 0: see "
     "rate"},
    {"good_ms", FW_PARAM_INT, "50", "50", "50", 1, 60000, NULL,
     "milliseconds from when a request was due within which its answer counts as goodput; with rate or load"},
    {"body", FW_PARAM_INT, "0", "0", "0", 0, 1048576, NULL, "bytes that a request sends and gets back; 0: GET /n/ID"},
    {"fault", FW_PARAM_CHOICE, "none", "none", "none", 0, 0, "none|segv|spin",
     "in the middle of the window one more connection's unit crashes, or keeps its CPU for a second"},
    {"request_ms", FW_PARAM_INT, "30000", "30000", "30000", 1, 3600000, NULL,
     "milliseconds within which a request must be there once begun, and an answer be taken"},
    {"idle_ms", FW_PARAM_INT, "600000", "600000", "600000", 1, 86400000, NULL,
     "milliseconds after which a connection that asks nothing is closed"},
    {.name = NULL},
};

static const fw_block blocks[] = {
    {"one worker", 1, ""},
    {NULL, 0, NULL},
};

static const fw_axis axes[] = {
    {"connections", "100,1000,10000", 1},
    {"active", "1,10,100", 1},
    {NULL, NULL, 0},
};

static c10k_server *serving; /* the one of this process and its children */
static int alone_listener = -1;

/* A listening socket, or -1 with errno. */
static int listen_on(uint32_t address, uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address), .sin_port = htons(port)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 && /* what is accepted inherits it */
        bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int err = errno;
    if (fd >= 0)
        close(fd);
    errno = err;
    return -1;
}

static struct sockaddr_in address_of(int listener)
{
    struct sockaddr_in at;
    socklen_t bytes = sizeof at;
    FW_MUST(getsockname(listener, (struct sockaddr *)&at, &bytes) == 0);
    return at;
}

static int serve(uint32_t address, uint16_t port, char *why, size_t why_bytes)
{
    struct in_addr text = {htonl(address)};

    alone_listener = listen_on(address, port);
    if (alone_listener >= 0)
        return 0;
    snprintf(why, why_bytes, "cannot listen on %s port %u: %s", inet_ntoa(text), port, strerror(errno));
    return -errno;
}

/* The client's end of a connection that was answered: the server runs, and sees us until we end. */
static int greet(const c10k_server *s)
{
    static const char hello[] = "GET / HTTP/1.1\r\nHost: c10k\r\n\r\n";
    char answer[512] = "";
    size_t have = 0;

    if (send(s->control, hello, sizeof hello - 1, MSG_NOSIGNAL) != sizeof hello - 1)
        return -1;
    while (!memmem(answer, have, "world!\n", 7)) {
        ssize_t got = have < sizeof answer ? recv(s->control, answer + have, sizeof answer - have, 0) : 0;
        if (got <= 0)
            return -1;
        have += (size_t)got;
    }
    return 0;
}

/* Where no worker is, if there is such a place. */
static void make_room(const fw_trial *t)
{
    cpu_set_t allowed;

    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return;
    for (unsigned w = 0; w < fw_workers(t); w++)
        for (int cpu = 0; fw_worker_of(t, w)->ncpus > 0 && cpu < FW_MAX_CPUS; cpu++)
            if (fw_worker_of(t, w)->cpu_mask[cpu / 64] >> cpu % 64 & 1)
                CPU_CLR(cpu, &allowed);
    if (CPU_COUNT(&allowed) > 0)
        sched_setaffinity(0, sizeof allowed, &allowed);
}

static int fork_client(fw_trial *t, c10k_server *s)
{
    struct sockaddr_in to = address_of(s->listener);
    pid_t parent = getpid();

    s->control = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->control < 0 || connect(s->control, (struct sockaddr *)&to, sizeof to) != 0)
        return -errno;
    fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        return -errno;
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(CLIENT_FAILED);
        fw_slot_after_fork();
        close(s->listener);
        make_room(t);
        if (greet(s) != 0) {
            fw_fail(t, "the server did not answer the first request");
            _exit(CLIENT_FAILED);
        }
        _exit(c10k_client(t, s));
    }
    s->client = child; /* s is shared: the child must not write it */
    close(s->control);
    return 0;
}

static void on_signal(int signal)
{
    (void)signal;
    int err = errno;
    c10k_stop(serving);
    errno = err;
}

static int serve_alone(const fw_trial *t, c10k_server *s)
{
    struct sigaction stop = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sockaddr_in at = address_of(s->listener);

    if (sigaction(SIGTERM, &stop, NULL) != 0 || sigaction(SIGINT, &stop, NULL) != 0)
        return -errno;
    printf("listening on http://%s:%u (%u worker%s)\n", inet_ntoa(at.sin_addr), ntohs(at.sin_port), fw_workers(t),
           fw_workers(t) > 1 ? "s" : "");
    return fflush(stdout) ? -errno : 0;
}

size_t c10k_crowd(const fw_trial *t)
{
    return (size_t)fw_int(t, "connections") + 1 + (*fw_str(t, "fault") != 'n'); /* one to see the other's end */
}

int c10k_begin(fw_trial *t, c10k_server **out)
{
    struct rlimit fds = {.rlim_cur = SPARE_FDS};
    c10k_server *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (s == MAP_FAILED)
        return fw_refuse(t, "mmap", errno, "bytes", sizeof *s);
    getrlimit(RLIMIT_NOFILE, &fds);
    http_parser_set_max_header_size(HEADER_MOST);
    s->alone = alone_listener >= 0;
    s->listener = s->alone ? alone_listener : listen_on(INADDR_LOOPBACK, 0);
    if (s->listener < 0)
        return fw_refuse(t, "listen", errno, "sockets", 1);
    s->port = ntohs(address_of(s->listener).sin_port);
    s->seed = fw_seed(t);
    s->request_ns = (uint64_t)fw_int(t, "request_ms") * 1000000;
    const char *fault = fw_str(t, "fault");
    s->fault = *fault == 'n' ? C10K_NO_FAULT : strcmp(fault, "segv") == 0 ? C10K_SEGV : C10K_SPIN;
    s->idle_ns = (uint64_t)fw_int(t, "idle_ms") * 1000000;
    s->room = (int64_t)(fds.rlim_cur < C10K_MOST_FDS ? fds.rlim_cur : C10K_MOST_FDS) - SPARE_FDS;
    *out = serving = s;
    int err = s->alone ? serve_alone(t, s) : fork_client(t, s);
    return err ? fw_refuse(t, s->alone ? "sigaction" : "fork", -err, "processes", 1) : 0;
}

static void client_ended(fw_trial *t, c10k_server *s)
{
    s->client_error = fw_load_wait(t, s->client, &s->client_status);
    s->client = 0;
}

bool c10k_child_ended(fw_trial *t, c10k_server *s, siginfo_t *ended)
{
    while (waitid(P_ALL, 0, ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended->si_pid != 0) {
        if (ended->si_pid != s->client)
            return true;
        client_ended(t, s); /* left as it is, it would hide units that end after it */
    }
    return false;
}

static int ask_client(fw_trial *t, c10k_server *s)
{
    int status = s->client_status;

    if (s->client_error)
        return fw_fail(t, "waiting for the client: %s", strerror(-s->client_error));
    if (WIFSIGNALED(status))
        return fw_fail(t, "the client was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) == CLIENT_REFUSED && (int64_t)fw_int(t, "connections") >= s->room)
        return fw_refuse(t, "accept", EMFILE, "RLIMIT_NOFILE", s->room + SPARE_FDS);
    if (WEXITSTATUS(status) == CLIENT_REFUSED)
        return fw_fail(t, "%" PRIu64 " connections were served at once: %s", s->result.connections, s->result.wrong);
    if (WEXITSTATUS(status) != 0)
        return fw_fail(t, "the client ended with status %d", WEXITSTATUS(status));
    uint64_t asked = s->result.requests + 1; /* the greeting */
    if (atomic_load(&s->answers) != asked)
        return fw_fail(t, "the client asked %" PRIu64 " times, the server answered %" PRIu64, asked,
                       atomic_load(&s->answers));
    fw_result(t, 0, atomic_load(&s->answered));
    return 0;
}

int c10k_finish(fw_trial *t, c10k_server *s, const char *call, int err)
{
    int bad = 0;

    close(s->listener);
    if (s->client) /* where a unit could not be made, it has seen it */
        client_ended(t, s);
    if (!s->alone && !err)
        bad = ask_client(t, s);
    return err ? fw_refuse_units(t, call, -err) : bad;
}

static void expect(const fw_trial *t, uint64_t repeats, uint64_t ops, fw_expect *e)
{
    (void)t, (void)repeats;
    e->want = (fw_receipt){.ops = ops, .checksum = serving ? serving->result.answered : 0};
    e->rule.ops = FW_EXACT;
    e->rule.checksum = serving ? FW_EXACT : FW_INFO;
    e->rule.units = e->rule.peak_live = e->rule.messages = e->rule.bytes = FW_INFO;
}

const fw_spec c10k_spec = {
    .name = "c10k",
    .title = "A web server with a hundred to ten thousand connections: what one costs, idle and busy.",
    .op = "request",
    .mode = FW_STEADY,
    .core = true,
    .seq_none = "one program serves one connection at a time",
    .params = params,
    .blocks = blocks,
    .axes = axes,
    .expect = expect,
    .serve = serve,
};
