#include "protocol/net/meter.h"

#include <stddef.h>
#include <string.h>

enum { THOUSANDTHS = 1000 };

/* Fibonacci hashing: the high bits of key times 2^64 / golden ratio. */
static size_t set_of(uint64_t key)
{
    const uint64_t golden = 0x9e3779b97f4a7c15U;
    return (size_t)((key * golden) >> 54U);
}

void pic_meter_init(struct pic_meter *meter, uint64_t per_second, uint64_t most)
{
    memset(meter, 0, sizeof *meter);
    meter->per_second = per_second;
    meter->most = most;
}

/* What a bucket holds by now: per_second tokens a second are as many thousandths a millisecond. */
static uint64_t filled(const struct pic_meter *meter, const struct pic_meter_bucket *b,
                       int64_t now_ms)
{
    const uint64_t most = meter->most * THOUSANDTHS;
    uint64_t elapsed = now_ms > b->time_ms ? (uint64_t)(now_ms - b->time_ms) : 0;
    if (elapsed >= (most - b->thousandths) / meter->per_second + 1)
        return most;
    return b->thousandths + elapsed * meter->per_second;
}

bool pic_meter_take(struct pic_meter *meter, uint64_t key, int64_t now_ms)
{
    struct pic_meter_bucket *set = meter->buckets[set_of(key)];
    struct pic_meter_bucket *found = &set[0];
    for (size_t i = 0; i < PIC_METER_WAYS; i++) {
        if (set[i].time_ms != 0 && set[i].key == key) {
            found = &set[i];
            break;
        }
        if (set[i].time_ms < found->time_ms)
            found = &set[i];
    }
    if (found->time_ms == 0 || found->key != key)
        *found = (struct pic_meter_bucket){.key = key, .thousandths = meter->most * THOUSANDTHS};
    else
        found->thousandths = filled(meter, found, now_ms);
    found->time_ms = now_ms;
    if (found->thousandths < THOUSANDTHS)
        return false;
    found->thousandths -= THOUSANDTHS;
    return true;
}

bool pic_meter_has(const struct pic_meter *meter, uint64_t key, int64_t now_ms)
{
    const struct pic_meter_bucket *set = meter->buckets[set_of(key)];
    for (size_t i = 0; i < PIC_METER_WAYS; i++)
        if (set[i].time_ms != 0 && set[i].key == key)
            return filled(meter, &set[i], now_ms) >= THOUSANDTHS;
    return true;
}
