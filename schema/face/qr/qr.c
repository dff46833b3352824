#include "schema/face/qr/qr.h"

#include <errno.h>
#include <qrencode.h>
#include <string.h>

enum { SIDE_MAX = 177, DARK_BIT = 1 }; /* version 40 */

int pic_qr_make(const char *text, struct pic_qr *out)
{
    *out = (struct pic_qr){0};
    pic_buf_init(&out->marks, (size_t)SIDE_MAX * SIDE_MAX);
    errno = 0;
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    if (code == NULL)
        return errno == ENOMEM ? PIC_EMEMORY : PIC_ELIMIT;
    out->side = (unsigned)code->width;
    for (size_t i = 0; i < (size_t)out->side * out->side; i++)
        pic_buf_u8(&out->marks, code->data[i] & DARK_BIT);
    QRcode_free(code);
    return pic_buf_status(&out->marks);
}

void pic_qr_release(struct pic_qr *qr)
{
    pic_buf_release(&qr->marks);
    *qr = (struct pic_qr){0};
}

bool pic_qr_dark(const struct pic_qr *qr, int x, int y)
{
    const int side = (int)qr->side;
    return x >= 0 && y >= 0 && x < side && y < side &&
           qr->marks.data[(size_t)y * qr->side + (size_t)x] != 0;
}

/* One rectangle for each run of dark modules in a row. */
static void put_runs(const struct pic_qr *qr, int y, struct pic_buf *out)
{
    const int side = (int)qr->side;
    for (int x = 0; x < side; x++) {
        int run = 0;
        while (pic_qr_dark(qr, x + run, y))
            run++;
        if (run > 0)
            pic_buf_printf(out, "M%d %dh%dv1h-%dz", x + PIC_QR_QUIET, y + PIC_QR_QUIET, run, run);
        x += run;
    }
}

void pic_qr_svg(const struct pic_qr *qr, const char *label, struct pic_buf *out)
{
    const unsigned side = qr->side + 2 * PIC_QR_QUIET;
    pic_buf_printf(out,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" role=\"img\" "
                   "aria-label=\"%s\" shape-rendering=\"crispEdges\">\n"
                   "<path fill=\"#fff\" d=\"M0 0h%uv%uH0z\"/>\n<path d=\"",
                   side, side, label, side, side);
    for (int y = 0; y < (int)qr->side; y++)
        put_runs(qr, y, out);
    pic_buf_text(out, "\"/>\n</svg>\n");
}

void pic_qr_blocks(const struct pic_qr *qr, enum pic_qr_ink ink, struct pic_buf *out)
{
    static const char *const blocks[2][2] = {{" ", "▄"}, {"▀", "█"}}; /* [upper][lower] */
    const int end = (int)qr->side + PIC_QR_QUIET;
    const bool light = ink == PIC_QR_INK_LIGHT;
    for (int y = -PIC_QR_QUIET; y < end; y += 2) {
        for (int x = -PIC_QR_QUIET; x < end; x++) {
            bool upper = pic_qr_dark(qr, x, y) != light;
            /* The last line has one row of modules only. */
            bool lower = y + 1 < end && pic_qr_dark(qr, x, y + 1) != light;
            pic_buf_text(out, blocks[upper][lower]);
        }
        pic_buf_u8(out, '\n');
    }
}
