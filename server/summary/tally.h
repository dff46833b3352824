/* tally: amounts by key, for tables of a few hundred rows: cost per theme, per territory. */
#ifndef PIC_SUMMARY_TALLY_H
#define PIC_SUMMARY_TALLY_H

#include "schema/face/sheet.h"
#include "schema/store/db.h"

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
/* Appends the rows to a sheet: the label of the key (kind: "theme" or "qpv"), the number of
 * projects and the measures. What has no key comes last, as "non renseigné". db has the functions
 * of ladder.h. */
PIC_MUST_USE int pic_tally_fill(const struct pic_tally *tally, struct pic_db *db, const char *kind,
                                struct pic_sheet *sheet, struct pic_err *err);

#endif
