/* value: what people type, what travels, what is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/base/text.h"
#include "schema/dictionary/grid.h"
#include "schema/dictionary/value.h"

#define NB  "\xc2\xa0"     /* no-break space */
#define NNB "\xe2\x80\xaf" /* narrow no-break space */

static const struct pic_field *field(const char *table, const char *column)
{
    return pic_entity_by_column(pic_dictionary_by_table(table), column);
}

/* ---- amounts ---- */

static void amounts_are_read_as_people_write_them(void **state)
{
    (void)state;
    static const struct {
        const char *typed;
        int64_t cents;
    } cases[] = {
        {"1 234,56", 123456},
        {"1234.5", 123450},
        {"1 234", 123400},
        {"1" NB "234,56" NB "€", 123456},
        {"1" NNB "234,5", 123450},
        {"1\xe2\x80\x89"
         "234",
         123400},
        {"1.234,56", 123456},
        {"1,234.56", 123456},
        {"1.234.567", 123456700},
        {"1 234 567,8 EUR", 123456780},
        {"12€", 1200},
        {"0,05", 5},
        {"0", 0},
        {"-12,30", -1230},
        {"\xe2\x88\x92 12,30", -1230},
        {"+3", 300},
        {"  45,90  ", 4590},
        {"007", 700},
        {"1234567", 123456700},
        {"100000000000,00", PIC_MONEY_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t cents = -1;
        if (pic_money_parse(cases[i].typed, &cents, NULL) != PIC_OK || cents != cases[i].cents)
            fail_msg("%s gives %lld", cases[i].typed, (long long)cents);
    }
}

static void amounts_that_mean_nothing_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        " ",
        "€",
        "-",
        "douze",
        "12,345,6",
        "1 23",
        "12 34",
        "1.23.456",
        "1,2,3",
        "12,",
        ",5",
        "1..2",
        "1,234,",
        "0.123",
        "1234.567",
        "1 234.567",
        "1.234 567",
        "1e3",
        "0x10",
        "12 $",
        "1\n2",
        "--1",
        "1234 567",
        "012.345",
        "١٢",
        "1.234,567.8",
        "99999999999999999999",
        "100000000000,01",
        "-100000000000,01",
        "1 2345",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pic_err err = {0};
        int64_t cents = 77;
        if (pic_money_parse(cases[i], &cents, &err) != PIC_EAMOUNT)
            fail_msg("%s gives %lld", cases[i], (long long)cents);
        assert_int_equal(cents, 77);
        assert_string_equal(err.arg[0], cases[i]);
    }
}

static void an_amount_with_two_readings_is_refused_with_both(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *decimal, *whole;
    } cases[] = {
        {"1.234", "1,23", "1 234"},
        {"1,234", "1,23", "1 234"},
        {"-45.678 €", "-45,67", "-45 678"},
        {"999,000", "999,00", "999 000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pic_err err = {0};
        int64_t cents;
        struct pic_buf store;
        struct pic_value value;
        pic_buf_init(&store, 64);
        assert_int_equal(pic_money_parse(cases[i].typed, &cents, &err), PIC_EAMOUNT_AMBIGUOUS);
        assert_int_equal(
            pic_value_parse(field("expense", "amount"), cases[i].typed, &store, &value, &err),
            PIC_EAMOUNT_AMBIGUOUS);
        assert_string_equal(err.arg[0], cases[i].typed);
        assert_string_equal(err.arg[1], cases[i].decimal);
        assert_string_equal(err.arg[2], cases[i].whole);
        assert_int_equal(pic_money_parse(err.arg[1], &cents, NULL), PIC_OK);
        assert_int_equal(pic_money_parse(err.arg[2], &cents, NULL), PIC_OK);
        pic_buf_release(&store);
    }
}

static void shows_money(int64_t cents, enum pic_style style, const char *expected)
{
    struct pic_buf out;
    pic_buf_init(&out, 64);
    pic_money_format(cents, style, &out);
    assert_string_equal(pic_buf_string(&out), expected);
    pic_buf_release(&out);
}

static void amounts_are_shown_in_three_styles(void **state)
{
    (void)state;
    shows_money(123456, PIC_STYLE_SCREEN, "1" NNB "234,56" NB "€");
    shows_money(-100000005, PIC_STYLE_SCREEN,
                "\xe2\x88\x92"
                "1" NNB "000" NNB "000,05" NB "€");
    shows_money(5, PIC_STYLE_SCREEN, "0,05" NB "€");
    shows_money(123456, PIC_STYLE_TABLEUR, "1234,56");
    shows_money(-123400, PIC_STYLE_EXACT, "-1234.00");
    shows_money(INT64_MIN, PIC_STYLE_EXACT, "-92233720368547758.08");
}

/* ---- dates ---- */

static void dates_follow_the_calendar(void **state)
{
    (void)state;
    static const struct {
        const char *typed;
        int year, month, mday; /* year 0: refused */
    } cases[] = {
        {"12/03/2026", 2026, 3, 12},  {"2026-03-12", 2026, 3, 12},
        {"1/1/1970", 1970, 1, 1},     {"12-03-2026", 2026, 3, 12},
        {"12.03.2026", 2026, 3, 12},  {"12 03 2026", 2026, 3, 12},
        {"29/02/2024", 2024, 2, 29},  {"29/02/2000", 2000, 2, 29},
        {"31/12/2199", 2199, 12, 31}, {"01/01/1900", 1900, 1, 1},
        {"29/02/2026", 0, 0, 0},      {"29/02/1900", 0, 0, 0},
        {"31/04/2026", 0, 0, 0},      {"00/03/2026", 0, 0, 0},
        {"12/13/2026", 0, 0, 0},      {"12/03/26", 0, 0, 0},
        {"2026/3", 0, 0, 0},          {"12/03/2026/1", 0, 0, 0},
        {"12/03-2026", 0, 0, 0},      {"-12/03/2026", 0, 0, 0},
        {"12032026", 0, 0, 0},        {"01/01/2200", 0, 0, 0},
        {"31/12/1899", 0, 0, 0},      {"2026-003-12", 0, 0, 0},
        {"demain", 0, 0, 0},          {"", 0, 0, 0},
        {"12/03/20266", 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t day = 0;
        int status = pic_date_parse(cases[i].typed, &day, NULL);
        if (status != (cases[i].year == 0 ? PIC_EDATE : PIC_OK))
            fail_msg("%s: %s", cases[i].typed, pic_status_name(status));
        if (status == PIC_OK)
            assert_int_equal(day, pic_date_day(cases[i].year, cases[i].month, cases[i].mday));
    }
}

static void every_day_of_twelve_centuries_comes_back(void **state)
{
    (void)state;
    assert_int_equal(pic_date_day(1970, 1, 1), 0);
    assert_int_equal(pic_date_day(2000, 3, 1), 11017);
    int year;
    int month;
    int mday;
    int last_month = 0;
    for (int64_t day = pic_date_day(1200, 1, 1); day <= pic_date_day(2399, 12, 31); day++) {
        pic_date_civil(day, &year, &month, &mday);
        assert_int_equal(pic_date_day(year, month, mday), day);
        assert_true(mday == 1 ? month != last_month : month == last_month);
        last_month = month;
    }
    pic_date_civil(INT64_MIN, &year, &month, &mday);
    assert_true(year == 1 && month == 1 && mday == 1);
    pic_date_civil(INT64_MAX, &year, &month, &mday);
    assert_true(year == 9999 && month == 12 && mday == 31);
}

/* ---- everything else, through its field ---- */

struct parse_case {
    const char *table, *column, *typed;
    int status;
    const char *exact; /* as PIC_STYLE_EXACT writes it; "" for the empty value */
};

static const struct parse_case parse_cases[] = {
    {"project", "title", "  Repas de rue ", PIC_OK, "Repas de rue"},
    {"project", "title", "\t ", PIC_OK, ""},
    {"project", "title", "cafe\xcc\x81", PIC_OK, "café"},
    {"project", "title", "\xff", PIC_ETEXT, NULL},
    {"project", "title", "a\x01", PIC_ETEXT, NULL},
    {"project", "summary", "un\r\ndeux", PIC_OK, "un\ndeux"},
    {"project", "asked", "850", PIC_OK, "850.00"},
    {"project", "start_on", "21/06/2026", PIC_OK, "2026-06-21"},
    {"project", "planned_public", "1 250", PIC_OK, "1250"},
    {"project", "planned_public", "1.250", PIC_ECOUNT, NULL},
    {"project", "planned_public", "-1", PIC_ECOUNT, NULL},
    {"project", "planned_public", "12,5", PIC_ECOUNT, NULL},
    {"project", "planned_public", "1000001", PIC_ECOUNT, NULL},
    {"project", "droit_commun_impossible", "Oui", PIC_OK, "true"},
    {"project", "droit_commun_impossible", "n", PIC_OK, "false"},
    {"project", "droit_commun_impossible", "peut-être", PIC_EBOOL, NULL},
    {"project", "main_theme", " T17-03 ", PIC_OK, "T17-03"},
    {"project", "main_theme", "T17 03", PIC_ECODE, NULL},
    {"project", "main_theme", "-x", PIC_ECODE, NULL},
    {"project", "main_theme", "thème", PIC_ECODE, NULL},
    {"project", "main_theme", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", PIC_ETOO_LONG, NULL},
    {"project", "themes", "T17-05, T17-03;T17-05", PIC_OK, "T17-03 T17-05"},
    {"project", "themes", " , ", PIC_OK, ""},
    {"project", "themes", "T17-05 é", PIC_ECODE, NULL},
    {"project", "territories", "qn06245m 62570", PIC_OK, "62570 QN06245M"},
    {"project", "territories", "QN06245M QN0", PIC_EQPV, NULL},
    {"project", "fund", "42-17", PIC_OK, "42-17"},
    {"project", "fund", " 8388607-1099511627775 ", PIC_OK, "8388607-1099511627775"},
    {"project", "fund", "8388608-1", PIC_EREFERENCE, NULL},
    {"project", "fund", "1-1099511627776", PIC_EREFERENCE, NULL},
    {"project", "fund", "0-17", PIC_EREFERENCE, NULL},
    {"project", "fund", "42-0", PIC_EREFERENCE, NULL},
    {"project", "fund", "42", PIC_EREFERENCE, NULL},
    {"project", "fund", "42-17-1", PIC_EREFERENCE, NULL},
    {"project", "holder_person", "Samira", PIC_EUSAGE, NULL},
    {"device", "signing_key", "00", PIC_EUSAGE, NULL},
    {"committee", "minutes", "00", PIC_EUSAGE, NULL},
    {"share", "rate", "70", PIC_OK, "70.00"},
    {"share", "rate", "70" NB "%", PIC_OK, "70.00"},
    {"share", "rate", "70,5 %", PIC_OK, "70.50"},
    {"share", "rate", "33.33", PIC_OK, "33.33"},
    {"share", "rate", "100", PIC_OK, "100.00"},
    {"share", "rate", "100,01", PIC_ERATE, NULL},
    {"share", "rate", "-1", PIC_ERATE, NULL},
    {"share", "rate", "33,333", PIC_ERATE, NULL},
    {"expense", "supplier_siren", "732 829 320", PIC_OK, "732829320"},
    {"expense", "supplier_siren", "732 829 321", PIC_ESIREN, NULL},
    {"organisation", "siret", "5520135400010", PIC_ESIRET_ZERO, NULL},
    {"attendance", "grid", "H/65+/non=3 F/26-45/oui=12", PIC_OK, "H/65+/non=3 F/26-45/oui=12"},
    {"attendance", "grid", "F/0-5/oui=0", PIC_OK, ""},
    {"attendance", "grid", "F/27/oui=1", PIC_EGRID, NULL},
};

static void typed_text_becomes_the_value_or_a_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof parse_cases / sizeof *parse_cases; i++) {
        const struct parse_case *c = &parse_cases[i];
        const struct pic_field *f = field(c->table, c->column);
        struct pic_buf store;
        struct pic_buf shown;
        struct pic_value value = {0};
        struct pic_err err = {0};
        pic_buf_init(&store, PIC_TEXT_MAX);
        pic_buf_init(&shown, PIC_TEXT_MAX);
        pic_buf_text(&store, "before"); /* what is already there must stay apart */
        int status = pic_value_parse(f, c->typed, &store, &value, &err);
        if (status != c->status)
            fail_msg("%s.%s %s: %s", c->table, c->column, c->typed, pic_status_name(status));
        if (status == PIC_OK) {
            pic_value_format(f, &value, PIC_STYLE_EXACT, &shown);
            assert_string_equal(pic_buf_string(&shown), c->exact);
            if (c->exact[0] != '\0')
                assert_int_equal(pic_value_check(f, &value), PIC_OK);
        } else {
            assert_string_equal(err.arg[1], f->label);
            assert_int_equal(err.status, status);
        }
        pic_buf_release(&store);
        pic_buf_release(&shown);
    }
}

static void a_text_longer_than_its_field_is_refused(void **state)
{
    (void)state;
    const struct pic_field *title = field("project", "title");
    char text[300];
    struct pic_buf store;
    struct pic_value value;
    struct pic_err err = {0};
    pic_buf_init(&store, PIC_TEXT_MAX);
    memset(text, 'a', sizeof text);
    text[256] = '\0';
    assert_int_equal(pic_value_parse(title, text, &store, &value, &err), PIC_OK);
    pic_buf_clear(&store);
    text[256] = 'a';
    text[257] = '\0';
    assert_int_equal(pic_value_parse(title, text, &store, &value, &err), PIC_ETOO_LONG);
    assert_string_equal(err.arg[2], "256");
    pic_buf_release(&store);
}

static bool checks(const char *table, const char *column, struct pic_value value)
{
    return pic_value_check(field(table, column), &value) == PIC_OK;
}

static struct pic_value text_value(const char *text)
{
    return (struct pic_value){.kind = PIC_KIND_TEXT, .s = pic_span_text(text)};
}

static struct pic_value int_value(enum pic_kind kind, int64_t i)
{
    return (struct pic_value){.kind = kind, .i = i};
}

static struct pic_value bytes_value(const void *p, size_t n)
{
    return (struct pic_value){.kind = PIC_KIND_BYTES, .s = pic_span_of(p, n)};
}

static void replicas_refuse_what_no_form_would_send(void **state)
{
    (void)state;
    static const uint8_t zeros[33] = {0};
    assert_true(checks("project", "summary", int_value(PIC_KIND_NULL, 0)));
    assert_false(checks("project", "title", int_value(PIC_KIND_NULL, 0)));
    assert_false(checks("project", "title", text_value("")));
    assert_false(checks("project", "title", text_value("cafe\xcc\x81")));
    assert_false(checks("project", "title", int_value(PIC_KIND_INT, 1)));
    assert_false(checks("project", "asked", text_value("850")));
    assert_true(checks("project", "asked", int_value(PIC_KIND_INT, -PIC_MONEY_MAX)));
    assert_false(checks("project", "asked", int_value(PIC_KIND_INT, PIC_MONEY_MAX + 1)));
    assert_false(checks("project", "asked", int_value(PIC_KIND_INT, INT64_MIN)));
    assert_false(checks("project", "planned_public", int_value(PIC_KIND_INT, -1)));
    assert_false(checks("project", "droit_commun_impossible", int_value(PIC_KIND_INT, 2)));
    assert_false(checks("share", "rate", int_value(PIC_KIND_INT, 10001)));
    assert_false(checks("project", "start_on", int_value(PIC_KIND_INT, INT64_MAX)));
    assert_true(checks("project", "themes", text_value("T17-03 T17-05")));
    assert_false(checks("project", "themes", text_value("T17-05 T17-03")));
    assert_false(checks("project", "themes", text_value("T17-03 T17-03")));
    assert_false(checks("project", "themes", text_value("T17-03  T17-05")));
    assert_false(checks("project", "themes", text_value(" T17-03")));
    assert_false(checks("project", "themes", text_value("T17-03 ")));
    assert_false(checks("project", "territories", text_value("qn06245m")));
    assert_true(checks("project", "fund", int_value(PIC_KIND_REF, (INT64_C(42) << 40) | 17)));
    assert_false(checks("project", "fund", int_value(PIC_KIND_REF, 17)));
    assert_false(checks("project", "fund", int_value(PIC_KIND_REF, INT64_C(42) << 40)));
    assert_false(checks("project", "fund", int_value(PIC_KIND_REF, -1)));
    assert_true(checks("expense", "receipt", bytes_value(zeros, 32)));
    assert_false(checks("expense", "receipt", bytes_value(zeros, 31)));
    assert_false(checks("expense", "receipt", bytes_value(zeros, 33)));
    assert_false(checks("attendance", "grid", bytes_value("\x00\x00", 2)));
    assert_true(checks("attendance", "grid", bytes_value("\x00\x01", 2)));
    assert_false(checks("attendance", "grid", bytes_value("", 0)));
}

static void screens_and_spreadsheets_read_well(void **state)
{
    (void)state;
    static const struct {
        const char *table, *column, *typed, *screen, *tableur;
    } cases[] = {
        {"share", "rate", "70,5", "70,5" NB "%", "70,5"},
        {"share", "rate", "70", "70" NB "%", "70"},
        {"share", "rate", "33,33", "33,33" NB "%", "33,33"},
        {"fund", "year", "2026", "2026", "2026"},
        {"project", "planned_public", "12500", "12" NNB "500", "12500"},
        {"project", "start_on", "2026-06-21", "21/06/2026", "21/06/2026"},
        {"project", "droit_commun_impossible", "vrai", "oui", "oui"},
        {"organisation", "siren", "732829320", "732" NB "829" NB "320", "732829320"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct pic_field *f = field(cases[i].table, cases[i].column);
        struct pic_buf store;
        struct pic_buf out;
        struct pic_value value;
        pic_buf_init(&store, 256);
        pic_buf_init(&out, 256);
        assert_int_equal(pic_value_parse(f, cases[i].typed, &store, &value, NULL), PIC_OK);
        pic_value_format(f, &value, PIC_STYLE_SCREEN, &out);
        assert_string_equal(pic_buf_string(&out), cases[i].screen);
        pic_buf_clear(&out);
        pic_value_format(f, &value, PIC_STYLE_TABLEUR, &out);
        assert_string_equal(pic_buf_string(&out), cases[i].tableur);
        pic_buf_release(&store);
        pic_buf_release(&out);
    }
    uint8_t key[32];
    memset(key, 0xab, sizeof key);
    struct pic_value value = bytes_value(key, sizeof key);
    struct pic_buf out;
    pic_buf_init(&out, 256);
    pic_value_format(field("device", "signing_key"), &value, PIC_STYLE_SCREEN, &out);
    assert_string_equal(pic_buf_string(&out), "abababababab…");
    pic_buf_release(&out);
}

/* ---- parse(format(v)) == v ---- */

static uint64_t next_random(uint64_t *seed)
{
    /* splitmix64, S. Vigna, public domain algorithm */
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int64_t pick(uint64_t *seed, int64_t low, int64_t high)
{
    /* Small numbers as often as large ones. */
    uint64_t range = (uint64_t)(high - low) + 1;
    uint64_t v = next_random(seed) >> (next_random(seed) % 64);
    return low + (int64_t)(v % range);
}

/* A value that the field accepts, its bytes in store; false for types without typed form. */
static bool generate(const struct pic_field *f, uint64_t *seed, struct pic_buf *store,
                     struct pic_value *out)
{
    struct pic_grid grid = {0};
    int64_t sign = next_random(seed) % 2 == 0 ? 1 : -1;
    enum pic_kind kind = pic_type_kind(f->type);
    int64_t i = 0;
    switch (f->type) {
    case PIC_TYPE_MONEY:
        i = sign * pick(seed, 0, PIC_MONEY_MAX);
        break;
    case PIC_TYPE_RATE:
        i = pick(seed, 0, PIC_RATE_MAX);
        break;
    case PIC_TYPE_COUNT:
        i = pick(seed, 0, f->size);
        break;
    case PIC_TYPE_DATE:
        i = pick(seed, pic_date_day(1900, 1, 1), pic_date_day(2199, 12, 31));
        break;
    case PIC_TYPE_BOOL:
        i = sign > 0;
        break;
    case PIC_TYPE_REF:
        i = (pick(seed, 1, PIC_DEVICE_MAX) << PIC_SEQ_BITS) |
            pick(seed, 1, (INT64_C(1) << PIC_SEQ_BITS) - 1);
        break;
    case PIC_TYPE_GRID:
        for (int n = 0; n < 5; n++)
            grid.count[pick(seed, 0, PIC_GRID_CELLS - 1)] =
                (uint32_t)pick(seed, 1, PIC_GRID_COUNT_MAX);
        pic_grid_put(&grid, store);
        break;
    case PIC_TYPE_SET:
        for (int c = 'a'; c <= 'z'; c++)
            if (next_random(seed) % 4 == 0)
                pic_buf_printf(store, "%s%c%u", store->len > 0 ? " " : "", c,
                               (unsigned)(next_random(seed) % 100));
        break;
    case PIC_TYPE_CODE:
    case PIC_TYPE_TEXT:
        pic_buf_printf(store, "x%llu", (unsigned long long)next_random(seed) >> 40);
        break;
    default:
        return false;
    }
    *out = (struct pic_value){.kind = kind, .i = i, .s = pic_buf_view(store)};
    return true;
}

static void comes_back(const struct pic_field *f, const struct pic_value *value,
                       enum pic_style style, uint64_t seed)
{
    struct pic_buf typed;
    struct pic_buf store;
    struct pic_value back = {0};
    pic_buf_init(&typed, PIC_TEXT_MAX);
    pic_buf_init(&store, PIC_TEXT_MAX);
    pic_value_format(f, value, style, &typed);
    if (pic_value_parse(f, pic_buf_string(&typed), &store, &back, NULL) != PIC_OK ||
        back.kind != value->kind || back.i != value->i ||
        (back.s.n > 0 && !pic_span_equal(back.s, value->s)))
        fail_msg("seed %llu: %s", (unsigned long long)seed, pic_buf_string(&typed));
    pic_buf_release(&typed);
    pic_buf_release(&store);
}

static void what_is_shown_can_be_typed_again(void **state)
{
    (void)state;
    static const char *const columns[][2] = {
        {"expense", "amount"},     {"share", "rate"},       {"project", "planned_public"},
        {"device", "last_seq"},    {"project", "start_on"}, {"project", "droit_commun_impossible"},
        {"project", "fund"},       {"attendance", "grid"},  {"project", "themes"},
        {"project", "main_theme"}, {"project", "title"},
    };
    const char *given = getenv("PIC_SEED");
    uint64_t seed = given == NULL ? 20261123 : strtoull(given, NULL, 10);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        const struct pic_field *f = field(columns[i][0], columns[i][1]);
        for (int n = 0; n < 300; n++) {
            struct pic_buf store;
            struct pic_value value = {0};
            uint64_t start = seed;
            pic_buf_init(&store, PIC_TEXT_MAX);
            assert_true(generate(f, &seed, &store, &value));
            if (pic_type_kind(f->type) == PIC_KIND_INT || value.kind == PIC_KIND_REF ||
                store.len > 0) {
                assert_int_equal(pic_value_check(f, &value), PIC_OK);
                comes_back(f, &value, PIC_STYLE_SCREEN, start);
                comes_back(f, &value, PIC_STYLE_TABLEUR, start);
                comes_back(f, &value, PIC_STYLE_EXACT, start);
            }
            pic_buf_release(&store);
        }
    }
}

static void names_of_people_stay_out_of_what_everybody_reads(void **state)
{
    (void)state;
    static const struct {
        const char *typed;
        int status;
    } cases[] = {
        {"Mme Célestine Delattre", PIC_EPERSON_NAMED},
        {"  MADAME Delattre", PIC_EPERSON_NAMED},
        {"M. Vanhoutte", PIC_EPERSON_NAMED},
        {"la trésorière\nMlle B.", PIC_EPERSON_NAMED},
        {"Les voisins de la rue Pasteur", PIC_OK},
        {"Mmes et MM. du quartier", PIC_OK},
        {"Monsieurs Cinéma", PIC_OK},
    };
    const struct pic_entity *decision = pic_dictionary_entity(PIC_DECISION);
    const struct pic_entity *project = pic_dictionary_entity(PIC_PROJECT);
    struct pic_buf store;
    pic_buf_init(&store, PIC_TEXT_MAX);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pic_err err = {0};
        struct pic_value value;
        int status = pic_value_parse(pic_entity_by_column(decision, "withdrew"), cases[i].typed,
                                     &store, &value, &err);
        if (status != cases[i].status)
            fail_msg("%s gives %s", cases[i].typed, pic_status_name(status));
        assert_int_equal(pic_value_parse(pic_entity_by_column(project, "title"), cases[i].typed,
                                         &store, &value, &err),
                         PIC_OK);
    }
    pic_buf_release(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amounts_are_read_as_people_write_them),
        cmocka_unit_test(amounts_that_mean_nothing_are_refused),
        cmocka_unit_test(an_amount_with_two_readings_is_refused_with_both),
        cmocka_unit_test(amounts_are_shown_in_three_styles),
        cmocka_unit_test(dates_follow_the_calendar),
        cmocka_unit_test(every_day_of_twelve_centuries_comes_back),
        cmocka_unit_test(typed_text_becomes_the_value_or_a_reason),
        cmocka_unit_test(a_text_longer_than_its_field_is_refused),
        cmocka_unit_test(names_of_people_stay_out_of_what_everybody_reads),
        cmocka_unit_test(replicas_refuse_what_no_form_would_send),
        cmocka_unit_test(screens_and_spreadsheets_read_well),
        cmocka_unit_test(what_is_shown_can_be_typed_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
