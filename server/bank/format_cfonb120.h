/* format_cfonb120: the fixed lines of 120 signs that French banks exchange. 01 opens an account, 04
 * is a movement, 05 completes it, 07 closes the account. Amounts are in digits with the sign in the
 * last one; years above 60 are of the last century. Lines may have lost their trailing spaces, and
 * accented letters may have become UTF-8 on the way. Source: CFONB, "Relevé de compte sur support
 * informatique", 120 characters. */
#ifndef PIC_BANK_FORMAT_CFONB120_H
#define PIC_BANK_FORMAT_CFONB120_H

#include "server/bank/statement.h"

bool pic_cfonb120_recognises(struct pic_span file);
/* See struct pic_format; account is not needed. */
PIC_MUST_USE int pic_cfonb120_read(struct pic_span file, const char *account,
                                   struct pic_statements *out, struct pic_err *err);

/* Cents of the 14 signs of an amount with `decimals` figures after the point: "0000000001904}" with
 * 2 is -19040. False for anything else, and where a fraction of a cent would be lost. */
bool pic_cfonb120_amount(struct pic_span signs, unsigned decimals, int64_t *cents);

#endif
