/* sums: one line of the bank that proves several entries together, or several lines that prove one.
 * Looked for among what match.h leaves: a sum is never certain, and a person confirms it. Pure, and
 * the same whatever the order of the arrays.
 *
 * G1  the amounts add up to the cent, at most PIC_SUM_MAX of them;
 * G2  several entries of one line are of one payee; several lines of one entry bear its number, its
 *     reference or its name;
 * G3  all within PIC_SUM_WINDOW days of the one that they add up to, on one side, of one owner;
 * G4  a line and an entry belong to one sum at most: the nearest in time, then the shortest. */
#ifndef PIC_BANK_SUMS_H
#define PIC_BANK_SUMS_H

#include "server/bank/match.h"

enum { PIC_SUM_MAX = 4, PIC_SUM_WINDOW = 30 };

struct pic_sum {
    size_t lines[PIC_SUM_MAX], items[PIC_SUM_MAX];
    size_t line_n, item_n; /* one of both is 1, the other 2..PIC_SUM_MAX */
    unsigned name_percent; /* the best of its pairs */
    unsigned rivals;       /* other sums that would do as well */
    int64_t days;          /* the widest of its pairs, line's day minus entry's */
};

struct pic_sums {
    struct pic_sum *at;
    size_t n, cap;
};

/* Adds what it finds to out, which the caller releases in any case. What matches give with the
 * amount that they should have is left out; a match with another amount gives way to a sum: it is
 * taken back from matches. PIC_EMEMORY. */
PIC_MUST_USE int pic_sums_find(const struct pic_match_line *lines, size_t line_n,
                               const struct pic_match_item *items, size_t item_n,
                               struct pic_match *matches, struct pic_sums *out);
void pic_sums_release(struct pic_sums *sums);

/* The reasons in French, on one line: "somme de 2 saisies ✔ · nom 87 % · date +2 j". */
void pic_sum_explain(const struct pic_sum *sum, struct pic_buf *out);

#endif
