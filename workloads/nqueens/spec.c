/* spec.c - nqueens: parameters, blocks, search, oracle. */
#include "spec.h"

#include <inttypes.h>

static const fw_param params[] = {
    {"n", FW_PARAM_INT, "7", "12", "13", 1, NQUEENS_MOST, NULL, "queens, rows and columns"},
    {"grain", FW_PARAM_INT, "5", "10", "11", 1, NQUEENS_MOST, NULL,
     "rows left that one unit searches by itself; above, every placement is a unit"},
    {.name = NULL},
};

static const fw_block blocks[] = {
    {"two rows forked, the rest searched", 0, ""},
    {NULL, 0, NULL},
};

static const fw_axis axes[] = {
    {"workers", "1,2,4,8", 0},
    {"grain", "8,10,12", 0},
    {NULL, NULL, 0},
};

/* How many ways there are (OEIS A000170). */
static const uint64_t solutions[NQUEENS_MOST + 1] = {1,  1,   0,   0,    2,     10,    4,      40,
                                                     92, 352, 724, 2680, 14200, 73712, 365596, 2279184};

nqueens_sum nqueens_search(const nqueens_part *p)
{
    nqueens_sum sum = {0, 0};

    if (p->row == p->n)
        return (nqueens_sum){1, fw_mix64(p->seed + p->path)};
    for (uint32_t free = nqueens_free(p); free; free &= free - 1) {
        nqueens_part child = nqueens_child(p, free);
        nqueens_add(&sum, nqueens_search(&child));
    }
    return sum;
}

void nqueens_finish(fw_trial *t, nqueens_sum sum)
{
    uint64_t want = solutions[fw_int(t, "n")];
    if (sum.solutions != want)
        fw_fail(t, "%" PRIu64 " solutions, not %" PRIu64, sum.solutions, want);
    fw_result(t, 1, sum.fold);
}

/* ---- the oracle: queens by their numbers, each compared with all above ---- */

typedef struct check {
    unsigned n, column[NQUEENS_MOST];
    uint64_t seed, fold, placed[NQUEENS_MOST + 1]; /* placements of so many queens */
} check;

static bool stands(const check *c, unsigned row)
{
    for (unsigned above = 0; above < row; above++) {
        unsigned a = c->column[above], b = c->column[row];
        if (a == b || (a > b ? a - b : b - a) == row - above)
            return false;
    }
    return true;
}

/* All placements of at most `most` queens. */
static void place(check *c, unsigned row, unsigned most, uint64_t path)
{
    c->placed[row]++;
    if (row == c->n)
        c->fold += fw_mix64(c->seed + path);
    if (row == most)
        return;
    if (row == 2)
        fw_count(fw_slot_here(), FW_WORK, 1);
    for (unsigned i = 0; i < c->n; i++) {
        c->column[row] = i;
        if (stands(c, row))
            place(c, row + 1, most, path << 4 | i);
    }
}

static uint64_t units_of(const check *c, int64_t grain)
{
    uint64_t units = 0;
    for (int64_t row = 0; row <= (c->n > grain ? c->n - grain : 0); row++)
        units += c->placed[row];
    return units;
}

uint64_t nqueens_units(const fw_trial *t)
{
    check c = {.n = (unsigned)fw_int(t, "n")};
    int64_t grain = fw_int(t, "grain");

    place(&c, 0, c.n > grain ? c.n - (unsigned)grain : 0, 0);
    return units_of(&c, grain);
}

static void expect(const fw_trial *t, uint64_t repeats, uint64_t ops, fw_expect *e)
{
    check c = {.n = (unsigned)fw_int(t, "n"), .seed = fw_mix64(fw_seed(t))};

    place(&c, 0, c.n, 0);
    uint64_t units = units_of(&c, fw_int(t, "grain"));
    e->want = (fw_receipt){
        .units = repeats * units, .peak_live = units > 1 ? 2 : 1, .ops = repeats, .checksum = repeats * c.fold};
    e->rule.units = e->rule.ops = e->rule.checksum = FW_EXACT;
    e->rule.peak_live = FW_MINIMUM;
    e->rule.messages = e->rule.bytes = FW_INFO; /* a result travels by a link, or by joining */
    (void)ops;
}

const fw_spec nqueens_spec = {
    .name = "nqueens",
    .title = "An irregular tree of units: how small a task may be before the model costs more than the work.",
    .op = "board",
    .mode = FW_COMPLETE,
    .params = params,
    .blocks = blocks,
    .axes = axes,
    .expect = expect,
};
