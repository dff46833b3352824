/* ladder: the rules of the state one by one, and the views on small cases known to the cent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "schema/state/digest.h"
#include "schema/state/ladder.h"
#include "schema/state/split.h"
#include "tests/lib/history.h"

enum { A = 10, B = 11, C = 20, SERVER = PIC_DEVICE_SERVER };

struct scene {
    struct history *h;
    struct history_state s;
    uint64_t region, town, carrier, other, fund, project;
    size_t folded; /* changes so far */
};

static void certify(struct scene *c, const char *number, uint64_t org, const char *role)
{
    (void)history_create(c->h, SERVER, org, "device", "device", number, "organisation",
                         history_ref(c->h, org), "role", role, "label", number, "signing_key",
                         number, "transport_key", number, "certified_on", "2026-01-01", NULL);
}

static void open_scene(struct scene *c)
{
    struct history *h = history_new();
    *c = (struct scene){.h = h};
    history_state_open(&c->s);
    c->region =
        history_create(h, SERVER, 0, "organisation", "kind", "region", "name", "Région", NULL);
    c->town =
        history_create(h, SERVER, 0, "organisation", "kind", "commune", "name", "Ville", NULL);
    c->carrier =
        history_create(h, SERVER, 0, "organisation", "kind", "association", "name", "ADCM", NULL);
    c->other = history_create(h, SERVER, 0, "organisation", "kind", "association", "name",
                              "Interval", NULL);
    certify(c, "10", c->carrier, "tresorerie");
    certify(c, "11", c->carrier, "saisie");
    certify(c, "20", c->other, "tresorerie");
    c->fund = history_create(h, SERVER, c->carrier, "fund", "name", "PIC", "scheme", "pic", "year",
                             "2026", "carrier", history_ref(h, c->carrier), NULL);
    (void)history_create(h, SERVER, c->carrier, "share", "fund", history_ref(h, c->fund), "funder",
                         history_ref(h, c->region), "rate", "70", "amount", "700", NULL);
    (void)history_create(h, SERVER, c->carrier, "share", "fund", history_ref(h, c->fund), "funder",
                         history_ref(h, c->town), "rate", "30", "amount", "300", NULL);
    c->project =
        history_create(h, A, c->carrier, "project", "fund", history_ref(h, c->fund), "title",
                       "Loto", "asked", "400", "territories", "QN06245M 62570", NULL);
}

static void close_scene(struct scene *c)
{
    history_state_close(&c->s);
    history_free(c->h);
}

static uint64_t decide(struct scene *c, uint32_t device, const char *outcome, const char *amount)
{
    return history_create(c->h, device, c->carrier, "decision", "project",
                          history_ref(c->h, c->project), "outcome", outcome, "amount", amount,
                          NULL);
}

static uint64_t reverse(struct scene *c, uint32_t device, uint64_t audience, uint64_t about)
{
    return history_create(c->h, device, audience, "reversal", "about", history_ref(c->h, about),
                          "reason", "erreur", NULL);
}

/* Folds what was not folded yet; the verdict of the last change. */
static int fold(struct scene *c)
{
    int verdict = PIC_OK;
    for (; c->folded < c->h->n; c->folded++)
        history_fold_one(c->h, c->folded, c->s.state, &verdict);
    assert_int_equal(pic_state_flush(c->s.state), PIC_OK);
    return verdict;
}

static int64_t total(struct scene *c, enum pic_ladder_measure measure)
{
    const struct pic_ladder_ask ask = pic_ladder_ask_all(PIC_BY_NOTHING);
    struct pic_err err = {0};
    int64_t m[PIC_LADDER_MEASURES];
    assert_int_equal(pic_ladder_total(&c->s.db, &ask, m, &err), PIC_OK);
    return m[measure];
}

/* A measure of the row with a label; the test fails when there is none. */
static int64_t row_of(struct scene *c, struct pic_ladder_ask ask, const char *label,
                      enum pic_ladder_measure measure)
{
    struct pic_err err = {0};
    struct pic_ladder *ladder;
    struct pic_ladder_row row;
    bool more = true;
    int64_t found = INT64_MIN;
    assert_int_equal(pic_ladder_open(&c->s.db, &ask, &ladder, &err), PIC_OK);
    while (pic_ladder_next(ladder, &row, &more) == PIC_OK && more)
        if (pic_span_equal(row.label, pic_span_text(label)))
            found = row.measures[measure];
    pic_ladder_close(ladder);
    if (found == INT64_MIN)
        fail_msg("no row %s", label);
    return found;
}

/* --- splits --- */

static void parts_add_up_whatever_the_amount(void **state)
{
    (void)state;
    const int64_t weights[] = {7000, 3000, 0, 1};
    int64_t parts[4];
    pic_split(33333, weights, 2, parts);
    assert_true(parts[0] == 23333 && parts[1] == 10000);
    for (int64_t cents = -5000; cents <= 5000; cents++) {
        pic_split(cents, weights, 4, parts);
        assert_int_equal(parts[0] + parts[1] + parts[2] + parts[3], cents);
        int64_t mirror[4];
        pic_split(-cents, weights, 4, mirror);
        for (int i = 0; i < 4; i++)
            assert_int_equal(parts[i], -mirror[i]);
    }
    const int64_t zero[] = {0, 0};
    pic_split(10, zero, 2, parts);
    assert_true(parts[0] == 10 && parts[1] == 0);
    pic_split(INT64_MAX, weights, 4, parts);
    assert_true(parts[0] + parts[1] + parts[2] + parts[3] == INT64_MAX);
}

/* --- the ladder --- */

static void a_grant_is_split_among_funders_and_places(void **state)
{
    (void)state;
    struct scene c;
    open_scene(&c);
    (void)decide(&c, A, "accorde", "333,33");
    assert_int_equal(fold(&c), PIC_OK);
    struct pic_ladder_ask ask = pic_ladder_ask_all(PIC_BY_FUNDER);
    assert_int_equal(row_of(&c, ask, "Région", PIC_LADDER_GRANTED), 23333);
    assert_int_equal(row_of(&c, ask, "Ville", PIC_LADDER_GRANTED), 10000);
    assert_int_equal(row_of(&c, ask, "Ville", PIC_LADDER_REMAINING), 20000);
    /* QN06245M lies on two communes: they stay together; 62570 alone is another row. */
    ask = pic_ladder_ask_all(PIC_BY_COMMUNE);
    assert_int_equal(row_of(&c, ask, "Méricourt + Rouvroy", PIC_LADDER_GRANTED), 11666 + 5000);
    assert_int_equal(row_of(&c, ask, "Méricourt", PIC_LADDER_GRANTED), 11667 + 5000);
    assert_int_equal(
        row_of(&c, pic_ladder_ask_all(PIC_BY_THEME), "non renseigné", PIC_LADDER_GRANTED), 33333);
    assert_int_equal(row_of(&c, pic_ladder_ask_all(PIC_BY_NOTHING), "Ensemble", PIC_LADDER_GRANTED),
                     total(&c, PIC_LADDER_GRANTED));
    ask = pic_ladder_ask_all(PIC_BY_YEAR);
    ask.commune = "62570"; /* both touch it */
    assert_int_equal(row_of(&c, ask, "2026", PIC_LADDER_GRANTED), 33333);
    assert_false(pic_ladder_knows(&ask, PIC_LADDER_ENVELOPE));
    ask.commune = "59512";
    struct pic_err err = {0};
    int64_t m[PIC_LADDER_MEASURES];
    assert_int_equal(pic_ladder_total(&c.s.db, &ask, m, &err), PIC_OK);
    assert_int_equal(m[PIC_LADDER_GRANTED], 0);
    close_scene(&c);
}

/* A project of 64 places in a fund of 64 funders: more cells than gather in memory. */
static void the_widest_project_finds_room(void **state)
{
    (void)state;
    struct scene c;
    char places[1024] = "";
    open_scene(&c);
    for (int i = 0; i < 64; i++)
        (void)snprintf(places + strlen(places), sizeof places - strlen(places), "%s59%03d",
                       i == 0 ? "" : " ", i + 1);
    for (int i = 0; i < 62; i++)
        (void)history_create(c.h, SERVER, c.carrier, "share", "fund", history_ref(c.h, c.fund),
                             "funder", history_ref(c.h, c.region), "rate", "1", NULL);
    (void)history_create(c.h, A, c.carrier, "project", "fund", history_ref(c.h, c.fund), "title",
                         "Partout", "asked", "123 456,78", "territories", places, NULL);
    assert_int_equal(fold(&c), PIC_OK);
    assert_int_equal(total(&c, PIC_LADDER_ASKED), 40000 + 12345678);
    close_scene(&c);
}

static int take_fact(void *context, const struct pic_ladder_fact *fact)
{
    int64_t *sum = context;
    sum[fact->counts] += fact->cents;
    sum[2]++;
    return PIC_OK;
}

static void a_project_leads_to_its_facts(void **state)
{
    (void)state;
    struct scene c;
    struct pic_err err = {0};
    int64_t sum[3] = {0};
    open_scene(&c);
    (void)decide(&c, A, "accorde", "100");
    uint64_t second = decide(&c, A, "accorde", "10");
    (void)reverse(&c, A, c.carrier, second);
    (void)history_create(c.h, A, c.carrier, "payment", "project", history_ref(c.h, c.project),
                         "kind", "avance", "amount", "1", "paid_on", "2026-05-01", NULL);
    assert_int_equal(fold(&c), PIC_OK);
    assert_int_equal(pic_ladder_facts(&c.s.db, c.project, take_fact, sum, &err), PIC_OK);
    assert_int_equal(sum[2], 3);
    assert_int_equal(sum[true], 10000 + 100);
    assert_int_equal(sum[false], 1000);
    close_scene(&c);
}

/* --- the rules of the state --- */

static void the_latest_decision_counts(void **state)
{
    (void)state;
    struct scene c;
    open_scene(&c);
    (void)decide(&c, A, "accorde", "300");
    uint64_t late = c.h->stamp;
    (void)decide(&c, B, "refuse", "");
    c.h->stamp = late - 1; /* it comes last and is older */
    (void)decide(&c, A, "accorde", "200");
    assert_int_equal(fold(&c), PIC_OK);
    assert_int_equal(total(&c, PIC_LADDER_GRANTED), 0);
    close_scene(&c);
}

static void f4_of_two_reversals_the_first_written_counts(void **state)
{
    (void)state;
    struct scene c;
    open_scene(&c);
    uint64_t decision = decide(&c, A, "accorde", "300");
    uint64_t stamp = c.h->stamp;
    (void)reverse(&c, B, c.carrier, decision);
    c.h->stamp = stamp - 1;
    uint64_t first = reverse(&c, A, c.carrier, decision);
    assert_int_equal(fold(&c), PIC_OK);
    assert_true((uint64_t)history_number(&c.s, "SELECT reversed FROM decision") == first);
    assert_int_equal(total(&c, PIC_LADDER_GRANTED), 0);
    close_scene(&c);
}

static void f3_a_fact_is_never_edited(void **state)
{
    (void)state;
    struct scene c;
    open_scene(&c);
    uint64_t decision = decide(&c, A, "accorde", "300");
    assert_int_equal(fold(&c), PIC_OK);
    (void)history_edit(c.h, A, c.carrier, "decision", decision, &decision, 1, "amount", "1", NULL);
    assert_int_equal(fold(&c), PIC_QIMMUTABLE);
    (void)history_edit(c.h, A, c.carrier, "decision", decision, &decision, 1, "cancelled", "non",
                       NULL);
    assert_int_equal(fold(&c), PIC_QIMMUTABLE);
    assert_int_equal(total(&c, PIC_LADDER_GRANTED), 30000);
    close_scene(&c);
}

static void nobody_writes_what_is_not_theirs(void **state)
{
    (void)state;
    struct scene c;
    open_scene(&c);
    uint64_t share =
        history_create(c.h, SERVER, c.carrier, "share", "fund", history_ref(c.h, c.fund), "funder",
                       history_ref(c.h, c.town), NULL);
    uint64_t transfer =
        history_create(c.h, SERVER, c.carrier, "transfer", "share", history_ref(c.h, share),
                       "amount", "5", "received_on", "2026-03-01", NULL);
    assert_int_equal(fold(&c), PIC_OK);
    (void)history_create(c.h, B, c.carrier, "payment", "project", history_ref(c.h, c.project),
                         "kind", "avance", "amount", "1", "paid_on", "2026-05-01", NULL);
    assert_int_equal(fold(&c), PIC_QROLE);
    (void)history_create(c.h, C, c.carrier, "committee", "fund", history_ref(c.h, c.fund),
                         "held_on", "2026-05-01", NULL);
    assert_int_equal(fold(&c), PIC_QSCOPE);
    (void)history_create(c.h, C, c.other, "committee", "fund", history_ref(c.h, c.fund), "held_on",
                         "2026-05-01", NULL);
    assert_int_equal(fold(&c), PIC_QSCOPE);
    (void)reverse(&c, A, c.carrier, transfer); /* what the Region alone writes */
    assert_int_equal(fold(&c), PIC_QROLE);
    (void)reverse(&c, SERVER, PIC_AUDIENCE_SERVER, transfer); /* where its owner cannot see it */
    assert_int_equal(fold(&c), PIC_QSCOPE);
    (void)reverse(&c, SERVER, c.carrier, transfer);
    assert_int_equal(fold(&c), PIC_OK);
    assert_int_equal(total(&c, PIC_LADDER_TRANSFERRED), 0);
    close_scene(&c);
}

/* --- siblings --- */

static void concurrent_amounts_wait_for_a_person(void **state)
{
    (void)state;
    struct scene c;
    open_scene(&c);
    uint64_t seen[2];
    seen[0] =
        history_edit(c.h, A, c.carrier, "project", c.project, &c.project, 1, "asked", "500", NULL);
    seen[1] =
        history_edit(c.h, B, c.carrier, "project", c.project, &c.project, 1, "asked", "600", NULL);
    assert_int_equal(fold(&c), PIC_OK);
    assert_int_equal(history_number(&c.s, "SELECT count(*) FROM conflict"), 1);
    assert_int_equal(total(&c, PIC_LADDER_ASKED), 60000);
    (void)history_edit(c.h, A, c.carrier, "project", c.project, seen, 2, "asked", "550", NULL);
    assert_int_equal(fold(&c), PIC_OK);
    assert_int_equal(history_number(&c.s, "SELECT count(*) FROM conflict"), 0);
    assert_int_equal(total(&c, PIC_LADDER_ASKED), 55000);
    close_scene(&c);
}

/* Three sets in one change, each beside another device's: no text may overwrite another's. */
static void concurrent_sets_join(void **state)
{
    (void)state;
    struct scene c;
    open_scene(&c);
    (void)history_edit(c.h, A, c.carrier, "project", c.project, &c.project, 1, "territories",
                       "QN05913M", "themes", "O24-1 O24-2", "priorities", "emploi", "title",
                       "Grand loto", NULL);
    uint64_t stamp = c.h->stamp;
    c.h->stamp = stamp - (UINT64_C(86400000) << 16);
    (void)history_edit(c.h, B, c.carrier, "project", c.project, &c.project, 1, "territories",
                       "59512", "themes", "O24-3", "priorities", "rev3", "title", "Petit loto",
                       NULL);
    assert_int_equal(fold(&c), PIC_OK);
    assert_int_equal(
        history_number(&c.s, "SELECT territories = '59512 QN05913M' AND themes = 'O24-1 O24-2 "
                             "O24-3' AND priorities = 'emploi rev3' AND title = 'Grand loto'"
                             " FROM project"),
        1);
    close_scene(&c);
}

/* A hundred writers who saw nothing: the state goes on, and the latest is shown. */
static void a_crowd_of_siblings_stops_nothing(void **state)
{
    (void)state;
    struct scene c;
    char title[32];
    open_scene(&c);
    for (unsigned i = 0; i < 100; i++) {
        uint64_t ghost = pic_dot(B, UINT64_C(1000) + i);
        (void)snprintf(title, sizeof title, "Titre %u", i);
        (void)history_edit(c.h, A, c.carrier, "project", c.project, &ghost, 1, "title", title,
                           NULL);
    }
    assert_int_equal(fold(&c), PIC_OK);
    assert_int_equal(history_number(&c.s, "SELECT title = 'Titre 99' FROM project"), 1);
    close_scene(&c);
}

/* --- waiting --- */

/* A long chain that waits for its first link, folded from its end. */
static void what_waits_comes_in_when_it_can(void **state)
{
    (void)state;
    enum { LINKS = 3000 };
    struct scene c;
    open_scene(&c);
    size_t first = c.h->n;
    uint64_t last = 0;
    for (size_t i = 0; i < LINKS; i++) {
        const char *about = history_ref(c.h, i == 0 ? c.project : last);
        last = history_create(c.h, A, c.carrier, "document", "about", about, "blob", "x", "name",
                              "IMG", NULL);
    }
    for (size_t i = 0; i < first - 1; i++) /* all but the project */
        history_fold_one(c.h, i, c.s.state, NULL);
    for (size_t i = c.h->n; i > first; i--) {
        int verdict;
        history_fold_one(c.h, i - 1, c.s.state, &verdict);
        assert_int_equal(verdict, PIC_QUNKNOWN);
    }
    assert_int_equal(history_number(&c.s, "SELECT count(*) FROM quarantine"), LINKS);
    history_fold_one(c.h, first - 1, c.s.state, NULL);
    assert_int_equal(history_number(&c.s, "SELECT count(*) FROM quarantine"), 0);
    assert_int_equal(history_number(&c.s, "SELECT count(*) FROM document"), LINKS);
    close_scene(&c);
}

/* A reference to a row of another kind is wrong before and after that row arrives. */
static void a_wrong_kind_does_not_wait_for_ever(void **state)
{
    (void)state;
    struct scene c;
    open_scene(&c);
    uint64_t next = pic_dot(A, c.h->seq[A] + 2);
    (void)history_create(c.h, A, c.carrier, "project", "fund", history_ref(c.h, next), "title",
                         "Sans fonds", NULL);
    assert_int_equal(fold(&c), PIC_QUNKNOWN);
    assert_int_equal(history_create(c.h, A, c.carrier, "project", "fund", history_ref(c.h, c.fund),
                                    "title", "Autre", NULL),
                     next);
    assert_int_equal(fold(&c), PIC_OK);
    assert_int_equal(history_number(&c.s, "SELECT count(*) FROM quarantine WHERE waits_for = 0"),
                     1);
    close_scene(&c);
}

/* --- digests --- */

static void a_digest_tells_one_value_from_another(void **state)
{
    (void)state;
    struct scene a;
    struct scene b;
    uint8_t x[PIC_HASH_SIZE];
    uint8_t y[PIC_HASH_SIZE];
    struct pic_state_difference d;
    bool differs;
    open_scene(&a);
    assert_int_equal(fold(&a), PIC_OK);
    open_scene(&b);
    b.h->stamp -= UINT64_C(60000) << 16;
    b.h->n--; /* the last change again, with another title */
    pic_buf_release(&b.h->items[b.h->n].change);
    b.h->seq[A]--;
    (void)history_create(b.h, A, b.carrier, "project", "fund", history_ref(b.h, b.fund), "title",
                         "Lotos", "asked", "400", "territories", "QN06245M 62570", NULL);
    assert_int_equal(fold(&b), PIC_OK);
    assert_int_equal(pic_state_digest(&a.s.db, "project", x), PIC_OK);
    assert_int_equal(pic_state_digest(&b.s.db, "project", y), PIC_OK);
    assert_memory_not_equal(x, y, sizeof x);
    assert_int_equal(pic_state_digest(&a.s.db, "rollup", x), PIC_OK);
    assert_int_equal(pic_state_digest(&b.s.db, "rollup", y), PIC_OK);
    assert_memory_equal(x, y, sizeof x);
    assert_int_equal(pic_state_compare(&a.s.db, &b.s.db, "project", &differs, &d), PIC_OK);
    assert_true(differs && d.row == 0);
    assert_non_null(strstr(pic_buf_string(&d.right), "title=Lotos"));
    pic_buf_release(&d.left);
    pic_buf_release(&d.right);
    assert_int_equal(pic_state_digest(&a.s.db, "sqlite_schema", x), PIC_ENOT_FOUND);
    close_scene(&b);
    close_scene(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_add_up_whatever_the_amount),
        cmocka_unit_test(a_grant_is_split_among_funders_and_places),
        cmocka_unit_test(the_widest_project_finds_room),
        cmocka_unit_test(a_project_leads_to_its_facts),
        cmocka_unit_test(the_latest_decision_counts),
        cmocka_unit_test(f4_of_two_reversals_the_first_written_counts),
        cmocka_unit_test(f3_a_fact_is_never_edited),
        cmocka_unit_test(nobody_writes_what_is_not_theirs),
        cmocka_unit_test(concurrent_amounts_wait_for_a_person),
        cmocka_unit_test(concurrent_sets_join),
        cmocka_unit_test(a_crowd_of_siblings_stops_nothing),
        cmocka_unit_test(what_waits_comes_in_when_it_can),
        cmocka_unit_test(a_wrong_kind_does_not_wait_for_ever),
        cmocka_unit_test(a_digest_tells_one_value_from_another),
    };
    return cmocka_run_group_tests_name("ladder", tests, NULL, NULL);
}
