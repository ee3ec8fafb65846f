/* bug.c - a box of items, one producer, two consumers, and a wake-up that is lost
 * to somebody else. Every access is under the mutex: no tool for data races will
 * complain. Read take() and cond_wait(), then card.md.
 *
 * Usage: PROGRAM [SCHEDULE]. Exit 0: every item was taken once. 1: the oracle found
 * a wrong one. The threads and the box belong to main. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

#include "points.h"

enum { ITEMS = 2 };

/* A condition variable as the textbooks build it: a semaphore to sleep on. */
typedef struct cond {
    sem_t sleepers;
    int waiting;
} cond;

static struct box {
    pthread_mutex_t mutex; /* guards all that follows */
    cond not_empty;
    int item[ITEMS]; /* 0: not there yet */
    int put, taken;
} box = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* -- wait -- */
static void cond_wait(cond *c, pthread_mutex_t *mutex, const char *who)
{
    c->waiting++;
    pthread_mutex_unlock(mutex);
    point(who, "sleeping");
    while (sem_wait(&c->sleepers) == -1 && errno == EINTR)
        ;
    point(who, "woken"); /* awake, but the mutex is not ours yet: anybody may come first */
    pthread_mutex_lock(mutex);
    point(who, "locked");
}
/* -- end -- */

static void cond_signal(cond *c)
{
    if (c->waiting > 0) {
        c->waiting--;
        sem_post(&c->sleepers);
    }
}

/* -- take -- */
static int take(const char *who)
{
    pthread_mutex_lock(&box.mutex);
    if (box.put == box.taken)
        cond_wait(&box.not_empty, &box.mutex, who);
    int item = box.item[box.taken++];
    pthread_mutex_unlock(&box.mutex);
    return item;
}
/* -- end -- */

static void *consumer(void *name)
{
    point(name, "start");
    int item = take(name);
    point(name, "took");
    return (void *)(long)item;
}

static void *producer(void *name)
{
    for (int i = 0; i < ITEMS; i++) {
        point(name, i == 0 ? "first" : "second");
        pthread_mutex_lock(&box.mutex);
        box.item[box.put++] = i + 1;
        cond_signal(&box.not_empty);
        pthread_mutex_unlock(&box.mutex);
        point(name, "put");
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t a, b, p;
    void *got_a, *got_b;

    if (argc > 1)
        points_load(argv[1]);
    sem_init(&box.not_empty.sleepers, 0, 0);
    if (pthread_create(&a, NULL, consumer, "consumer-A") || pthread_create(&b, NULL, consumer, "consumer-B") ||
        pthread_create(&p, NULL, producer, "producer")) {
        fprintf(stderr, "pthread_create failed\n");
        return 2;
    }
    pthread_join(a, &got_a);
    pthread_join(b, &got_b);
    pthread_join(p, NULL);
    if ((long)got_a + (long)got_b == 3 && got_a != got_b && got_a && got_b) {
        printf("ok: every item was taken once\n");
        return 0;
    }
    printf(
        "wrong: consumer-A took %ld, consumer-B took %ld; expected items 1 and 2, each once (0: nothing was there)\n",
        (long)got_a, (long)got_b);
    return 1;
}
