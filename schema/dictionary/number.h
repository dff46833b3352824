/* number: figures as people in France write them. Amounts, rates, counts and dates become integers
 * and come back; a text that could be read two ways is refused. Pure functions, integers only. */
#ifndef PIC_DICTIONARY_NUMBER_H
#define PIC_DICTIONARY_NUMBER_H

#include "protocol/base/bytes.h"

/* A hundred billion euros: any table of amounts can be added up without overflow. */
#define PIC_MONEY_MAX INT64_C(10000000000000)

enum {
    PIC_RATE_MAX = 10000, /* basis points: 100 % */
    PIC_YEAR_MIN = 1900,
    PIC_YEAR_MAX = 2199,
};

enum pic_style {
    PIC_STYLE_SCREEN,  /* 1 234,56 € · 12/03/2026 · oui · 70 % */
    PIC_STYLE_TABLEUR, /* 1234,56 · 12/03/2026 · oui · 70 */
    PIC_STYLE_EXACT,   /* 1234.56 · 2026-03-12 · true · 70.00: JSON, CSV for programs */
};

/* Cents, at most PIC_MONEY_MAX either way. "1 234,56", "1234.5", "1.234,56", "-12 €"; spaces may be
 * no-break, and group by three. PIC_EAMOUNT (arg[0] typed); PIC_EAMOUNT_AMBIGUOUS for "1.234" and
 * "1,234": arg[0] typed, arg[1] "1,23" and arg[2] "1 234", the two readings. */
PIC_MUST_USE int pic_money_parse(const char *typed, int64_t *cents, struct pic_err *err);
/* Any int64_t. On screen with narrow no-break spaces and a true minus sign. */
void pic_money_format(int64_t cents, enum pic_style style, struct pic_buf *out);

/* Basis points, 0..PIC_RATE_MAX: "70", "70 %", "70,5". PIC_ERATE (arg[0] typed). */
PIC_MUST_USE int pic_rate_parse(const char *typed, int64_t *basis_points, struct pic_err *err);
void pic_rate_format(int64_t basis_points, enum pic_style style, struct pic_buf *out);

/* 0..max: "80", "1 250". PIC_ECOUNT (arg[0] typed, arg[2] max). */
PIC_MUST_USE int pic_count_parse(const char *typed, int64_t max, int64_t *out, struct pic_err *err);
/* On screen, groups of three from five digits up, so that a year stays a year. */
void pic_count_format(int64_t count, enum pic_style style, struct pic_buf *out);

/* Days since 1970-01-01, from PIC_YEAR_MIN to PIC_YEAR_MAX: "12/03/2026" (also with - . or spaces,
 * and one-digit days), "2026-03-12". The year has four digits. PIC_EDATE (arg[0] typed). */
PIC_MUST_USE int pic_date_parse(const char *typed, int64_t *day, struct pic_err *err);
/* A day outside 0001..9999 is written as the nearest one inside. */
void pic_date_format(int64_t day, enum pic_style style, struct pic_buf *out);

/* Civil calendar, proleptic Gregorian, years 0001..9999 (a day outside answers as the nearest one
 * inside). Source: H. Hinnant, "chrono-compatible low-level date algorithms". */
void pic_date_civil(int64_t day, int *year, int *month, int *mday);
int64_t pic_date_day(int year, int month, int mday);

#endif
