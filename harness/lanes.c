/* lanes.c - which unit ran on which worker and when. See lanes.h. A lane has one writer at a time, its worker. */
#include "lanes.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>

typedef struct lanes {
    unsigned n;
    _Atomic uint32_t units;
    char name[FW_LANE_NAMES][FW_UNIT_NAME_BYTES];
    fw_lane lane[];
} lanes;

static lanes *all; /* set before the trial's process is forked; NULL: not traced */

static size_t bytes_of(unsigned n)
{
    return sizeof(lanes) + n * sizeof(fw_lane);
}

int fw_lanes_open(unsigned n)
{
    lanes *l = mmap(NULL, bytes_of(n), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (l == MAP_FAILED)
        return -ENOMEM;
    l->n = n;
    all = l;
    return 0;
}

void fw_lanes_close(void)
{
    if (all)
        munmap(all, bytes_of(all->n));
    all = NULL;
}

unsigned fw_lanes(void)
{
    return all ? all->n : 0;
}

const fw_lane *fw_lane_read(unsigned index)
{
    return &all->lane[index];
}

uint32_t fw_lane_units(void)
{
    return all ? atomic_load_explicit(&all->units, memory_order_relaxed) : 0;
}

const char *fw_lane_unit_name(uint32_t unit)
{
    return unit <= FW_LANE_NAMES ? all->name[unit - 1] : "";
}

fw_lane *fw_lane_take(unsigned worker)
{
    bool free = false;

    if (!all || worker >= all->n)
        return NULL;
    /* Acquire pairs with fw_lane_give: marks go on where the last writer stopped. */
    return atomic_compare_exchange_strong_explicit(&all->lane[worker].taken, &free, true, memory_order_acquire,
                                                   memory_order_relaxed)
               ? &all->lane[worker]
               : NULL;
}

void fw_lane_give(fw_lane *lane)
{
    if (lane)
        atomic_store_explicit(&lane->taken, false, memory_order_release); /* pairs with fw_lane_take */
}

void fw_lane_mark(fw_lane *lane, uint32_t unit)
{
    if (lane->used == FW_LANE_MARKS)
        lane->dropped++;
    else
        lane->mark[lane->used++] = (fw_mark){fw_now_ns(), unit};
}

uint32_t fw_lane_unit(const char *name)
{
    uint32_t unit = 1 + atomic_fetch_add_explicit(&all->units, 1, memory_order_relaxed);
    if (name && unit <= FW_LANE_NAMES)
        snprintf(all->name[unit - 1], FW_UNIT_NAME_BYTES, "%s", name);
    return unit;
}

void fw_trace_name(const char *name)
{
    if (all)
        prctl(PR_SET_NAME, name);
}
