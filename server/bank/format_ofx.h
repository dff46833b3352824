/* format_ofx: what online banking calls OFX, Money or Quicken. Version 1 is SGML, where a value
 * ends with its line or with the next tag; version 2 is XML: one reader takes both. Only bank and
 * card statements are read. Source: Open Financial Exchange 1.0.3 and 2.2, sections 3 and 11. */
#ifndef PIC_BANK_FORMAT_OFX_H
#define PIC_BANK_FORMAT_OFX_H

#include "server/bank/statement.h"

bool pic_ofx_recognises(struct pic_span file);
/* See struct pic_format; account is for a file that names none. */
PIC_MUST_USE int pic_ofx_read(struct pic_span file, const char *account, struct pic_statements *out,
                              struct pic_err *err);

#endif
