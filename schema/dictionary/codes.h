/* codes: one choice of a list, and sets of choices. `about` is that of a field: the name of a
 * nomenclature, whose codes share one form, or a kind of identifiers.h. Whether a nomenclature has
 * a code on some day is data, not form, and is looked at elsewhere. Pure functions. */
#ifndef PIC_DICTIONARY_CODES_H
#define PIC_DICTIONARY_CODES_H

#include "protocol/base/bytes.h"
#include "protocol/base/limits.h"

/* True when s is a code in canonical form: ASCII letters and digits, and - + . _ after the first.
 */
bool pic_choice_is(const char *about, struct pic_span s);

/* Appends the canonical form of typed. PIC_ECODE (arg[0] typed), or a status of identifiers.h. */
PIC_MUST_USE int pic_choice_parse(const char *about, const char *typed, struct pic_buf *out,
                                  struct pic_err *err);

/* True when s is codes in ascending order of bytes, each once, joined by one space. */
bool pic_set_is(const char *about, struct pic_span s);

/* Appends that form of codes typed with spaces, commas or semicolons between them; nothing where
 * there is none. As pic_choice_parse, or PIC_ETOO_LONG (arg[0] typed). */
PIC_MUST_USE int pic_set_parse(const char *about, const char *typed, struct pic_buf *out,
                               struct pic_err *err);

#endif
