#include "protocol/base/clock.h"

uint64_t pic_clock_tick(struct pic_clock *clock, int64_t now_ms)
{
    uint64_t now = pic_clock_at(now_ms);
    clock->last = now > clock->last ? now : clock->last + 1;
    return clock->last;
}

void pic_clock_see(struct pic_clock *clock, uint64_t stamp)
{
    if (stamp > clock->last)
        clock->last = stamp;
}
