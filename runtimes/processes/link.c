/* link.c - framed messages over a pipe, a socket pair or a shared ring. A frame is a
 * 4-byte length and the bytes; a packet pipe needs none. The receiving side of a stream reads ahead into a
 * buffer, so that a small message costs one read. See processes.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "core/copy.h"
#include "processes.h"
#include "ring.h"

enum { HEADER = 4, SHORT_FRAME = 512, READ_AHEAD = 64 * 1024 };

struct proc_link {
    proc_transport kind;
    size_t max_message;
    int fd[2]; /* receiving end, sending end; -1 once closed. ring: the ends of its lifeline */
    ring *ring;
    size_t ring_bytes; /* of the mapping */
    int role;          /* 0 none yet, 1 sender, 2 receiver */
    unsigned char *ahead;
    size_t ahead_at, ahead_end;
};

static int ring_create(proc_link *l, size_t max_message, size_t data_bytes)
{
    size_t size = 4096;
    while (size < data_bytes || size < max_message + HEADER)
        size *= 2;
    l->ring_bytes = sizeof(ring) + size;
    int fd = memfd_create("fiveways-ring", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    void *p = MAP_FAILED;
    if (ftruncate(fd, (off_t)l->ring_bytes) == 0)
        p = mmap(NULL, l->ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    int err = p == MAP_FAILED ? -errno : 0;
    close(fd); /* the mapping stays, and goes with the last process */
    if (!err) {
        l->ring = p;
        l->ring->size = size;
    }
    return err;
}

/* A packet takes a page of the pipe, so its pages are its capacity. */
static int packets_create(proc_link *l, size_t max_message, size_t packets)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (max_message > PIPE_BUF || packets == 0 || packets > INT_MAX / page || (packets & (packets - 1)) != 0)
        return -EINVAL;
    if (pipe2(l->fd, O_CLOEXEC | O_DIRECT) != 0)
        return -errno;
    int got = fcntl(l->fd[1], F_SETPIPE_SZ, (int)(packets * page)), err = got < 0 ? -errno : 0;
    if (err) {
        close(l->fd[0]);
        close(l->fd[1]);
    }
    return err;
}

int proc_link_create(proc_link **out, proc_transport kind, size_t max_message, size_t ring_bytes)
{
    if (max_message == 0 || max_message > INT32_MAX)
        return -EINVAL;
    proc_link *l = calloc(1, sizeof *l);
    if (!l)
        return -ENOMEM;
    l->kind = kind;
    l->max_message = max_message;
    l->fd[0] = l->fd[1] = -1;
    int err = 0;
    if (kind == PROC_RING)
        err = ring_create(l, max_message, ring_bytes);
    else if (kind == PROC_PACKETS)
        err = packets_create(l, max_message, ring_bytes);
    if (!err && kind != PROC_PACKETS &&
        (kind == PROC_PIPE ? pipe2(l->fd, O_CLOEXEC) : socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, l->fd)) != 0)
        err = -errno;
    if (err) {
        if (l->ring)
            munmap(l->ring, l->ring_bytes);
        free(l);
        return err;
    }
    *out = l;
    return 0;
}

static void close_end(proc_link *l, int end)
{
    if (l->fd[end] >= 0)
        close(l->fd[end]);
    l->fd[end] = -1;
}

void proc_link_sender(proc_link *l)
{
    l->role = 1;
    close_end(l, 0);
    if (l->ring) {
        ring_join(&l->ring->tail);
        return;
    }
    signal(SIGPIPE, SIG_IGN); /* a dead receiver is -EPIPE, not our death */
    if (l->kind != PROC_PACKETS)
        fcntl(l->fd[1], F_SETFL, O_NONBLOCK);
}

void proc_link_receiver(proc_link *l)
{
    l->role = 2;
    close_end(l, 1);
    if (l->ring)
        ring_join(&l->ring->head);
    if (l->ring || l->kind == PROC_PACKETS)
        return;
    l->ahead = malloc(READ_AHEAD);
    FW_MUST(l->ahead);
}

void proc_close(proc_link *l)
{
    if (l->ring && l->role == 1)
        ring_leave(&l->ring->tail, &l->ring->head);
    close_end(l, 1);
}

void proc_link_destroy(proc_link *l)
{
    if (l->ring) {
        if (l->role == 1)
            ring_leave(&l->ring->tail, &l->ring->head);
        else if (l->role == 2)
            ring_leave(&l->ring->head, &l->ring->tail);
        munmap(l->ring, l->ring_bytes);
    }
    close_end(l, 0);
    close_end(l, 1);
    free(l->ahead);
    free(l);
}

/* Blocks until the descriptor is ready for events. deadline 0: -EAGAIN at once. */
static int wait_for(int fd, short events, uint64_t deadline_ns)
{
    struct pollfd p = {.fd = fd, .events = events};
    for (;;) {
        uint64_t now = deadline_ns == FW_FOREVER ? 0 : fw_now_ns(), left = deadline_ns > now ? deadline_ns - now : 0;
        struct timespec timeout = {(time_t)(left / 1000000000), (long)(left % 1000000000)};
        fw_count(fw_slot_here(), FW_SYSCALLS, 1);
        int got = ppoll(&p, 1, deadline_ns == FW_FOREVER ? NULL : &timeout, NULL);
        if (got > 0)
            return 0;
        if (got == 0)
            return deadline_ns ? -ETIMEDOUT : -EAGAIN;
        if (errno != EINTR)
            return -errno;
    }
}

/* What follows the first `sent` bytes of a frame; may write less. One write of a short frame costs less than one of its
 * two parts. */
static ssize_t write_rest(int fd, const void *data, size_t bytes, size_t sent)
{
    uint32_t length = (uint32_t)bytes;
    size_t of_header = sent < HEADER ? sent : HEADER, of_data = sent - of_header;

    if (HEADER + bytes <= SHORT_FRAME) {
        unsigned char frame[SHORT_FRAME];
        memcpy(frame, &length, HEADER);
        copy_element(frame + HEADER, data, bytes);
        return write(fd, frame + sent, HEADER + bytes - sent);
    }
    struct iovec rest[2] = {{(unsigned char *)&length + of_header, HEADER - of_header},
                            {(unsigned char *)(uintptr_t)data + of_data, bytes - of_data}};
    return writev(fd, rest, 2);
}

static int stream_send(proc_link *l, const void *data, size_t bytes, uint64_t deadline_ns)
{
    size_t sent = 0;

    while (sent < HEADER + bytes) {
        fw_count(fw_slot_here(), FW_SYSCALLS, 1);
        ssize_t got = write_rest(l->fd[1], data, bytes, sent);
        if (got >= 0) {
            sent += (size_t)got;
            continue;
        }
        if (errno == EINTR)
            continue;
        int err = errno == EAGAIN       ? wait_for(l->fd[1], POLLOUT, sent && !deadline_ns ? FW_FOREVER : deadline_ns)
                  : errno == ECONNRESET ? -EPIPE
                                        : -errno;
        if (err) {
            if (sent) /* half a frame is out: nothing sensible can follow, and the receiver must not wait for the rest
                       */
                close_end(l, 1);
            return err;
        }
    }
    return 0;
}

/* At least `want` bytes ahead (want <= READ_AHEAD). */
static int fill(proc_link *l, size_t want, uint64_t deadline_ns)
{
    if (l->ahead_at == l->ahead_end)
        l->ahead_at = l->ahead_end = 0;
    if (READ_AHEAD - l->ahead_at < want) {
        memmove(l->ahead, l->ahead + l->ahead_at, l->ahead_end - l->ahead_at);
        l->ahead_end -= l->ahead_at;
        l->ahead_at = 0;
    }
    while (l->ahead_end - l->ahead_at < want) {
        if (deadline_ns != FW_FOREVER) {
            int err = wait_for(l->fd[0], POLLIN, deadline_ns);
            if (err)
                return err;
        }
        fw_count(fw_slot_here(), FW_SYSCALLS, 1);
        ssize_t got = read(l->fd[0], l->ahead + l->ahead_end, READ_AHEAD - l->ahead_end);
        if (got == 0)
            return -EPIPE; /* a frame cut short is no message */
        if (got < 0 && errno != EINTR)
            return errno == ECONNRESET ? -EPIPE : -errno;
        if (got > 0)
            l->ahead_end += (size_t)got;
    }
    return 0;
}

static int64_t stream_recv(proc_link *l, void *buffer, size_t room, uint64_t deadline_ns)
{
    uint32_t length;
    int err = fill(l, HEADER, deadline_ns);
    if (err)
        return err;
    memcpy(&length, l->ahead + l->ahead_at, HEADER);
    if (length > room)
        return -EMSGSIZE;
    l->ahead_at += HEADER;
    for (size_t done = 0;;) {
        size_t part = l->ahead_end - l->ahead_at;
        if (part > length - done)
            part = length - done;
        copy_element((unsigned char *)buffer + done, l->ahead + l->ahead_at, part);
        l->ahead_at += part;
        done += part;
        if (done == length)
            return length;
        /* The frame has begun, so its sender is at it: wait for the rest, whatever the deadline. */
        if ((err = fill(l, 1, FW_FOREVER)))
            return err;
    }
}

/* Whole or not at all, since it is no longer than PIPE_BUF; so is what is received. */
static int packet_send(proc_link *l, const void *data, size_t bytes, uint64_t deadline_ns)
{
    if (deadline_ns != FW_FOREVER)
        return -ENOTSUP;
    fw_count(fw_slot_here(), FW_SYSCALLS, 1);
    while (write(l->fd[1], data, bytes) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

static int64_t packet_recv(proc_link *l, void *buffer, size_t room, uint64_t deadline_ns)
{
    ssize_t got;
    if (deadline_ns != FW_FOREVER)
        return -ENOTSUP;
    if (room < l->max_message) /* the rest of a packet would be lost */
        return -EMSGSIZE;
    fw_count(fw_slot_here(), FW_SYSCALLS, 1);
    while ((got = read(l->fd[0], buffer, room)) < 0)
        if (errno != EINTR)
            return -errno;
    return got ? got : -EPIPE;
}

static int link_send(proc_link *l, const void *data, size_t bytes, uint64_t deadline_ns)
{
    int err;

    if (bytes > l->max_message)
        return -EMSGSIZE;
    if (l->fd[1] < 0)
        return -EPIPE;
    if (l->ring) {
        uint32_t length = (uint32_t)bytes;
        err = ring_wait_room(l->ring, l->fd[1], HEADER + bytes, deadline_ns);
        if (!err) {
            ring_put(l->ring, 0, &length, HEADER);
            ring_put(l->ring, HEADER, data, bytes);
            ring_publish(l->ring, HEADER + bytes);
        }
    } else if (l->kind == PROC_PACKETS) {
        err = packet_send(l, data, bytes, deadline_ns);
    } else {
        err = stream_send(l, data, bytes, deadline_ns);
    }
    if (!err) {
        fw_slot *slot = fw_slot_here();
        fw_count(slot, FW_MESSAGES, 1);
        fw_count(slot, FW_BYTES, bytes);
    }
    return err;
}

static int64_t link_recv(proc_link *l, void *buffer, size_t room, uint64_t deadline_ns)
{
    if (l->kind == PROC_PACKETS)
        return packet_recv(l, buffer, room, deadline_ns);
    if (!l->ring)
        return stream_recv(l, buffer, room, deadline_ns);
    uint32_t length;
    int err = ring_wait_bytes(l->ring, l->fd[0], HEADER, deadline_ns);
    if (err)
        return err;
    ring_get(l->ring, 0, &length, HEADER); /* published whole: the bytes are there too */
    if (length > room)
        return -EMSGSIZE;
    ring_get(l->ring, HEADER, buffer, length);
    ring_consume(l->ring, HEADER + length);
    return length;
}

int proc_send(proc_link *l, const void *data, size_t bytes)
{
    return link_send(l, data, bytes, FW_FOREVER);
}

int proc_send_until(proc_link *l, const void *data, size_t bytes, uint64_t deadline_ns)
{
    return link_send(l, data, bytes, deadline_ns ? deadline_ns : 1);
}

int proc_try_send(proc_link *l, const void *data, size_t bytes)
{
    return link_send(l, data, bytes, 0);
}

int64_t proc_recv(proc_link *l, void *buffer, size_t room)
{
    return link_recv(l, buffer, room, FW_FOREVER);
}

int64_t proc_recv_until(proc_link *l, void *buffer, size_t room, uint64_t deadline_ns)
{
    return link_recv(l, buffer, room, deadline_ns ? deadline_ns : 1);
}

int64_t proc_try_recv(proc_link *l, void *buffer, size_t room)
{
    return link_recv(l, buffer, room, 0);
}
