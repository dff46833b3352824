/* likeness: what the words of the bank have in common with an entry: a number, a reference, a name.
 * Both sides are folded once, then compared many times. Pure. */
#ifndef PIC_BANK_LIKENESS_H
#define PIC_BANK_LIKENESS_H

#include "server/bank/match.h"

enum { PIC_LIKENESS_NUMBERS = 8 }; /* entries that one line can name; further ones are not seen */

/* A line or an entry, made ready to be compared. */
struct pic_likeness {
    struct pic_buf words;     /* folded: a line's one space apart, an entry's names one a line */
    struct pic_buf reference; /* folded, a space before and after */
    uint64_t numbers[PIC_LIKENESS_NUMBERS]; /* that a line names */
    size_t number_n;
};

void pic_likeness_init(struct pic_likeness *likeness);
void pic_likeness_release(struct pic_likeness *likeness);
/* Texts are UTF-8, else PIC_ETEXT; what is longer than any text of the dictionary: PIC_ELIMIT. */
PIC_MUST_USE int pic_likeness_of_line(const struct pic_match_line *line, struct pic_likeness *out);
PIC_MUST_USE int pic_likeness_of_item(const struct pic_match_item *item, struct pic_likeness *out);

/* Whether a line names an entry ("42-17", standing alone: not a part of a date or of a longer
 * number). No line names 0. */
bool pic_likeness_names(const struct pic_likeness *line, uint64_t id);
/* Whether the entry's reference is the line's, or stands in its words, whatever zeros are before a
 * number. A reference of less than three signs, or with no number but a year, tells nothing. */
bool pic_likeness_bears_reference(const struct pic_likeness *line, const struct pic_likeness *item);
/* How much of the entry's best name stands in the line's words, in per cent of its letters; a word
 * may be cut short. */
unsigned pic_likeness_name_percent(const struct pic_likeness *line,
                                   const struct pic_likeness *item);

#endif
