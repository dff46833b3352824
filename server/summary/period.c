#include "server/summary/period.h"

#include <string.h>

#include "schema/dictionary/number.h"

enum { YEAR = 12, QUARTER = 3, MONTHS_MAX = 10 * YEAR };

static int64_t month_begins(int month)
{
    return pic_date_day(month / YEAR, month % YEAR + 1, 1);
}

static struct pic_period of(int first, int months)
{
    return (struct pic_period){.first = first,
                               .months = months,
                               .from_on = month_begins(first),
                               .to_on = month_begins(first + months) - 1};
}

/* A number of exactly n digits; *text moves past it. -1 when there is none. */
static int digits(const char **text, size_t n)
{
    int value = 0;
    for (size_t i = 0; i < n; i++, (*text)++) {
        if (**text < '0' || **text > '9')
            return -1;
        value = value * 10 + (**text - '0');
    }
    return value;
}

/* "2026-05" as a month; -1 when it is none. */
static int month(const char **text)
{
    int year = digits(text, 4);
    if (year < PIC_YEAR_MIN || year >= PIC_YEAR_MAX || **text != '-')
        return -1;
    (*text)++;
    int number = digits(text, 2);
    return number < 1 || number > YEAR ? -1 : year * YEAR + number - 1;
}

static bool parse(const char *typed, struct pic_period *out)
{
    const char *at = typed;
    int year = digits(&at, 4);
    bool good = year >= PIC_YEAR_MIN && year < PIC_YEAR_MAX;
    if (good && *at == '\0') {
        *out = of(year * YEAR, YEAR);
        return true;
    }
    if (good && *at == 'T' && at[1] >= '1' && at[1] <= '4' && at[2] == '\0') {
        *out = of(year * YEAR + (at[1] - '1') * QUARTER, QUARTER);
        return true;
    }
    at = typed;
    int first = month(&at);
    int last = first;
    if (first >= 0 && strncmp(at, "..", 2) == 0) {
        at += 2;
        last = month(&at);
    }
    if (first < 0 || last < first || *at != '\0' || last - first >= MONTHS_MAX)
        return false;
    *out = of(first, last - first + 1);
    return true;
}

int pic_period_parse(const char *typed, struct pic_period *out, struct pic_err *err)
{
    return parse(typed, out) ? PIC_OK : pic_fail(err, PIC_EPERIOD, typed, NULL);
}

struct pic_period pic_period_previous(const struct pic_period *period)
{
    return of(period->first - period->months, period->months);
}

bool pic_period_has_year(const struct pic_period *p, int64_t year)
{
    return year >= p->first / YEAR && year <= (p->first + p->months - 1) / YEAR;
}

void pic_period_name(const struct pic_period *p, struct pic_buf *out)
{
    static const char *const names[YEAR] = {
        "janvier", "février", "mars",      "avril",   "mai",      "juin",
        "juillet", "août",    "septembre", "octobre", "novembre", "décembre",
    };
    int year = p->first / YEAR;
    int at = p->first % YEAR;
    int end = p->first + p->months - 1;
    if (p->months == YEAR && at == 0)
        pic_buf_printf(out, "année %d", year);
    else if (p->months == QUARTER && at % QUARTER == 0)
        pic_buf_printf(out, "%s trimestre %d",
                       (const char *const[]){"1er", "2e", "3e", "4e"}[at / QUARTER], year);
    else if (p->months == 1)
        pic_buf_printf(out, "%s %d", names[at], year);
    else if (end / YEAR == year)
        pic_buf_printf(out, "%s à %s %d", names[at], names[end % YEAR], year);
    else
        pic_buf_printf(out, "%s %d à %s %d", names[at], year, names[end % YEAR], end / YEAR);
}
