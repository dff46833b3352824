/* listing: rows of one entity, as a sheet: which columns, which rows, in which order. What the
 * command line filters by options and the pages by links is the same question, asked here. */
#ifndef PIC_AGENT_LISTING_H
#define PIC_AGENT_LISTING_H

#include "agent/store.h"
#include "schema/face/sheet.h"

/* Columns of a sheet about one entity. References become the names of what they refer to, and codes
 * their labels where labels are asked for, so they are texts there. */
struct pic_listing_shape {
    size_t n;
    const struct pic_field *fields[PIC_SHEET_COLUMNS_MAX]; /* NULL: number of the row, or its state
                                                            */
    struct pic_column columns[PIC_SHEET_COLUMNS_MAX];
};

enum { PIC_LISTING_FILTERS_MAX = 32 };

struct pic_listing_filter {
    const struct pic_field *field;
    const char *typed;      /* of a reference: a number or a name */
    struct pic_value value; /* of any other; a set matches when it has this code */
};

struct pic_listing {
    const struct pic_entity *entity;
    bool cancelled;     /* also what is cancelled or reversed */
    const char *sort;   /* option of a field, "-" before it for the reverse; NULL: by number */
    const char *search; /* words, without case or accents, in PIC_SEARCH fields; NULL: all rows */
    size_t max;         /* rows at most; 0: all */
    size_t filter_n;
    struct pic_listing_filter filters[PIC_LISTING_FILTERS_MAX];
};

/* The columns of a listing: number, then fields, all of them (whole) or those that lists show.
 * labels: for people; without, codes stay as programs and spreadsheets want them. */
void pic_listing_shape(const struct pic_entity *entity, bool whole, bool labels,
                       struct pic_listing_shape *out);
void pic_listing_shape_add(struct pic_listing_shape *shape, const struct pic_field *field,
                           bool labels);

/* Fills sheet, whose columns are those of shape. PIC_ECODE (arg[0] an unknown sort or code),
 * PIC_EREFERENCE, PIC_EIO. */
PIC_MUST_USE int pic_listing_fill(struct pic_agent *agent, const struct pic_listing *listing,
                                  const struct pic_listing_shape *shape, struct pic_sheet *sheet,
                                  struct pic_err *err);

/* The next cell of a sheet, as the column of that index shows it. */
void pic_listing_cell(struct pic_agent *agent, struct pic_sheet *sheet,
                      const struct pic_listing_shape *shape, size_t column,
                      const struct pic_value *value);
/* Column of a prepared row as a value of a field; borrowed until the next step. */
void pic_listing_column(sqlite3_stmt *stmt, int column, const struct pic_field *field,
                        struct pic_value *out);
void pic_listing_number(struct pic_sheet *sheet, uint64_t id);

#endif
