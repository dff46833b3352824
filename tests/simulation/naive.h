/* naive: the money ladder counted again from the rows, project by project, by code that shares
 * nothing with the one that keeps the totals. */
#ifndef PIC_SIMULATION_NAIVE_H
#define PIC_SIMULATION_NAIVE_H

#include "protocol/base/bytes.h"
#include "schema/store/db.h"

struct history;

enum { NAIVE_MEASURES = 6, NAIVE_CELLS = 512 };

struct naive_cell {
    uint64_t fund, funder;
    char theme[64];
    int64_t projects, measures[NAIVE_MEASURES]; /* asked granted paid justified matched due */
};

struct naive {
    struct naive_cell *cells;
    unsigned n;
};

void naive_count(struct history *h, struct pic_db *db, struct naive *out);
void naive_release(struct naive *naive);
/* Whether the totals kept in db are these, by fund, funder and theme; and whether, by fund and
 * theme, the parts of all funders are the whole. Else difference says where. */
bool naive_equals(const struct naive *naive, struct pic_db *db, struct pic_buf *difference);

#endif
