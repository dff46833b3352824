/* match_store: between the state and match.h: which bank lines and which payments and transfers
 * still wait for each other, and the recording of a decision.
 *
 * A match counts as long as it is not cancelled and what it is about is not reversed. Cash never
 * passes through a bank. Everything that waits is compared at once, whatever is shown of it, so
 * that what is certain does not depend on what one looks at. */
#ifndef PIC_BANK_MATCH_STORE_H
#define PIC_BANK_MATCH_STORE_H

#include "server/bank/import.h"
#include "server/bank/match.h"
#include "server/bank/sums.h"

/* What waits, and the answers. Spans point into texts. */
struct pic_waiting {
    struct pic_match_line *lines;
    uint64_t *line_funds; /* 0: the account's fund is not known */
    size_t line_n, line_cap;
    struct pic_match_item *items;
    uint64_t *item_funds;
    size_t item_n, item_cap;
    struct pic_match *matches; /* one a line */
    struct pic_sums sums;      /* among what these leave */
    struct pic_buf texts;
};

/* Loads what waits and matches it; the new lines of a plan (or NULL) come last, as if they had been
 * imported, under numbers that nothing has. PIC_EMEMORY, PIC_ELIMIT, PIC_EIO… Released in any case.
 */
PIC_MUST_USE int pic_waiting_load(struct pic_db *state, const struct pic_import *plan,
                                  struct pic_waiting *out, struct pic_err *err);
void pic_waiting_release(struct pic_waiting *waiting);
/* Index of a line or an item that waits; SIZE_MAX when it does not. */
size_t pic_waiting_line(const struct pic_waiting *waiting, uint64_t id);
size_t pic_waiting_item(const struct pic_waiting *waiting, uint64_t id);

/* A match that counts for a bank line or an entry: the first, where there are several.
 * PIC_ENOT_FOUND (arg[0] its number). */
PIC_MUST_USE int pic_match_find(struct pic_db *state, uint64_t id, uint64_t *match,
                                struct pic_err *err);

/* Adds a match to a recording. zone: a code of zone-rapprochement. */
PIC_MUST_USE int pic_match_record(struct pic_record *record, uint64_t line, uint64_t item,
                                  const char *zone, const char *reasons, const char *who,
                                  uint64_t *id, struct pic_err *err);
/* Cancels a match and those that were decided with it (several of one line, or of one entry), and
 * says why and who. *n receives how many. */
PIC_MUST_USE int pic_match_undo(struct pic_record *record, struct pic_db *state, uint64_t match,
                                const char *reason, const char *who, size_t *n,
                                struct pic_err *err);

#endif
