/* tally: amounts by key, for tables of a few hundred rows: cost per theme, per territory. */
#ifndef PIC_SUMMARY_TALLY_H
#define PIC_SUMMARY_TALLY_H

#include "protocol/base/bytes.h"

enum { PIC_TALLY_MAX = 1024, PIC_TALLY_KEY_MAX = 64, PIC_TALLY_MEASURES = 4 };

struct pic_tally {
    size_t n;
    struct pic_tally_row {
        char key[PIC_TALLY_KEY_MAX];
        int64_t measures[PIC_TALLY_MEASURES];
        int64_t projects;
    } rows[PIC_TALLY_MAX]; /* ascending keys */
};

/* Adds to the row of a key, which it makes where needed. PIC_ELIMIT. */
PIC_MUST_USE int pic_tally_add(struct pic_tally *tally, struct pic_span key,
                               const int64_t measures[static PIC_TALLY_MEASURES], int64_t projects);

#endif
