/* spec_oracle.c - what a pass must count, found in another way than the cells': a
 * ternary search tree (Bentley and Sedgewick 1997) over the untouched input. No
 * batches, no splitting, no hash table. */
#include "spec.h"

#include <stdlib.h>

typedef struct node {
    uint64_t hash, count;      /* of the word that ends here */
    uint32_t less, next, more; /* 0: none */
    unsigned char letter;
} node;

typedef struct tree {
    node *nodes; /* nodes[0]: before the first letter */
    size_t used, room;
} tree;

enum { FIRST_ROOM = 1024, BEAT = 1 << 20 };

static uint32_t add_node(tree *t, unsigned char letter, uint64_t before)
{
    if (t->used == t->room) {
        t->room = t->room ? 2 * t->room : FIRST_ROOM;
        t->nodes = realloc(t->nodes, t->room * sizeof *t->nodes);
        FW_MUST(t->nodes && t->used < UINT32_MAX);
    }
    t->nodes[t->used] = (node){.hash = (before ^ letter) * WORDCOUNT_FNV_PRIME, .letter = letter};
    return (uint32_t)t->used++;
}

/* The node of the word at `from` with one more letter. */
static uint32_t step(tree *t, uint32_t from, unsigned char letter)
{
    uint32_t at = t->nodes[from].next, made;

    if (!at) {
        made = add_node(t, letter, t->nodes[from].hash);
        return t->nodes[from].next = made;
    }
    while (t->nodes[at].letter != letter) {
        bool less = letter < t->nodes[at].letter;
        uint32_t side = less ? t->nodes[at].less : t->nodes[at].more;
        if (!side) {
            made = add_node(t, letter, t->nodes[from].hash);
            if (less)
                t->nodes[at].less = made;
            else
                t->nodes[at].more = made;
            return made;
        }
        at = side;
    }
    return at;
}

uint64_t wordcount_oracle(const unsigned char *text, size_t bytes, uint64_t seed)
{
    tree t = {0};
    uint32_t at = add_node(&t, 0, 0);
    uint64_t sum = 0;

    t.nodes[0].hash = WORDCOUNT_FNV_START;
    for (size_t i = 0; i < bytes; i++) {
        if (i % BEAT == 0)
            fw_count(fw_slot_here(), FW_WORK, 1); /* a long input is no hang */
        if (wordcount_is_letter(text[i])) {
            at = step(&t, at, text[i] | 0x20);
        } else {
            t.nodes[at].count++;
            at = 0;
        }
    }
    t.nodes[at].count++;
    for (size_t i = 1; i < t.used; i++)
        if (t.nodes[i].count)
            sum += wordcount_fold(t.nodes[i].hash, t.nodes[i].count, seed);
    free(t.nodes);
    return sum;
}
