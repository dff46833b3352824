#include "server/bank/day.h"

#include "schema/dictionary/number.h"

bool pic_bank_day(int year, int month, int mday, int64_t *day)
{
    if (year < PIC_YEAR_MIN || year > PIC_YEAR_MAX || month < 1 || month > 12 || mday < 1 ||
        mday > 31)
        return false;
    int y;
    int m;
    int d;
    int64_t found = pic_date_day(year, month, mday);
    pic_date_civil(found, &y, &m, &d);
    if (m != month || d != mday)
        return false;
    *day = found;
    return true;
}
