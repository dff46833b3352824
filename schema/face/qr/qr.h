/* qr: a short text as a QR code, on a page and in a terminal.
 *
 * Only this room calls libqrencode. Texts of digits, capitals and $%*+-./: take the fewest modules;
 * a code is as small as its text allows, with error correction M (15 % may be unreadable). */
#ifndef PIC_FACE_QR_H
#define PIC_FACE_QR_H

#include <stdbool.h>

#include "protocol/base/bytes.h"

enum { PIC_QR_QUIET = 4 }; /* light modules that must surround a code (ISO/IEC 18004) */

struct pic_qr {
    unsigned side;        /* modules, without the quiet zone */
    struct pic_buf marks; /* side * side bytes, row by row: 1 where dark */
};

/* Makes the code of a text, which must not be empty. PIC_ELIMIT (too long), PIC_EMEMORY. Release in
 * any case. */
PIC_MUST_USE int pic_qr_make(const char *text, struct pic_qr *out);
void pic_qr_release(struct pic_qr *qr);
/* Coordinates from the upper left corner; whatever lies outside is light. */
bool pic_qr_dark(const struct pic_qr *qr, int x, int y);

/* Appends an <svg> element with its quiet zone, one unit a module, dark on white. label says what
 * it is to those who cannot see it; it is put in as it is. */
void pic_qr_svg(const struct pic_qr *qr, const char *label, struct pic_buf *out);

enum pic_qr_ink {
    PIC_QR_INK_DARK, /* characters are darker than what they stand on: paper */
    PIC_QR_INK_LIGHT /* lighter: most terminals */
};
/* Appends lines of half blocks, two rows of modules a line, with the quiet zone. */
void pic_qr_blocks(const struct pic_qr *qr, enum pic_qr_ink ink, struct pic_buf *out);

#endif
