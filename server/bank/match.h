/* match: which line of the bank proves which entry. Pure: two arrays in, one answer a line out, the
 * same whatever the order of the arrays.
 *
 * M1  certain: the same amount and sign, and the line names the entry or its project by number, or
 *     bears its bank reference; and nothing else could claim as much, on either side;
 * M2  probable: a score with its reasons; never posted but by a person;
 * M3  one line for one entry, one entry for one line: certain first, then the best score, then the
 *     nearest date, then the least numbers;
 * M4  the line's account and the entry belong to the same association, as far as is known. */
#ifndef PIC_BANK_MATCH_H
#define PIC_BANK_MATCH_H

#include "server/bank/pair.h"

enum pic_match_zone { PIC_MATCH_NONE, PIC_MATCH_PROBABLE, PIC_MATCH_CERTAIN };

enum pic_match_reason {
    PIC_MATCH_AMOUNT = 1 << 0,    /* equal to the cent */
    PIC_MATCH_NUMBER = 1 << 1,    /* the line names the entry */
    PIC_MATCH_PROJECT = 1 << 2,   /* the line names its project */
    PIC_MATCH_REFERENCE = 1 << 3, /* the line bears its bank reference */
};

enum {
    PIC_MATCH_WINDOW = 60,       /* days between line and entry, where nothing names it */
    PIC_MATCH_NAMED_WINDOW = 400 /* where something does: a cheque lives a year and eight days */
};

struct pic_match {
    size_t line, item; /* item: SIZE_MAX where the zone is none */
    enum pic_match_zone zone;
    unsigned reasons;      /* enum pic_match_reason */
    unsigned score;        /* 0..125 */
    unsigned name_percent; /* of a name's words found in the line */
    unsigned rivals;       /* other entries that score as much for this line */
    int64_t days;          /* line's day minus entry's */
};

/* Answers every line: out[i] is about lines[i]. PIC_EMEMORY. */
PIC_MUST_USE int pic_match_all(const struct pic_match_line *lines, size_t line_n,
                               const struct pic_match_item *items, size_t item_n,
                               struct pic_match *out);

/* One pair by itself: its reasons and score, the zone probable or none. */
PIC_MUST_USE int pic_match_pair(const struct pic_match_line *line,
                                const struct pic_match_item *item, struct pic_match *out);

/* The reasons in French, on one line: "montant ✔ · nom 87 % · date +2 j · n° absent". */
void pic_match_explain(const struct pic_match *match, struct pic_buf *out);

#endif
