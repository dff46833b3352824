/* territories: the shipped districts and how a volunteer finds hers. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/base/text.h"
#include "schema/dictionary/identifiers.h"
#include "schema/dictionary/territories.h"

static struct pic_span span(const char *text)
{
    return pic_span_text(text);
}

static void the_204_districts_are_whole(void **state)
{
    const struct pic_territories *all = *state;
    size_t shared = 0;
    assert_int_equal(all->n, 204);
    for (size_t i = 0; i < all->n; i++) {
        const struct pic_territory *t = &all->all[i];
        assert_int_equal(pic_zone_of(t->code), PIC_ZONE_QPV_2024);
        assert_true(pic_identifier_is(PIC_IDENTIFIER_SIREN, t->epci));
        assert_true(t->name.n > 0 && pic_text_is_clean(t->name));
        assert_true(t->epci_name.n > 0 && pic_text_is_clean(t->epci_name));
        assert_true(t->commune_n >= 1);
        shared += t->commune_n > 1;
        for (size_t k = 0; k < t->commune_n; k++) {
            assert_true(pic_identifier_is(PIC_IDENTIFIER_INSEE, t->communes[k].insee));
            assert_true(t->communes[k].name.n > 0);
        }
        assert_ptr_equal(pic_territories_by_code(all, t->code), t);
    }
    assert_int_equal(shared, 55); /* on several communes */
    assert_null(pic_territories_by_code(all, span("QN99999Z")));
    assert_null(pic_territories_by_code(all, span("QN06245")));
    assert_null(pic_territories_by_code(all, span("")));
}

static void a_commune_and_an_epci_lead_to_their_districts(void **state)
{
    const struct pic_territories *all = *state;
    const struct pic_territory *found[4];
    assert_int_equal(pic_territories_of_commune(all, span("62570"), found, 4), 2);
    assert_true(pic_span_equal(found[0]->code, span("QN06234M")));
    assert_true(pic_span_equal(found[1]->code, span("QN06245M")));
    assert_int_equal(found[1]->commune_n, 2);
    assert_true(pic_span_equal(found[1]->communes[0].name, span("Méricourt")));
    assert_true(pic_span_equal(found[1]->communes[1].insee, span("62724")));
    /* Guesnain runs a PIC and has no QPV. */
    assert_int_equal(pic_territories_of_commune(all, span("59276"), found, 4), 0);
    /* The métropole of Lille has 26: all are counted, max are given. */
    assert_int_equal(pic_territories_of_epci(all, span("200093201"), found, 4), 26);
    assert_true(pic_span_equal(found[3]->epci, span("200093201")));
}

static void search_ignores_case_and_accents(void **state)
{
    const struct pic_territories *all = *state;
    const struct pic_territory *found[2];
    assert_int_equal(pic_territories_search(all, span("MAROC meri"), found, 2), 1);
    assert_true(pic_span_equal(found[0]->code, span("QN06245M")));
    assert_int_equal(pic_territories_search(all, span("méricourt"), found, 2), 2);
    assert_int_equal(pic_territories_search(all, span("aroc"), found, 2), 0); /* inside a word */
    assert_int_equal(pic_territories_search(all, span("maroc xyz"), found, 2), 0);
    assert_int_equal(pic_territories_search(all, span("  - "), found, 2), 0);
    assert_int_equal(pic_territories_search(all, span("\xff"), found, 2), 0);
}

int main(void)
{
    static struct pic_territories all;
    pic_territories_load(&all);
    struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(the_204_districts_are_whole, &all),
        cmocka_unit_test_prestate(a_commune_and_an_epci_lead_to_their_districts, &all),
        cmocka_unit_test_prestate(search_ignores_case_and_accents, &all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
