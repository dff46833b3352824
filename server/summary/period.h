/* period: whole months that a summary is about: 2026T3, 2026, 2026-05 or 2026-01..2026-06. */
#ifndef PIC_SUMMARY_PERIOD_H
#define PIC_SUMMARY_PERIOD_H

#include "protocol/base/bytes.h"

struct pic_period {
    int first, months;      /* first: year * 12 + month from 0 */
    int64_t from_on, to_on; /* days, both inside */
};

/* PIC_EPERIOD (arg[0] typed). */
PIC_MUST_USE int pic_period_parse(const char *typed, struct pic_period *out, struct pic_err *err);
/* As many months, just before. */
struct pic_period pic_period_previous(const struct pic_period *period);
/* Whether a month of the year belongs to it. */
bool pic_period_has_year(const struct pic_period *period, int64_t year);
/* Appends "3e trimestre 2026", "année 2026", "mai 2026", "janvier à juin 2026". */
void pic_period_name(const struct pic_period *period, struct pic_buf *out);

#endif
