/* queues_test - the deque, with one owner and three thieves: each job comes out exactly once, through growth and
 * through fights for the last one; the owner takes the newest, a thief the oldest. Deque and ring: the owner sees which
 * job it takes later, and where that one's memory is. The list gives the oldest, as many as are asked for. */
#include <pthread.h>
#include <stdio.h>

#include "core/deque.h"
#include "core/joblist.h"
#include "core/runq.h"

enum { THIEVES = 3, JOBS = 30000 };

static deque d;
static job jobs[JOBS];
static _Atomic unsigned taken[JOBS];
static _Atomic bool over;

static void note(job *j)
{
    atomic_fetch_add(&taken[j - jobs], 1);
}

static void push(job *j)
{
    if (deque_push(&d, j))
        return;
    deque_grow(&d);
    FW_MUST(deque_push(&d, j));
}

static void *thief(void *arg)
{
    uint64_t got = 0;
    for (bool last = false; !last;) {
        last = atomic_load(&over);
        for (job *j; (j = deque_steal(&d)); got++)
            note(j);
    }
    *(uint64_t *)arg = got;
    return NULL;
}

/* Bursts from one job, where owner and thieves want the same one, to more than the first array holds. */
static uint64_t own(void)
{
    uint64_t got = 0, random = 1;
    for (int next = 0; next < JOBS;) {
        random = fw_mix64(random);
        for (int burst = (int)(random % 8 ? random % 3 + 1 : 3000); burst > 0 && next < JOBS; burst--)
            push(&jobs[next++]);
        for (job *j; (random = fw_mix64(random)) % 4 && (j = deque_take(&d)); got++)
            note(j);
    }
    for (job *j; (j = deque_take(&d)); got++)
        note(j);
    return got;
}

static void every_job_comes_out_once(void)
{
    pthread_t thread[THIEVES];
    uint64_t got[THIEVES], sum = 0;

    deque_init(&d);
    for (int i = 0; i < THIEVES; i++)
        FW_MUST(pthread_create(&thread[i], NULL, thief, &got[i]) == 0);
    uint64_t mine = own();
    atomic_store(&over, true);
    for (int i = 0; i < THIEVES; i++) {
        FW_MUST(pthread_join(thread[i], NULL) == 0);
        sum += got[i];
    }
    FW_MUST(mine + sum == JOBS && deque_empty(&d));
    for (int i = 0; i < JOBS; i++)
        FW_MUST(taken[i] == 1);
    printf("%llu taken, %llu stolen\n", (unsigned long long)mine, (unsigned long long)sum);
    deque_free(&d);
}

static void the_owner_takes_the_newest_and_a_thief_the_oldest(void)
{
    deque_init(&d);
    for (int i = 0; i < 3 * DEQUE_FIRST_SIZE; i++)
        push(&jobs[i]);
    FW_MUST(deque_take(&d) == &jobs[3 * DEQUE_FIRST_SIZE - 1] && deque_steal(&d) == &jobs[0]);
    for (int i = 3 * DEQUE_FIRST_SIZE - 2; i > 0; i--)
        FW_MUST(deque_take(&d) == &jobs[i]);
    FW_MUST(!deque_take(&d) && !deque_steal(&d) && deque_empty(&d));
    deque_free(&d);
}

static bool is(const queued *q, int i)
{
    return q && atomic_load(&q->job) == &jobs[i] && q->memory == (const char *)&taken[i];
}

static void the_owner_sees_what_it_takes_later(void)
{
    enum { MANY = DEQUE_FIRST_SIZE + 100 };
    static runq ring;

    for (int i = 0; i < MANY; i++)
        jobs[i].memory = (const char *)&taken[i];
    deque_init(&d);
    for (int i = 0; i < MANY; i++)
        push(&jobs[i]);
    FW_MUST(is(deque_ahead(&d, 0), MANY - 1) && is(deque_ahead(&d, MANY - 1), 0) && !deque_ahead(&d, MANY));
    FW_MUST(deque_take(&d) == &jobs[MANY - 1] && is(deque_ahead(&d, 1), MANY - 3));
    FW_MUST(deque_steal(&d) == &jobs[0] && is(deque_ahead(&d, MANY - 3), 1) && !deque_ahead(&d, MANY - 2));
    deque_free(&d);

    for (int round = 0, from = 0; round < 3; round++, from += RUNQ_SIZE - 1) { /* the ring begins where it ended */
        for (int i = 0; i < RUNQ_SIZE - 1; i++)
            FW_MUST(runq_push(&ring, &jobs[from + i]));
        FW_MUST(is(runq_ahead(&ring, 0), from) && is(runq_ahead(&ring, RUNQ_SIZE - 2), from + RUNQ_SIZE - 2));
        FW_MUST(!runq_ahead(&ring, RUNQ_SIZE - 1));
        for (int i = 0; i < RUNQ_SIZE - 1; i++)
            FW_MUST(runq_pop(&ring) == &jobs[from + i] &&
                    (i == RUNQ_SIZE - 2 || is(runq_ahead(&ring, 0), from + i + 1)));
    }
}

static void a_list_gives_its_oldest(void)
{
    job_list l;

    list_init(&l);
    FW_MUST(!list_take(&l, 3) && !list_pop(&l));
    for (int i = 0; i < 5; i++)
        list_push(&l, &jobs[i], &jobs[i], 1);
    FW_MUST(list_take(&l, 3) == &jobs[0] && jobs[0].next == &jobs[1] && jobs[1].next == &jobs[2] && !jobs[2].next);
    FW_MUST(atomic_load(&l.count) == 2 && list_pop(&l) == &jobs[3]);
    FW_MUST(list_take(&l, 3) == &jobs[4] && !jobs[4].next && atomic_load(&l.count) == 0 && !list_pop(&l));
    list_push(&l, &jobs[0], &jobs[0], 1); /* behind nothing */
    FW_MUST(list_pop(&l) == &jobs[0] && !list_pop(&l));
    pthread_mutex_destroy(&l.lock);
}

int main(void)
{
    the_owner_sees_what_it_takes_later();
    a_list_gives_its_oldest();
    the_owner_takes_the_newest_and_a_thief_the_oldest();
    every_job_comes_out_once();
    return 0;
}
