/* csv: tables of text, both ways.
 *
 * Two profiles are written: *tableur* for people (BOM, `;`, CRLF, formulas disarmed) and
 * *réglementaire* for programs (`,`, LF, no BOM). What is read may be either, or what a spreadsheet
 * of the last twenty years made of them: BOM or none, `;` `,` or tab, CRLF LF or CR, newlines
 * inside quotes, UTF-8 or Windows-1252. Reading streams: one row in memory, every ceiling checked.
 * Source: RFC 4180, and OWASP "CSV Injection" for the guard. */
#ifndef PIC_FACE_CSV_H
#define PIC_FACE_CSV_H

#include "schema/dictionary/dictionary.h"

enum pic_csv_profile { PIC_CSV_TABLEUR, PIC_CSV_REGULATORY };

enum {
    PIC_CSV_COLUMNS_MAX = 256,
    PIC_CSV_CELL_MAX = 16384,   /* bytes of UTF-8 */
    PIC_CSV_ROW_MAX = 1 << 18,  /* bytes of UTF-8 */
    PIC_CSV_ROWS_MAX = 1000000, /* rows of one file */
    PIC_CSV_BLOCK = 4096,
};

/* Writes what comes before the first row: the BOM of a tableur. */
void pic_csv_begin(struct pic_buf *out, enum pic_csv_profile profile);
/* Writes one cell, after its separator unless it is the first of its row. In a tableur a text that
 * a spreadsheet would run (`=`, `+`, `-`, `@`, tab or CR, after any `'`) gets one `'` in front. */
void pic_csv_text(struct pic_buf *out, enum pic_csv_profile profile, bool first,
                  struct pic_span text);
/* The same without the guard: for numbers and dates, which may begin by `-`. */
void pic_csv_number(struct pic_buf *out, enum pic_csv_profile profile, bool first,
                    struct pic_span text);
void pic_csv_end_row(struct pic_buf *out, enum pic_csv_profile profile);

/* Gives up to n bytes into out and says how many through got (0: the end). PIC_OK or PIC_EIO. */
typedef int pic_csv_source(void *context, uint8_t *out, size_t n, size_t *got);
/* A source over a `FILE *`, and one over a `struct pic_span` that it consumes. */
int pic_csv_from_file(void *file, uint8_t *out, size_t n, size_t *got);
int pic_csv_from_span(void *span, uint8_t *out, size_t n, size_t *got);

struct pic_csv {
    pic_csv_source *source;
    void *context;
    uint8_t block[PIC_CSV_BLOCK];
    size_t at, held;
    bool ended, started;
    int failure;                            /* of the source, or PIC_OK */
    char separator;                         /* found in the first line: ; , or tab */
    bool bom, latin;                        /* latin: a cell was not UTF-8, so all is 1252 */
    struct pic_buf cell;                    /* the cell being read, not converted yet */
    struct pic_buf row;                     /* cells one after the other */
    size_t starts[PIC_CSV_COLUMNS_MAX + 1]; /* where each begins in row; one more is the end */
    size_t cell_n;                          /* cells of the current row */
    uint64_t line;                          /* where the current row begins, from 1 */
    uint64_t next_line;
    uint64_t rows;
};

/* Starts reading; separator 0 means: find out. Release frees. */
void pic_csv_init(struct pic_csv *csv, pic_csv_source *source, void *context, char separator);
void pic_csv_release(struct pic_csv *csv);
/* The next row, blank ones left out; *more is false at the end. PIC_ECSV (arg[0] line, arg[1]
 * column, arg[2] what is wrong) or PIC_EIO. */
PIC_MUST_USE int pic_csv_next(struct pic_csv *csv, bool *more, struct pic_err *err);
/* A cell of the current row, valid until the next; empty beyond cell_n. UTF-8 without NUL. */
struct pic_span pic_csv_cell(const struct pic_csv *csv, size_t column);

/* Appends one byte of Windows-1252 as UTF-8; false when it is no character. */
bool pic_csv_put_1252(struct pic_buf *out, uint8_t byte);

/* Which column holds which field, found in a header row: a heading matches a field when their
 * folded forms are equal, taking label, option or column name. at[i] is the column of
 * entity->fields[i], or -1. PIC_ECSV_HEADER when a heading is nobody's (arg[0] the heading, arg[1]
 * the nearest label, arg[2] the column), PIC_ECSV when two headings are of one field. Headings that
 * are empty are passed over. */
PIC_MUST_USE int pic_csv_match(const struct pic_csv *csv, const struct pic_entity *entity,
                               int at[static PIC_FIELD_MAX], struct pic_err *err);

#endif
