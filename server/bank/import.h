/* import: what reading a statement would add to what is known, as a plan that can be shown before
 * anything is written; and its writing, in one recording.
 *
 * I1  the same file is refused, with the number of its first import;
 * I2  a line whose fingerprint and occurrence are known is not written again, so that overlapping
 *     statements in any order give the same lines;
 * I3  balances that do not follow are told, inside the file and against the nearest statement of
 *     the same account on either side; they do not stop the import;
 * I4  a new line inside a period that was imported already is told too: the bank forgot it, or
 *     another format words it otherwise and it would count twice;
 * I5  the fund of an account is remembered from its lines. */
#ifndef PIC_BANK_IMPORT_H
#define PIC_BANK_IMPORT_H

#include "schema/store/db.h"
#include "server/bank/statement.h"
#include "server/record.h"

/* What the person knows and the file may not say. */
struct pic_import_options {
    const int64_t *opening, *closing; /* of a file of one account; or NULL */
    uint64_t fund;                    /* 0: the one remembered, if any */
};

/* A neighbouring statement of the same account. */
struct pic_import_neighbour {
    uint64_t id;             /* 0: there is none */
    int64_t day;             /* at whose end both know the balance */
    int64_t expected, found; /* what it says, and what this file makes of it */
};

/* What happens to one statement of the file. */
struct pic_import_item {
    const struct pic_statement *statement; /* balanced */
    uint64_t fund;
    bool *known; /* per line */
    size_t known_n;
    size_t late_n; /* new lines of I4 */
    struct pic_import_neighbour before, after;
};

struct pic_import {
    const struct pic_statements *statements; /* borrowed */
    uint8_t digest[PIC_HASH_SIZE];           /* of the file */
    struct pic_import_item *items;
    size_t n;
    size_t new_n; /* lines to be written */
};

/* Statements are finished, and outlive the plan; one without a balance is given it here.
 * PIC_ESTATEMENT_KNOWN (I1: arg[0] number, arg[1] when, arg[2] file), PIC_ESTATEMENT_BALANCE
 * (arg[0] account), PIC_EUSAGE (a balance given for a file of several accounts). Released by the
 * caller in any case. */
PIC_MUST_USE int pic_import_plan(struct pic_db *state, struct pic_statements *statements,
                                 struct pic_span file, const struct pic_import_options *options,
                                 struct pic_import *out, struct pic_err *err);
void pic_import_release(struct pic_import *plan);
/* Breaks of a statement, inside the file and with its neighbours. */
size_t pic_import_item_breaks(const struct pic_import_item *item);

/* Adds the statements and their new lines to a recording, of which the plan was made. */
PIC_MUST_USE int pic_import_record(struct pic_record *record, const struct pic_import *plan,
                                   const char *file_name, struct pic_err *err);

#endif
