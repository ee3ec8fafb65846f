// What messages and units hold and how it is folded; all numbers wrap.
#ifndef FIVEWAYS_PEERS_WORK_H
#define FIVEWAYS_PEERS_WORK_H

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "trial.h"

namespace peers
{

constexpr std::uint64_t step = 0x9E3779B97F4A7C15;

inline std::uint64_t mix(std::uint64_t x)
{
    x += step;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
    x = (x ^ x >> 27) * 0x94D049BB133111EB;
    return x ^ x >> 31;
}

// Ring's token.
struct token {
    std::uint64_t fold = 0, left = 0;

    // What a node does with it; false: it ends here.
    bool hop(std::uint64_t seed, std::uint64_t node)
    {
        fold = mix(fold ^ (seed + node));
        return --left > 0;
    }
};

// The hops after the last lap of a ring.
inline std::uint64_t last_hops(std::uint64_t seed)
{
    return 1000 + seed % 1000;
}

// What a node of skynet's tree hands up; one that waits for children begins as a unit with nothing.
struct sum {
    std::uint64_t numbers = 0, fold = 0, units = 1;

    static sum leaf(std::uint64_t first, std::uint64_t leaves, std::uint64_t seed)
    {
        sum all;
        for (std::uint64_t i = first; i < first + leaves; i++) {
            all.numbers += i;
            all.fold += mix(seed + i);
        }
        return all;
    }

    void add(const sum &child)
    {
        numbers += child.numbers;
        fold += child.fold;
        units += child.units;
    }

    // The root's, checked. A node waits while its children live.
    outcome checked(std::uint64_t leaves) const
    {
        outcome o;
        o.units = units;
        o.live = std::min<std::uint64_t>(units, 2);
        o.checksum = fold;
        if (const std::uint64_t want = leaves * (leaves - 1) / 2; numbers != want)
            o.failure = "the leaves' numbers sum to " + std::to_string(numbers) + ", not " + std::to_string(want);
        return o;
    }
};

// What a call of fib gives: its value and the units that it made.
struct call {
    std::uint64_t value = 0, units = 0;

    // One that forked: a unit more.
    static call joined(const call &left, const call &right)
    {
        return {left.value + right.value, left.units + right.units + 1};
    }

    // The first call's, which is a unit itself and waits while others live.
    outcome checked() const
    {
        outcome o;
        o.units = units + 1;
        o.live = std::min<std::uint64_t>(o.units, 2);
        o.checksum = mix(value);
        return o;
    }
};

// A call of fib at or below the cutoff.
inline std::uint64_t plain(std::uint64_t n, std::uint64_t salt)
{
    return n < 2 ? n + salt : plain(n - 1, salt) + plain(n - 2, salt);
}

} // namespace peers

#endif
