/* netpoll_private.h - what a descriptor is to netpoll.c, which waits for it, and to transfers.c. */
#ifndef CORE_NETPOLL_PRIVATE_H
#define CORE_NETPOLL_PRIVATE_H

#include "netpoll.h"
#include "wordlock.h"

typedef struct side {
    _Atomic(core_io_wait *) state; /* NULL (nothing), READY or who waits */
    _Atomic uint64_t deadline_ns;  /* of who waits; written before state */
    _Atomic uint32_t over;         /* the sequence number whose descriptor has ended or failed: it never waits */
    bool emptied;                  /* the user's: the last transfer came short */
    bool plain;                    /* the user's: no socket */
} side;

struct core_io {
    int fd;
    uint32_t place;
    _Atomic uint32_t sequence; /* changed by close */
    side side[2];
    wordlock lock;             /* guards timer; written while held: armed_ns */
    _Atomic uint64_t armed_ns; /* when timer fires, or FW_FOREVER. Stays when the place is used again */
    core_timer timer;
    netpoll *net;
    core_io *next; /* in the list of free places */
};

#endif
