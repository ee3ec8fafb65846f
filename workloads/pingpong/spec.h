/* spec.h - ping-pong: what a message holds, how both ends check it, what the
 * checksum folds. README.md has the same arithmetic in words. */
#ifndef PINGPONG_SPEC_H
#define PINGPONG_SPEC_H

#include "fw.h"

extern const fw_spec pingpong_spec;

/* Word 0 of request s; word i is that plus i steps. */
static inline uint64_t pingpong_base(uint64_t seed, uint64_t s)
{
    return fw_mix64(seed + s);
}

/* The client's request number s, `words` words of 8 bytes. */
static inline void pingpong_request(uint64_t *message, size_t words, uint64_t seed, uint64_t s)
{
    uint64_t word = pingpong_base(seed, s);
    for (size_t i = 0; i < words; i++, word += FW_STEP)
        message[i] = word;
}

/* The server's side: checks every word of request s and turns it, in place, into the answer (its complement).
 * False: the request was wrong. */
static inline bool pingpong_answer(uint64_t *message, size_t words, uint64_t seed, uint64_t s)
{
    uint64_t word = pingpong_base(seed, s), wrong = 0;
    for (size_t i = 0; i < words; i++, word += FW_STEP) {
        wrong |= message[i] ^ word;
        message[i] = ~word;
    }
    return wrong == 0;
}

/* The client's side: checks every word of answer s and adds the round trip to *checksum. False: the answer was wrong.
 */
static inline bool pingpong_check(const uint64_t *message, size_t words, uint64_t seed, uint64_t s, uint64_t *checksum)
{
    uint64_t word = pingpong_base(seed, s), wrong = 0, sum = 0;
    for (size_t i = 0; i < words; i++, word += FW_STEP) {
        wrong |= message[i] ^ ~word;
        sum += message[i];
    }
    *checksum += fw_mix64(sum ^ s);
    return wrong == 0;
}

/* Words of a message in this trial. */
static inline size_t pingpong_words(const fw_trial *t)
{
    return (size_t)fw_int(t, "size") / 8;
}

#endif
