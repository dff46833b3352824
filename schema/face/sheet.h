/* sheet: a table of typed cells, and its printed forms. Handlers fill a sheet; what it becomes
 * (aligned text, CSV for people or programs, JSON) is decided by the options of the command line,
 * never by the handler.
 *
 * Cells are appended left to right; a row is complete when every column has its cell. Sticky: a
 * cell too many bytes, or printing an incomplete row, makes the sheet bad. */
#ifndef PIC_FACE_SHEET_H
#define PIC_FACE_SHEET_H

#include "schema/dictionary/value.h"

enum { PIC_SHEET_COLUMNS_MAX = 64, PIC_SHEET_BYTES_MAX = 64 << 20 };

struct pic_column {
    const char *key;    /* JSON name and heading for programs: "theme_principal" */
    const char *title;  /* heading for people: "Thème principal" */
    enum pic_type type; /* decides alignment and how the value is written; see value.h */
};

struct pic_sheet {
    const struct pic_column *columns; /* borrowed */
    size_t column_n;
    size_t filled; /* cells of the row being filled */
    size_t row_n;  /* complete rows */
    struct pic_buf cells;
};

/* columns must outlive the sheet; column_n is 1..PIC_SHEET_COLUMNS_MAX. */
void pic_sheet_init(struct pic_sheet *sheet, const struct pic_column *columns, size_t column_n);
void pic_sheet_release(struct pic_sheet *sheet);
/* The column of a field: its option as key, its label as title. Borrowed from the field. */
struct pic_column pic_sheet_column(const struct pic_field *field);

/* The next cell. Text is for the types written as text, int for money (cents), rate (basis points),
 * count, date (days) and bool; value for anything out of a change. All are copied. */
void pic_sheet_text(struct pic_sheet *sheet, const char *text);
void pic_sheet_span(struct pic_sheet *sheet, struct pic_span text);
void pic_sheet_int(struct pic_sheet *sheet, int64_t value);
void pic_sheet_value(struct pic_sheet *sheet, const struct pic_value *value);
void pic_sheet_null(struct pic_sheet *sheet);

enum pic_sheet_form {
    PIC_SHEET_SCREEN,     /* aligned, cut to the width, for people */
    PIC_SHEET_CARD,       /* each row as lines "Titre : valeur", for one object */
    PIC_SHEET_PLAIN,      /* tab-separated, exact values, a heading line: for grep and cut */
    PIC_SHEET_TABLEUR,    /* CSV for spreadsheets */
    PIC_SHEET_REGULATORY, /* CSV for programs */
    PIC_SHEET_JSON,       /* array of objects; money and rates as decimal strings */
    PIC_SHEET_OBJECT,     /* the first row alone, as a JSON object */
    PIC_SHEET_HTML,       /* head and body of a table, headings with their scope */
};

struct pic_look {
    size_t width; /* columns of the terminal, 0: do not cut */
    bool bold;    /* headings in bold by ANSI sequences */
};

/* Appends the sheet in one form to out. look may be NULL (no width, no bold). PIC_OK, or PIC_ELIMIT
 * when the sheet is bad or out too small. */
PIC_MUST_USE int pic_sheet_print(const struct pic_sheet *sheet, enum pic_sheet_form form,
                                 const struct pic_look *look, struct pic_buf *out);

/* Each cell as people read it, row by row: for a writer that adds to the text, such as a page. */
typedef void pic_sheet_cell(void *context, size_t row, size_t column, struct pic_span text);
void pic_sheet_each(const struct pic_sheet *sheet, pic_sheet_cell *each, void *context);

/* Columns of a terminal that a text takes: 0 for marks, 2 for wide East Asian characters. */
size_t pic_sheet_width(struct pic_span text);

#endif
