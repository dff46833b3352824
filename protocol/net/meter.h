/* meter: how often each of many may do something: a bucket of tokens for each key, filled at a
 * steady rate up to a ceiling, in a table of fixed size.
 *
 * A key shares its set with those of the same hash; where a set is full, the one that was longest
 * unused is forgotten, and so full again. Pure: no lock, no clock, no allocation but the table.
 * Source: token bucket. */
#ifndef PIC_NET_METER_H
#define PIC_NET_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/base/status.h"

enum { PIC_METER_SETS = 1024, PIC_METER_WAYS = 4 };

struct pic_meter {
    uint64_t per_second; /* tokens */
    uint64_t most;       /* tokens that a bucket holds */
    struct pic_meter_bucket {
        uint64_t key;
        uint64_t thousandths; /* of tokens left */
        int64_t time_ms;      /* when it was so; 0: the place is free */
    } buckets[PIC_METER_SETS][PIC_METER_WAYS];
};

/* A key begins with most tokens. Both are at least 1 and at most 10^9. */
void pic_meter_init(struct pic_meter *meter, uint64_t per_second, uint64_t most);
/* Takes one token; false when there was none. now_ms: of a clock that does not go back. */
bool pic_meter_take(struct pic_meter *meter, uint64_t key, int64_t now_ms);
/* Whether there is one; takes none, and remembers nothing of a key that is unknown. */
bool pic_meter_has(const struct pic_meter *meter, uint64_t key, int64_t now_ms);

#endif
