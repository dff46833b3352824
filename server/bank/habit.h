/* habit: a bank gives its tables always in the same way. What a person said of the first one, which
 * columns mean what and whose account it is, is read from the statements imported before, so that
 * the next needs no options. */
#ifndef PIC_BANK_HABIT_H
#define PIC_BANK_HABIT_H

#include "schema/store/db.h"
#include "server/bank/format.h"

enum { PIC_HABIT_COLUMNS_MAX = 512 };

/* What is known of a file, beside its bytes. */
struct pic_habit {
    const char *account, *columns; /* what the person says now; each or NULL */
    char known_account[PIC_BANK_ACCOUNT_MAX + 1], known_columns[PIC_HABIT_COLUMNS_MAX + 1];
};

/* pic_format_read_with, with what the person says and else with what earlier statements tell: the
 * columns last named that fit the file; the account, where all tables with these headings are of
 * one. habit must outlive out, which is released by the caller in any case. */
PIC_MUST_USE int pic_habit_read(struct pic_db *state, const char *format, struct pic_span file,
                                struct pic_habit *habit, struct pic_statements *out,
                                struct pic_err *err);

#endif
