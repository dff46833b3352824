/* text: strings from outside become UTF-8 in normal form C without control characters, or an error.
 *
 * Also the two ways a person handles bytes: base32 groups that can be read over the phone, and
 * words folded for search (no case, no accents). Only this room calls utf8proc. */
#ifndef PIC_BASE_TEXT_H
#define PIC_BASE_TEXT_H

#include <stdbool.h>

#include "protocol/base/bytes.h"

/* True when s is valid UTF-8, NFC, with no control character but newline and tab, and no
 * bidirectional override (U+202A..U+202E, U+2066..U+2069). Allocates only where s is not ASCII. */
bool pic_text_is_clean(struct pic_span s);

/* Appends s to out in NFC, trimmed of white space at both ends; no-break spaces are kept.
 * Returns PIC_OK, PIC_ETEXT (not UTF-8, or a forbidden character) or PIC_ELIMIT. */
PIC_MUST_USE int pic_text_clean(struct pic_span s, struct pic_buf *out);

/* Appends s folded for search: case and accents removed, ligatures opened (œ to oe), runs of
 * anything but letters and digits become one space. PIC_ETEXT when s is not UTF-8. */
PIC_MUST_USE int pic_text_fold(struct pic_span s, struct pic_buf *out);

/* Code points in s, which must be clean. */
size_t pic_text_length(struct pic_span s);

/* Bytes of the character that s begins with, its code point in *point; 0 when s is empty or does
 * not begin with one. */
size_t pic_text_next(struct pic_span s, int32_t *point);

/* Columns of a terminal that a character takes: 0 for marks and controls, 2 where wide. */
unsigned pic_text_columns(int32_t point);

/* Crockford base32, upper case, no padding, in groups of `group` characters joined by '-'
 * (0: no groups). Source: crockford.com/base32.html. */
void pic_text_base32(struct pic_span bytes, unsigned group, struct pic_buf *out);

/* Reads base32 as people type it: any case, O as 0, I and L as 1, spaces and dashes ignored.
 * Appends exactly n bytes, or returns PIC_EFORMAT (wrong length, wrong character, non-zero rest).
 */
PIC_MUST_USE int pic_text_unbase32(const char *typed, size_t n, struct pic_buf *out);

/* The value of one character as above, or -1 when it is none. */
int pic_text_base32_value(char c);

void pic_text_hex(struct pic_span bytes, struct pic_buf *out);

#endif
