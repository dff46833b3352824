/* split: shares an amount to the cent. The largest remainders get the left-over cents, ties go to
 * the first, so that the parts always add up to the whole: 333.33 at 70/30 is 233.33 + 100.00. A
 * negative amount is the mirror image of its opposite. Pure integers (Hare quota with largest
 * remainder). */
#ifndef PIC_STATE_SPLIT_H
#define PIC_STATE_SPLIT_H

#include <stddef.h>
#include <stdint.h>

enum { PIC_SPLIT_MAX = 64 };

/* Shares cents among n weights (1..PIC_SPLIT_MAX, none negative, each below 2^32) into parts. When
 * all weights are zero the first part gets everything. */
void pic_split(int64_t cents, const int64_t *weights, size_t n, int64_t *parts);

#endif
