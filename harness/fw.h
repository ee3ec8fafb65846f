/* fw.h - the waist of Fiveways: the one header that everyone may include.
 *
 * It holds the clock, the latency histogram, the counters that make a receipt,
 * and what a cell (one workload in one model) sees of its trial. Everything a
 * trial writes lives in one MAP_SHARED mapping, so that forked processes,
 * threads and user-space units all report in the same way, and the runner's
 * parent process can read it while the trial runs.
 *
 * Ownership: the runner creates the trial; a cell never frees anything here.
 * Next: harness/PROTOCOL.md (how a trial arrives), workloads/pingpong/green.c.
 */
#ifndef FW_H
#define FW_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#error "fw.h is C11; C++ code uses gbench.h"
#endif

#define FW_PROTOCOL 1
#define FW_VERSION "0.1.0"

/* Two 64-byte lines: the adjacent-line prefetcher makes neighbours share. */
#define FW_PAD 128

/* Aborts with file, line and text when expr is false. Survives NDEBUG. */
#define FW_MUST(expr) ((expr) ? (void)0 : fw_must_failed(#expr, __FILE__, __LINE__))
_Noreturn void fw_must_failed(const char *expr, const char *file, int line);

/* ---- clock.c ---------------------------------------------------------- */

#define FW_FOREVER UINT64_MAX /* a deadline that never comes */

/* As the capacity of a queue or channel: it grows, and nobody waits for a free place. */
#define FW_UNBOUNDED SIZE_MAX

/* CLOCK_MONOTONIC in nanoseconds. Never fails, never blocks. */
uint64_t fw_now_ns(void);

/* Median cost of one fw_now_ns() call in nanoseconds, measured now (~1 ms). */
double fw_clock_cost_ns(void);

/* Smallest non-zero step seen between two readings, in nanoseconds. */
uint64_t fw_clock_step_ns(void);

/* ---- record.c: histogram ----------------------------------------------- */

/* Log-linear histogram after HdrHistogram: 1 ns to 60 s, 3 significant
 * figures, 27,648 counters of 8 bytes = 221,184 bytes. Single writer; merge
 * by adding. Values above the range are put into the last bucket and counted in
 * `saturated`. */
#define FW_HIST_SUB_BITS 11
#define FW_HIST_COUNTS 27648
#define FW_HIST_MAX_NS UINT64_C(60000000000)

typedef struct fw_hist {
    uint64_t total;     /* samples */
    uint64_t saturated; /* samples above FW_HIST_MAX_NS */
    uint64_t sum_ns;    /* exact sum, for the mean */
    uint64_t min_ns, max_ns;
    uint64_t counts[FW_HIST_COUNTS];
} fw_hist;

/* Index of the bucket that holds value_ns (0 counts as 1 ns). */
static inline uint32_t fw_hist_index(uint64_t value_ns)
{
    const uint64_t half = UINT64_C(1) << (FW_HIST_SUB_BITS - 1);
    uint32_t bucket = (uint32_t)(63 - __builtin_clzll(value_ns | (2 * half - 1))) - (FW_HIST_SUB_BITS - 1);
    return (uint32_t)(((uint64_t)bucket + 1) * half + ((value_ns >> bucket) - half));
}

/* Records count samples of value_ns. One writer a histogram; never blocks. */
static inline void fw_hist_record(fw_hist *h, uint64_t value_ns, uint64_t count)
{
    if (value_ns > FW_HIST_MAX_NS) {
        h->saturated += count;
        value_ns = FW_HIST_MAX_NS;
    }
    h->total += count;
    h->sum_ns += value_ns * count;
    if (value_ns < h->min_ns)
        h->min_ns = value_ns;
    if (value_ns > h->max_ns)
        h->max_ns = value_ns;
    h->counts[fw_hist_index(value_ns)] += count;
}

void fw_hist_init(fw_hist *h);                       /* empties h and touches every page */
void fw_hist_merge(fw_hist *into, const fw_hist *h); /* into += h */
uint64_t fw_hist_low(uint32_t index);                /* least value of a bucket, ns */
uint64_t fw_hist_high(uint32_t index);               /* greatest value of a bucket, ns */
/* Value at quantile q in [0,1], ns: the bucket's greatest value, capped at max_ns; 0 when empty. */
uint64_t fw_hist_quantile(const fw_hist *h, double q);
double fw_hist_mean(const fw_hist *h);
/* Write / read. 0 or -errno. hgrm: the percentile text that the HdrHistogram
 * plotter reads (Value in the unit ns, Percentile, TotalCount, 1/(1-Percentile); 3 footer lines).
 * csv: "low_ns,high_ns,count", non-empty buckets only; reading merges into h. */
int fw_hist_write_hgrm(const fw_hist *h, const char *path);
int fw_hist_write_csv(const fw_hist *h, const char *path);
int fw_hist_read_csv(fw_hist *h, const char *path);

/* ---- receipt.c: counters ----------------------------------------------- */

typedef enum fw_counter {
    FW_CREATED,    /* units of concurrency created (by the runtime's spawn) */
    FW_ENDED,      /* units that ended */
    FW_MESSAGES,   /* messages sent (by the runtime's send) */
    FW_BYTES,      /* payload bytes copied by the runtime */
    FW_WORK,       /* progress of code that sends nothing; feeds the watchdog only */
    FW_STEALS,     /* jobs taken from another worker's queue */
    FW_PARKS,      /* times an OS thread went to sleep for lack of work or data */
    FW_UNPARKS,    /* times a sleeping OS thread was woken */
    FW_FUTEX,      /* futex system calls */
    FW_SYSCALLS,   /* other system calls on the hot path (read, write, ...) */
    FW_POLLS,      /* polls of futures' root tasks */
    FW_SWITCHES,   /* stackful context switches into a unit */
    FW_MIGRATIONS, /* units resumed on another worker than the one they left */
    FW_OVERFLOWS,  /* run queue overflows */
    FW_BOXES,      /* futures boxed for recursion */
    FW_IDLE_NS,    /* ns from when a sleeping worker was told of work, or its timer was due, until it looked */
    FW_COUNTERS
} fw_counter;

/* One slot per OS thread or process. Only its owner writes it (fw_add); anyone may read it (relaxed). */
typedef struct fw_slot {
    alignas(FW_PAD) _Atomic uint64_t n[FW_COUNTERS];
} fw_slot;

/* Adds to what only the caller writes: a relaxed load and a relaxed store. */
static inline void fw_add(_Atomic uint64_t *n, uint64_t by)
{
#if defined __x86_64__ && !defined FW_SANITIZE /* one instruction; compilers make three of the two, with a register */
    __asm__("addq %1, %0" : "+m"(*(uint64_t *)n) : "er"(by));
#else
    atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + by, memory_order_relaxed);
#endif
}

static inline void fw_count(fw_slot *slot, fw_counter which, uint64_t by)
{
#ifdef FW_COUNT_NOTHING /* to see what counting costs; no receipt is right then */
    return;
#endif
    fw_add(&slot->n[which], by);
}

/* The calling OS thread's slot, claimed at first use. Never NULL. Do not keep
 * the pointer across a switch of a green thread: use the worker's slot there. */
fw_slot *fw_slot_here(void);
void fw_slot_release(void);                /* before an OS thread ends: lets another take the slot over, sums stay */
void fw_slot_after_fork(void);             /* in a forked child, first: forgets the parent's slot */
uint64_t fw_counter_sum(fw_counter which); /* over all slots, relaxed */
void fw_counters_reset(void);              /* only while nothing runs */

/* Live units. OS runtimes call fw_live_os(+1/-1) at creation and end (one
 * shared counter, exact peak). User-space runtimes call fw_live_sample() when a
 * worker runs out of work, and when it has to get memory for a unit and has made
 * twice as many as the last time: it raises the peak to (created - ended), a
 * lower bound, never above the truth. */
void fw_live_os(int by);
void fw_live_sample(void);
uint64_t fw_live_peak(void);
uint64_t fw_live_now(void); /* as fw_live_os counts */

/* ---- placement --------------------------------------------------------- */

#define FW_MAX_CPUS 1024
#define FW_MAX_WORKERS 256

/* Where one worker may run, as the driver's hwloc said. */
typedef struct fw_worker {
    unsigned index;
    unsigned ncpus;                      /* 0: not bound */
    int l3, numa;                        /* -1: unknown */
    uint64_t cpu_mask[FW_MAX_CPUS / 64]; /* bit c: CPU c */
} fw_worker;

/* Binds the calling thread to w's CPUs and reads the mask back into the trial.
 * Does nothing for w NULL or w->ncpus 0. 0, or -errno; -EXDEV when the mask
 * read back differs. */
int fw_worker_bind(const fw_worker *w);
/* How many CPUs the workers of this trial have together (not bound, or no trial: those this thread may use). Whether it
 * can pay to spin for another worker depends on it. */
unsigned fw_cpus(void);

/* ---- trial: what a cell sees -------------------------------------------- */

/* steady: operates until the window closes. complete: one fixed problem, again and again. hold: as steady, of units
 * that mostly wait; an operation is the end of a wait, its time how late it came, and the time per operation their
 * mean. */
typedef enum fw_mode { FW_STEADY, FW_COMPLETE, FW_HOLD } fw_mode;
const char *fw_mode_name(fw_mode mode);

typedef struct fw_receipt {
    uint64_t units;     /* units created, summed over repeats */
    uint64_t messages;  /* messages sent */
    uint64_t peak_live; /* most units live at once */
    uint64_t bytes;     /* payload bytes that the runtime copied */
    uint64_t ops;       /* operations finished, warm-up included */
    uint64_t checksum;  /* folded from every message and the seed */
} fw_receipt;

typedef enum fw_rule { FW_INFO, FW_MINIMUM, FW_EXACT } fw_rule;

/* What the oracle demands: a value and a rule for each receipt field. */
typedef struct fw_expect {
    fw_receipt want;
    struct {
        fw_rule units, messages, peak_live, bytes, ops, checksum;
    } rule;
} fw_expect;

#define FW_SLICES 10
#define FW_MAX_METERS 64
#define FW_MAX_REPEATS 4096
#define FW_MAX_PARAMS 16

typedef struct fw_trial fw_trial; /* opaque; harness/trial.h has it */

/* One per measuring unit: the side that sees an operation begin and end. */
typedef struct fw_meter {
    alignas(FW_PAD) uint64_t warm_end_ns, window_end_ns; /* 0: the window is not open yet, as far as its unit knows */
    uint64_t ops_total, ops_window;
    uint64_t slice_ops[FW_SLICES];
    unsigned reopened;
    const fw_trial *trial; /* where it looks for the window; NULL: it has its own */
    fw_hist hist;          /* samples inside the window only */
} fw_meter;

/* Parameters, already checked against the spec. Asking for an unknown name aborts. */
int64_t fw_int(const fw_trial *t, const char *name);
const char *fw_str(const fw_trial *t, const char *name);
uint64_t fw_seed(const fw_trial *t);
unsigned fw_batch(const fw_trial *t);                            /* operations per time stamp, >= 1 */
unsigned fw_workers(const fw_trial *t);                          /* W >= 1 */
const fw_worker *fw_worker_of(const fw_trial *t, unsigned unit); /* worker (unit mod W) */
bool fw_pin_units(const fw_trial *t);                            /* green, stackless: no stealing */
void *fw_input(const fw_trial *t);                               /* what the spec's prepare() left */

/* Steady cells: each measuring unit takes its meter with fw_meter_of and loops
 *   do { start = fw_now_ns(); ...batch...; } while (fw_meter_record(m, start, fw_now_ns(), batch));
 * until the window has closed. Who launches them calls, once, fw_open_when(t, n): the warm-up, then the window, begin
 * as soon as n meters have been taken, and until then everybody goes on. So nobody ends before all have begun; who
 * never blocks must let the others begin. fw_open is for a cell that has a gate of its own, or one measuring unit: they
 * begin now. */
void fw_open(fw_trial *t);
void fw_open_when(fw_trial *t, unsigned meters);
/* The meter of one measuring unit, emptied, its pages touched; index < FW_MAX_METERS. Each is taken once. */
fw_meter *fw_meter_of(fw_trial *t, unsigned index);
/* For a spec's expect: the operations of meter `index`, warm-up too; 0 when nobody took it. */
uint64_t fw_meter_ops(const fw_trial *t, unsigned index);

/* What fw_meter_record asks at the end of a window in which nothing was begun and finished: whether to go on. Yes, when
 * the window is not open yet, or was opened since the meter last looked. Else the machine was elsewhere, or an
 * operation takes longer than the window: it is opened again, from now, twice as long; false after the eighth time. */
bool fw_meter_reopen(fw_meter *m, uint64_t now_ns);

/* Books `ops` operations that took start..end together and of which at least the end lies in the window. One writer a
 * meter; never blocks. */
static inline void fw_meter_book(fw_meter *m, uint64_t start_ns, uint64_t end_ns, uint64_t ops)
{
    m->ops_window += ops;
    m->slice_ops[(end_ns - m->warm_end_ns) * FW_SLICES / (m->window_end_ns - m->warm_end_ns)] += ops;
    fw_hist_record(&m->hist, (end_ns - start_ns) / ops, ops);
}

/* Likewise, wherever it lies: only what lies in the window counts. True while the unit must go on. */
static inline bool fw_meter_record(fw_meter *m, uint64_t start_ns, uint64_t end_ns, uint64_t ops)
{
    m->ops_total += ops;
    if (start_ns >= m->warm_end_ns && end_ns < m->window_end_ns)
        fw_meter_book(m, start_ns, end_ns, ops);
    return end_ns < m->window_end_ns || (m->ops_window == 0 && fw_meter_reopen(m, end_ns));
}

/* A histogram, one a writer, for times that the workload watches besides those of its operations; its spec names them
 * (lag). index < FW_MAX_METERS. Emptied, and its pages touched, at its first use. */
fw_hist *fw_lag_of(fw_trial *t, unsigned index);

/* Complete cells: around one whole problem, before launch and after join.
 * The runner calls the cell again until the window is full. */
void fw_begin(fw_trial *t);
void fw_end(fw_trial *t);

/* Whether this trial solves its problem again and again: what a runtime frees is best kept for the next repeat, as
 * malloc does there. Else, and where there is no trial, false. */
bool fw_repeats(void);

/* Adds to the receipt: ops (complete cells; steady ones are counted by their
 * meters) and the checksum (added modulo 2^64). Any thread or process. */
void fw_result(fw_trial *t, uint64_t ops, uint64_t checksum);

/* Blocks until child pid has ended, which puts load on the model and is no part of it: what it used is not counted as
 * the trial's. *status as from waitpid. 0 or -errno. */
int fw_load_wait(fw_trial *t, int pid, int *status);

/* A figure of the workload's own, e.g. ("free_lag_p99", "ns", 12.0). Copies. Any thread or process. */
void fw_metric(fw_trial *t, const char *name, const char *unit, double value);

/* The model can't do this size: which call failed, its errno, the limit and its value. Returns -err. */
int fw_refuse(fw_trial *t, const char *call, int err, const char *limit, int64_t limit_value);
/* limits.c. As fw_refuse, after call (fork, pthread_create) failed with err: names the least of the limits that bind
 * the number of threads and processes. */
int fw_refuse_units(fw_trial *t, const char *call, int err);
/* What a sleeping one takes, kernel memory included: 27-32 KiB and 70-118 KiB were measured with thousands at once. */
enum { FW_THREAD_BYTES = 32768, FW_PROCESS_BYTES = 98304 };
/* Before `units` units are made which may all live at once: 0, or refused with ENOMEM because so many of bytes_each
 * (kernel memory included) do not fit into half of the available memory. Keeps the machine alive; asks nothing of it.
 */
int fw_check_units(fw_trial *t, const char *call, uint64_t units, uint64_t bytes_each);
/* The same for OS threads and processes; refused with EAGAIN where a limit on their number proves that it must be. */
int fw_check_os_units(fw_trial *t, const char *call, uint64_t units, uint64_t bytes_each);
/* memory.c. What a unit holds: call the one before the first unit of a crowd is made, the other when all `units` of it
 * are live. In a trial's first repeat, whose time is discarded, both look (reading /proc, some milliseconds, more with
 * thousands of processes) and leave the metrics user_memory_per_unit and kernel_memory_per_unit in bytes: proportional
 * set size of this process and its children; stacks, page tables and slab of the kernel, which are the whole machine's,
 * so trust them from a thousand units on. When the last repeat of a complete cell has ended, and what was kept for the
 * next is given up, the runner looks again: user_memory_left_per_unit and kernel_memory_left_per_unit are what was not
 * given back. fw_memory_live also notes the units live now. */
void fw_memory_before(fw_trial *t);
void fw_memory_live(fw_trial *t, uint64_t units);
/* Proportional set size in bytes of process pid and of those that its main thread and theirs have forked, reading
 * /proc: some 50 us each. */
int64_t fw_user_memory(int pid);
/* The number in /proc/sys/NAME ("fs/pipe-max-size"); 0: there is none. */
int64_t fw_sysctl(const char *name);
/* The cell went wrong; the first message wins. Returns -EPROTO. Any thread or process. */
int fw_fail(fw_trial *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The golden ratio in 64 bits: the step between the words of a message. */
#define FW_STEP UINT64_C(0x9e3779b97f4a7c15)

/* Mixes 64 bits (splitmix64's finaliser, Steele et al. 2014). */
static inline uint64_t fw_mix64(uint64_t x)
{
    x += FW_STEP;
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* ---- rows.c: what instruments report ------------------------------------ */

/* Objects in lists, for fw_about's report alone. fw_row begins an object with one field, {key: text}, in a list of the
 * result (level 0) or of the last row a level above; the figures that follow are fields of it. All of it is copied:
 * list and key up to 15 and 23 bytes, text up to 31. */
void fw_row(fw_trial *t, unsigned level, const char *list, const char *key, const char *text);
void fw_figure(fw_trial *t, const char *key, uint64_t value);
void fw_figures(fw_trial *t, const char *key, const uint64_t *value, size_t n); /* a field that is a list */

/* ---- lanes.c: which unit ran on which worker, and when --------------------- */

/* In a trial that is traced (harness/PROTOCOL.md), one a worker; in any other there is none. One writer at a time. */
typedef struct fw_lane fw_lane;
enum { FW_LANE_NONE = 0 };
#define FW_LANE_ASLEEP UINT32_MAX
#define FW_LANE_ROOT (UINT32_MAX - 1)
/* For worker `worker` of a pool; NULL: the trial is not traced, or the lane is another pool's now. */
fw_lane *fw_lane_take(unsigned worker);
void fw_lane_give(fw_lane *lane); /* NULL: does nothing */
/* From now on the worker runs this unit, the root (FW_LANE_ROOT), sleeps (FW_LANE_ASLEEP) or looks for work
 * (FW_LANE_NONE). A lane holds 65,536 marks; further ones are counted and dropped. Never blocks. */
void fw_lane_mark(fw_lane *lane, uint32_t unit);
/* The number of a unit that runs for the first time, from 1; for who has a lane. name is copied up to 31 bytes; NULL:
 * none. */
uint32_t fw_lane_unit(const char *name);
/* In a traced trial: the calling OS thread's name in the trace, up to 15 bytes; else does nothing. */
void fw_trace_name(const char *name);

/* ---- spec: a workload --------------------------------------------------- */

typedef enum fw_param_type { FW_PARAM_INT, FW_PARAM_PATH, FW_PARAM_CHOICE } fw_param_type;

typedef struct fw_param {
    const char *name;
    fw_param_type type;
    const char *smoke, *quick, *standard; /* default per profile (rigorous and soak use standard) */
    int64_t min, max;                     /* FW_PARAM_INT */
    const char *choices;                  /* FW_PARAM_CHOICE: "a|b|c" */
    const char *help;                     /* one line, with the unit */
} fw_param;

/* A headline comparison of the workload: its verdicts are drawn from it. */
typedef struct fw_block {
    const char *label;  /* "both ends on one CPU" */
    unsigned workers;   /* 0: as many as allowed CPUs */
    const char *params; /* "size=64", or "" for the profile's defaults */
} fw_block;

/* An axis drawn with two rounds and no verdict: "workers" or a parameter. */
typedef struct fw_axis {
    const char *param;
    const char *values; /* "8,64,512" */
    unsigned workers;   /* W on this axis; 0: as many as allowed CPUs; ignored for param "workers" */
} fw_axis;

typedef struct fw_spec {
    const char *name;  /* "pingpong" */
    const char *title; /* one sentence: what it shows */
    const char *op;    /* what one operation is: "round trip" */
    fw_mode mode;
    bool core;              /* in the quick profile */
    const char *seq_none;   /* why there is no sequential baseline, or NULL */
    const char *lag;        /* "free_lag": what the histograms of fw_lag_of hold, in ns; NULL: nothing */
    const fw_param *params; /* ends with name NULL */
    const fw_block *blocks; /* ends with label NULL */
    const fw_axis *axes;    /* ends with param NULL */
    /* Before the cell, unmeasured, in the trial's process: builds the input,
     * checks what only the workload can check. *input is what fw_input gives. NULL: there is nothing to prepare.
     * 0 or -errno with one clear line in why. */
    int (*prepare)(fw_trial *t, void **input, char *why, size_t why_bytes);
    /* The oracle: what the receipt must hold after `repeats` repeats and `ops` operations (all of them, warm-up too).
     * prepare has run before in the same process, so fw_input holds. */
    void (*expect)(const fw_trial *t, uint64_t repeats, uint64_t ops, fw_expect *expect);
    /* A server: its cells can run alone, for clients from outside, until SIGTERM or SIGINT. Called before the cell, to
     * make it so, with the address (host order) and port (0: any free). 0 or -errno with one clear line in why. NULL:
     * no server. */
    int (*serve)(uint32_t address, uint16_t port, char *why, size_t why_bytes);
} fw_spec;

/* One cell. workloads/CMakeLists.txt generates the table of each runner. */
typedef struct fw_cell {
    const fw_spec *spec;
    const char *variant;     /* "" for the model's only one */
    bool headline;           /* enters the overview */
    int (*run)(fw_trial *t); /* 0, or what fw_refuse / fw_fail returned */
} fw_cell;

/* Provided by the generated table. */
extern const fw_cell fw_cells[];
extern const size_t fw_cell_count;

/* Provided by each runtime's runner registration (runtimes/X/about.c). */
typedef struct fw_about {
    const char *runtime; /* "green" */
    const char *model;   /* "green threads" */
    const char *kind;    /* "model", "seq" or "reference" */
    const char *spins;   /* what spins and for how long, or "nothing" */
    const char *threads; /* thread setting: "one OS thread a worker" */
    bool schedules;      /* its units run on workers of its own, whose sleep FW_IDLE_NS counts */
    /* Instruments: what the runtime counts of itself for a trial that asks for it, which may cost time. NULL: it has
     * none. instrument is called before the cell, report after it, both in the trial's process. */
    void (*instrument)(bool on);
    void (*report)(fw_trial *t);
    void (*give_back)(void); /* after the last repeat: gives up what was kept for the next. NULL: nothing is */
} fw_about;
extern const fw_about fw_about_runtime;

#endif
