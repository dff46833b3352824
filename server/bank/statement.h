/* statement: what a bank says of its accounts, whatever the format of the file. Parsers add lines
 * and the balances they read, in the order of the file; finishing gives each line its fingerprint
 * and finds every place where the balances do not follow from the lines.
 *
 * A fingerprint is BLAKE2b of (account, date, amount, folded label), and an occurrence counts the
 * lines of one file that share it, from 1: two real lines that look the same both stay, and a line
 * seen again in an overlapping statement is known. This holds as long as a file gives whole days,
 * its last one excepted, as banks do. Pure: no file, no database. */
#ifndef PIC_BANK_STATEMENT_H
#define PIC_BANK_STATEMENT_H

#include "protocol/base/bytes.h"
#include "protocol/base/limits.h"
#include "protocol/base/status.h"

#define PIC_NO_DAY INT64_MIN

enum {
    PIC_BANK_FILE_MAX = 32 << 20,   /* bytes of one file */
    PIC_BANK_LINES_MAX = 200000,    /* lines of one file */
    PIC_BANK_STATEMENTS_MAX = 256,  /* accounts of one file */
    PIC_BANK_TEXTS_MAX = 128 << 20, /* bytes of all texts of one file */
    PIC_BANK_ACCOUNT_MAX = 34,      /* bytes of an account: an IBAN is the longest */
    PIC_BANK_LABEL_MAX = 512,       /* bytes, as in the dictionary; what is longer is cut */
    PIC_BANK_REFERENCE_MAX = 128,
    PIC_BANK_COUNTERPARTY_MAX = 256,
    PIC_BANK_HEADINGS_MAX = 512, /* bytes of a table's headings; what is longer is cut */
};

/* A text of a file, kept in its texts. */
struct pic_bank_text {
    uint32_t at, n;
};

struct pic_bank_line {
    int64_t booked_on, value_on; /* days since 1970; value_on may be PIC_NO_DAY */
    int64_t amount;              /* cents; positive comes in, negative goes out */
    struct pic_bank_text label, reference, counterparty;
    uint64_t origin; /* line of the file, from 1 */
    uint8_t fingerprint[PIC_HASH_SIZE];
    uint32_t occurrence;
};

/* A balance that the bank tells, after the first `after` lines of the statement. */
struct pic_bank_mark {
    size_t after;
    int64_t day; /* at whose end, PIC_NO_DAY where not told */
    int64_t amount;
    uint64_t origin;
};

/* A mark that does not follow from the one before and the lines between. */
struct pic_bank_break {
    int64_t day; /* PIC_NO_DAY: not told */
    int64_t expected, found;
    uint64_t origin;
};

/* All that a file says of one account. */
struct pic_statement {
    char account[PIC_BANK_ACCOUNT_MAX + 1]; /* canonical, see pic_bank_account */
    int64_t from_on, to_on;                 /* period; told, or that of lines and marks */
    int64_t opening, closing;               /* cents, where balanced */
    bool balanced;                          /* at least one mark was told */
    struct pic_bank_line *lines;
    size_t line_n, line_cap;
    struct pic_bank_mark *marks;
    size_t mark_n, mark_cap;
    struct pic_bank_break *breaks;
    size_t break_n;
};

struct pic_statements {
    struct pic_statement *items;
    size_t n;
    size_t line_n;        /* of all statements */
    struct pic_buf texts; /* UTF-8, NFC, without control characters */
    struct pic_buf work;
    const char *columns;     /* given, see format_csv.h; or NULL */
    struct pic_buf headings; /* of a table, folded: what its later files are known by */
};

/* A line as a parser found it: texts in UTF-8 or Windows-1252, of any length. */
struct pic_bank_draft {
    int64_t booked_on, value_on, amount;
    struct pic_span label, reference, counterparty;
    uint64_t origin;
};

void pic_statements_init(struct pic_statements *s);
void pic_statements_release(struct pic_statements *s);

/* The statement of an account, made where there is none yet. PIC_ESTATEMENT (arg[0] line, arg[1]
 * why) when the account is empty or there are too many. */
PIC_MUST_USE int pic_statements_account(struct pic_statements *s, struct pic_span account,
                                        uint64_t origin, size_t *index, struct pic_err *err);
/* The end of what is said of an account. PIC_ESTATEMENT, PIC_EMEMORY. */
PIC_MUST_USE int pic_statements_line(struct pic_statements *s, size_t index,
                                     const struct pic_bank_draft *draft, struct pic_err *err);
/* A balance told after all the lines so far. */
PIC_MUST_USE int pic_statements_mark(struct pic_statements *s, size_t index, int64_t day,
                                     int64_t amount, uint64_t origin, struct pic_err *err);
/* The file gives the latest line first: turns the lines and marks so far round. */
void pic_statement_turn(struct pic_statement *statement);
/* How many marks do not follow from those before. */
size_t pic_statement_disagreements(const struct pic_statement *statement);
/* Periods, balances, fingerprints, occurrences, breaks. After it, nothing is added but by
 * pic_statement_balance. PIC_ESTATEMENT when there is no statement at all, PIC_ELIMIT, PIC_EMEMORY.
 */
PIC_MUST_USE int pic_statements_finish(struct pic_statements *s, struct pic_err *err);
/* Tells a finished statement without marks where its money began. */
void pic_statement_balance(struct pic_statement *statement, int64_t opening);
/* Sum of the amounts of all lines, or of those up to the end of a day. */
int64_t pic_statement_moved(const struct pic_statement *statement, int64_t to_day);

static inline struct pic_span pic_statements_text(const struct pic_statements *s,
                                                  struct pic_bank_text text)
{
    return text.n == 0 ? pic_span_of("", 0) : pic_span_of(s->texts.data + text.at, text.n);
}

/* The one way to write an account: letters and digits in upper case. A French IBAN, and a RIB with
 * its key, are shortened to bank, branch and number (21 signs), as CFONB and OFX files have it: the
 * same account has one name in every format. False when nothing is left, or too much. */
bool pic_bank_account(struct pic_span typed, char out[static PIC_BANK_ACCOUNT_MAX + 1]);

/* pic_fail(PIC_ESTATEMENT) with a line (0: none), what is wrong, and the piece of text. */
int pic_statement_fail(struct pic_err *err, uint64_t line, const char *what, struct pic_span text);

#endif
