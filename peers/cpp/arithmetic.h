// arithmetic.h - what messages hold and how they are folded, as in the workloads' READMEs; all numbers wrap.
#pragma once
#include <algorithm>
#include <vector>

#include "trial.h"

constexpr uint64_t STEP = 0x9E3779B97F4A7C15;

inline uint64_t mix(uint64_t x)
{
    x += STEP;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
    x = (x ^ x >> 27) * 0x94D049BB133111EB;
    return x ^ x >> 31;
}

// ---- ping-pong ----

using Words = std::vector<uint64_t>;

inline void ask(Words &words, uint64_t seed, uint64_t s)
{
    uint64_t word = mix(seed + s);
    for (uint64_t &w : words) {
        w = word;
        word += STEP;
    }
}

// Checks request s and makes it the answer, in place.
inline bool turn(Words &words, uint64_t seed, uint64_t s)
{
    uint64_t word = mix(seed + s), wrong = 0;
    for (uint64_t &w : words) {
        wrong |= w ^ word;
        w = ~word;
        word += STEP;
    }
    return wrong == 0;
}

// Checks answer s and folds it into the checksum.
inline bool check(const Words &words, uint64_t seed, uint64_t s, uint64_t &checksum)
{
    uint64_t word = mix(seed + s), wrong = 0, sum = 0;
    for (uint64_t w : words) {
        wrong |= w ^ ~word;
        sum += w;
        word += STEP;
    }
    checksum += mix(sum ^ s);
    return wrong == 0;
}

// ---- ring ----

struct Token {
    uint64_t fold = 0, left = 0;

    // What a node does with it; false: it ends here.
    bool hop(uint64_t seed, uint64_t node)
    {
        fold = mix(fold ^ (seed + node));
        return --left > 0;
    }
};

inline uint64_t last_hops(uint64_t seed)
{
    return 1000 + seed % 1000;
}

// ---- skynet ----

struct Sum {
    uint64_t numbers = 0, fold = 0, units = 0;

    static Sum of(uint64_t first, uint64_t leaves, uint64_t seed)
    {
        Sum s;
        for (uint64_t i = first; i < first + leaves; i++) {
            s.numbers += i;
            s.fold += mix(seed + i);
        }
        s.units = 1;
        return s;
    }

    void add(const Sum &other)
    {
        numbers += other.numbers;
        fold += other.fold;
        units += other.units;
    }

    Outcome outcome(uint64_t leaves) const
    {
        Outcome o;
        uint64_t want = leaves * (leaves - 1) / 2;
        o.units = units;
        o.live = std::min<uint64_t>(units, 2); // a node waits while its children live
        o.checksum = fold;
        if (numbers != want)
            o.failure = "the leaves' numbers sum to " + std::to_string(numbers) + ", not " + std::to_string(want);
        return o;
    }
};

// ---- fib ----

struct Call {
    uint64_t value = 0, units = 0;

    static uint64_t plain(uint64_t n, uint64_t salt)
    {
        return n < 2 ? salt + n : plain(n - 1, salt) + plain(n - 2, salt);
    }

    Call join(const Call &other) const
    {
        return {value + other.value, units + other.units + 1};
    }

    Outcome outcome() const
    {
        Outcome o;
        o.units = units + 1;
        o.live = std::min<uint64_t>(o.units, 2);
        o.checksum = mix(value);
        return o;
    }
};
