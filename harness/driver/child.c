/* child.c - the driver's side of a supervised program: pipes, one poll loop, the
 * watchdog, bounded output. Blocks until the supervisor has reported. */
#include "child.h"
#include "fw.h"
#include "watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

volatile sig_atomic_t fw_interrupted;

enum { IN, OUT, ERR, BEAT, CONTROL, REPORT, PIPES };

typedef struct conversation {
    int ours[PIPES], theirs[PIPES];
    const fw_child_request *request;
    fw_child_result *result;
    fw_child_report report;
    size_t sent, reported;
    fw_watchdog watchdog;
    uint64_t start_ns;
} conversation;

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int open_pipes(conversation *c)
{
    memset(c->ours, -1, sizeof c->ours);
    memset(c->theirs, -1, sizeof c->theirs);
    for (int i = 0; i < PIPES; i++) {
        int p[2];
        if (i == BEAT && !c->request->progress)
            continue;
        if (pipe2(p, O_CLOEXEC) != 0)
            return -errno;
        bool write_side = i == IN || i == CONTROL;
        c->ours[i] = p[write_side];
        c->theirs[i] = p[!write_side];
        fcntl(c->ours[i], F_SETFL, O_NONBLOCK);
    }
    return 0;
}

static void close_pipes(int fd[PIPES])
{
    for (int i = 0; i < PIPES; i++)
        close_fd(&fd[i]);
}

static void order_end(conversation *c)
{
    close_fd(&c->ours[CONTROL]);
}

static void send_input(conversation *c)
{
    size_t left = strlen(c->request->input) - c->sent;
    ssize_t n = left ? write(c->ours[IN], c->request->input + c->sent, left) : 0;
    if (n > 0)
        c->sent += (size_t)n;
    if ((n < 0 && errno != EAGAIN && errno != EINTR) || (n >= 0 && (size_t)n == left))
        close_fd(&c->ours[IN]);
}

/* Keeps the first FW_CHILD_OUTPUT bytes of out, the last ones of err. */
static void keep(char **text, size_t *used, const char *data, size_t n, bool tail)
{
    if (*used + n > FW_CHILD_OUTPUT) {
        if (!tail)
            n = FW_CHILD_OUTPUT - *used;
        else
            *used = 0;
    }
    char *more = realloc(*text, *used + n + 1);
    if (!more)
        return;
    memcpy(more + *used, data, n);
    *used += n;
    more[*used] = '\0';
    *text = more;
}

static void receive(conversation *c, int which)
{
    char data[65536];
    ssize_t n = read(c->ours[which], data, sizeof data);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        close_fd(&c->ours[which]);
        return;
    }
    fw_child_result *r = c->result;
    if (which == BEAT)
        fw_watchdog_feed(&c->watchdog, data, (size_t)n, fw_now_ns());
    else if (which == ERR)
        keep(&r->err, &r->err_bytes, data, (size_t)n, true);
    else if (which == OUT && r->out_bytes + (size_t)n > FW_CHILD_OUTPUT) {
        r->too_much = true;
        order_end(c);
    } else if (which == OUT)
        keep(&r->out, &r->out_bytes, data, (size_t)n, false);
    else if (c->reported + (size_t)n <= sizeof c->report) {
        memcpy((char *)&c->report + c->reported, data, (size_t)n);
        c->reported += (size_t)n;
    }
}

static void judge(conversation *c)
{
    fw_child_result *r = c->result;
    uint64_t now = fw_now_ns();
    if (c->ours[CONTROL] < 0)
        return;
    if (fw_interrupted)
        r->interrupted = true;
    else if (fw_watchdog_hung(&c->watchdog, now))
        r->hung = true;
    else if (c->request->limit_s > 0 && (double)(now - c->start_ns) > c->request->limit_s * 1e9)
        r->too_long = true;
    else
        return;
    order_end(c);
}

static void converse(conversation *c)
{
    c->start_ns = fw_now_ns();
    fw_watchdog_start(&c->watchdog, c->start_ns, (uint64_t)(c->request->hang_after_s * 1e9));
    while (c->ours[REPORT] >= 0 || c->ours[OUT] >= 0 || c->ours[ERR] >= 0) {
        struct pollfd p[PIPES];
        for (int i = 0; i < PIPES; i++)
            p[i] = (struct pollfd){.fd = i == CONTROL ? -1 : c->ours[i], .events = i == IN ? POLLOUT : POLLIN};
        poll(p, PIPES, 100);
        for (int i = 0; i < PIPES; i++) {
            if (!p[i].revents)
                continue;
            if (i == IN)
                send_input(c);
            else
                receive(c, i);
        }
        judge(c);
    }
    c->result->seconds = (double)(fw_now_ns() - c->start_ns) / 1e9;
}

int fw_child_run(const fw_child_request *request, fw_child_result *result)
{
    conversation c = {.request = request, .result = result};
    *result = (fw_child_result){0};
    int rc = open_pipes(&c);
    pid_t driver = getpid(), supervisor = rc ? -1 : fork();
    if (supervisor == 0) {
        close_pipes(c.ours);
        fw_supervise(request->argv, c.theirs, c.theirs[CONTROL], c.theirs[REPORT], driver);
    }
    if (supervisor < 0) {
        rc = rc ? rc : -errno;
        close_pipes(c.ours);
        close_pipes(c.theirs);
        return rc;
    }
    close_pipes(c.theirs);
    converse(&c);
    close_pipes(c.ours);
    while (waitpid(supervisor, NULL, 0) < 0 && errno == EINTR) {}
    if (c.reported != sizeof c.report)
        c.report = (fw_child_report){.wait_status = SIGKILL};
    result->wait_status = c.report.wait_status;
    result->exec_errno = c.report.exec_errno;
    result->started = !c.report.exec_errno;
    result->left = c.report.left;
    memcpy(result->names, c.report.names, sizeof result->names);
    if (!result->out)
        result->out = calloc(1, 1);
    if (!result->err)
        result->err = calloc(1, 1);
    return result->out && result->err ? 0 : -ENOMEM;
}

void fw_child_free(fw_child_result *result)
{
    free(result->out);
    free(result->err);
    *result = (fw_child_result){0};
}
