/* identifiers: SIREN, SIRET, RNA, Insee, territories and IBAN, with their repairs. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "schema/dictionary/identifiers.h"

static char other_digit(char digit)
{
    static const char next[] = "1234567890";
    if (digit < '0' || digit > '9')
        return 'Z';
    return next[digit - '0'];
}

static void each_kind_takes_what_it_should(void **state)
{
    (void)state;
    static const struct {
        const char *typed;
        const char *canonical; /* NULL: refused with status */
        enum pic_identifier kind;
        int status;
    } cases[] = {
        {"732829320", "732829320", PIC_IDENTIFIER_SIREN, PIC_OK},
        {" 200 053 742 ", "200053742", PIC_IDENTIFIER_SIREN, PIC_OK},
        {"200.093.201", "200093201", PIC_IDENTIFIER_SIREN, PIC_OK},
        {"215\xc2\xa0"
         "905\xe2\x80\xaf"
         "126",
         "215905126", PIC_IDENTIFIER_SIREN, PIC_OK},
        {"732829321", NULL, PIC_IDENTIFIER_SIREN, PIC_ESIREN},
        {"73282932", NULL, PIC_IDENTIFIER_SIREN, PIC_ESIREN},
        {"73282932O", NULL, PIC_IDENTIFIER_SIREN, PIC_ESIREN},
        {"", NULL, PIC_IDENTIFIER_SIREN, PIC_ESIREN},
        {"20005374200017", "20005374200017", PIC_IDENTIFIER_SIRET, PIC_OK},
        {"215 905 126 00011", "21590512600011", PIC_IDENTIFIER_SIRET, PIC_OK},
        {"20005374200018", NULL, PIC_IDENTIFIER_SIRET, PIC_ESIRET},
        {"200053742", NULL, PIC_IDENTIFIER_SIRET, PIC_ESIRET},
        {"35600000000048", "35600000000048", PIC_IDENTIFIER_SIRET, PIC_OK}, /* head office */
        {"35600000049837", "35600000049837", PIC_IDENTIFIER_SIRET, PIC_OK}, /* digit sum 45 */
        {"35600000049838", NULL, PIC_IDENTIFIER_SIRET, PIC_ESIRET},
        {"w751135663", "W751135663", PIC_IDENTIFIER_RNA, PIC_OK},
        {"W611000253", "W611000253", PIC_IDENTIFIER_RNA, PIC_OK},
        {"W2A1000253", "W2A1000253", PIC_IDENTIFIER_RNA, PIC_OK},
        {"WA11000253", NULL, PIC_IDENTIFIER_RNA, PIC_ERNA},
        {"751135663", NULL, PIC_IDENTIFIER_RNA, PIC_ERNA},
        {"62570", "62570", PIC_IDENTIFIER_INSEE, PIC_OK},
        {"02691", "02691", PIC_IDENTIFIER_INSEE, PIC_OK},
        {"2a004", "2A004", PIC_IDENTIFIER_INSEE, PIC_OK},
        {"2B033", "2B033", PIC_IDENTIFIER_INSEE, PIC_OK},
        {"2C033", NULL, PIC_IDENTIFIER_INSEE, PIC_EINSEE},
        {"2691", NULL, PIC_IDENTIFIER_INSEE, PIC_EINSEE},
        {"qn 05905 m", "QN05905M", PIC_IDENTIFIER_TERRITORY, PIC_OK},
        {"QN97601C", "QN97601C", PIC_IDENTIFIER_TERRITORY, PIC_OK},
        {"QP009002", "QP009002", PIC_IDENTIFIER_TERRITORY, PIC_OK},
        {"QP02A001", "QP02A001", PIC_IDENTIFIER_TERRITORY, PIC_OK},
        {"59324VE01", "59324VE01", PIC_IDENTIFIER_TERRITORY, PIC_OK},
        {"59276", "59276", PIC_IDENTIFIER_TERRITORY, PIC_OK},
        {"QN05905X", NULL, PIC_IDENTIFIER_TERRITORY, PIC_EQPV},
        {"QP171001", NULL, PIC_IDENTIFIER_TERRITORY, PIC_EQPV},
        {"QN0590", NULL, PIC_IDENTIFIER_TERRITORY, PIC_EQPV},
        {"FR76 3000 6000 0112 3456 7890 189", "FR7630006000011234567890189", PIC_IDENTIFIER_IBAN,
         PIC_OK},
        {"FR14 2004 1010 0505 0001 3M02 606", "FR1420041010050500013M02606", PIC_IDENTIFIER_IBAN,
         PIC_OK},
        {"FR76 3000 6000 0112 3456 7890 188", NULL, PIC_IDENTIFIER_IBAN, PIC_EIBAN},
        {"FR76 3000 6000 0112 3456 7890 18", NULL, PIC_IDENTIFIER_IBAN, PIC_EIBAN},
        {"BE68 5390 0754 7034", "BE68539007547034", PIC_IDENTIFIER_IBAN, PIC_OK},
        {"6876 3000 6000 0112 3456 7890 189", NULL, PIC_IDENTIFIER_IBAN, PIC_EIBAN},
        {"FR76é000600001123456789018", NULL, PIC_IDENTIFIER_IBAN, PIC_EIBAN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pic_buf out;
        struct pic_err err = {0};
        pic_buf_init(&out, 64);
        int status = pic_identifier_parse(cases[i].kind, cases[i].typed, &out, &err);
        if (status != cases[i].status)
            fail_msg("%s: %s", cases[i].typed, pic_status_name(status));
        if (cases[i].canonical != NULL) {
            assert_string_equal(pic_buf_string(&out), cases[i].canonical);
            assert_true(pic_identifier_is(cases[i].kind, pic_buf_view(&out)));
        } else {
            assert_int_equal(out.len, 0);
            assert_string_equal(err.arg[0], cases[i].typed);
        }
        pic_buf_release(&out);
    }
}

static void a_missing_zero_is_proposed_never_assumed(void **state)
{
    (void)state;
    /* A spreadsheet ate the zero. */
    struct pic_buf out;
    struct pic_err err = {0};
    pic_buf_init(&out, 64);
    assert_int_equal(pic_identifier_parse(PIC_IDENTIFIER_SIRET, "05520135400010", &out, &err),
                     PIC_OK);
    pic_buf_clear(&out);
    assert_int_equal(pic_identifier_parse(PIC_IDENTIFIER_SIRET, "5520135400010", &out, &err),
                     PIC_ESIRET_ZERO);
    assert_string_equal(err.arg[0], "5520135400010");
    assert_string_equal(err.arg[2], "05520135400010");
    assert_int_equal(out.len, 0);
    assert_int_equal(pic_identifier_parse(PIC_IDENTIFIER_SIRET, "5520135400011", &out, &err),
                     PIC_ESIRET);
    pic_buf_release(&out);
}

static void one_wrong_digit_is_always_seen(void **state)
{
    (void)state;
    char siret[] = "21590512600011";
    char iban[] = "FR7630006000011234567890189";
    for (size_t i = 0; siret[i] != '\0'; i++) {
        char right = siret[i];
        siret[i] = other_digit(right);
        assert_false(pic_identifier_is(PIC_IDENTIFIER_SIRET, pic_span_text(siret)));
        siret[i] = right;
    }
    for (size_t i = 4; iban[i] != '\0'; i++) {
        char right = iban[i];
        iban[i] = other_digit(right);
        assert_false(pic_identifier_is(PIC_IDENTIFIER_IBAN, pic_span_text(iban)));
        iban[i] = right;
    }
}

static void identifiers_are_shown_in_groups(void **state)
{
    (void)state;
    static const struct {
        enum pic_identifier kind;
        const char *canonical, *shown;
    } cases[] = {
        {PIC_IDENTIFIER_SIREN, "732829320", "732 829 320"},
        {PIC_IDENTIFIER_SIRET, "21590512600011", "215 905 126 00011"},
        {PIC_IDENTIFIER_IBAN, "FR7630006000011234567890189", "FR76 3000 6000 0112 3456 7890 189"},
        {PIC_IDENTIFIER_RNA, "W751135663", "W751135663"},
        {PIC_IDENTIFIER_NONE, "T17-03", "T17-03"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pic_buf out;
        pic_buf_init(&out, 128);
        pic_identifier_format(cases[i].kind, pic_span_text(cases[i].canonical), &out);
        assert_string_equal(pic_buf_string(&out), cases[i].shown);
        pic_buf_release(&out);
    }
}

static void zones_are_told_apart(void **state)
{
    (void)state;
    assert_int_equal(pic_zone_of(pic_span_text("QP059001")), PIC_ZONE_QPV_2015);
    assert_int_equal(pic_zone_of(pic_span_text("QN05905M")), PIC_ZONE_QPV_2024);
    assert_int_equal(pic_zone_of(pic_span_text("59324VE01")), PIC_ZONE_VEILLE);
    assert_int_equal(pic_zone_of(pic_span_text("2A004")), PIC_ZONE_COMMUNE);
    assert_int_equal(pic_zone_of(pic_span_text("")), PIC_ZONE_NONE);
    assert_int_equal(pic_identifier_kind("theme"), PIC_IDENTIFIER_NONE);
    assert_int_equal(pic_identifier_kind("iban"), PIC_IDENTIFIER_IBAN);
    assert_false(pic_identifier_is(PIC_IDENTIFIER_NONE, pic_span_text("732829320")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_takes_what_it_should),
        cmocka_unit_test(a_missing_zero_is_proposed_never_assumed),
        cmocka_unit_test(one_wrong_digit_is_always_seen),
        cmocka_unit_test(identifiers_are_shown_in_groups),
        cmocka_unit_test(zones_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
