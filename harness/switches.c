/* switches.c - see switches.h. The layouts are those of perf_event_open(2), "MMAP layout". */
#include "switches.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fw.h"

enum { MOST_PAGES = 128, FEWEST_PAGES = 4, MOST_SWITCHES = 1 << 20, RECORD_BYTES = 512 };

typedef struct sample_id { /* ends every record */
    uint32_t pid, tid;
    uint64_t ns;
    uint32_t cpu, reserved;
} sample_id;

typedef struct task_record { /* PERF_RECORD_FORK and _EXIT, after the header */
    uint32_t pid, parent_pid, tid, parent_tid;
    uint64_t ns;
} task_record;

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static int open_event(int cpu, size_t ring_bytes)
{
    struct perf_event_attr a = {
        .size = sizeof a,
        .type = PERF_TYPE_SOFTWARE,
        .config = PERF_COUNT_SW_DUMMY,
        .sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU,
        .sample_id_all = 1,
        .context_switch = 1,
        .task = 1,
        .comm = 1,
        .inherit = 1,
        .exclude_kernel = 1,
        .exclude_hv = 1,
        .use_clockid = 1,
        .clockid = CLOCK_MONOTONIC,
        .watermark = 1,
        .wakeup_watermark = (uint32_t)(ring_bytes / 4),
    };
    return (int)syscall(SYS_perf_event_open, &a, 0, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

/* Event and ring of one CPU. The first one finds out how large a ring may be. */
static int open_cpu(fw_switches *s, fw_switches_cpu *c, const char **call)
{
    for (;; s->ring_bytes /= 2) {
        *call = "perf_event_open";
        c->fd = open_event(c->cpu, s->ring_bytes);
        if (c->fd < 0)
            return -errno;
        *call = "mmap of its ring";
        c->ring = mmap(NULL, page_bytes() + s->ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
        if (c->ring != MAP_FAILED)
            return 0;
        int err = errno;
        c->ring = NULL;
        if (s->ring_bytes <= FEWEST_PAGES * page_bytes() || c != s->cpu)
            return -err;
        close(c->fd);
    }
}

int fw_switches_open(fw_switches *s, char *why, size_t why_bytes)
{
    cpu_set_t allowed;
    const char *call = "sched_getaffinity";
    int err = 0;

    *s = (fw_switches){.ring_bytes = MOST_PAGES * page_bytes()};
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        err = -errno;
    s->cpu = calloc((size_t)CPU_SETSIZE, sizeof *s->cpu);
    FW_MUST(s->cpu);
    for (int cpu = 0; cpu < CPU_SETSIZE && !err; cpu++) {
        if (!CPU_ISSET(cpu, &allowed))
            continue;
        fw_switches_cpu *c = &s->cpu[s->cpus++];
        *c = (fw_switches_cpu){.cpu = cpu, .fd = -1};
        err = open_cpu(s, c, &call);
    }
    if (!err)
        return 0;
    fw_switches_close(s);
    snprintf(why, why_bytes, "%s: %s (kernel.perf_event_paranoid is %d; 2 or less is needed)", call, strerror(-err),
             (int)fw_sysctl("kernel/perf_event_paranoid"));
    return err;
}

void fw_switches_forget(fw_switches *s)
{
    for (unsigned i = 0; i < s->cpus; i++) {
        if (s->cpu[i].ring)
            munmap(s->cpu[i].ring, page_bytes() + s->ring_bytes);
        close(s->cpu[i].fd);
    }
}

void fw_switches_close(fw_switches *s)
{
    for (unsigned i = 0; i < s->cpus; i++) {
        fw_switches_cpu *c = &s->cpu[i];
        if (c->ring)
            munmap(c->ring, page_bytes() + s->ring_bytes);
        if (c->fd >= 0)
            close(c->fd);
        free(c->at);
    }
    free(s->cpu);
    free(s->thread);
    *s = (fw_switches){0};
}

static void add_switch(fw_switches *s, fw_switches_cpu *c, fw_switch one)
{
    if (c->n == MOST_SWITCHES) {
        s->lost++;
        return;
    }
    if (c->n == c->capacity) {
        c->capacity = c->capacity ? 2 * c->capacity : 4096;
        c->at = realloc(c->at, c->capacity * sizeof *c->at);
        FW_MUST(c->at);
    }
    c->at[c->n++] = one;
}

static void add_thread(fw_switches *s, fw_os_thread one)
{
    if (s->threads == s->thread_capacity) {
        s->thread_capacity = s->thread_capacity ? 2 * s->thread_capacity : 64;
        s->thread = realloc(s->thread, s->thread_capacity * sizeof *s->thread);
        FW_MUST(s->thread);
    }
    s->thread[s->threads++] = one;
}

static int by_birth(const void *a, const void *b)
{
    const fw_os_thread *x = a, *y = b;
    return (x->born_ns > y->born_ns) - (x->born_ns < y->born_ns);
}

static int by_tid(const void *a, const void *b)
{
    const fw_os_thread *x = a, *y = b;
    return (x->tid > y->tid) - (x->tid < y->tid);
}

void fw_switches_know_threads(fw_switches *s)
{
    unsigned processes = 0, threads = 0;
    size_t n = 0;

    if (!s->threads)
        return;
    qsort(s->thread, s->threads, sizeof *s->thread, by_birth);
    for (size_t i = 0; i < s->threads; i++)
        if (s->thread[i].pid && s->thread[i].parent != getpid()) /* a birth, not the trial's own */
            s->thread[i].number = s->thread[i].pid != s->thread[i].parent ? ++processes : ++threads;
    qsort(s->thread, s->threads, sizeof *s->thread, by_tid);
    for (size_t i = 0; i < s->threads; i++) {
        const fw_os_thread *one = &s->thread[i];
        fw_os_thread *row = n && s->thread[n - 1].tid == one->tid ? &s->thread[n - 1] : NULL;
        if (!row) {
            s->thread[n++] = *one;
        } else if (one->pid) {
            row->pid = one->pid;
            row->parent = one->parent;
            row->number = one->number;
            row->born_ns = one->born_ns;
        } else {
            memcpy(row->name, one->name, sizeof row->name);
        }
    }
    s->threads = n;
}

const fw_os_thread *fw_switches_thread(const fw_switches *s, pid_t tid)
{
    return s->threads ? bsearch(&(fw_os_thread){.tid = tid}, s->thread, s->threads, sizeof *s->thread, by_tid) : NULL;
}

static void take_record(fw_switches *s, fw_switches_cpu *c, const struct perf_event_header *h, const char *record)
{
    sample_id id;
    task_record task;
    uint64_t lost;
    fw_os_thread named = {0};

    memcpy(&id, record + h->size - sizeof id, sizeof id);
    memcpy(&task, record + sizeof *h, sizeof task); /* every record is longer than this */
    pid_t tid = (pid_t)id.tid;
    switch (h->type) {
    case PERF_RECORD_SWITCH:
        add_switch(s, c,
                   (fw_switch){id.ns, tid,
                               !(h->misc & PERF_RECORD_MISC_SWITCH_OUT)        ? FW_SWITCH_IN
                               : h->misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT ? FW_SWITCH_RUNNABLE
                                                                               : FW_SWITCH_BLOCKED});
        break;
    case PERF_RECORD_EXIT:
        add_switch(s, c, (fw_switch){task.ns, (pid_t)task.tid, FW_SWITCH_ENDED});
        break;
    case PERF_RECORD_FORK:
        add_thread(s, (fw_os_thread){.born_ns = task.ns,
                                     .tid = (pid_t)task.tid,
                                     .pid = (pid_t)task.pid,
                                     .parent = (pid_t)task.parent_pid});
        break;
    case PERF_RECORD_COMM:
        named.tid = tid;
        snprintf(named.name, sizeof named.name, "%.15s", record + sizeof *h + 8);
        add_thread(s, named);
        break;
    case PERF_RECORD_LOST:
        memcpy(&lost, record + sizeof *h + 8, sizeof lost);
        s->lost += lost;
        break;
    default:
        break;
    }
}

static void copy_out(char *to, const char *ring, size_t ring_bytes, uint64_t from, size_t bytes)
{
    size_t at = from % ring_bytes, first = bytes < ring_bytes - at ? bytes : ring_bytes - at;
    memcpy(to, ring + at, first);
    memcpy(to + first, ring, bytes - first);
}

static void drain_cpu(fw_switches *s, fw_switches_cpu *c)
{
    struct perf_event_mmap_page *page = c->ring;
    const char *ring = (const char *)c->ring + page_bytes();
    char record[RECORD_BYTES];
    struct perf_event_header h;

    uint64_t head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE), tail = page->data_tail;
    while (tail < head) {
        copy_out((char *)&h, ring, s->ring_bytes, tail, sizeof h);
        FW_MUST(h.size >= sizeof h + sizeof(sample_id));
        if (h.size <= sizeof record) {
            copy_out(record, ring, s->ring_bytes, tail, h.size);
            take_record(s, c, &h, record);
        }
        tail += h.size;
    }
    __atomic_store_n(&page->data_tail, tail, __ATOMIC_RELEASE); /* the kernel may write there again */
}

void fw_switches_drain(fw_switches *s)
{
    for (unsigned i = 0; i < s->cpus; i++)
        drain_cpu(s, &s->cpu[i]);
}
