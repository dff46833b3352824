/* checks: each has its headings and can be prepared; each finds what it is for, and nothing where
 * all is well; no sentence tells one association about another. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "schema/state/checks.h"
#include "tests/lib/history.h"

enum { A = 10, B = 20, SERVER = PIC_DEVICE_SERVER };

/* A sound fund with one project: nothing to find. */
struct scene {
    struct history *h;
    struct history_state s;
    uint64_t region, town, carrier, other;
    uint64_t programme, fund, other_fund, project, other_project;
};

static uint64_t certify(struct scene *c, const char *number, uint64_t org)
{
    return history_create(c->h, SERVER, org, "device", "device", number, "organisation",
                          history_ref(c->h, org), "role", "tresorerie", "label", number,
                          "signing_key", number, "transport_key", number, "certified_on",
                          "2026-01-01", NULL);
}

static uint64_t add_fund(struct scene *c, uint64_t carrier, const char *name)
{
    struct history *h = c->h;
    uint64_t fund = history_create(h, SERVER, carrier, "fund", "name", name, "scheme", "pic",
                                   "year", "2026", "carrier", history_ref(h, carrier), "programme",
                                   history_ref(h, c->programme), NULL);
    (void)history_create(h, SERVER, carrier, "share", "fund", history_ref(h, fund), "funder",
                         history_ref(h, c->region), "rate", "70", "amount", "7000", NULL);
    (void)history_create(h, SERVER, carrier, "share", "fund", history_ref(h, fund), "funder",
                         history_ref(h, c->town), "rate", "30", "amount", "3000", NULL);
    return fund;
}

static uint64_t add_project(struct scene *c, uint32_t device, uint64_t org, uint64_t fund,
                            const char *amount)
{
    struct history *h = c->h;
    uint64_t project = history_create(h, device, org, "project", "fund", history_ref(h, fund),
                                      "title", "Loto", "holder_label", "Les voisins", "start_on",
                                      "2026-03-01", "end_on", "2026-06-30", "asked", amount, NULL);
    (void)history_create(h, device, org, "decision", "project", history_ref(h, project), "outcome",
                         "accorde", "amount", amount, NULL);
    return project;
}

static uint64_t add_expense(struct scene *c, uint32_t device, uint64_t org, uint64_t project,
                            const char *supplier, const char *number, const char *on,
                            const char *receipt)
{
    return history_create(c->h, device, org, "expense", "project", history_ref(c->h, project),
                          "supplier", supplier, "invoice_number", number, "invoice_on", on,
                          "amount", "45,90", "receipt", receipt, NULL);
}

static uint64_t add_organisation(struct scene *c, const char *kind, const char *name)
{
    return history_create(c->h, SERVER, 0, "organisation", "kind", kind, "name", name, NULL);
}

static void open_scene(struct scene *c)
{
    *c = (struct scene){.h = history_new()};
    history_state_open(&c->s);
    c->region = add_organisation(c, "region", "Région Hauts-de-France");
    c->town = add_organisation(c, "commune", "Ville de Méricourt");
    c->carrier = add_organisation(c, "association", "ADCM");
    c->other = add_organisation(c, "association", "Interval");
    (void)certify(c, "10", c->carrier);
    (void)certify(c, "20", c->other);
    c->programme = history_create(c->h, SERVER, 0, "programme", "name", "ITI", "eu_fund", "FEDER",
                                  "eu_max_rate", "60", "eligible_from", "2021-01-01", "eligible_to",
                                  "2029-12-31", NULL);
    c->fund = add_fund(c, c->carrier, "PIC Méricourt 2026");
    c->other_fund = add_fund(c, c->other, "PIC Croix 2026");
    c->project = add_project(c, A, c->carrier, c->fund, "800");
    c->other_project = add_project(c, B, c->other, c->other_fund, "500");
    (void)add_expense(c, A, c->carrier, c->project, "Dupont", "F-1", "2026-04-01", "photo 1");
    (void)add_expense(c, B, c->other, c->other_project, "Dupont", "F-2", "2026-04-01", "photo 2");
    (void)history_create(c->h, SERVER, 0, "operation", "programme", history_ref(c->h, c->programme),
                         "code", "HDF1", "name", "Opération", "eu_rate", "60", NULL);
    (void)history_create(c->h, SERVER, c->carrier, "rule", "fund", history_ref(c->h, c->fund),
                         "code", "plafond-action-1", "value", "900,00", "unit", "euros", "severity",
                         "bloquer", "valid_from", "2017-01-01", "article", "l'article 4", NULL);
    (void)history_create(c->h, SERVER, c->carrier, "rule", "fund", history_ref(c->h, c->fund),
                         "code", "plafond-action-2", "value", "400,00", "unit", "euros", "severity",
                         "bloquer", "valid_from", "2017-01-01", NULL);
}

static void close_scene(struct scene *c)
{
    history_state_close(&c->s);
    history_free(c->h);
}

struct found {
    const char *code; /* looked for */
    size_t n, others;
    uint64_t id[4], org[4];
    char sentence[4][512];
};

/* The text with plain spaces for the no-break ones (U+00A0, U+202F). */
static void put_plain_spaces(struct pic_span text, char *out)
{
    for (size_t i = 0; i < text.n;) {
        bool narrow = text.n - i >= 3 && memcmp(text.p + i, "\xe2\x80\xaf", 3) == 0;
        bool wide = text.n - i >= 2 && memcmp(text.p + i, "\xc2\xa0", 2) == 0;
        if (narrow || wide)
            *out++ = ' ';
        else
            memcpy(out++, text.p + i, 1);
        i += narrow ? 3U : wide ? 2U : 1U;
    }
    *out = '\0';
}

static int note(void *context, const struct pic_finding *finding)
{
    struct found *f = context;
    if (!pic_span_equal(finding->check->code, pic_span_text(f->code))) {
        f->others++;
        return PIC_OK;
    }
    assert_true(f->n < 4 && finding->sentence.n < sizeof f->sentence[0]);
    f->id[f->n] = finding->id;
    f->org[f->n] = finding->org;
    put_plain_spaces(finding->sentence, f->sentence[f->n++]);
    return PIC_OK;
}

static struct found look(struct scene *c, const char *code)
{
    struct found f = {.code = code};
    struct pic_err err = {0};
    history_fold(c->h, NULL, c->s.state);
    assert_int_equal(history_number(&c->s, "SELECT count(*) FROM quarantine"), 0);
    assert_int_equal(pic_state_flush(c->s.state), PIC_OK);
    if (pic_checks_run(&c->s.db, note, &f, &err) != PIC_OK)
        fail_msg("%s: %s", code, err.arg[0]);
    return f;
}

/* The one finding of a check, and its sentence. */
static void expect_one(struct scene *c, const char *code, uint64_t id, const char *sentence)
{
    struct found f = look(c, code);
    assert_int_equal(f.n, 1);
    assert_int_equal(f.others, 0);
    assert_true(f.id[0] == id);
    assert_string_equal(f.sentence[0], sentence);
    close_scene(c);
}

static void every_check_says_what_it_is(void **state)
{
    (void)state;
    struct scene c;
    struct pic_check check;
    struct pic_err err = {0};
    struct found f = {.code = ""};
    size_t n = 0;
    open_scene(&c);
    for (; pic_check_at(n, &check); n++) {
        struct pic_check other;
        assert_true(check.code.n > 0 && check.title.n > 0 && check.sentence.n > 0);
        for (size_t k = 0; k < n && pic_check_at(k, &other); k++)
            assert_false(pic_span_equal(check.code, other.code));
        assert_int_equal(pic_check_run(&c.s.db, &check, note, &f, &err), PIC_OK);
    }
    assert_int_equal(n, 10);
    close_scene(&c);
}

static void nothing_is_found_where_all_is_well(void **state)
{
    (void)state;
    struct scene c;
    open_scene(&c);
    struct found f = look(&c, "");
    assert_int_equal(f.others, 0);
    close_scene(&c);
}

static void envelope_overspent(void **state)
{
    (void)state;
    struct scene c;
    open_scene(&c);
    for (int i = 0; i < 11; i++)
        (void)add_project(&c, B, c.other, c.other_fund, "900");
    expect_one(&c, "enveloppe-depassee", c.other_fund,
               "Le fonds « PIC Croix 2026 » a accordé 10 400,00 € pour une enveloppe de "
               "10 000,00 €.");
}

static void pic_without_collectivity(void **state)
{
    (void)state;
    struct scene c;
    open_scene(&c);
    uint64_t fund =
        history_create(c.h, SERVER, c.carrier, "fund", "name", "PIC Lens", "scheme", "pic", "year",
                       "2026", "carrier", history_ref(c.h, c.carrier), NULL);
    (void)history_create(c.h, SERVER, c.carrier, "share", "fund", history_ref(c.h, fund), "funder",
                         history_ref(c.h, c.region), "rate", "100", NULL);
    expect_one(&c, "pic-sans-collectivite", fund,
               "Aucune commune, intercommunalité ni aucun département ne finance le fonds "
               "« PIC Lens ».");
}

static void shares_not_whole(void **state)
{
    (void)state;
    struct scene c;
    open_scene(&c);
    (void)history_create(c.h, SERVER, c.carrier, "share", "fund", history_ref(c.h, c.fund),
                         "funder", history_ref(c.h, c.town), "rate", "5", NULL);
    expect_one(&c, "parts-incompletes", c.fund,
               "Les parts des financeurs du fonds « PIC Méricourt 2026 » font 105 % en tout, et "
               "non 100 %.");
}

static void eu_rate_above_cap(void **state)
{
    (void)state;
    struct scene c;
    open_scene(&c);
    uint64_t id =
        history_create(c.h, SERVER, 0, "operation", "programme", history_ref(c.h, c.programme),
                       "code", "HDF2", "name", "Autre", "eu_rate", "60,01", NULL);
    expect_one(&c, "taux-europeen-depasse", id,
               "L'opération HDF2 compte sur 60,01 % d'Europe ; le programme « ITI » n'en permet "
               "que 60 %.");
}

/* The second action of the year has the lower cap; another fund has no rule. */
static void grant_above_cap(void **state)
{
    (void)state;
    struct scene c;
    open_scene(&c);
    (void)add_project(&c, B, c.other, c.other_fund, "5000");
    uint64_t second = add_project(&c, A, c.carrier, c.fund, "400,01");
    struct found f = look(&c, "plafond-depasse");
    assert_int_equal(f.n, 1);
    assert_int_equal(f.others, 0);
    assert_int_equal(f.id[0], second + 1); /* its decision */
    assert_string_equal(f.sentence[0],
                        "Le projet « Loto » a reçu 400,01 € ; le règlement fixe le plafond à "
                        "400,00 € (action n° 2 du porteur).");
    close_scene(&c);
}

static void paid_above_granted(void **state)
{
    (void)state;
    struct scene c;
    open_scene(&c);
    (void)history_create(c.h, A, c.carrier, "payment", "project", history_ref(c.h, c.project),
                         "kind", "avance", "amount", "800,01", "paid_on", "2026-03-01", NULL);
    (void)history_create(c.h, B, c.other, "payment", "project", history_ref(c.h, c.other_project),
                         "kind", "avance", "amount", "500", "paid_on", "2026-03-01", NULL);
    expect_one(&c, "paye-plus-qu-accorde", c.project,
               "Le projet « Loto » a été payé 800,01 € pour 800,00 € accordés.");
}

static void balance_without_report(void **state)
{
    (void)state;
    struct scene c;
    open_scene(&c);
    (void)history_create(c.h, B, c.other, "report", "project", history_ref(c.h, c.other_project),
                         "received_on", "2026-06-01", NULL);
    (void)history_create(c.h, B, c.other, "payment", "project", history_ref(c.h, c.other_project),
                         "kind", "solde", "amount", "100", "paid_on", "2026-07-01", NULL);
    uint64_t id =
        history_create(c.h, A, c.carrier, "payment", "project", history_ref(c.h, c.project), "kind",
                       "solde", "amount", "160", "paid_on", "2026-07-01", NULL);
    expect_one(&c, "solde-sans-bilan", id,
               "Le solde de 160,00 € du projet « Loto » a été payé le 01/07/2026 sans bilan.");
}

static void expense_outside_dates(void **state)
{
    (void)state;
    struct scene c;
    open_scene(&c);
    uint64_t id =
        add_expense(&c, A, c.carrier, c.project, "Martin", "M-1", "2026-07-01", "photo 3");
    (void)history_create(c.h, B, c.other, "report", "project", history_ref(c.h, c.other_project),
                         "new_end_on", "2026-09-30", NULL);
    (void)add_expense(&c, B, c.other, c.other_project, "Martin", "M-2", "2026-07-01", "photo 4");
    expect_one(&c, "depense-hors-dates", id,
               "La dépense de 45,90 € chez Martin (01/07/2026) est hors des dates du projet.");
}

static void expense_without_receipt(void **state)
{
    (void)state;
    struct scene c;
    open_scene(&c);
    uint64_t with = add_expense(&c, A, c.carrier, c.project, "Martin", "M-1", "2026-05-02", "");
    (void)history_create(c.h, A, c.carrier, "document", "about", history_ref(c.h, with), "blob",
                         "photo", "name", "IMG_1.jpg", NULL);
    uint64_t id = add_expense(&c, A, c.carrier, c.project, "Martin", "M-2", "2026-05-01", "");
    expect_one(&c, "depense-sans-justificatif", id,
               "La dépense de 45,90 € chez Martin (01/05/2026) n'a pas de justificatif.");
}

/* Both sides are told, each of its own expense; what is declared as shared is not. */
static void same_invoice(void **state)
{
    (void)state;
    struct scene c;
    open_scene(&c);
    uint64_t a =
        add_expense(&c, A, c.carrier, c.project, "DUPONT  Frères", "f 77", "2026-04-02", "photo 5");
    uint64_t b = add_expense(&c, B, c.other, c.other_project, "Dupont frères", "F-77", "2026-04-02",
                             "photo 6");
    struct found f = look(&c, "facture-en-double");
    assert_int_equal(f.n, 2);
    assert_int_equal(f.others, 0);
    assert_true(f.id[0] == a && f.org[0] == c.carrier && f.id[1] == b && f.org[1] == c.other);
    assert_string_equal(f.sentence[0], "La facture n° f 77 de DUPONT  Frères (02/04/2026, "
                                       "45,90 €) est aussi présentée ailleurs.");
    close_scene(&c);
    open_scene(&c);
    a = add_expense(&c, A, c.carrier, c.project, "Martin", "", "2026-04-02", "la même photo");
    b = add_expense(&c, B, c.other, c.other_project, "Durand", "", "2026-04-03", "la même photo");
    f = look(&c, "facture-en-double");
    assert_int_equal(f.n, 2);
    assert_true(f.id[0] == a && f.id[1] == b);
    assert_string_equal(f.sentence[0],
                        "La photo de la facture sans numéro de Martin (02/04/2026, 45,90 €) sert "
                        "aussi à une autre dépense.");
    close_scene(&c);
    open_scene(&c);
    uint64_t second = add_project(&c, A, c.carrier, c.fund, "100");
    a = add_expense(&c, A, c.carrier, c.project, "Martin", "M-9", "2026-04-02", "photo 7");
    (void)history_create(c.h, A, c.carrier, "expense", "project", history_ref(c.h, second),
                         "supplier", "Martin", "invoice_number", "M-9", "invoice_on", "2026-04-02",
                         "amount", "45,90", "receipt", "photo 7", "shared_with",
                         history_ref(c.h, a), NULL);
    f = look(&c, "facture-en-double");
    assert_int_equal(f.n, 0);
    close_scene(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_check_says_what_it_is),
        cmocka_unit_test(nothing_is_found_where_all_is_well),
        cmocka_unit_test(envelope_overspent),
        cmocka_unit_test(pic_without_collectivity),
        cmocka_unit_test(shares_not_whole),
        cmocka_unit_test(eu_rate_above_cap),
        cmocka_unit_test(grant_above_cap),
        cmocka_unit_test(paid_above_granted),
        cmocka_unit_test(balance_without_report),
        cmocka_unit_test(expense_outside_dates),
        cmocka_unit_test(expense_without_receipt),
        cmocka_unit_test(same_invoice),
    };
    return cmocka_run_group_tests_name("checks", tests, NULL, NULL);
}
