/* day: dates as banks write them, with years of two digits. */
#ifndef PIC_BANK_DAY_H
#define PIC_BANK_DAY_H

#include <stdbool.h>
#include <stdint.h>

/* DD/MM/YY and DDMMYY have a year of two digits: above 60 it is of the last century. */
enum { PIC_BANK_PIVOT = 60 };

/* False when the civil date does not exist. */
bool pic_bank_day(int year, int month, int mday, int64_t *day);

#endif
