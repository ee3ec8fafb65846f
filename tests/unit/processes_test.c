/* processes_test - children are processes of their own; messages of every size arrive whole; a peer that is killed,
 * even in the middle of a message, closes its link; nothing is left behind. */
#include "processes/processes.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/park.h"
#include "processes/robust.h"

enum { LARGEST = 1 << 20 };

static int descriptors(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    FW_MUST(d);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static proc *start(int (*fn)(void *), void *arg)
{
    proc *p;
    FW_MUST(proc_spawn(&p, NULL, fn, arg) == 0);
    return p;
}

static int join(proc *p)
{
    int status;
    FW_MUST(proc_join(p, &status) == 0);
    return status;
}

/* ---- processes ---------------------------------------------------------- */

static int global = 1;

static int change_memory(void *arg)
{
    int *shared = arg;
    global = 2;
    *shared = (int)getpid();
    return 7;
}

static void a_child_is_a_process_with_memory_of_its_own(void)
{
    int *shared = proc_shared_alloc(sizeof *shared);
    FW_MUST(shared);
    proc *p = start(change_memory, shared);
    int pid = proc_pid(p), status = join(p);
    FW_MUST(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    FW_MUST(global == 1 && *shared == pid && pid != (int)getpid());
    FW_MUST(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD); /* no zombie */
    proc_shared_free(shared, sizeof *shared);
}

/* ---- links -------------------------------------------------------------- */

static const size_t sizes[] = {1, 7, 8, 4095, 4096, 65536, 65537, LARGEST};
enum { SIZES = sizeof sizes / sizeof *sizes };

static unsigned char pattern(size_t size, size_t i)
{
    return (unsigned char)(size * 31 + i * 7 + i / 251);
}

static int send_all_sizes(void *arg)
{
    proc_link *l = arg;
    unsigned char *m = malloc(LARGEST);
    FW_MUST(m);
    proc_link_sender(l);
    for (int s = 0; s < SIZES; s++) {
        for (size_t i = 0; i < sizes[s]; i++)
            m[i] = pattern(sizes[s], i);
        FW_MUST(proc_send(l, m, sizes[s]) == 0);
    }
    FW_MUST(proc_send(l, m, LARGEST + 1) == -EMSGSIZE);
    proc_close(l);
    free(m);
    proc_link_destroy(l);
    return 0;
}

/* What the kernel says of the calling process; 0: nothing. */
static uint64_t slice(void)
{
    uint64_t words[16] = {0}; /* sched_getattr(2): the third 64-bit word after the first eight bytes is the runtime */
    FW_MUST(syscall(SYS_sched_getattr, 0, words, sizeof words, 0) == 0);
    return words[3];
}

static int ask_for_a_slice(void *arg)
{
    int before = *(int *)arg, can = slice() > 0;
    FW_MUST(setpriority(PRIO_PROCESS, 0, before) == 0);
    FW_MUST(proc_set_slice(100000) == (can ? 0 : -ENOTSUP));
    FW_MUST(slice() == (can ? 100000 : 0));
    FW_MUST(getpriority(PRIO_PROCESS, 0) == before && sched_getscheduler(0) == SCHED_OTHER);
    FW_MUST(sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0}) == 0);
    uint64_t as_batch = slice();
    FW_MUST(proc_set_slice(200000) == -ENOTSUP && slice() == as_batch);
    return 7;
}

static void a_slice_is_asked_for_and_nothing_else_changes(void)
{
    int niceness = getpriority(PRIO_PROCESS, 0) / 2 + 9; /* not more favourable than now */
    FW_MUST(WEXITSTATUS(join(start(ask_for_a_slice, &niceness))) == 7);
}

static void messages_of_every_size_arrive_whole(proc_transport kind)
{
    proc_link *l;
    unsigned char *m = malloc(LARGEST);
    uint64_t bytes = 0, before = fw_counter_sum(FW_BYTES);
    FW_MUST(m && proc_link_create(&l, kind, LARGEST, LARGEST * 2) == 0);
    proc *p = start(send_all_sizes, l);
    proc_link_receiver(l);
    for (int s = 0; s < SIZES; s++) {
        FW_MUST(proc_recv(l, m, LARGEST) == (int64_t)sizes[s]);
        for (size_t i = 0; i < sizes[s]; i++)
            FW_MUST(m[i] == pattern(sizes[s], i));
        bytes += sizes[s];
    }
    FW_MUST(proc_recv(l, m, LARGEST) == -EPIPE);
    proc_link_destroy(l);
    FW_MUST(join(p) == 0);
    FW_MUST(fw_counter_sum(FW_BYTES) - before == bytes); /* each counted once, by its sender */
    free(m);
}

typedef struct meeting {
    proc_link *data, *ready, *go;
} meeting;

static int try_and_drain(void *arg)
{
    meeting *m = arg;
    char c[16];
    int count;
    proc_link_receiver(m->data);
    proc_link_sender(m->ready);
    proc_link_receiver(m->go);
    FW_MUST(proc_try_recv(m->data, c, sizeof c) == -EAGAIN);
    FW_MUST(proc_recv_until(m->data, c, sizeof c, fw_now_ns() + 1000) == -ETIMEDOUT);
    FW_MUST(proc_send(m->ready, c, 1) == 0);
    FW_MUST(proc_recv(m->go, &count, sizeof count) == (int64_t)sizeof count);
    for (; count > 0; count--)
        FW_MUST(proc_try_recv(m->data, c, sizeof c) == (int64_t)sizeof c);
    FW_MUST(proc_try_recv(m->data, c, sizeof c) == -EAGAIN);
    FW_MUST(proc_send(m->ready, c, 1) == 0);
    FW_MUST(proc_recv(m->data, c, sizeof c) == -EPIPE);
    return 0;
}

static void deadlines_and_tries(proc_transport kind)
{
    meeting m;
    char c[16] = "";
    int sent = 0;
    FW_MUST(proc_link_create(&m.data, kind, sizeof c, 256) == 0);
    FW_MUST(proc_link_create(&m.ready, kind, 1, 64) == 0 && proc_link_create(&m.go, kind, sizeof sent, 64) == 0);
    proc *p = start(try_and_drain, &m);
    proc_link_sender(m.data);
    proc_link_receiver(m.ready);
    proc_link_sender(m.go);
    FW_MUST(proc_recv(m.ready, c, 1) == 1);
    while (proc_try_send(m.data, c, sizeof c) == 0)
        sent++;
    FW_MUST(sent > 1 && proc_send_until(m.data, c, sizeof c, fw_now_ns() + 1000) == -ETIMEDOUT);
    FW_MUST(proc_send(m.go, &sent, sizeof sent) == 0 && proc_recv(m.ready, c, 1) == 1);
    proc_close(m.data);
    FW_MUST(join(p) == 0);
    proc_link_destroy(m.data);
    proc_link_destroy(m.ready);
    proc_link_destroy(m.go);
}

/* Sends what never ends, so that it is killed within a message or waiting for room. */
static int send_for_ever(void *arg)
{
    proc_link *l = arg;
    unsigned char *m = calloc(1, LARGEST);
    FW_MUST(m);
    proc_link_sender(l);
    while (proc_send(l, m, LARGEST) == 0)
        ;
    return 1;
}

static void a_sender_killed_within_a_message_closes_its_link(proc_transport kind)
{
    proc_link *l;
    unsigned char *m = malloc(LARGEST);
    int64_t got;
    FW_MUST(m && proc_link_create(&l, kind, LARGEST, LARGEST / 4) == 0);
    proc *p = start(send_for_ever, l);
    proc_link_receiver(l);
    FW_MUST(proc_recv(l, m, LARGEST) == LARGEST);
    kill(proc_pid(p), SIGKILL);
    while ((got = proc_recv(l, m, LARGEST)) == LARGEST) /* what was whole arrives */
        ;
    FW_MUST(got == -EPIPE); /* what was not does not */
    int status = join(p);
    FW_MUST(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    proc_link_destroy(l);
    free(m);
}

static int receive_late(void *arg)
{
    meeting *m = arg;
    unsigned char *b = malloc(LARGEST);
    FW_MUST(b);
    proc_link_receiver(m->data);
    proc_link_receiver(m->go);
    FW_MUST(proc_recv(m->go, b, 1) == 1);
    FW_MUST(proc_recv(m->data, b, LARGEST) == -EPIPE && proc_recv(m->data, b, LARGEST) == -EPIPE);
    free(b);
    return 0;
}

/* The sender lives on, so only its closed end can tell the receiver that the rest won't come. */
static void a_deadline_within_a_message_closes_its_link(proc_transport kind)
{
    meeting m = {.ready = NULL};
    unsigned char *b = calloc(1, LARGEST);
    FW_MUST(b && proc_link_create(&m.data, kind, LARGEST, 0) == 0 && proc_link_create(&m.go, kind, 1, 64) == 0);
    proc *p = start(receive_late, &m);
    proc_link_sender(m.data);
    proc_link_sender(m.go);
    FW_MUST(proc_send_until(m.data, b, LARGEST, fw_now_ns() + 1000) == -ETIMEDOUT);
    FW_MUST(proc_send(m.data, b, 1) == -EPIPE && proc_send(m.go, b, 1) == 0);
    FW_MUST(join(p) == 0);
    proc_link_destroy(m.data);
    proc_link_destroy(m.go);
    free(b);
}

static int receive_one(void *arg)
{
    proc_link *l = arg;
    char c;
    proc_link_receiver(l);
    FW_MUST(proc_recv(l, &c, 1) == 1);
    for (;;)
        pause();
}

static void a_killed_receiver_closes_its_link(proc_transport kind)
{
    proc_link *l;
    FW_MUST(proc_link_create(&l, kind, 4096, 8192) == 0);
    proc *p = start(receive_one, l);
    char m[4096] = "x";
    proc_link_sender(l);
    FW_MUST(proc_send(l, m, 1) == 0);
    kill(proc_pid(p), SIGKILL);
    int err;
    while ((err = proc_send(l, m, sizeof m)) == 0) /* until it is full or known */
        ;
    FW_MUST(err == -EPIPE);
    join(p);
    proc_link_destroy(l);
}

static int receive_one_and_leave(void *arg)
{
    char c;
    proc_link_receiver(arg);
    FW_MUST(proc_recv(arg, &c, 1) == 1);
    proc_link_destroy(arg);
    return 0;
}

static void a_receiver_that_left_is_known_at_the_next_send(proc_transport kind)
{
    proc_link *l;
    FW_MUST(proc_link_create(&l, kind, 4096, 8192) == 0);
    proc *p = start(receive_one_and_leave, l);
    proc_link_sender(l);
    FW_MUST(proc_send(l, "x", 1) == 0);
    FW_MUST(join(p) == 0 && proc_send(l, "x", 1) == -EPIPE); /* though there is room */
    proc_link_destroy(l);
}

/* Several write to one pipe and several read from it: each packet comes whole to one of them. */
enum { CROWD = 3, PACKETS = 500 };

typedef struct crowd {
    proc_link *link;
    uint64_t first;
    _Atomic uint64_t *sum, *count; /* shared */
} crowd;

static int send_packets(void *arg)
{
    crowd *c = arg;
    uint64_t packet[8];
    proc_link_sender(c->link);
    for (uint64_t i = 0; i < PACKETS; i++) {
        for (int w = 0; w < 8; w++)
            packet[w] = c->first + i;
        FW_MUST(proc_send(c->link, packet, sizeof packet) == 0);
    }
    return 0;
}

static int receive_packets(void *arg)
{
    crowd *c = arg;
    uint64_t packet[8];
    proc_link_receiver(c->link);
    FW_MUST(proc_recv(c->link, packet, 8) == -EMSGSIZE && proc_try_recv(c->link, packet, sizeof packet) == -ENOTSUP);
    while (proc_recv(c->link, packet, sizeof packet) == sizeof packet) {
        for (int w = 1; w < 8; w++)
            FW_MUST(packet[w] == packet[0]);
        atomic_fetch_add(c->sum, packet[0]);
        atomic_fetch_add(c->count, 1);
    }
    return 0;
}

static void packets_reach_one_receiver_each(size_t packets)
{
    enum { ALL = CROWD * PACKETS };
    proc *p[2 * CROWD];
    int status;
    _Atomic uint64_t *shared = proc_shared_alloc(2 * sizeof *shared);
    crowd c = {.sum = &shared[0], .count = &shared[1]};
    FW_MUST(proc_link_create(&c.link, PROC_PACKETS, 64, packets) == 0);
    for (unsigned i = 0; i < CROWD; i++) {
        FW_MUST(proc_spawn(&p[CROWD + i], NULL, receive_packets, &c) == 0);
        c.first = i * PACKETS;
        FW_MUST(proc_spawn(&p[i], NULL, send_packets, &c) == 0);
    }
    proc_link_destroy(c.link); /* the last sender's end is the last: then the receivers end */
    for (unsigned i = 0; i < 2 * CROWD; i++)
        FW_MUST(proc_join(p[i], &status) == 0 && status == 0);
    FW_MUST(atomic_load(c.count) == ALL && atomic_load(c.sum) == (uint64_t)ALL * (ALL - 1) / 2);
    proc_shared_free(shared, 2 * sizeof *shared);
}

enum { OWNED = 2, WORDS };

typedef struct estate {
    robust r[WORDS];
    _Atomic bool settled;
} estate;

static int own_and_wait(void *arg)
{
    estate *e = arg;
    for (int i = 0; i < WORDS; i++)
        robust_own(&e->r[i]);
    robust_own(&e->r[0]); /* a second time in the list would close it to a ring */
    robust_disown(&e->r[OWNED]);
    atomic_store(&e->settled, true);
    while (pause())
        ;
    return 0;
}

/* Sleeps without a timer: were a death not told, this would hang. */
static void a_death_is_told_by_each_word(void)
{
    estate *e = proc_shared_alloc(sizeof *e);
    FW_MUST(e);
    proc *p = start(own_and_wait, e);
    while (!atomic_load(&e->settled))
        sched_yield();
    bool told = robust_owned(atomic_load(&e->r[0].word)); /* else this kernel has no robust lists */
    for (int i = 0; i < WORDS; i++)
        atomic_fetch_or(&e->r[i].word, FUTEX_WAITERS);
    kill(proc_pid(p), SIGKILL);
    for (int i = 0; told && i < OWNED; i++)
        for (uint32_t word; !((word = atomic_load(&e->r[i].word)) & FUTEX_OWNER_DIED);)
            core_futex_wait(&e->r[i].word, word, FW_FOREVER, true);
    join(p);
    FW_MUST(!(atomic_load(&e->r[OWNED].word) & FUTEX_OWNER_DIED));
    proc_shared_free(e, sizeof *e);
}

int main(void)
{
    proc_link *l;
    int before = descriptors();
    signal(SIGPIPE, SIG_IGN);
    a_child_is_a_process_with_memory_of_its_own();
    a_slice_is_asked_for_and_nothing_else_changes();
    for (proc_transport kind = PROC_PIPE; kind <= PROC_RING; kind++) {
        messages_of_every_size_arrive_whole(kind);
        deadlines_and_tries(kind);
        a_sender_killed_within_a_message_closes_its_link(kind);
        a_killed_receiver_closes_its_link(kind);
        a_receiver_that_left_is_known_at_the_next_send(kind);
        if (kind != PROC_RING) /* a ring publishes a message whole */
            a_deadline_within_a_message_closes_its_link(kind);
    }
    FW_MUST(proc_link_create(&l, PROC_PACKETS, 64, 3) == -EINVAL &&
            proc_link_create(&l, PROC_PACKETS, 5000, 4) == -EINVAL);
    packets_reach_one_receiver_each(1);
    packets_reach_one_receiver_each(64);
    a_death_is_told_by_each_word();
    FW_MUST(descriptors() == before);
    puts("ok: processes");
    return 0;
}
