/* clock: hybrid logical time. 48 bits of milliseconds since 1970, then 16 bits of counter, compared
 * as one unsigned integer; the device number breaks ties. A laptop in the past is harmless: its
 * stamps move past everything it has seen. Source: Kulkarni et al., "Logical Physical Clocks",
 * OPODIS 2014. Pure: the caller brings the wall clock. */
#ifndef PIC_BASE_CLOCK_H
#define PIC_BASE_CLOCK_H

#include <stdint.h>

struct pic_clock {
    uint64_t last; /* greatest stamp given or seen */
};

/* A stamp greater than every one given or seen so far, and not before now_ms (milliseconds since
 * 1970; negative counts as 0). When the counter overflows it carries into the milliseconds. */
uint64_t pic_clock_tick(struct pic_clock *clock, int64_t now_ms);

/* Takes a foreign stamp into account. */
void pic_clock_see(struct pic_clock *clock, uint64_t stamp);

static inline int64_t pic_clock_ms(uint64_t stamp)
{
    return (int64_t)(stamp >> 16);
}

static inline uint64_t pic_clock_at(int64_t ms)
{
    return ms < 0 ? 0 : (uint64_t)ms << 16;
}

#endif
