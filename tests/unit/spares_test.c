/* spares_test - no unit is with two at once; what one worker frees another has, and the next run has what the last one
 * had, but a run that is not repeated gives malloc what it can't hold. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#undef FW_SANITIZE /* under the sanitizers units come from malloc alone: here they watch the lists and slabs */
#include "core/kept.c"
#include "core/spares.c"
#include "trial.h"

/* In a run many more units are made than there are at once: those on the way, a full list of the ender's, what is left
 * of the maker's, and one that comes back. */
enum { WAY = 2 * SPARES_MOST + 1000, ALIVE = 5, UNITS = 10 * SPARES_MOST + 100, ROUNDS = 20 };

typedef struct unit {
    spare link;
    _Atomic unsigned owner;
    char rest[44];
} unit;

extern fw_trial *fw_current_trial;
static fw_trial repeats = {.mode = FW_COMPLETE};
static spares_store store;
static unit *all[UNITS], *_Atomic way[WAY];

static unit *take(spares *s)
{
    unit *u = spares_take(s, &store, sizeof *u);
    FW_MUST(u);
    return u;
}

static void nothing_is_kept_without_repeats(void)
{
    spares s = {0};

    fw_current_trial = NULL;
    for (int i = 0; i < UNITS; i++)
        all[i] = take(&s);
    for (int i = 0; i < UNITS; i++)
        spares_give(&s, &store, all[i]);
    FW_MUST(s.n == SPARES_MOST && !store.lists && !store.slabs);
    for (int i = 0; i < SPARES_MOST; i++) /* the first that were freed, the last of them first */
        FW_MUST(take(&s) == all[SPARES_MOST - 1 - i]);
    for (int i = 0; i < SPARES_MOST; i++)
        spares_give(&s, &store, all[i]);
    spares_free_all(&s);
    FW_MUST(!s.first && s.n == 0);
}

static void *maker(void *arg)
{
    spares *s = arg;

    for (int i = 0; i < UNITS; i++) {
        unit *u = take(s);
        FW_MUST(s->n <= SPARES_MOST);
        atomic_store_explicit(&u->owner, 0, memory_order_relaxed); /* as a fresh one: its memory is anybody's past */
        FW_MUST(atomic_fetch_add(&u->owner, 1) == 0);
        while (atomic_load_explicit(&way[i % WAY], memory_order_relaxed))
            sched_yield();
        atomic_store_explicit(&way[i % WAY], u, memory_order_release);
        if (i % 7 == 0) { /* and some come back to their maker */
            unit *own = take(s);
            FW_MUST(own != u);
            spares_give(s, &store, own);
        }
    }
    return NULL;
}

static void *ender(void *arg)
{
    unit *u;

    for (int i = 0; i < UNITS; i++) {
        while (i % WAY == 0 && i + WAY <= UNITS && !atomic_load_explicit(&way[WAY - 1], memory_order_relaxed))
            sched_yield(); /* so that several lists go, and several come back */
        while (!(u = atomic_exchange_explicit(&way[i % WAY], NULL, memory_order_acquire)))
            sched_yield();
        FW_MUST(atomic_fetch_sub(&u->owner, 1) == 1);
        spares_give(arg, &store, u);
    }
    return NULL;
}

static unsigned slabs(void)
{
    unsigned n = 0;
    for (slab *s = store.slabs; s; s = s->next)
        n++;
    return n;
}

static unsigned blocks(void)
{
    unsigned n = 0;
    for (block *b = kept; b; b = b->next)
        n++;
    return n;
}

/* Each round a run of two workers, who change places. */
static void runs_share_what_they_have(void)
{
    spares s = {0};

    fw_current_trial = &repeats;
    for (int round = 0; round < ROUNDS; round++) {
        spares worker[2] = {0};
        pthread_t thread[2];
        FW_MUST(pthread_create(&thread[0], NULL, maker, &worker[round % 2]) == 0);
        FW_MUST(pthread_create(&thread[1], NULL, ender, &worker[1 - round % 2]) == 0);
        for (int i = 0; i < 2; i++)
            FW_MUST(pthread_join(thread[i], NULL) == 0);
        FW_MUST(slabs() <= ALIVE);
        spares_end(&store, sizeof(unit));
        FW_MUST(blocks() <= ALIVE);
    }
    for (int i = 0; i < UNITS; i++)
        all[i] = take(&s);
    for (int i = 1; i < UNITS; i++)
        FW_MUST(all[i] == all[i - 1] + 1 || i % SPARES_MOST == 0); /* from slabs, one beside the other */
    FW_MUST(slabs() == 11);
    spares_free_all(&s); /* which the slabs still have */
    spares_end(&store, sizeof(unit));
    FW_MUST(!store.slabs && !store.lists && blocks() == 11);
    void *other = kept_alloc(slab_bytes(sizeof(unit)) + 1); /* none is so large */
    FW_MUST(other && blocks() == 11);
    kept_free(other, slab_bytes(sizeof(unit)) + 1);
    kept_free(kept_alloc(slab_bytes(sizeof(unit))), slab_bytes(sizeof(unit)));
    FW_MUST(blocks() == 12);
    kept_give_back();
    FW_MUST(!kept);
    fw_current_trial = NULL;
}

int main(void)
{
    nothing_is_kept_without_repeats();
    runs_share_what_they_have();
    puts("units are with one at a time, and kept from run to run");
    return 0;
}
