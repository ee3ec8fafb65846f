/* pingpong.c - the least that the kernel asks for a hand-off and back, with ping-pong's work at both ends: what the
 * runtimes' own hand-offs are measured against. Client and server are two processes or two threads, on the CPUs of
 * workers 0 and 1. */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fw.h"
#include "pingpong/spec.h"

const fw_about fw_about_runtime = {
    .runtime = "bare",
    .model = "system calls, nothing between",
    .kind = "reference",
    .spins = "nothing",
    .threads = "one a unit, bound to its worker's CPUs",
};

/* The one message and whose turn it is; the futex calls are for `wait` and `wake`. */
typedef struct table {
    alignas(
        FW_PAD) _Atomic uint32_t turn; /* CLIENT, SERVER or OVER: released by who has written, acquired by who waits */
    int wait, wake;
    fw_trial *trial;
    size_t words;
    int request[2], answer[2]; /* pipe: read end, write end */
    uint64_t message[];
} table;

enum { CLIENT, SERVER, OVER };

static int request(table *b, bool (*exchange)(table *b, uint64_t *message), uint64_t *message)
{
    uint64_t seed = fw_seed(b->trial), s = 0, checksum = 0, start;
    unsigned batch = fw_batch(b->trial);
    fw_slot *slot = fw_slot_here();

    fw_open(b->trial);
    fw_meter *meter = fw_meter_of(b->trial, 0);
    do {
        start = fw_now_ns();
        for (unsigned i = 0; i < batch; i++, s++) {
            pingpong_request(message, b->words, seed, s);
            if (!exchange(b, message))
                return 1;
            if (!pingpong_check(message, b->words, seed, s, &checksum))
                fw_fail(b->trial, "answer %llu is wrong", (unsigned long long)s);
            fw_count(slot, FW_MESSAGES, 2);
        }
    } while (fw_meter_record(meter, start, fw_now_ns(), batch));
    fw_result(b->trial, 0, checksum);
    return 0;
}

static table *lay(fw_trial *t, int wait, int wake)
{
    size_t words = pingpong_words(t);
    table *b = mmap(NULL, sizeof *b + 8 * words, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    FW_MUST(b != MAP_FAILED);
    b->trial = t;
    b->words = words;
    b->wait = wait;
    b->wake = wake;
    fw_count(fw_slot_here(), FW_CREATED, 2);
    fw_live_os(2);
    return b;
}

static int clear(table *b)
{
    fw_count(fw_slot_here(), FW_ENDED, 2);
    fw_live_os(-2);
    munmap(b, sizeof *b + 8 * b->words);
    return 0;
}

static pid_t start(table *b, unsigned unit, int (*run)(table *b))
{
    pid_t parent = getpid(), pid = fork();

    if (pid == 0) {
        fw_slot_after_fork();
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        FW_MUST(fw_worker_bind(fw_worker_of(b->trial, unit)) == 0);
        int bad = run(b);
        fw_slot_release();
        _exit(bad);
    }
    FW_MUST(pid > 0);
    return pid;
}

static void finish(table *b, pid_t pid)
{
    int status;

    FW_MUST(waitpid(pid, &status, 0) == pid);
    if (status)
        fw_fail(b->trial, "a unit ended with wait status %d", status);
}

/* ---- pipe ---- */

/* All of a message, in one call if the pipe holds it. */
static bool take(int end, void *message, size_t bytes)
{
    size_t got = 0;
    while (got < bytes) {
        ssize_t n = read(end, (char *)message + got, bytes - got);
        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    return true;
}

static bool pipe_exchange(table *b, uint64_t *message)
{
    size_t bytes = 8 * b->words;
    return write(b->request[1], message, bytes) == (ssize_t)bytes && take(b->answer[0], message, bytes);
}

static int pipe_client(table *b)
{
    uint64_t *message = malloc(8 * b->words);

    FW_MUST(message);
    close(b->request[0]);
    close(b->answer[1]);
    return request(b, pipe_exchange, message); /* its ends are closed with the process */
}

static int pipe_server(table *b)
{
    size_t bytes = 8 * b->words;
    uint64_t seed = fw_seed(b->trial), *message = malloc(bytes);

    FW_MUST(message);
    close(b->request[1]);
    close(b->answer[0]);
    for (uint64_t s = 0; take(b->request[0], message, bytes); s++) {
        if (!pingpong_answer(message, b->words, seed, s))
            fw_fail(b->trial, "request %llu is wrong", (unsigned long long)s);
        if (write(b->answer[1], message, bytes) != (ssize_t)bytes)
            return 1;
    }
    return 0;
}

int bare_pingpong_pipe(fw_trial *t)
{
    table *b = lay(t, 0, 0);

    FW_MUST(pipe(b->request) == 0 && pipe(b->answer) == 0);
    pid_t server = start(b, 1, pipe_server), client = start(b, 0, pipe_client);
    for (int i = 0; i < 2; i++) {
        close(b->request[i]);
        close(b->answer[i]);
    }
    finish(b, client);
    finish(b, server);
    return clear(b);
}

/* ---- futex ---- */

static void pass(table *b, uint32_t to)
{
    atomic_store_explicit(&b->turn, to, memory_order_release); /* with await's load */
    syscall(SYS_futex, &b->turn, b->wake, 1, NULL, NULL, 0);
}

static uint32_t await(table *b, uint32_t other)
{
    uint32_t turn;
    while ((turn = atomic_load_explicit(&b->turn, memory_order_acquire)) == other) /* with pass's store */
        syscall(SYS_futex, &b->turn, b->wait, other, NULL, NULL, 0);
    return turn;
}

static bool futex_exchange(table *b, uint64_t *message)
{
    (void)message;
    pass(b, SERVER);
    await(b, SERVER);
    return true;
}

static int futex_client(table *b)
{
    int bad = request(b, futex_exchange, b->message);
    pass(b, OVER);
    return bad;
}

static int futex_server(table *b)
{
    uint64_t seed = fw_seed(b->trial);

    for (uint64_t s = 0; await(b, CLIENT) != OVER; s++) {
        if (!pingpong_answer(b->message, b->words, seed, s))
            fw_fail(b->trial, "request %llu is wrong", (unsigned long long)s);
        pass(b, CLIENT);
    }
    return 0;
}

int bare_pingpong_futex_shared(fw_trial *t)
{
    table *b = lay(t, FUTEX_WAIT, FUTEX_WAKE);
    pid_t server = start(b, 1, futex_server), client = start(b, 0, futex_client);

    finish(b, client);
    finish(b, server);
    return clear(b);
}

static void *client_thread(void *arg)
{
    table *b = arg;

    FW_MUST(fw_worker_bind(fw_worker_of(b->trial, 0)) == 0);
    futex_client(b);
    fw_slot_release();
    return NULL;
}

static void *server_thread(void *arg)
{
    table *b = arg;

    FW_MUST(fw_worker_bind(fw_worker_of(b->trial, 1)) == 0);
    futex_server(b);
    return NULL;
}

int bare_pingpong_futex(fw_trial *t)
{
    table *b = lay(t, FUTEX_WAIT_PRIVATE, FUTEX_WAKE_PRIVATE);
    pthread_t client, server;

    FW_MUST(pthread_create(&server, NULL, server_thread, b) == 0);
    FW_MUST(pthread_create(&client, NULL, client_thread, b) == 0);
    pthread_join(client, NULL);
    pthread_join(server, NULL);
    return clear(b);
}

const fw_cell fw_cells[] = {
    {&pingpong_spec, "pipe", true, bare_pingpong_pipe},
    {&pingpong_spec, "futex", true, bare_pingpong_futex},
    {&pingpong_spec, "futex-shared", true, bare_pingpong_futex_shared},
};
const size_t fw_cell_count = sizeof fw_cells / sizeof fw_cells[0];
