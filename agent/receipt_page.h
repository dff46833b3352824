/* receipt_page: a receipt on paper: one A4 page to sign and to keep, and the same for a terminal.
 * Both carry all that a check without a network needs: a QR code, lines to copy, the server's key.
 */
#ifndef PIC_AGENT_RECEIPT_PAGE_H
#define PIC_AGENT_RECEIPT_PAGE_H

#include "agent/proof.h"
#include "schema/face/qr/qr.h"

enum { PIC_RECEIPT_PAGE_MAX = 1 << 18 };

/* Appends a whole HTML document, which asks for nothing outside itself. PIC_ELIMIT, PIC_EMEMORY. */
PIC_MUST_USE int pic_receipt_page_html(const struct pic_proof *proof, int64_t now_ms,
                                       struct pic_buf *out);
/* Appends plain lines. ink: what the code is drawn with. */
PIC_MUST_USE int pic_receipt_page_text(const struct pic_proof *proof, int64_t now_ms,
                                       enum pic_qr_ink ink, struct pic_buf *out);

#endif
