/* Blocking with threads: the kernel takes the CPU away from who computes and gives it to who wakes; who blocks, blocks
 * itself alone. There is nothing to cure. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "fw.h"
#include "spec.h"
#include "threads/threads.h"

typedef struct desk {
    thr_mutex lock;
    fw_meter *meter; /* guarded by lock; NULL until the window is open */
} desk;

typedef struct house {
    blocking_plan plan;
    thr_mutex lock; /* guards arrived */
    thr_cond arrival;
    uint64_t arrived;
    _Atomic bool closed; /* it is over, or not all could be made (relaxed: it hands nothing over) */
    unsigned desks;
    desk desk[FW_MAX_METERS];
} house;

typedef struct unit {
    house *home;
    thr *thread;
    uint64_t number, value;
} unit;

/* -- unit -- */
static void sleep_until(uint64_t deadline_ns)
{
    struct timespec until = {(time_t)(deadline_ns / 1000000000), (long)(deadline_ns % 1000000000)};
    fw_count(fw_slot_here(), FW_SYSCALLS, 1);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
}

static bool book(unit *u, uint64_t deadline_ns, uint64_t now_ns)
{
    desk *d = &u->home->desk[u->number % u->home->desks];

    thr_lock(&d->lock);
    bool more = blocking_woke(&u->home->plan, d->meter, deadline_ns, now_ns);
    thr_unlock(&d->lock);
    return more && !atomic_load_explicit(&u->home->closed, memory_order_relaxed);
}

static void block_again_and_again(house *home)
{
    while (!atomic_load_explicit(&home->closed, memory_order_relaxed)) {
        blocking_ail(&home->plan);
        sleep_until(fw_now_ns() + home->plan.hog_ns);
    }
}

static void run(void *arg)
{
    unit *u = arg;
    house *home = u->home;
    uint64_t deadline = blocking_first(&home->plan, u->number, fw_now_ns());

    thr_lock(&home->lock);
    home->arrived++;
    thr_unlock(&home->lock);
    thr_cond_signal(&home->arrival);
    if (u->number >= home->plan.wakers)
        block_again_and_again(home);
    for (; u->number < home->plan.wakers; deadline += home->plan.period_ns) {
        sleep_until(deadline);
        if (!book(u, deadline, fw_now_ns()))
            break;
    }
    atomic_store_explicit(&home->closed, true, memory_order_relaxed);
    u->value = blocking_value(&home->plan, u->number);
}
/* -- launch -- */
static void open_window(house *home, uint64_t made)
{
    thr_lock(&home->lock);
    while (home->arrived < made)
        thr_cond_wait(&home->arrival, &home->lock);
    thr_unlock(&home->lock);
    fw_open(home->plan.trial);
    for (unsigned i = 0; i < home->desks; i++) {
        thr_lock(&home->desk[i].lock);
        home->desk[i].meter = fw_meter_of(home->plan.trial, i);
        thr_unlock(&home->desk[i].lock);
    }
}

int blocking_threads(fw_trial *t)
{
    house home = {.plan = blocking_plan_of(t), .desks = fw_workers(t)};
    uint64_t n = home.plan.units, made = 0, values = 0;
    int err = fw_check_os_units(t, "pthread_create", n, FW_THREAD_BYTES);
    unit *units = err ? NULL : calloc(n, sizeof *units);

    if (!units)
        return err ? err : fw_refuse(t, "calloc", ENOMEM, "records", (int64_t)n);
    if (home.desks > FW_MAX_METERS)
        home.desks = FW_MAX_METERS;
    thr_mutex_init(&home.lock);
    thr_cond_init(&home.arrival);
    for (unsigned i = 0; i < home.desks; i++)
        thr_mutex_init(&home.desk[i].lock);
    for (; made < n && !err; made += err == 0) {
        units[made] = (unit){.home = &home, .number = made};
        err = thr_spawn(&units[made].thread, fw_worker_of(t, (unsigned)made), run, &units[made]);
    }
    atomic_store_explicit(&home.closed, err != 0, memory_order_relaxed);
    if (!err)
        open_window(&home, made);
    /* -- coordinate -- */
    for (uint64_t i = 0; i < made; i++) {
        thr_join(units[i].thread);
        values += units[i].value;
    }
    /* -- finish -- */
    fw_result(t, 0, values);
    for (unsigned i = 0; i < home.desks; i++)
        thr_mutex_destroy(&home.desk[i].lock);
    thr_mutex_destroy(&home.lock);
    free(units);
    return err ? fw_refuse_units(t, "pthread_create", -err) : 0;
}
/* -- end -- */
