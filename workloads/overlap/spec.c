/* spec.c - overlap: parameters, files, medium, hash, oracle. */
#include "spec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const fw_param params[] = {
    {"files", FW_PARAM_INT, "4", "16", "16", 1, OVERLAP_MOST_FILES, NULL, "files, a unit each"},
    {"chunks", FW_PARAM_INT, "2", "4", "4", 1, 65536, NULL, "a file's length in pieces of 16 KiB"},
    {"medium", FW_PARAM_CHOICE, "file", "file", "file", 0, 0, "file|pipe",
     "regular files, for which nobody can wait; or pipes, fed by another process"},
    {"delay_us", FW_PARAM_INT, "200", "500", "500", 0, 10000000, NULL,
     "microseconds that the medium takes for a piece"},
    {"work", FW_PARAM_INT, "1", "50", "50", 1, 100000, NULL, "rounds of hashing for each 8 bytes"},
    {"cure", FW_PARAM_CHOICE, "pool", "pool", "pool", 0, 0, "pool|none",
     "green threads and tasks read regular files on a pool of threads, or block their worker; others need no pool"},
    {.name = NULL},
};

static const fw_block blocks[] = {
    {"slow files, on a pool", 0, ""},
    {"slow files, nobody helps", 0, "cure=none"},
    {"slow pipes", 0, "medium=pipe"},
    {"one CPU, slow files, on a pool", 1, ""},
    {NULL, 0, NULL},
};

static const fw_axis axes[] = {
    {"delay_us", "0,250,1000,4000", 0},
    {NULL, NULL, 0},
};

/* ---- the files ------------------------------------------------------------- */

/* One unnamed file holds all contents, one after the other; it goes with the processes that have it. */
static int contents = -1;

static uint64_t word_of(const fw_trial *t, uint64_t at)
{
    return fw_mix64(fw_seed(t) + at);
}

static uint64_t file_bytes(const fw_trial *t)
{
    return (uint64_t)fw_int(t, "chunks") * OVERLAP_CHUNK;
}

static int prepare(fw_trial *t, void **input, char *why, size_t why_bytes)
{
    static uint64_t piece[OVERLAP_CHUNK / sizeof(uint64_t)];
    uint64_t bytes = file_bytes(t) * (uint64_t)fw_int(t, "files");
    FILE *file = tmpfile();

    for (uint64_t at = 0; file && at < bytes; at += sizeof piece) {
        for (size_t i = 0; i < sizeof piece / sizeof *piece; i++)
            piece[i] = word_of(t, at / sizeof *piece + i);
        if (fwrite(piece, sizeof piece, 1, file) != 1)
            break;
    }
    if (!file || fflush(file) != 0 || ferror(file)) {
        int err = errno;
        snprintf(why, why_bytes, "a file of %llu bytes cannot be made in the temporary folder: %s",
                 (unsigned long long)bytes, strerror(err));
        return -err;
    }
    contents = fileno(file);
    *input = file;
    return 0;
}

/* ---- the medium of the pipes ----------------------------------------------- */

typedef struct feed {
    int fd;
    uint64_t sent; /* bytes */
} feed;

/* Writes as much as is due and fits. False: all of it is out, fd is closed. */
static bool write_due(const overlap_plan *p, feed *f, uint64_t number, uint64_t due_chunks)
{
    static char piece[OVERLAP_CHUNK];
    uint64_t most = p->chunks * OVERLAP_CHUNK, due = due_chunks < p->chunks ? due_chunks * OVERLAP_CHUNK : most;

    while (f->sent < due) {
        uint64_t part = OVERLAP_CHUNK - f->sent % OVERLAP_CHUNK;
        ssize_t have = pread(contents, piece, part, (off_t)(number * most + f->sent));
        ssize_t put = have > 0 ? write(f->fd, piece, (size_t)have) : -1;
        if (put < 0 && errno != EAGAIN)
            _exit(1);
        if (put < 0)
            return true;
        f->sent += (uint64_t)put;
    }
    if (f->sent == most)
        close(f->fd);
    return f->sent < most;
}

/* Piece k of every file comes when it has taken k + 1 delays: each file has a slow device of its own. */
_Noreturn static void feed_all(const overlap_plan *p, feed *f)
{
    uint64_t start = fw_now_ns(), live = p->files;
    struct pollfd *full = calloc(p->files, sizeof *full);

    FW_MUST(full);
    while (live > 0) {
        uint64_t now = fw_now_ns(), due = p->delay_ns ? (now - start) / p->delay_ns : p->chunks;
        nfds_t waiting = 0;
        for (uint64_t i = live = 0; i < p->files; i++) {
            if (f[i].fd < 0)
                continue;
            if (!write_due(p, &f[i], i, due)) {
                f[i].fd = -1;
                continue;
            }
            live++;
            if (f[i].sent < due * OVERLAP_CHUNK)
                full[waiting++] = (struct pollfd){.fd = f[i].fd, .events = POLLOUT};
        }
        uint64_t next = start + (due + 1) * p->delay_ns;
        struct timespec left = {(time_t)((next - now) / 1000000000), (long)((next - now) % 1000000000)};
        if (live > 0)
            ppoll(full, waiting, due < p->chunks ? &left : NULL, NULL);
    }
    _exit(0);
}

static int open_pipes(overlap_plan *p)
{
    feed *f = calloc(p->files, sizeof *f);
    pid_t parent = getpid();
    int end[2];

    FW_MUST(f);
    for (uint64_t i = 0; i < p->files; i++) {
        if (pipe2(end, O_CLOEXEC) != 0)
            return fw_refuse(p->trial, "pipe2", errno, "descriptors", (int64_t)i);
        fcntl(end[1], F_SETFL, O_NONBLOCK);
        p->fd[i] = end[0];
        f[i].fd = end[1];
    }
    fflush(NULL);
    p->medium = fork();
    if (p->medium == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_IGN);
        if (getppid() != parent)
            _exit(1);
        for (uint64_t i = 0; i < p->files; i++)
            close(p->fd[i]);
        feed_all(p, f);
    }
    for (uint64_t i = 0; i < p->files; i++)
        close(f[i].fd);
    free(f);
    return p->medium < 0 ? fw_refuse(p->trial, "fork", errno, "processes", 1) : 0;
}

/* ---- a repeat ----------------------------------------------------------------- */

int overlap_begin(overlap_plan *p, fw_trial *t)
{
    *p = (overlap_plan){.trial = t,
                        .files = (uint64_t)fw_int(t, "files"),
                        .chunks = (uint64_t)fw_int(t, "chunks"),
                        .delay_ns = (uint64_t)fw_int(t, "delay_us") * 1000,
                        .work = (uint64_t)fw_int(t, "work"),
                        .pipes = *fw_str(t, "medium") == 'p',
                        .pool = *fw_str(t, "cure") == 'p'};
    int err = p->pipes ? open_pipes(p) : 0;
    for (uint64_t i = 0; i < p->files && !p->pipes; i++)
        p->fd[i] = contents;
    fw_begin(t);
    return err;
}

void overlap_reader_init(overlap_reader *r, const overlap_plan *p, uint64_t number)
{
    r->plan = p;
    r->number = number;
    r->chunk = r->digest = r->have = 0;
    r->fd = p->fd[number];
    r->got = 0;
}

void overlap_read(void *arg)
{
    overlap_reader *r = arg;
    const overlap_plan *p = r->plan;
    uint64_t end = fw_now_ns() + p->delay_ns;
    struct timespec until = {(time_t)(end / 1000000000), (long)(end % 1000000000)};

    fw_count(fw_slot_here(), FW_SYSCALLS, p->pipes || !p->delay_ns ? 1 : 2);
    if (p->pipes) {
        r->got = read(r->fd, r->data + r->have, OVERLAP_CHUNK - r->have);
    } else {
        while (p->delay_ns && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
            ;
        r->got = pread(r->fd, r->data, OVERLAP_CHUNK, (off_t)((r->number * p->chunks + r->chunk) * OVERLAP_CHUNK));
    }
    if (r->got < 0)
        r->got = -errno;
}

static uint64_t digest_chunk(uint64_t digest, const uint64_t *word, uint64_t rounds)
{
    for (size_t i = 0; i < OVERLAP_CHUNK / sizeof *word; i++)
        for (uint64_t round = 0; round < rounds; round++)
            digest = fw_mix64(digest ^ word[i]);
    return digest;
}

bool overlap_hash(overlap_reader *r)
{
    uint64_t word[OVERLAP_CHUNK / sizeof(uint64_t)];

    if (r->got <= 0) {
        fw_fail(r->plan->trial, "file %llu ended or failed in piece %llu: %s", (unsigned long long)r->number,
                (unsigned long long)r->chunk, r->got ? strerror((int)-r->got) : "too short");
        return false;
    }
    r->have += (size_t)r->got;
    if (r->have < OVERLAP_CHUNK)
        return true;
    memcpy(word, r->data, sizeof word);
    r->digest = digest_chunk(r->digest, word, r->plan->work);
    r->have = 0;
    fw_count(fw_slot_here(), FW_WORK, 1);
    return ++r->chunk < r->plan->chunks;
}

uint64_t overlap_value(const overlap_reader *r)
{
    return fw_mix64(r->digest + r->number);
}

int overlap_end(const overlap_plan *p, uint64_t values)
{
    int status = 0;

    fw_end(p->trial);
    fw_result(p->trial, p->files, values);
    for (uint64_t i = 0; i < p->files && p->pipes; i++)
        close(p->fd[i]);
    if (p->pipes && (fw_load_wait(p->trial, p->medium, &status) != 0 || status != 0))
        return fw_fail(p->trial, "who feeds the pipes ended with status %d", status);
    return 0;
}

static void expect(const fw_trial *t, uint64_t repeats, uint64_t ops, fw_expect *e)
{
    uint64_t files = (uint64_t)fw_int(t, "files"), words = file_bytes(t) / sizeof(uint64_t);
    uint64_t work = (uint64_t)fw_int(t, "work"), values = 0;

    for (uint64_t i = 0; i < files; i++) {
        uint64_t digest = 0;
        for (uint64_t at = 0; at < words; at++)
            for (uint64_t round = 0; round < work; round++)
                digest = fw_mix64(digest ^ word_of(t, i * words + at));
        values += fw_mix64(digest + i);
    }
    e->want = (fw_receipt){.units = repeats * files, .ops = repeats * files, .checksum = repeats * values};
    e->rule.units = e->rule.ops = e->rule.checksum = FW_EXACT;
    e->rule.peak_live = e->rule.messages = e->rule.bytes = FW_INFO; /* who is ready first may end first */
    (void)ops;
}

const fw_spec overlap_spec = {
    .name = "overlap",
    .title = "Reading many slow files and computing on them: does the one go on while the other waits?",
    .op = "file",
    .mode = FW_COMPLETE,
    .params = params,
    .blocks = blocks,
    .axes = axes,
    .prepare = prepare,
    .expect = expect,
};
