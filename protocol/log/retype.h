/* retype: bytes as lines that a person can copy from paper, where an error names its line.
 *
 *     1: 04GK-60R3-…-9WNP-A7QD          20 bytes a line, the last one what is left
 *
 * Base32 in groups of four (text.h), then four more characters: the first 20 bits of
 * BLAKE2b-256("pic/1 line" || number of the line u8 || its bytes). They tell a slip of the pen in
 * all but one case of a million; what is written is protected by its own signature. */
#ifndef PIC_LOG_RETYPE_H
#define PIC_LOG_RETYPE_H

#include "protocol/crypto/keys.h"

enum { PIC_RETYPE_LINES_MAX = 32 };

/* Appends the lines of at most 640 bytes, numbered from 1, each ended by a newline. */
void pic_retype_put(struct pic_span bytes, struct pic_buf *out);
/* Reads them back as base32 is typed: any case, O as 0, I and L as 1, dashes and spaces where one
 * likes. Where one line of text or more begins with "number:", all others are passed over, so that
 * a whole page may be given; else every line that is not blank counts. Appends the bytes.
 * PIC_ERETYPED with the first line in error (from 1) in *line, or PIC_EFORMAT when there is no line
 * at all. */
PIC_MUST_USE int pic_retype_read(struct pic_span text, struct pic_buf *out, unsigned *line);

/* One line alone, without number or newline: a key in an option. */
void pic_retype_put_line(struct pic_span bytes, unsigned number, struct pic_buf *out);
/* Reads it back. Appends the bytes, or returns PIC_ERETYPED. */
PIC_MUST_USE int pic_retype_read_line(struct pic_span text, unsigned number, struct pic_buf *out);

#endif
