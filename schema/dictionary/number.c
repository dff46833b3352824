#include "schema/dictionary/number.h"

#include <string.h>

#define NO_BREAK_SPACE        "\xc2\xa0"
#define NARROW_NO_BREAK_SPACE "\xe2\x80\xaf"
#define THIN_SPACE            "\xe2\x80\x89"
#define MINUS_SIGN            "\xe2\x88\x92"
#define EURO_SIGN             "\xe2\x82\xac"

enum { PLAIN_MAX = 48, GROUPS_MAX = 16, DIGITS_MAX = 17 };

/* ---- scanning ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Copies typed in plain ASCII, every kind of space as ' ' and every minus as '-', without white
 * space at the ends. False when it holds anything else that is not ASCII, or is too long. */
static bool plain(const char *typed, char out[static PLAIN_MAX])
{
    static const struct {
        const char *from, *to;
    } signs[] = {
        {NO_BREAK_SPACE, " "}, {NARROW_NO_BREAK_SPACE, " "},
        {THIN_SPACE, " "},     {MINUS_SIGN, "-"},
        {EURO_SIGN, "E"},      {"\t", " "},
    };
    size_t n = 0;
    while (*typed != '\0') {
        size_t step = 1;
        char c = *typed;
        for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
            if (strncmp(typed, signs[i].from, strlen(signs[i].from)) == 0) {
                step = strlen(signs[i].from);
                c = signs[i].to[0];
            }
        }
        if ((unsigned char)c >= 0x80U || n == PLAIN_MAX - 1)
            return false;
        typed += step;
        if (c != ' ' || n > 0)
            out[n++] = c;
    }
    while (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
    return n > 0;
}

/* Takes suffix and the spaces before it off the end of text. */
static void take_off(char *text, const char *suffix)
{
    size_t n = strlen(text);
    size_t s = strlen(suffix);
    if (n < s || strcmp(text + n - s, suffix) != 0)
        return;
    n -= s;
    while (n > 0 && text[n - 1] == ' ')
        n--;
    text[n] = '\0';
}

/* Runs of digits with one mark (' ', ',' or '.') between two of them. */
struct figures {
    bool negative;
    size_t groups;
    size_t length[GROUPS_MAX]; /* digits of each run */
    char mark[GROUPS_MAX];     /* mark[i] is after run i; the last is 0 */
    char digits[DIGITS_MAX + 1];
    size_t n;
};

static bool scan(const char *text, struct figures *f)
{
    *f = (struct figures){0};
    if (*text == '-' || *text == '+') {
        f->negative = *text == '-';
        text++;
        while (*text == ' ')
            text++;
    }
    for (;;) {
        size_t length = 0;
        for (; is_digit(*text) && f->n < DIGITS_MAX; text++, length++)
            f->digits[f->n++] = *text;
        if (length == 0 || f->groups == GROUPS_MAX)
            return false;
        f->length[f->groups] = length;
        f->mark[f->groups++] = *text;
        if (*text == '\0')
            return true;
        if (*text != ' ' && *text != ',' && *text != '.')
            return false;
        text++;
    }
}

/* True when the first n runs are one whole number: alone, or groups of three after the first, with
 * the same mark everywhere. */
static bool is_grouped(const struct figures *f, size_t n)
{
    if (n > 1 && (f->length[0] > 3 || f->digits[0] == '0'))
        return false;
    for (size_t i = 1; i < n; i++)
        if (f->length[i] != 3 || f->mark[i - 1] != f->mark[0])
            return false;
    return true;
}

enum reading { UNREADABLE, WHOLE, DECIMAL, EITHER };

/* What a French reader makes of the marks. */
static enum reading read_marks(const struct figures *f)
{
    size_t last = f->groups - 1;
    if (last == 0)
        return WHOLE;
    char mark = f->mark[last - 1];
    bool repeated = last > 1 && f->mark[last - 2] == mark;
    if (mark == ' ' || repeated)
        return is_grouped(f, f->groups) ? WHOLE : UNREADABLE;
    if (last == 1 && f->length[1] == 3 && is_grouped(f, 2))
        return EITHER;
    /* The mark of the decimals is not that of the groups. */
    bool distinct = last == 1 || f->mark[0] != mark;
    return distinct && is_grouped(f, last) && f->length[last] <= 2 ? DECIMAL : UNREADABLE;
}

static int64_t value_of(const char *digits, size_t n)
{
    int64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (digits[i] - '0');
    return v;
}

/* Reads text as a number of hundredths. */
static enum reading read_hundredths(const char *text, int64_t *out)
{
    struct figures f;
    if (!scan(text, &f))
        return UNREADABLE;
    enum reading reading = read_marks(&f);
    size_t decimals = reading == DECIMAL ? f.length[f.groups - 1] : 0;
    if (f.n - decimals > DIGITS_MAX - 2)
        return UNREADABLE;
    int64_t v = value_of(f.digits, f.n);
    for (; decimals < 2; decimals++)
        v *= 10;
    *out = f.negative ? -v : v;
    return reading;
}

/* ---- writing ---- */

/* Digits of v, in groups of three separated by `between`. */
static void put_grouped(uint64_t v, const char *between, struct pic_buf *out)
{
    if (v >= 1000) {
        put_grouped(v / 1000, between, out);
        pic_buf_text(out, between);
        pic_buf_printf(out, "%03u", (unsigned)(v % 1000));
    } else {
        pic_buf_printf(out, "%u", (unsigned)v);
    }
}

static uint64_t magnitude(int64_t v)
{
    return v < 0 ? -(uint64_t)v : (uint64_t)v;
}

/* ---- money ---- */

/* The two readings of "1.234": decimals, rounded down to the cent, or thousands. */
static int ambiguous(const char *typed, const char *text, struct pic_err *err)
{
    struct figures f;
    if (!scan(text, &f))
        return pic_fail(err, PIC_EAMOUNT, typed, NULL);
    const char *sign = f.negative ? "-" : "";
    struct pic_buf decimal;
    struct pic_buf whole;
    pic_buf_init(&decimal, PIC_ERR_ARG_MAX);
    pic_buf_init(&whole, PIC_ERR_ARG_MAX);
    pic_buf_printf(&decimal, "%s%.*s,%.2s", sign, (int)f.length[0], f.digits,
                   f.digits + f.length[0]);
    pic_buf_printf(&whole, "%s%.*s %.3s", sign, (int)f.length[0], f.digits, f.digits + f.length[0]);
    int status = pic_fail(err, PIC_EAMOUNT_AMBIGUOUS, typed, pic_buf_string(&decimal),
                          pic_buf_string(&whole), NULL);
    pic_buf_release(&decimal);
    pic_buf_release(&whole);
    return status;
}

int pic_money_parse(const char *typed, int64_t *cents, struct pic_err *err)
{
    char text[PLAIN_MAX];
    if (!plain(typed, text))
        return pic_fail(err, PIC_EAMOUNT, typed, NULL);
    take_off(text, "EUR");
    take_off(text, "E"); /* the euro sign, made plain */
    int64_t v;
    enum reading reading = read_hundredths(text, &v);
    if (reading == EITHER)
        return ambiguous(typed, text, err);
    if (reading == UNREADABLE || v > PIC_MONEY_MAX || v < -PIC_MONEY_MAX)
        return pic_fail(err, PIC_EAMOUNT, typed, NULL);
    *cents = v;
    return PIC_OK;
}

void pic_money_format(int64_t cents, enum pic_style style, struct pic_buf *out)
{
    bool screen = style == PIC_STYLE_SCREEN;
    uint64_t v = magnitude(cents);
    if (cents < 0)
        pic_buf_text(out, screen ? MINUS_SIGN : "-");
    put_grouped(v / 100, screen ? NARROW_NO_BREAK_SPACE : "", out);
    pic_buf_printf(out, "%s%02u", style == PIC_STYLE_EXACT ? "." : ",", (unsigned)(v % 100));
    if (screen)
        pic_buf_text(out, NO_BREAK_SPACE EURO_SIGN);
}

/* ---- rates and counts ---- */

int pic_rate_parse(const char *typed, int64_t *basis_points, struct pic_err *err)
{
    char text[PLAIN_MAX];
    int64_t v;
    if (!plain(typed, text))
        return pic_fail(err, PIC_ERATE, typed, NULL);
    take_off(text, "%");
    enum reading reading = read_hundredths(text, &v);
    if ((reading != WHOLE && reading != DECIMAL) || v < 0 || v > PIC_RATE_MAX)
        return pic_fail(err, PIC_ERATE, typed, NULL);
    *basis_points = v;
    return PIC_OK;
}

void pic_rate_format(int64_t basis_points, enum pic_style style, struct pic_buf *out)
{
    uint64_t v = magnitude(basis_points);
    unsigned rest = (unsigned)(v % 100);
    if (basis_points < 0)
        pic_buf_text(out, "-");
    put_grouped(v / 100, "", out);
    if (style == PIC_STYLE_EXACT)
        pic_buf_printf(out, ".%02u", rest);
    else if (rest % 10 != 0)
        pic_buf_printf(out, ",%02u", rest);
    else if (rest != 0)
        pic_buf_printf(out, ",%u", rest / 10);
    if (style == PIC_STYLE_SCREEN)
        pic_buf_text(out, NO_BREAK_SPACE "%");
}

int pic_count_parse(const char *typed, int64_t max, int64_t *out, struct pic_err *err)
{
    char text[PLAIN_MAX];
    struct figures f;
    bool good = plain(typed, text) && scan(text, &f) && !f.negative;
    for (size_t i = 0; good && i + 1 < f.groups; i++)
        good = f.mark[i] == ' ';
    int64_t v = good ? value_of(f.digits, f.n) : 0;
    if (!good || !is_grouped(&f, f.groups) || v > max) {
        struct pic_buf most;
        pic_buf_init(&most, PIC_ERR_ARG_MAX);
        pic_count_format(max, PIC_STYLE_SCREEN, &most);
        int status = pic_fail(err, PIC_ECOUNT, typed, "", pic_buf_string(&most), NULL);
        pic_buf_release(&most);
        return status;
    }
    *out = v;
    return PIC_OK;
}

void pic_count_format(int64_t count, enum pic_style style, struct pic_buf *out)
{
    uint64_t v = magnitude(count);
    if (count < 0)
        pic_buf_text(out, "-");
    put_grouped(v, style == PIC_STYLE_SCREEN && v >= 10000 ? NARROW_NO_BREAK_SPACE : "", out);
}

/* ---- dates ---- */

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

int pic_date_parse(const char *typed, int64_t *day, struct pic_err *err)
{
    char text[PLAIN_MAX];
    struct figures f;
    if (!plain(typed, text))
        return pic_fail(err, PIC_EDATE, typed, NULL);
    bool commas = strchr(text, ',') != NULL;
    for (char *p = text; *p != '\0'; p++) { /* to marks that scan knows, still told apart */
        if (*p == '/')
            *p = ',';
        else if (*p == '-' && p != text)
            *p = '.';
    }
    if (commas || !scan(text, &f) || f.negative || f.groups != 3 || f.mark[0] != f.mark[1])
        return pic_fail(err, PIC_EDATE, typed, NULL);
    bool year_first = f.length[0] == 4;
    const char *second = f.digits + f.length[0];
    const char *third = second + f.length[1];
    int64_t first = value_of(f.digits, f.length[0]);
    int64_t last = value_of(third, f.length[2]);
    int64_t year = year_first ? first : last;
    int64_t month = value_of(second, f.length[1]);
    int64_t mday = year_first ? last : first;
    if (f.length[year_first ? 0 : 2] != 4 || f.length[1] > 2 || f.length[year_first ? 2 : 0] > 2 ||
        year < PIC_YEAR_MIN || year > PIC_YEAR_MAX || month < 1 || month > 12 || mday < 1 ||
        mday > month_days((int)year, (int)month))
        return pic_fail(err, PIC_EDATE, typed, NULL);
    *day = pic_date_day((int)year, (int)month, (int)mday);
    return PIC_OK;
}

void pic_date_format(int64_t day, enum pic_style style, struct pic_buf *out)
{
    int year;
    int month;
    int mday;
    pic_date_civil(day, &year, &month, &mday);
    if (style == PIC_STYLE_EXACT)
        pic_buf_printf(out, "%04d-%02d-%02d", year, month, mday);
    else
        pic_buf_printf(out, "%02d/%02d/%04d", mday, month, year);
}

/* Years begin in March, so that the leap day is the last of its year; eras have 400 years. */
enum { ERA_DAYS = 146097, EPOCH_DAYS = 719468, DAY_MIN = -719162, DAY_MAX = 2932896 };

void pic_date_civil(int64_t day, int *year, int *month, int *mday)
{
    if (day < DAY_MIN)
        day = DAY_MIN;
    if (day > DAY_MAX)
        day = DAY_MAX;
    int days = (int)day + EPOCH_DAYS; /* since 0000-03-01 */
    int era = days / ERA_DAYS;
    int of_era = days % ERA_DAYS;
    int year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int from_march = (5 * of_year + 2) / 153;
    *mday = of_year - (153 * from_march + 2) / 5 + 1;
    *month = from_march < 10 ? from_march + 3 : from_march - 9;
    *year = year_of_era + era * 400 + (*month <= 2 ? 1 : 0);
}

int64_t pic_date_day(int year, int month, int mday)
{
    if (month <= 2)
        year--;
    int era = year / 400;
    int year_of_era = year % 400;
    int of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + mday - 1;
    int of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    return (int64_t)era * ERA_DAYS + of_era - EPOCH_DAYS;
}
