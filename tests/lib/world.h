/* world: a random but plausible history of two associations and the central team, with what goes
 * wrong in real life: concurrent edits, reversals, references that arrive late, changes that nobody
 * may write. The same seed gives the same history. */
#ifndef PIC_TESTS_WORLD_H
#define PIC_TESTS_WORLD_H

#include "tests/lib/history.h"

enum { WORLD_FUNDS = 4, WORLD_FUNDERS = 4 };

struct world {
    struct history *h;
    uint64_t organisations[2];       /* carriers */
    uint64_t funders[WORLD_FUNDERS]; /* Region, commune, EPCI, État */
    uint64_t programme;
    uint64_t funds[WORLD_FUNDS];
};

/* steps: how many things happen after the frame is set. */
void world_make(struct world *w, uint64_t seed, size_t steps);
void world_free(struct world *w);

#endif
