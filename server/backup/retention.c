#include "server/backup/retention.h"

#include <string.h>
#include <time.h>

enum { COUNT_MAX = 999, MS_PER_S = 1000, S_PER_DAY = 86400, DAYS_PER_WEEK = 7, MONTHS = 12 };

/* 1 January 1970 was a Thursday: weeks begin on Monday. */
enum { EPOCH_WEEKDAY = 3 };

int pic_retention_read(const char *text, struct pic_retention *out)
{
    struct pic_retention r = {0};
    const char *at = text;
    while (*at != '\0') {
        unsigned n = 0;
        const char *digits = at;
        for (; *at >= '0' && *at <= '9' && n <= COUNT_MAX; at++)
            n = n * 10 + (unsigned)(*at - '0');
        unsigned *part = *at == 'j' ? &r.days : *at == 's' ? &r.weeks : &r.months;
        if (at == digits || n > COUNT_MAX || strchr("jsm", *at) == NULL || *at == '\0' ||
            *part != 0)
            return PIC_EFORMAT;
        *part = n;
        at++;
        if (*at != '\0' && *at++ != ' ')
            return PIC_EFORMAT;
    }
    if (r.days == 0)
        return PIC_EFORMAT;
    *out = r;
    return PIC_OK;
}

static int64_t day_of(int64_t ms)
{
    return ms / MS_PER_S / S_PER_DAY;
}

static int64_t week_of(int64_t ms)
{
    return (day_of(ms) + EPOCH_WEEKDAY) / DAYS_PER_WEEK;
}

static int64_t month_of(int64_t ms)
{
    struct tm utc = {0};
    time_t seconds = (time_t)(ms / MS_PER_S);
    (void)gmtime_r(&seconds, &utc);
    return (int64_t)utc.tm_year * MONTHS + utc.tm_mon;
}

void pic_retention_choose(const struct pic_retention *policy, const int64_t *times_ms, size_t n,
                          bool *keep)
{
    const struct {
        int64_t (*period)(int64_t ms);
        unsigned most;
    } rules[] = {{day_of, policy->days}, {week_of, policy->weeks}, {month_of, policy->months}};
    for (size_t i = 0; i < n; i++)
        keep[i] = i == 0;
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
        unsigned kept = 0;
        int64_t last = -1;
        for (size_t i = 0; i < n && kept < rules[r].most; i++) {
            int64_t period = rules[r].period(times_ms[i]);
            if (period == last)
                continue;
            last = period;
            keep[i] = true;
            kept++;
        }
    }
}
