/* generator: a small seeded stream of numbers for property tests and histories; the same seed gives
 * the same test on every machine. Source: splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
#ifndef PIC_TESTS_GENERATOR_H
#define PIC_TESTS_GENERATOR_H

#include <stdint.h>

struct generator {
    uint64_t state;
};

static inline struct generator generator_from(uint64_t seed)
{
    return (struct generator){seed};
}

static inline uint64_t generator_next(struct generator *g)
{
    uint64_t z = (g->state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* 0 <= result < n, for n >= 1; the tiny bias does not matter here. */
static inline uint32_t generator_below(struct generator *g, uint32_t n)
{
    return (uint32_t)((generator_next(g) >> 32) * n >> 32);
}

#endif
