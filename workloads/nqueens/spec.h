/* spec.h - nqueens: a placement of the first queens, what it leads to, how a unit searches below it. */
#ifndef NQUEENS_SPEC_H
#define NQUEENS_SPEC_H

#include "fw.h"

enum { NQUEENS_MOST = 15 };

extern const fw_spec nqueens_spec;

/* What a placement leads to: its solutions, and the fold of what they are. */
typedef struct nqueens_sum {
    uint64_t solutions, fold;
} nqueens_sum;

/* `row` queens stand, one in each of the first rows. Bit c of the masks: column c of the next row is taken by a queen
 * above it or on a diagonal. path: the columns so far, four bits each. */
typedef struct nqueens_part {
    uint64_t path, seed;
    uint32_t columns, left, right;
    uint16_t n, row, grain;
} nqueens_part;

static inline nqueens_part nqueens_board(const fw_trial *t)
{
    return (nqueens_part){
        .n = (uint16_t)fw_int(t, "n"), .grain = (uint16_t)fw_int(t, "grain"), .seed = fw_mix64(fw_seed(t))};
}

/* The columns where the next queen can stand, as bits. */
static inline uint32_t nqueens_free(const nqueens_part *p)
{
    return ~(p->columns | p->left | p->right) & ((UINT32_C(1) << p->n) - 1);
}

/* With a queen on the lowest of `free`. */
static inline nqueens_part nqueens_child(const nqueens_part *p, uint32_t free)
{
    uint32_t bit = free & -free;
    nqueens_part child = *p;
    child.path = p->path << 4 | (uint64_t)__builtin_ctz(bit);
    child.columns |= bit;
    child.left = (p->left | bit) << 1;
    child.right = (p->right | bit) >> 1;
    child.row++;
    return child;
}

static inline void nqueens_add(nqueens_sum *into, nqueens_sum part)
{
    into->solutions += part.solutions;
    into->fold += part.fold;
}

/* One unit searches all below it. */
static inline bool nqueens_is_leaf(const nqueens_part *p)
{
    return p->n - p->row <= p->grain;
}

/* That search. */
nqueens_sum nqueens_search(const nqueens_part *p);
/* Units that this trial has: one for each placement of at most n - grain queens. */
uint64_t nqueens_units(const fw_trial *t);
/* The root's sum: books one operation and the fold of the solutions. */
void nqueens_finish(fw_trial *t, nqueens_sum sum);

#endif
