/* format_camt053: the XML that banks of the SEPA area give, "Bank to customer statement". Versions
 * 2 to 13 differ where a status and a party's name stand: all are read. Only booked entries count.
 * Source: ISO 20022, camt.053.001.02 and camt.053.001.08; CFONB, "Guide d'utilisation camt.053".
 *
 * XML can be hostile: a document type declaration is refused, so that no entity is ever defined;
 * depth and the length of every text are bounded. */
#ifndef PIC_BANK_FORMAT_CAMT053_H
#define PIC_BANK_FORMAT_CAMT053_H

#include "server/bank/statement.h"

bool pic_camt053_recognises(struct pic_span file);
/* See struct pic_format; account is for a file that names none. */
PIC_MUST_USE int pic_camt053_read(struct pic_span file, const char *account,
                                  struct pic_statements *out, struct pic_err *err);

#endif
