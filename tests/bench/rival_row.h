/* rival_row: one record as the rival knows it, twelve values with names, and its JSON line. The
 * rival is what a good C programmer writes in an afternoon: rows as JSON lines, zlib, TCP, SQLite.
 */
#ifndef PIC_BENCH_RIVAL_ROW_H
#define PIC_BENCH_RIVAL_ROW_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/bench/workload.h"

enum rival_column {
    RIVAL_ID,
    RIVAL_TITLE,
    RIVAL_THEME,
    RIVAL_TERRITORY,
    RIVAL_START,
    RIVAL_END,
    RIVAL_ASKED,
    RIVAL_STATUS,
    RIVAL_PEOPLE,
    RIVAL_HOLDER,
    RIVAL_PLACE,
    RIVAL_SUMMARY,
    RIVAL_COLUMNS
};

struct rival_value {
    const char *text; /* NULL for a number */
    size_t size;
    int64_t number;
};

struct rival_row {
    struct rival_value values[RIVAL_COLUMNS];
};

/* Bytes that only grow. */
struct rival_bytes {
    char *data;
    size_t size, room;
};

/* Room for n more bytes, or the program ends: a bench has nothing to save. */
char *rival_bytes_reserve(struct rival_bytes *bytes, size_t n);
void rival_bytes_release(struct rival_bytes *bytes);

extern const char *const rival_names[RIVAL_COLUMNS];
bool rival_is_number(enum rival_column column);

enum { RIVAL_DATE_SIZE = 11 };
struct rival_dates {
    char start[RIVAL_DATE_SIZE], end[RIVAL_DATE_SIZE];
};
/* A row that borrows a record's texts, and dates written out in the caller's storage. */
struct rival_row rival_row_from(const struct workload_record *record, struct rival_dates *dates);

/* Appends one line. */
void rival_row_write(const struct rival_row *row, struct rival_bytes *out);
/* Reads the line at *at, unescapes its texts in place (the row borrows them) and moves *at behind
 * it. False for anything that is not a flat object with our twelve names. */
bool rival_row_read(char **at, const char *end, struct rival_row *out);

#endif
