/* loops_test - a parallel loop runs every index once whatever its schedule, on the worker that the schedule and the
 * binding name; loops in a row lose no wake; a pool that can't be made leaves nothing; a loop within a loop aborts. */
#include "threads/threads.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 10007, CROWD = 5, LOOPS = 2000, POOLS = 200 };

static thr_pool *pool_of(unsigned n)
{
    thr_pool *p;
    FW_MUST(thr_pool_create(&p, NULL, n) == 0);
    return p;
}

/* ---- errors ------------------------------------------------------------- */

/* The linker hands every pthread_create of this program to __wrap_ (--wrap). */
int __real_pthread_create(pthread_t *id, const pthread_attr_t *attr, void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attr, void *(*fn)(void *), void *arg);
static int threads_left = INT32_MAX;

int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
    return threads_left-- > 0 ? __real_pthread_create(id, attr, fn, arg) : EAGAIN;
}

static void a_pool_that_fails_leaves_nothing(void)
{
    thr_pool *p = NULL;
    uint64_t created = fw_counter_sum(FW_CREATED), ended = fw_counter_sum(FW_ENDED);
    FW_MUST(thr_pool_create(&p, NULL, 0) == -EINVAL);
    threads_left = 2;
    int err = thr_pool_create(&p, NULL, CROWD);
    threads_left = INT32_MAX;
    FW_MUST(err == -EAGAIN && !p && fw_live_now() == 0);
    FW_MUST(fw_counter_sum(FW_CREATED) == created + 2 && fw_counter_sum(FW_ENDED) == ended + 2);
}

static void loop_again(void *arg, uint64_t from, uint64_t to, unsigned worker)
{
    thr_parallel_for(*(thr_pool **)arg, 0, 1, THR_STATIC, 0, loop_again, arg);
}

static void a_loop_within_a_loop_aborts(void)
{
    int status;
    pid_t child = fork();
    FW_MUST(child >= 0);
    if (child == 0) {
        fw_slot_after_fork();
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        thr_pool *p = pool_of(2);
        thr_parallel_for(p, 0, 1, THR_STATIC, 0, loop_again, &p);
        _exit(0);
    }
    FW_MUST(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* ---- what is run, and by whom -------------------------------------------- */

typedef struct tally {
    uint64_t first, chunk;
    unsigned n;
    thr_schedule schedule;
    unsigned char seen[MOST]; /* plain: a thread sanitizer sees an index that two workers run */
    struct {
        alignas(FW_PAD) uint64_t pieces, sum;
        pthread_t thread;
    } of[CROWD];
} tally;

static void mark(void *arg, uint64_t from, uint64_t to, unsigned worker)
{
    tally *t = arg;
    FW_MUST(from < to && worker < t->n);
    FW_MUST(t->of[worker].pieces++ == 0 || pthread_equal(t->of[worker].thread, pthread_self()));
    t->of[worker].thread = pthread_self();
    if (t->schedule == THR_STATIC && t->chunk)
        FW_MUST((from - t->first) / t->chunk % t->n == worker);
    for (uint64_t i = from - t->first; i < to - t->first; i++)
        t->seen[i]++;
}

static void every_index_is_run_once(thr_pool *p, unsigned n, thr_schedule schedule, uint64_t chunk, uint64_t first,
                                    uint64_t count)
{
    static tally t;
    t = (tally){.first = first, .chunk = chunk, .n = n, .schedule = schedule};
    thr_parallel_for(p, first, first + count, schedule, chunk, mark, &t);
    for (uint64_t i = 0; i < MOST; i++)
        FW_MUST(t.seen[i] == (i < count));
    for (unsigned w = 0; w < n && schedule == THR_STATIC && chunk == 0; w++)
        FW_MUST(t.of[w].pieces == (w < count));
}

static void every_schedule_runs_all(unsigned n)
{
    static const uint64_t chunks[] = {0, 1, 7, 1000}, counts[] = {0, 1, 10, MOST};
    thr_pool *p = pool_of(n);
    for (thr_schedule schedule = 0; schedule < THR_SCHEDULES; schedule++)
        for (int i = 0; i < 4; i++)
            for (int k = 0; k < 4; k++) {
                every_index_is_run_once(p, n, schedule, chunks[i], 3, counts[k]);
                every_index_is_run_once(p, n, schedule, chunks[i], UINT64_MAX - counts[k], counts[k]);
            }
    thr_pool_destroy(p);
}

static void add_length(void *arg, uint64_t from, uint64_t to, unsigned worker)
{
    tally *t = arg;
    FW_MUST(from < to);
    t->of[worker].pieces++;
    t->of[worker].sum += to - from;
}

/* All of 64 bits, in few pieces: nothing may overflow. */
static void the_longest_loop_is_whole(thr_schedule schedule, uint64_t chunk)
{
    tally t = {.n = CROWD};
    uint64_t sum = 0, pieces = 0;
    thr_pool *p = pool_of(t.n);
    thr_parallel_for(p, UINT64_MAX, 0, schedule, chunk, add_length, &t); /* empty, not wrapped around */
    thr_parallel_for(p, 0, UINT64_MAX, schedule, chunk, add_length, &t);
    thr_pool_destroy(p);
    for (unsigned w = 0; w < t.n; w++) {
        sum += t.of[w].sum;
        pieces += t.of[w].pieces;
    }
    FW_MUST(sum == UINT64_MAX && pieces > 0 && pieces < MOST);
}

static void see_place(void *arg, uint64_t from, uint64_t to, unsigned worker)
{
    const fw_worker *places = arg;
    unsigned cpu = (unsigned)sched_getcpu();
    FW_MUST(places[worker].cpu_mask[cpu / 64] >> (cpu % 64) & 1);
}

static void workers_run_where_they_are_bound(void)
{
    fw_worker places[CROWD];
    cpu_set_t mine;
    thr_pool *p;
    unsigned cpu = 0;
    FW_MUST(sched_getaffinity(0, sizeof mine, &mine) == 0);
    for (unsigned i = 0; i < CROWD; i++, cpu++) {
        while (!CPU_ISSET(cpu % CPU_SETSIZE, &mine))
            cpu++;
        unsigned bit = cpu % CPU_SETSIZE;
        places[i] = (fw_worker){.index = i, .ncpus = 1, .l3 = -1, .numa = -1};
        places[i].cpu_mask[bit / 64] = UINT64_C(1) << bit % 64;
    }
    fw_worker given[CROWD];
    memcpy(given, places, sizeof given);
    FW_MUST(thr_pool_create(&p, given, CROWD) == 0);
    memset(given, 0, sizeof given); /* the pool has its own */
    for (int i = 0; i < CROWD; i++)
        thr_parallel_for(p, 0, CROWD, THR_STATIC, 1, see_place, places);
    thr_pool_destroy(p);
}

/* ---- wakes --------------------------------------------------------------- */

static void add_one(void *arg, uint64_t from, uint64_t to, unsigned worker)
{
    uint64_t *sums = arg;
    sums[worker] += to - from; /* plain: what the loop before wrote is visible */
}

/* One lost wake and it waits for ever. */
static void loops_in_a_row_lose_no_wake(unsigned n)
{
    uint64_t sums[CROWD] = {0}, sum = 0;
    thr_pool *p = pool_of(n);
    for (unsigned i = 0; i < LOOPS; i++)
        thr_parallel_for(p, i, i + i % 4, (thr_schedule)(i % THR_SCHEDULES), 1, add_one, sums);
    for (unsigned w = 0; w < n; w++)
        sum += sums[w];
    FW_MUST(sum == LOOPS / 4 * (0 + 1 + 2 + 3));
    thr_pool_destroy(p);
}

static void pools_come_and_go(void)
{
    uint64_t created = fw_counter_sum(FW_CREATED), ended = fw_counter_sum(FW_ENDED);
    uint64_t sums[3] = {0};
    for (unsigned i = 0; i < POOLS; i++) {
        thr_pool *p = pool_of(3);
        if (i % 2) /* else its threads may not even have begun when it goes */
            thr_parallel_for(p, 0, 3, THR_DYNAMIC, 0, add_one, sums);
        thr_pool_destroy(p);
    }
    FW_MUST(sums[0] + sums[1] + sums[2] == UINT64_C(3) * POOLS / 2);
    FW_MUST(fw_counter_sum(FW_CREATED) == created + 3 * POOLS && fw_counter_sum(FW_ENDED) == ended + 3 * POOLS);
    FW_MUST(fw_live_now() == 0);
}

int main(void)
{
    static const unsigned sizes[] = {1, 2, CROWD};
    a_loop_within_a_loop_aborts(); /* first: it forks */
    a_pool_that_fails_leaves_nothing();
    for (int i = 0; i < 3; i++) {
        every_schedule_runs_all(sizes[i]);
        loops_in_a_row_lose_no_wake(sizes[i]);
    }
    the_longest_loop_is_whole(THR_STATIC, 0);
    the_longest_loop_is_whole(THR_STATIC, UINT64_C(1) << 62);
    the_longest_loop_is_whole(THR_DYNAMIC, UINT64_MAX);
    the_longest_loop_is_whole(THR_DYNAMIC, UINT64_MAX / 1000);
    the_longest_loop_is_whole(THR_GUIDED, 0);
    workers_run_where_they_are_bound();
    pools_come_and_go();
    puts("ok: loops");
    return 0;
}
