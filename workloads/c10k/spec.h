/* spec.h - c10k: what all five servers share: the listening socket, who is connected, and HTTP itself, which knows
 * nothing of sockets. A cell is how a model waits for its connections. Next: spec_http.c, green.c. */
#ifndef C10K_SPEC_H
#define C10K_SPEC_H

#include <http_parser.h>
#include <signal.h>

#include "fw.h"

enum { C10K_IN_BYTES = 4096, C10K_OUT_BYTES = 8192, C10K_MOST_FDS = 1 << 20 };

extern const fw_spec c10k_spec;

/* In memory that the trial's processes share. */
typedef struct c10k_server {
    int listener;        /* listening, blocking; shared by all who accept */
    int control;         /* the client's first connection, which it only holds: its end tells that the client is gone */
    uint16_t port;       /* host order */
    bool alone;          /* no client of ours: runs until a signal */
    uint64_t seed;       /* of the answers to /n/ID */
    uint64_t request_ns; /* a request must be complete so long after its first byte, an answer be taken after so long */
    uint64_t idle_ns;    /* a connection that asks nothing is closed after so long */
    enum { C10K_NO_FAULT, C10K_SEGV, C10K_SPIN } fault; /* what GET /fault does to the unit that reads it */
    int64_t room;                                       /* connections that the descriptors suffice for */
    int client;                                         /* process id of the load generator until it is waited for */
    int client_status, client_error;                    /* what its wait gave: status, or -errno */
    struct {                                            /* the client's, written before it ends */
        uint64_t requests, answered;                    /* answered to the last byte; sum of the answers to /n/ID */
        uint64_t connections;                           /* were served at once */
        char wrong[128];                                /* why not all that were to be */
    } result;
    alignas(FW_PAD) _Atomic int64_t open; /* connections now */
    _Atomic bool stopping;                /* nothing more is accepted, no connection is kept alive */
    _Atomic uint64_t answers, answered;   /* requests of closed connections; what was answered to /n/ID, added up */
} c10k_server;

/* How many connections the client will hold at once. */
size_t c10k_crowd(const fw_trial *t);
/* A cell's first call, before it starts anything: listens, forks the client. 0 or what the cell must return. */
int c10k_begin(fw_trial *t, c10k_server **out);
/* Ends accepting (accept gives EINVAL) and wakes those who read from a connection of this process: they see its end.
 * Safe in a signal handler. */
void c10k_stop(c10k_server *s);
bool c10k_stopping(const c10k_server *s);
/* Whether accept may be tried again after it failed with err (errno): only that connection was lost. Else we stop. */
bool c10k_accept_again(const c10k_server *s, int err);
/* A cell's last call, after all units were joined. call, err: what failed with -errno when no more units could be made;
 * 0. Waits for the client; whatever it says goes into the trial. What the cell must return. */
int c10k_finish(fw_trial *t, c10k_server *s, const char *call, int err);

/* ---- HTTP ----------------------------------------------------------------
 * GET and HEAD of / (a greeting) and of /n/ID (16 hexadecimal digits of fw_mix64(seed + ID)); POST of /echo gives the
 * body back as it comes. HTTP/1.1, keep-alive, pipelining; HTTP/1.0 where asked for. */
typedef struct c10k_out {
    size_t bytes;
    char data[C10K_OUT_BYTES];
} c10k_out;

typedef struct c10k_http {
    http_parser parser;
    c10k_server *server;
    c10k_out *out;              /* while c10k_feed runs */
    uint64_t now_ns;            /* likewise */
    uint64_t deadline_ns;       /* when to give up on this connection */
    uint64_t answers, answered; /* as the server's */
    uint64_t dropped;           /* bytes that came after a refusal */
    char target[24], field[20]; /* as far as they fit */
    uint16_t status;            /* of the answer */
    uint8_t target_bytes, field_bytes, coding_bytes, hosts, route;
    bool in_value, expects; /* a header's value is being read; the body comes when we say so */
    bool last;              /* the answer says that no other will follow */
    bool begun;             /* an echo's answer is on its way */
    bool in_request;        /* it has begun and isn't complete */
    bool refused;           /* answered with close; what still comes is dropped, so that the answer is not lost */
    bool entered;
    bool close; /* close it once the answers are out */
} c10k_http;

void c10k_http_init(c10k_http *h, c10k_server *s, uint64_t now_ns);
/* Takes n bytes that came (0: the other side has ended), appends the answers to out, which is empty. Bytes taken: fewer
 * than n when out is full; then write it out, empty it and feed the rest. After close nothing more is taken. */
size_t c10k_feed(c10k_http *h, const char *in, size_t n, c10k_out *out, uint64_t now_ns);
/* The deadline has passed: puts what there is to say about it; h->close. */
void c10k_late(c10k_http *h, c10k_out *out);
/* fd was accepted: begins the connection, in the process that serves it. h->close: there is no room for it. */
void c10k_enter(c10k_http *h, c10k_server *s, int fd);
/* Before fd is closed. In a trial, the last one to leave stops the server: then the client is gone. */
void c10k_leave(c10k_http *h, int fd);

/* Whether a child other than the client has ended: it is in *ended, and is the caller's to wait for. Never blocks. */
bool c10k_child_ended(fw_trial *t, c10k_server *s, siginfo_t *ended);
/* A unit has ended without c10k_leave: its process crashed. */
void c10k_lost(c10k_server *s);

/* For units that hold none while they wait: *mine is filled from *spare or made; given back it is the spare one or is
 * freed. Both may be NULL; a spare has one user at a time. */
typedef struct c10k_buffers {
    char in[C10K_IN_BYTES];
    c10k_out out;
} c10k_buffers;
void c10k_take(c10k_buffers **mine, c10k_buffers **spare);
void c10k_give(c10k_buffers **mine, c10k_buffers **spare);

/* For models that are told by epoll which connection is ready, once, and must not wait for it. */
typedef enum c10k_next { C10K_READ, C10K_WRITE, C10K_OVER } c10k_next;
typedef struct c10k_turn {
    int fd;
    c10k_http http;
    c10k_buffers *kept; /* what waits to be written, or NULL */
    size_t n, at, put;  /* bytes of the input, of it fed; bytes of the answer written */
    _Atomic c10k_next next;
} c10k_turn;
/* The descriptor was accepted. NULL: there is no room for it, it was closed. */
c10k_turn *c10k_turn_begin(c10k_server *s, int fd, int epoll);
/* Does what can be done now, then asks to be told again: another thread may be told before this returns. own: the
 * caller's, used meanwhile. */
void c10k_take_turn(c10k_turn *c, int epoll, c10k_buffers *own);
/* Who is told of it, first: false: it is over, and was closed and freed. */
bool c10k_has_turn(c10k_turn *c);
/* Whose deadline has passed comes to its end, and so to a turn. By the thread that accepts and closes. */
void c10k_end_late(void);
void c10k_deadline(int fd, uint64_t deadline_ns, bool writing);

/* For models whose units may block in the kernel. c10k_timeouts once for each connection; c10k_exchange reads once,
 * blocking until a deadline, and writes the answers. */
void c10k_timeouts(const c10k_server *s, int fd);
void c10k_exchange(c10k_http *h, int fd);

/* ---- the load generator, in the process that c10k_begin forked -------------- */

typedef struct c10k_conn {
    struct c10k_clients *of;
    int fd;
    bool answered, blocked; /* blocked: waits until it can write */
    bool faulty;            /* its unit is to suffer the fault: its end is no surprise */
    char head[160];         /* of the request */
    size_t head_bytes, out; /* out: written of head and body together */
    uint64_t id;            /* of /n/ID */
    size_t checked;         /* bytes of the answer's body */
    uint64_t due_ns, sent_ns;
    http_parser parser;
    struct c10k_conn *next; /* in the list of free ones */
} c10k_conn;

typedef struct c10k_clients {
    fw_trial *trial;
    c10k_server *server;
    int epoll;
    c10k_conn *all;
    size_t n, active, answer_bytes;
    char *body; /* NULL: GET */
    c10k_conn *first_free, **last_free;
    size_t waiting; /* for an answer */
    uint64_t asked;
    fw_meter *meter;   /* NULL: not measured */
    bool again;        /* who has an answer asks at once */
    bool more;         /* the window is open */
    uint64_t fault_ns; /* when the last connection asks for the fault; 0: not any more */
    /* Of an open loop. */
    uint64_t random, good_ns;
    double gap_ns, calm_gap_ns, next_due_ns; /* mean gaps of the requests due before the window's end, after it */
    struct {                                 /* in the window; from another one when it was opened again */
        uint64_t due, answered, good;        /* good: answered within good_ns */
    } count;
    unsigned reopened;
    fw_hist service, late; /* sent to answered; due to sent, of those for which a connection was free in time */
    char wrong[128];       /* what ended it, or "" */
} c10k_clients;

/* spec_client.c: opens the connections, has each answered once, loads the server, checks every byte. Exit status 0; 1:
 * it has failed the trial; 2: the server did not serve all connections at once, see result. */
int c10k_client(fw_trial *t, c10k_server *s);
/* Notes what ended it, if it is the first. False. */
bool c10k_wrong(c10k_clients *l, const char *what, const char *why);
/* Sends the next request on c, which is free. Like all that follows: false, when something went wrong. */
bool c10k_ask(c10k_conn *c, uint64_t due_ns);
/* Sleeps until something comes or until_ns; sees to it. */
bool c10k_look(c10k_clients *l, uint64_t until_ns);
/* Until all that was asked is answered. */
bool c10k_drain(c10k_clients *l);
#define C10K_STALL_NS UINT64_C(20000000000) /* so long nothing comes though something was asked: the server hangs */

/* spec_load.c: the window, and what there is to say of it. */
bool c10k_load(c10k_clients *l);
/* An answer came at now_ns, while there is a meter. */
void c10k_book(c10k_conn *c, uint64_t now_ns);
/* c has nothing to do. The one that is free longest gets the next request. */
void c10k_set_free(c10k_conn *c);

#endif
