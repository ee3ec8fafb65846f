/* deque_test - one owner and three thieves: each job comes out exactly once, through growth and through fights for the
 * last one; the owner takes the newest, a thief the oldest. */
#include "core/deque.h"

#include <pthread.h>
#include <stdio.h>

enum { THIEVES = 3, JOBS = 30000 };

static deque d;
static job jobs[JOBS];
static _Atomic unsigned taken[JOBS];
static _Atomic bool over;

static void note(job *j)
{
    atomic_fetch_add(&taken[j - jobs], 1);
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
            deque_push(&d, &jobs[next++]);
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
        deque_push(&d, &jobs[i]);
    FW_MUST(deque_take(&d) == &jobs[3 * DEQUE_FIRST_SIZE - 1] && deque_steal(&d) == &jobs[0]);
    for (int i = 3 * DEQUE_FIRST_SIZE - 2; i > 0; i--)
        FW_MUST(deque_take(&d) == &jobs[i]);
    FW_MUST(!deque_take(&d) && !deque_steal(&d) && deque_empty(&d));
    deque_free(&d);
}

int main(void)
{
    the_owner_takes_the_newest_and_a_thief_the_oldest();
    every_job_comes_out_once();
    return 0;
}
