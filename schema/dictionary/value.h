/* value: between what a person types, what the wire carries and what a screen shows.
 *
 * Parsing is generous with form (spaces, comma or point, 12/03/2026 or 2026-03-12) and strict with
 * meaning: what could be read two ways is refused with both readings. Checking is what every
 * replica does to every value that arrives, and depends on nothing but the field and the value, so
 * that all replicas agree. */
#ifndef PIC_DICTIONARY_VALUE_H
#define PIC_DICTIONARY_VALUE_H

#include "schema/dictionary/dictionary.h"
#include "schema/dictionary/number.h"

/* Reads typed text into out; texts and bytes are appended to store and borrowed from it, so store
 * must not grow again before out is used: pass one store per value, or use offsets. Empty text
 * gives PIC_KIND_NULL. Codes are checked against shipped nomenclatures only for form; whether a
 * code exists that day is a check, since nomenclatures are data. References ("42-17") are checked
 * for form. Documents, identities and grids have their own entry and are refused here (PIC_EUSAGE),
 * but grids accept the text form of grid.h. Errors: S-… statuses, arg[0] the text, arg[1] the label
 * of the field, arg[2] what identifiers.h and number.h say, or the most that fits; arg[1] and
 * arg[2] of PIC_EAMOUNT_AMBIGUOUS are the two readings. */
PIC_MUST_USE int pic_value_parse(const struct pic_field *field, const char *typed,
                                 struct pic_buf *store, struct pic_value *out, struct pic_err *err);

/* PIC_OK, or PIC_QVALUE when a value from outside cannot be this field's. NULL is accepted unless
 * the field is required. */
PIC_MUST_USE int pic_value_check(const struct pic_field *field, const struct pic_value *value);

void pic_value_format(const struct pic_field *field, const struct pic_value *value,
                      enum pic_style style, struct pic_buf *out);

#endif
