/* Bank statements: each format against a file as a bank would give it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "schema/dictionary/number.h"
#include "server/bank/format.h"
#include "server/bank/format_cfonb120.h"

enum { FILE_MAX = 1 << 16, PRINT_MAX = 1 << 16 };

/* --- printing a statement, one line a movement --- */

static void print_day(int64_t day, struct pic_buf *out)
{
    if (day == PIC_NO_DAY)
        pic_buf_text(out, "-");
    else
        pic_date_format(day, PIC_STYLE_EXACT, out);
}

static void print_money(int64_t cents, struct pic_buf *out)
{
    pic_buf_text(out, " ");
    pic_money_format(cents, PIC_STYLE_EXACT, out);
}

static void print_text(const struct pic_statements *s, struct pic_bank_text text,
                       struct pic_buf *out)
{
    struct pic_span span = pic_statements_text(s, text);
    pic_buf_text(out, " | ");
    pic_buf_bytes(out, span.p, span.n);
}

static void print(const struct pic_statements *s, struct pic_buf *out)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct pic_statement *t = &s->items[i];
        pic_buf_printf(out, "%s ", t->account);
        print_day(t->from_on, out);
        pic_buf_text(out, " ");
        print_day(t->to_on, out);
        print_money(t->opening, out);
        print_money(t->closing, out);
        pic_buf_printf(out, " %zu breaks\n", t->break_n);
        for (size_t k = 0; k < t->line_n; k++) {
            const struct pic_bank_line *line = &t->lines[k];
            print_day(line->booked_on, out);
            pic_buf_text(out, " ");
            print_day(line->value_on, out);
            print_money(line->amount, out);
            pic_buf_printf(out, " #%u", line->occurrence);
            print_text(s, line->label, out);
            print_text(s, line->reference, out);
            print_text(s, line->counterparty, out);
            pic_buf_text(out, "\n");
        }
    }
}

static struct pic_span load(const char *path, struct pic_buf *out)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    pic_buf_init(out, FILE_MAX);
    uint8_t *at = pic_buf_room(out, FILE_MAX / 2);
    assert_non_null(at);
    out->len = fread(at, 1, FILE_MAX / 2, file);
    (void)fclose(file);
    return pic_buf_view(out);
}

static void expect_golden(const char *path, const char *expected)
{
    struct pic_buf file;
    struct pic_buf printed;
    struct pic_statements s;
    struct pic_err err = {0};
    pic_buf_init(&printed, PRINT_MAX);
    int status = pic_format_read("auto", load(path, &file), NULL, &s, &err);
    if (status != PIC_OK)
        print_message("%s | %s | %s\n", err.arg[0], err.arg[1], err.arg[2]);
    assert_int_equal(status, PIC_OK);
    print(&s, &printed);
    assert_string_equal(pic_buf_string(&printed), expected);
    pic_statements_release(&s);
    pic_buf_release(&printed);
    pic_buf_release(&file);
}

static void formats_cfonb120_reads_complements_and_joins_blocks(void **state)
{
    (void)state;
    expect_golden(
        "tests/vectors/bank/june.cfonb",
        "300040123400010123456 2026-06-01 2026-06-30 12480.17 15312.22 0 breaks\n"
        "2026-06-02 2026-06-02 3500.00 #1 | VIR REGION HAUTS DE FRANCE PART PIC MERICOURT 2026 | "
        "MANDAT-2026-0117 | REGION HAUTS-DE-FRANCE\n"
        "2026-06-18 2026-06-18 -480.00 #1 | VIR THE DANSANT AINES PROJET 42-17 ACOMPTE | PIC 42-31 "
        "ACOMPTE | LES AINES DU MAROC\n"
        "2026-06-19 2026-06-19 -92.40 #1 | CHEQUE 0000451 | 0000451 | \n"
        "2026-06-19 2026-06-19 -92.40 #2 | CHEQUE 0000451 | 0000451 | \n"
        "2026-06-30 2026-06-30 -3.15 #1 | FRAIS TENUE COMPTE |  | \n");
}

static void formats_csv_finds_columns_order_and_balances(void **state)
{
    (void)state;
    expect_golden("tests/vectors/bank/june.csv",
                  "300040123400010123456 2026-06-02 2026-06-30 12480.17 15312.22 0 breaks\n"
                  "2026-06-02 2026-06-02 3500.00 #1 | VIR REGION; PART 2026 | MANDAT-2026-0117 | \n"
                  "2026-06-18 2026-06-18 -480.00 #1 | VIR THÉ DANSANT AÎNÉS |  | \n"
                  "2026-06-19 2026-06-19 -92.40 #1 | CHEQUE 0000451 | 0000451 | \n"
                  "2026-06-19 2026-06-19 -92.40 #2 | CHEQUE 0000451 | 0000451 | \n"
                  "2026-06-30 2026-06-30 -3.15 #1 | FRAIS TENUE COMPTE |  | \n");
}

static void formats_ofx_reads_sgml_latest_first(void **state)
{
    (void)state;
    expect_golden("tests/vectors/bank/june.ofx",
                  "300040123400010123456 2026-06-01 2026-06-30 12480.17 15312.22 0 breaks\n"
                  "2026-06-02 - 3500.00 #1 | REGION HAUTS-DE-FRANCE PART 2026 |  | "
                  "REGION HAUTS-DE-FRANCE\n"
                  "2026-06-18 - -480.00 #1 | VIR THE DANSANT AINES PROJET 42-17 & ACOMPTE |  | "
                  "VIR THE DANSANT AINES\n"
                  "2026-06-19 - -92.40 #1 | CHEQUE 0000451 | 0000451 | CHEQUE 0000451\n"
                  "2026-06-19 - -92.40 #2 | CHEQUE 0000451 | 0000451 | CHEQUE 0000451\n"
                  "2026-06-30 - -3.15 #1 | FRAIS TENUE COMPTE |  | FRAIS TENUE COMPTE\n");
}

static void formats_camt053_reads_booked_entries_of_any_version(void **state)
{
    (void)state;
    expect_golden("tests/vectors/bank/june.camt053.xml",
                  "300040123400010123456 2026-06-01 2026-06-30 12480.17 15312.22 0 breaks\n"
                  "2026-06-02 2026-06-02 3500.00 #1 | VIR REGION PART 2026 | MANDAT-2026-0117 | "
                  "REGION HAUTS-DE-FRANCE\n"
                  "2026-06-18 - -480.00 #1 | VIR THÉ DANSANT AÎNÉS |  | Les Aînés & amis\n"
                  "2026-06-19 - -92.40 #1 | CHEQUE 0000451 | 0000451 | \n"
                  "2026-06-19 - -92.40 #2 | CHEQUE 0000451 | 0000451 | \n"
                  "2026-06-30 - -3.15 #1 | FRAIS TENUE COMPTE |  | \n");
}

/* Every one of them must be refused quickly, whatever it would grow to. */
static void camt053_refuses_what_is_made_to_harm(void **state)
{
    (void)state;
    static char deep[1 << 16];
    size_t n = 0;
    for (int i = 0; i < 4000; i++)
        n += (size_t)snprintf(deep + n, sizeof deep - n, "<Stmt>");
    const char *const rows[] = {
        "<!DOCTYPE a [<!ENTITY l \"lol\"><!ENTITY m \"&l;&l;&l;&l;\">]><BkToCstmrStmt>&m;",
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><BkToCstmrStmt/>",
        "<BkToCstmrStmt>&undefined;</BkToCstmrStmt>",
        "<BkToCstmrStmt><Stmt><Ntry></Stmt></BkToCstmrStmt>",
        "<BkToCstmrStmt><Stmt>",
        deep,
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pic_statements s;
        struct pic_err err = {0};
        int status = pic_format_read("camt053", pic_span_text(rows[i]), NULL, &s, &err);
        if (status != PIC_ESTATEMENT)
            fail_msg("row %zu: %d", i, status);
        pic_statements_release(&s);
    }
}

/* --- CFONB amounts --- */

static void cfonb120_amount_has_its_sign_in_the_last_figure(void **state)
{
    (void)state;
    static const struct {
        const char *signs;
        unsigned decimals;
        bool good;
        int64_t cents;
    } rows[] = {
        {"0001234{", 2, true, 12340},
        {"0000004843H", 2, true, 48438},
        {"000000920}", 2, true, -9200},
        {"0000000001904}", 2, true, -19040},
        {"0000000001904}", 3, true, -1904},
        {"000117O", 3, false, 0},
        {"00000000000012", 2, true, 12},
        {"000000000000{1", 2, false, 0},
        {"", 2, false, 0},
        {"12{", 0, true, 12000},
        {"9999999999999I", 2, false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t cents = 0;
        bool good = pic_cfonb120_amount(pic_span_text(rows[i].signs), rows[i].decimals, &cents);
        assert_int_equal(good, rows[i].good);
        assert_int_equal(cents, rows[i].cents);
    }
}

/* --- accounts, breaks, refusals --- */

static void accounts_have_one_name_in_every_format(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *name;
    } rows[] = {
        {"FR76 3000 4012 3400 0101 2345 676", "300040123400010123456"},
        {"30004 01234 00010123456 76", "300040123400010123456"},
        {"300040123400010123456", "300040123400010123456"},
        {"livret pic", "LIVRETPIC"},
        {"be68 5390 0754 7034", "BE68539007547034"},
    };
    char name[PIC_BANK_ACCOUNT_MAX + 1];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(pic_bank_account(pic_span_text(rows[i].typed), name));
        assert_string_equal(name, rows[i].name);
    }
    assert_false(pic_bank_account(pic_span_text(" - "), name));
}

static int read_csv(const char *text, struct pic_statements *s, struct pic_err *err)
{
    *err = (struct pic_err){0};
    return pic_format_read("csv", pic_span_text(text), "livret", s, err);
}

static void breaks_say_where_balances_stop_to_follow(void **state)
{
    (void)state;
    struct pic_statements s;
    struct pic_err err;
    assert_int_equal(read_csv("date;libellé;montant;solde\n01/06/2026;a;10,00;110,00\n"
                              "02/06/2026;b;10,00;125,00\n03/06/2026;c;-5,00;120,00\n",
                              &s, &err),
                     PIC_OK);
    assert_int_equal(s.items[0].break_n, 1);
    assert_int_equal(s.items[0].breaks[0].origin, 3);
    assert_int_equal(s.items[0].breaks[0].expected, 12000);
    assert_int_equal(s.items[0].breaks[0].found, 12500);
    assert_int_equal(s.items[0].opening, 10000);
    assert_int_equal(s.items[0].closing, 12000);
    pic_statements_release(&s);
}

static void csv_of_one_day_is_turned_when_balances_say_so(void **state)
{
    (void)state;
    struct pic_statements s;
    struct pic_err err;
    assert_int_equal(read_csv("date,label,amount,balance\n2026-06-01,b,-5.00,105.00\n"
                              "2026-06-01,a,10.00,110.00\n",
                              &s, &err),
                     PIC_OK);
    assert_int_equal(s.items[0].break_n, 0);
    assert_int_equal(s.items[0].lines[0].amount, 1000);
    assert_int_equal(s.items[0].opening, 10000);
    pic_statements_release(&s);
}

static void refusals_name_the_line(void **state)
{
    (void)state;
    static const struct {
        const char *format, *text, *line;
    } rows[] = {
        {"csv", "date;montant\n01/06/2026;douze\n", "2"},
        {"csv", "date;montant\n1/06/26;1,00\n", "2"},
        {"csv", "date;montant\n31/06/2026;12,00\n", "2"},
        {"csv", "date;montant\n01/06/2026;\n", "2"},
        {"csv", "date;débit;crédit\n01/06/2026;1,00;2,00\n", "2"},
        {"csv", "jour;somme\n01/06/2026;12,00\n", ""},
        {"csv", "date;montant\n", ""},
        {"csv", "date;montant\n01/06/2026;1,234\n", "2"},
        {"ofx", "<OFX><STMTTRN><DTPOSTED>20260631<TRNAMT>1</STMTTRN>", "1"},
        {"ofx", "<OFX>\n<STMTTRN><DTPOSTED>20260630<TRNAMT>1,2,3\n</STMTTRN>", "3"},
        {"ofx", "<OFX", "1"},
        {"camt053",
         "<S>\n<Stmt><Ntry><Amt>1,00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts>"
         "</Ntry></Stmt></S>",
         "2"},
        {"camt053",
         "<S><Stmt>\n\n<Ntry><Amt>1.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts>"
         "<BookgDt><Dt>2026-06-31</Dt></BookgDt></Ntry></Stmt></S>",
         "3"},
        {"cfonb120", "04", "1"},
        {"cfonb120", "\n99 something", "2"},
        {"cfonb120", "05", "1"},
        {"auto", "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pic_statements s;
        struct pic_err err = {0};
        int status =
            pic_format_read(rows[i].format, pic_span_text(rows[i].text), "livret", &s, &err);
        assert_int_equal(status, PIC_ESTATEMENT);
        assert_string_equal(err.arg[0], rows[i].line);
        assert_string_not_equal(err.arg[1], "");
        pic_statements_release(&s);
    }
}

static void other_currencies_are_refused_by_their_name(void **state)
{
    (void)state;
    static const struct {
        const char *format, *text;
    } rows[] = {
        {"ofx", "<OFX><STMTRS><CURDEF>CHF</STMTRS>"},
        {"camt053", "<S><Stmt><Acct><Id><IBAN>CH93</IBAN></Id></Acct><Ntry><Amt Ccy=\"CHF\">1</Amt>"
                    "<CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts></Ntry></Stmt></S>"},
        {"cfonb120", "0130004    01234CHF2 00010123456  310526                    "
                     "                              0000000124801G"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pic_statements s;
        struct pic_err err = {0};
        assert_int_equal(
            pic_format_read(rows[i].format, pic_span_text(rows[i].text), NULL, &s, &err),
            PIC_ESTATEMENT);
        assert_string_equal(err.arg[2], "CHF");
        pic_statements_release(&s);
    }
}

static void texts_are_cleaned_and_cut(void **state)
{
    (void)state;
    struct pic_statements s;
    struct pic_err err;
    char text[4096];
    char label[1500];
    memset(label, 'x', sizeof label);
    label[sizeof label - 1] = '\0';
    (void)snprintf(text, sizeof text,
                   "date;libellé;montant\n01/06/2026;%s\xe2\x80\xaf;1,00\n"
                   "02/06/2026;  A \x01 \xe2\x80\xae  B\xc2\xa0;1,00\n",
                   label);
    assert_int_equal(read_csv(text, &s, &err), PIC_OK);
    assert_int_equal(s.items[0].lines[0].label.n, PIC_BANK_LABEL_MAX);
    struct pic_span second = pic_statements_text(&s, s.items[0].lines[1].label);
    assert_true(pic_span_equal(second, pic_span_text("A B")));
    pic_statements_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_cfonb120_reads_complements_and_joins_blocks),
        cmocka_unit_test(formats_csv_finds_columns_order_and_balances),
        cmocka_unit_test(formats_ofx_reads_sgml_latest_first),
        cmocka_unit_test(formats_camt053_reads_booked_entries_of_any_version),
        cmocka_unit_test(camt053_refuses_what_is_made_to_harm),
        cmocka_unit_test(cfonb120_amount_has_its_sign_in_the_last_figure),
        cmocka_unit_test(accounts_have_one_name_in_every_format),
        cmocka_unit_test(breaks_say_where_balances_stop_to_follow),
        cmocka_unit_test(csv_of_one_day_is_turned_when_balances_say_so),
        cmocka_unit_test(refusals_name_the_line),
        cmocka_unit_test(other_currencies_are_refused_by_their_name),
        cmocka_unit_test(texts_are_cleaned_and_cut),
    };
    return cmocka_run_group_tests_name("bank", tests, NULL, NULL);
}
