/* plan.c - see plan.h. */
#include "plan.h"

#include <stdlib.h>

#include "fw.h"

unsigned fw_williams_rows(unsigned n)
{
    return n < 2 ? 1 : n % 2 ? 2 * n : n;
}

/* First row 0, 1, n-1, 2, n-2, …: every difference modulo n between neighbours once (n even), or once up to sign (n
 * odd, where the mirrored rows give the other sign). Other rows add a constant. */
void fw_williams_row(unsigned n, unsigned row, unsigned *order)
{
    row %= fw_williams_rows(n);
    bool mirrored = row >= n;
    for (unsigned k = 0; k < n; k++) {
        unsigned step = k % 2 ? (k + 1) / 2 : (n - k / 2) % n;
        order[mirrored ? n - 1 - k : k] = (step + row) % n;
    }
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t stream(uint64_t seed, unsigned block, unsigned purpose)
{
    uint64_t state = seed + ((uint64_t)block << 32) + purpose;
    return draw(&state);
}

void fw_plan_order(unsigned n, unsigned round, uint64_t seed, unsigned block, unsigned *order)
{
    unsigned *label = malloc((n ? n : 1) * sizeof *label);
    uint64_t state = stream(seed, block, 1);

    FW_MUST(label);
    for (unsigned i = 0; i < n; i++)
        label[i] = i;
    for (unsigned i = n; i > 1; i--) {
        unsigned j = (unsigned)(draw(&state) % i), keep = label[i - 1];
        label[i - 1] = label[j];
        label[j] = keep;
    }
    fw_williams_row(n, round + (unsigned)(draw(&state) % fw_williams_rows(n)), order);
    for (unsigned k = 0; k < n; k++)
        order[k] = label[order[k]];
    free(label);
}

unsigned fw_plan_twin(unsigned entries, unsigned round, uint64_t seed, unsigned block)
{
    return entries ? (unsigned)((stream(seed, block, 2) + round) % entries) : 0;
}

static double total(const fw_plan_point *p, size_t n)
{
    double s = 0;
    for (size_t i = 0; i < n; i++)
        s += p[i].dropped ? 0 : p[i].round_s * p[i].rounds;
    return s;
}

double fw_plan_fit(fw_plan_point *p, size_t n, double budget)
{
    while (total(p, n) > budget) {
        fw_plan_point *axis = NULL, *block = NULL;
        for (size_t i = 0; i < n; i++)
            if (p[i].axis && !p[i].dropped && (!axis || p[i].round_s > axis->round_s))
                axis = &p[i];
            else if (!p[i].axis && p[i].rounds > 1 &&
                     (!block || p[i].round_s * p[i].rounds > block->round_s * block->rounds))
                block = &p[i];
        if (axis)
            axis->dropped = true;
        else if (block)
            block->rounds--;
        else
            break;
    }
    return total(p, n);
}

bool fw_plan_runs(unsigned round, unsigned all, unsigned rounds)
{
    if (rounds >= all)
        return round < all;
    return round == 0 || (uint64_t)round * rounds / all != (uint64_t)(round - 1) * rounds / all;
}
