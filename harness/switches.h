/* switches.h - the kernel's own record of who was on which CPU: a software event of perf_event_open(2) a CPU, inherited
 * by what this process forks, that tells nothing but context switches, new threads, names and ends. Needs no privilege
 * where perf_event_paranoid is 2 or less. Its time is CLOCK_MONOTONIC, as fw_now_ns. Next: runner_trace.c. */
#ifndef SWITCHES_H
#define SWITCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef enum fw_switch_kind { FW_SWITCH_IN, FW_SWITCH_BLOCKED, FW_SWITCH_RUNNABLE, FW_SWITCH_ENDED } fw_switch_kind;

typedef struct fw_switch { /* on one CPU, in the order of time */
    uint64_t ns;
    pid_t tid;
    fw_switch_kind kind;
} fw_switch;

typedef struct fw_os_thread {
    uint64_t born_ns;
    pid_t tid, pid, parent;
    unsigned number; /* from 1 in the order of birth, processes and threads of the trial's process apart */
    char name[16];   /* "": has not named itself */
} fw_os_thread;

typedef struct fw_switches_cpu {
    int cpu, fd;
    void *ring;
    fw_switch *at;
    size_t n, capacity;
} fw_switches_cpu;

typedef struct fw_switches {
    fw_switches_cpu *cpu;
    unsigned cpus;
    size_t ring_bytes;    /* a CPU, without the page before it */
    fw_os_thread *thread; /* by tid, after fw_switches_know_threads; before it a row for each birth and each name */
    size_t threads, thread_capacity;
    uint64_t lost; /* records that found no room: in a ring, or beyond a million a CPU */
} fw_switches;

/* An event and a ring (512 KiB, less where the kernel gives less) for each CPU that this process may use. 0; or -errno
 * of the call that failed, with one line in why. Ended by fw_switches_close, which frees all. */
int fw_switches_open(fw_switches *s, char *why, size_t why_bytes);
/* In a fork: only closes what it inherited. */
void fw_switches_forget(fw_switches *s);
/* Takes what has come out of the rings. Call when a descriptor is readable (a ring is a quarter full), and at the end.
 */
void fw_switches_drain(fw_switches *s);
/* After the last drain, once. */
void fw_switches_know_threads(fw_switches *s);
/* NULL: its birth was not seen. */
const fw_os_thread *fw_switches_thread(const fw_switches *s, pid_t tid);
void fw_switches_close(fw_switches *s);

#endif
