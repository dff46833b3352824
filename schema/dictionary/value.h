/* value: between what a person types, what the wire carries and what a screen shows.
 *
 * Parsing is generous with form (spaces, comma or point, 12/03/2026 or 2026-03-12) and strict with
 * meaning: what could be read two ways is refused with both readings. Checking is what every
 * replica does to every value that arrives, and depends on nothing but the field and the value, so
 * that all replicas agree. */
#ifndef PIC_DICTIONARY_VALUE_H
#define PIC_DICTIONARY_VALUE_H

#include "schema/dictionary/dictionary.h"

/* Reads typed text into out; texts and bytes are appended to store and borrowed from it, so store
 * must not grow again before out is used: pass one store per value, or use offsets. Empty text
 * gives PIC_KIND_NULL. Codes are checked against shipped nomenclatures only for form; whether a
 * code exists that day is a check, since nomenclatures are data. References ("42-17") are checked
 * for form. Documents, identities and grids have their own entry and are refused here (PIC_EUSAGE),
 * but grids accept the text form of grid.h. Errors: S-… statuses, arg[0] the text, arg[1] label. */
PIC_MUST_USE int pic_value_parse(const struct pic_field *field, const char *typed,
                                 struct pic_buf *store, struct pic_value *out, struct pic_err *err);

/* PIC_OK, or PIC_QVALUE when a value from outside cannot be this field's. NULL is accepted unless
 * the field is required. */
PIC_MUST_USE int pic_value_check(const struct pic_field *field, const struct pic_value *value);

enum pic_style {
    PIC_STYLE_SCREEN,  /* 1 234,56 € · 12/03/2026 · oui · 70 % */
    PIC_STYLE_TABLEUR, /* 1234,56 · 12/03/2026 · oui · 70 */
    PIC_STYLE_EXACT,   /* 1234.56 · 2026-03-12 · true · 70.00: JSON, CSV for programs */
};
void pic_value_format(const struct pic_field *field, const struct pic_value *value,
                      enum pic_style style, struct pic_buf *out);

/* The pieces, for callers without a field. */
PIC_MUST_USE int pic_money_parse(const char *typed, int64_t *cents, struct pic_err *err);
void pic_money_format(int64_t cents, enum pic_style style, struct pic_buf *out);
PIC_MUST_USE int pic_date_parse(const char *typed, int64_t *day, struct pic_err *err);
void pic_date_format(int64_t day, enum pic_style style, struct pic_buf *out);
void pic_date_civil(int64_t day, int *year, int *month, int *mday);
int64_t pic_date_day(int year, int month, int mday);

#endif
