/* spec.h - ring: what the token holds, what a node does with it. */
#ifndef RING_SPEC_H
#define RING_SPEC_H

#include "fw.h"

extern const fw_spec ring_spec;

typedef struct ring_token {
    uint64_t fold; /* of every hop so far */
    uint64_t left; /* hops still to go */
} ring_token;

/* What the nodes share; nobody writes it after the start. */
typedef struct ring_game {
    fw_trial *trial;
    unsigned nodes;
    uint64_t seed;
} ring_game;

static inline ring_game ring_begin(fw_trial *t)
{
    return (ring_game){.trial = t, .nodes = (unsigned)fw_int(t, "nodes"), .seed = fw_seed(t)};
}

/* Node 0 sends the token off: for one lap, or at the end. */
static inline void ring_lap(const ring_game *g, ring_token *token)
{
    token->left = g->nodes;
}
static inline void ring_last(const ring_game *g, ring_token *token)
{
    token->left = 1000 + g->seed % 1000;
}

/* A node has received the token. True: it goes on from here; false: it ends here. */
static inline bool ring_hop(const ring_game *g, unsigned node, ring_token *token)
{
    token->fold = fw_mix64(token->fold ^ (g->seed + node));
    return --token->left > 0;
}

/* What the node where the token ended reports, once. */
static inline void ring_report(const ring_game *g, unsigned node, const ring_token *token)
{
    fw_result(g->trial, 0, fw_mix64(token->fold ^ node));
}

#endif
