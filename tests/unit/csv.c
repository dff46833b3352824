/* csv: what is written is read back; what spreadsheets make of it is read too; what is broken is
 * refused with its line and column. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "schema/face/csv.h"

enum { OUT_MAX = 1 << 20 };

static void expect_cell(const struct pic_csv *csv, size_t column, const char *expected)
{
    struct pic_span cell = pic_csv_cell(csv, column);
    if (!pic_span_equal(cell, pic_span_text(expected)))
        fail_msg("cell %zu of line %llu is '%.*s', not '%s'", column + 1,
                 (unsigned long long)csv->line, (int)cell.n, (const char *)cell.p, expected);
}

/* Reads text as a table of two columns and compares it with pairs, ended by NULL. */
static void expect_pairs(const char *text, size_t n, const char *const *pairs)
{
    struct pic_csv csv;
    struct pic_err err = {0};
    struct pic_span span = pic_span_of(text, n);
    bool more;
    pic_csv_init(&csv, pic_csv_from_span, &span, '\0');
    for (; *pairs != NULL; pairs += 2) {
        assert_int_equal(pic_csv_next(&csv, &more, &err), PIC_OK);
        assert_true(more);
        assert_int_equal(csv.cell_n, 2);
        expect_cell(&csv, 0, pairs[0]);
        expect_cell(&csv, 1, pairs[1]);
    }
    assert_int_equal(pic_csv_next(&csv, &more, &err), PIC_OK);
    assert_false(more);
    pic_csv_release(&csv);
}

static void dialects_of_spreadsheets_are_read(void **state)
{
    (void)state;
    static const char *const pairs[] = {
        "Nom", "Montant", "Thé; \"dansant\"", "1 234,56", "deux\nlignes", "", NULL};
    static const char *const texts[] = {
        "\xEF\xBB\xBFNom;Montant\r\n\"Thé; \"\"dansant\"\"\";1 234,56\r\n\"deux\r\nlignes\";\r\n",
        "Nom,Montant\n\"Thé; \"\"dansant\"\"\",\"1 234,56\"\n\"deux\nlignes\",",
        "Nom\tMontant\rThé; \"dansant\"\t1 234,56\r\"deux\rlignes\"\t\r",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        expect_pairs(texts[i], strlen(texts[i]), pairs);
    /* The separator that the file announces, and rows that hold nothing. */
    static const char *const few[] = {"Nom", "Montant", "Thé; \"dansant\"", "1 234,56", NULL};
    static const char announced[] =
        "sep=;\r\nNom;Montant\r\n\r\n\"Thé; \"\"dansant\"\"\" ;1 234,56\r\n;\r\n";
    expect_pairs(announced, strlen(announced), few);
}

static void windows_1252_is_found_out(void **state)
{
    (void)state;
    static const char text[] = "Libell\xE9;Montant\r\n\x8Cuvre \x93sociale\x94;12 \x80\r\n";
    static const char *const pairs[] = {"Libellé", "Montant", "Œuvre “sociale”", "12 €", NULL};
    expect_pairs(text, sizeof text - 1, pairs);
}

static void formulas_are_disarmed_for_people_only(void **state)
{
    (void)state;
    static const struct {
        const char *text, *people, *programs;
    } cases[] = {
        {"=1+1", "'=1+1", "=1+1"},
        {"+33 6", "'+33 6", "+33 6"},
        {"-5", "'-5", "-5"},
        {"@nom", "'@nom", "@nom"},
        {"\tx", "'\tx", "\tx"},
        {"'=1", "''=1", "'=1"},
        {"'ordinaire", "'ordinaire", "'ordinaire"},
        {"a=1", "a=1", "a=1"},
        {"", "", ""},
        {"a;b", "\"a;b\"", "a;b"},
        {"=a;b", "\"'=a;b\"", "=a;b"},
        {"a,\"b\"", "\"a,\"\"b\"\"\"", "\"a,\"\"b\"\"\""},
    };
    struct pic_buf out;
    pic_buf_init(&out, OUT_MAX);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pic_buf_clear(&out);
        pic_csv_text(&out, PIC_CSV_TABLEUR, true, pic_span_text(cases[i].text));
        assert_string_equal(pic_buf_string(&out), cases[i].people);
        pic_buf_clear(&out);
        pic_csv_text(&out, PIC_CSV_REGULATORY, true, pic_span_text(cases[i].text));
        assert_string_equal(pic_buf_string(&out), cases[i].programs);
    }
    pic_buf_clear(&out);
    pic_csv_number(&out, PIC_CSV_TABLEUR, false, pic_span_text("-12,30"));
    assert_string_equal(pic_buf_string(&out), ";-12,30");
    pic_buf_release(&out);
}

/* xorshift64: the same numbers on every machine. Source: Marsaglia, "Xorshift RNGs", 2003. */
static uint64_t draw(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void random_text(uint64_t *seed, struct pic_buf *out)
{
    static const char *const pieces[] = {"a", "é", ";",  ",", "\"", "\n", "'", "=",    "+",  "-",
                                         "@", " ", "\t", "œ", "€",  "1",  "",  "sep=", "日", "'="};
    pic_buf_clear(out);
    for (uint64_t n = draw(seed) % 8; n > 0; n--)
        pic_buf_text(out, pieces[draw(seed) % (sizeof pieces / sizeof *pieces)]);
}

enum { ROWS = 5, COLUMNS = 3, CELLS = ROWS * COLUMNS };

static void write_table(struct pic_buf cells[ROWS][COLUMNS], enum pic_csv_profile profile,
                        struct pic_buf *out)
{
    static const char *const heads[COLUMNS] = {"un", "deux", "trois"};
    pic_buf_clear(out);
    pic_csv_begin(out, profile);
    for (size_t column = 0; column < COLUMNS; column++)
        pic_csv_text(out, profile, column == 0, pic_span_text(heads[column]));
    pic_csv_end_row(out, profile);
    for (size_t row = 0; row < ROWS; row++) {
        for (size_t column = 0; column < COLUMNS; column++)
            pic_csv_text(out, profile, column == 0, pic_buf_view(&cells[row][column]));
        pic_csv_end_row(out, profile);
    }
}

static void expect_table(struct pic_buf cells[ROWS][COLUMNS], struct pic_span text, uint64_t seed)
{
    struct pic_csv csv;
    struct pic_err err = {0};
    bool more;
    pic_csv_init(&csv, pic_csv_from_span, &text, '\0');
    assert_int_equal(pic_csv_next(&csv, &more, &err), PIC_OK);
    for (size_t row = 0; row < ROWS; row++) {
        if (pic_csv_next(&csv, &more, &err) != PIC_OK || !more || csv.cell_n != COLUMNS)
            fail_msg("row %zu of seed %llu: %s", row, (unsigned long long)seed, err.arg[2]);
        for (size_t column = 0; column < COLUMNS; column++)
            if (!pic_span_equal(pic_csv_cell(&csv, column), pic_buf_view(&cells[row][column])))
                fail_msg("cell %zu,%zu of seed %llu", row, column, (unsigned long long)seed);
    }
    assert_int_equal(pic_csv_next(&csv, &more, &err), PIC_OK);
    assert_false(more);
    pic_csv_release(&csv);
}

static void what_is_written_is_read_back_in_both_profiles(void **state)
{
    (void)state;
    struct pic_buf cells[ROWS][COLUMNS], out;
    pic_buf_init(&out, OUT_MAX);
    for (size_t i = 0; i < CELLS; i++)
        pic_buf_init(&cells[i / COLUMNS][i % COLUMNS], PIC_CSV_CELL_MAX);
    for (uint64_t round = 1; round <= 2000; round++) {
        uint64_t seed = round;
        for (size_t i = 0; i < CELLS; i++)
            random_text(&seed, &cells[i / COLUMNS][i % COLUMNS]);
        for (size_t row = 0; row < ROWS; row++)
            pic_buf_text(&cells[row][2], "fin"); /* a row of empty cells is no row */
        write_table(cells, PIC_CSV_TABLEUR, &out);
        expect_table(cells, pic_buf_view(&out), round);
        write_table(cells, PIC_CSV_REGULATORY, &out);
        expect_table(cells, pic_buf_view(&out), round);
    }
    for (size_t i = 0; i < CELLS; i++)
        pic_buf_release(&cells[i / COLUMNS][i % COLUMNS]);
    pic_buf_release(&out);
}

/* Reads all of text, which must be refused there. */
static void expect_refusal(struct pic_span text, const char *line, const char *column)
{
    struct pic_csv csv;
    struct pic_err err = {0};
    bool more = true;
    int status = PIC_OK;
    pic_csv_init(&csv, pic_csv_from_span, &text, '\0');
    while (status == PIC_OK && more)
        status = pic_csv_next(&csv, &more, &err);
    assert_int_equal(status, PIC_ECSV);
    assert_string_equal(err.arg[0], line);
    assert_string_equal(err.arg[1], column);
    assert_true(err.arg[2][0] != '\0');
    pic_csv_release(&csv);
}

static void broken_tables_are_refused_with_line_and_column(void **state)
{
    (void)state;
    static const char nul[] = "a;b\nc;d\0e\n";
    static const char not_utf8[] = "\xEF\xBB\xBF"
                                   "a;b\nc;\xE9\n";
    static const char no_character[] = "a;b\n\n\x81;d\n";
    expect_refusal(pic_span_text("a;b\n1;\"sans fin\n\n"), "2", "2");
    expect_refusal(pic_span_text("a;b\n\"x\"y;2\n"), "2", "1");
    expect_refusal(pic_span_text("a;b\n\"deux\nlignes\";1\nc;\"x\"y\n"), "4", "2");
    expect_refusal(pic_span_of(nul, sizeof nul - 1), "2", "2");
    expect_refusal(pic_span_of(not_utf8, sizeof not_utf8 - 1), "2", "2");
    expect_refusal(pic_span_of(no_character, sizeof no_character - 1), "3", "1");
}

static void ceilings_hold(void **state)
{
    (void)state;
    struct pic_buf text;
    pic_buf_init(&text, OUT_MAX);
    for (size_t i = 0; i < PIC_CSV_COLUMNS_MAX; i++)
        pic_buf_text(&text, ";");
    expect_refusal(pic_buf_view(&text), "1", "257");
    pic_buf_clear(&text);
    for (size_t i = 0; i <= PIC_CSV_CELL_MAX; i++)
        pic_buf_text(&text, "x");
    expect_refusal(pic_buf_view(&text), "1", "1");
    pic_buf_clear(&text);
    for (size_t i = 0; i < PIC_CSV_COLUMNS_MAX; i++)
        pic_buf_printf(&text, "%02000d;", 0);
    expect_refusal(pic_buf_view(&text), "1", "132");
    pic_buf_release(&text);
}

static int failing_source(void *context, uint8_t *out, size_t n, size_t *got)
{
    int *calls = context;
    *got = 0;
    if ((*calls)++ > 0)
        return PIC_EIO;
    *got = (size_t)snprintf((char *)out, n, "a;b\nc;\"");
    return PIC_OK;
}

static void a_failing_disk_is_not_the_end_of_the_table(void **state)
{
    (void)state;
    struct pic_csv csv;
    struct pic_err err = {0};
    bool more = true;
    int calls = 0, status = PIC_OK;
    pic_csv_init(&csv, failing_source, &calls, '\0');
    while (status == PIC_OK && more)
        status = pic_csv_next(&csv, &more, &err);
    assert_int_equal(status, PIC_EIO);
    pic_csv_release(&csv);
}

static void match(const char *headings, int at[static PIC_FIELD_MAX], int expected,
                  struct pic_err *err)
{
    struct pic_csv csv;
    struct pic_span text = pic_span_text(headings);
    bool more;
    pic_csv_init(&csv, pic_csv_from_span, &text, ';');
    assert_int_equal(pic_csv_next(&csv, &more, err), PIC_OK);
    assert_int_equal(pic_csv_match(&csv, pic_dictionary_entity(PIC_PROJECT), at, err), expected);
    pic_csv_release(&csv);
}

static void headings_match_labels_options_and_columns(void **state)
{
    (void)state;
    const struct pic_entity *project = pic_dictionary_entity(PIC_PROJECT);
    const struct pic_field *title = pic_entity_by_column(project, "title");
    const struct pic_field *asked = pic_entity_by_column(project, "asked");
    const struct pic_field *fund = pic_entity_by_column(project, "fund");
    struct pic_err err = {0};
    int at[PIC_FIELD_MAX];
    match("TITRE;;montant demandé (€);fund", at, PIC_OK, &err);
    assert_int_equal(at[pic_entity_index(project, title->number)], 0);
    assert_int_equal(at[pic_entity_index(project, asked->number)], 2);
    assert_int_equal(at[pic_entity_index(project, fund->number)], 3);
    assert_int_equal(at[pic_entity_index(project, PIC_FIELD_CANCELLED)], -1);
    match("Titre;Montant demadné", at, PIC_ECSV_HEADER, &err);
    assert_string_equal(err.arg[0], "Montant demadné");
    assert_string_equal(err.arg[1], "Montant demandé");
    assert_string_equal(err.arg[2], "2");
    match("Titre;Lieu;titre", at, PIC_ECSV, &err);
    assert_string_equal(err.arg[1], "3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dialects_of_spreadsheets_are_read),
        cmocka_unit_test(windows_1252_is_found_out),
        cmocka_unit_test(formulas_are_disarmed_for_people_only),
        cmocka_unit_test(what_is_written_is_read_back_in_both_profiles),
        cmocka_unit_test(broken_tables_are_refused_with_line_and_column),
        cmocka_unit_test(ceilings_hold),
        cmocka_unit_test(a_failing_disk_is_not_the_end_of_the_table),
        cmocka_unit_test(headings_match_labels_options_and_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
