/* transfers.c - reads and writes of a descriptor, accepts and connects: each is one try that never blocks (netpoll.h).
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netpoll_private.h"

int64_t core_io_read(core_io *io, void *buffer, size_t bytes, fw_slot *slot)
{
    side *s = &io->side[CORE_IO_READ];

    if (s->emptied)
        return -EAGAIN;
    for (;;) {
        fw_count(slot, FW_SYSCALLS, 1);
        ssize_t got = s->plain ? read(io->fd, buffer, bytes) : recv(io->fd, buffer, bytes, 0); /* the shorter way */
        if (got >= 0) {
            s->emptied = got > 0 && (size_t)got < bytes;
            return got;
        }
        if (errno == ENOTSOCK)
            s->plain = true;
        else if (errno != EINTR)
            return -errno;
    }
}

int64_t core_io_write(core_io *io, const void *data, size_t bytes, fw_slot *slot)
{
    side *s = &io->side[CORE_IO_WRITE];

    for (;;) {
        fw_count(slot, FW_SYSCALLS, 1);
        ssize_t put = s->plain ? write(io->fd, data, bytes) : send(io->fd, data, bytes, MSG_NOSIGNAL);
        if (put >= 0)
            return put;
        if (errno == ENOTSOCK)
            s->plain = true;
        else if (errno != EINTR)
            return -errno;
    }
}

int core_io_accept(core_io *io, fw_slot *slot)
{
    fw_count(slot, FW_SYSCALLS, 1);
    int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

int core_io_connect(core_io *io, const struct sockaddr *to, socklen_t bytes, fw_slot *slot)
{
    fw_count(slot, FW_SYSCALLS, 1);
    if (connect(io->fd, to, bytes) == 0 || errno == EISCONN)
        return 0;
    return errno == EINPROGRESS || errno == EALREADY ? -EAGAIN : -errno;
}
