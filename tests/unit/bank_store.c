/* The bank in a real store: imports, matches, and the money ladder that moves with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protocol/crypto/keys.h"
#include "server/bank/format.h"
#include "server/bank/habit.h"
#include "server/bank/import.h"
#include "server/bank/match_store.h"
#include "server/create.h"
#include "server/file.h"

enum { TREASURER = 42, FILE_MAX = 1 << 16, INPUTS_MAX = 8 };

/* A store with an association, its fund, its treasurer's laptop and a project paid twice. */
struct place {
    char base[64], folder[96], authority[96];
    struct pic_server server;
    uint64_t organisation, fund, project, advance, balance, transfer;
};

struct typed {
    const char *column, *text;
};

static size_t inputs_of(const struct pic_entity *entity, const struct typed *fields,
                        struct pic_input inputs[static INPUTS_MAX])
{
    size_t n = 0;
    for (; fields[n].column != NULL; n++)
        inputs[n] = (struct pic_input){.field = pic_entity_by_column(entity, fields[n].column),
                                       .typed = fields[n].text};
    return n;
}

static void must(int status, const struct pic_err *err)
{
    if (status != PIC_OK)
        fail_msg("%s %s %s %s", pic_status_name(status), err->arg[0], err->arg[1], err->arg[2]);
}

/* Recorded by the central team. */
static uint64_t record(struct place *p, unsigned number, const struct typed *fields)
{
    const struct pic_entity *entity = pic_dictionary_entity(number);
    struct pic_input inputs[INPUTS_MAX];
    struct pic_err err = {0};
    uint64_t dot = 0;
    size_t n = inputs_of(entity, fields, inputs);
    must(pic_record_one(&p->server, entity, 0, inputs, n, &dot, &err), &err);
    return dot;
}

/* Written by the treasurer: folded as it would be once it arrived. */
static uint64_t fold(struct place *p, unsigned number, uint64_t seq, const struct typed *fields)
{
    static struct pic_entry entry;
    const struct pic_entity *entity = pic_dictionary_entity(number);
    struct pic_state *state = pic_server_state(&p->server);
    struct pic_projector *projector = p->server.projector;
    struct pic_input inputs[INPUTS_MAX];
    struct pic_err err = {0};
    struct pic_clock clock = pic_projector_clock(projector);
    uint64_t dot = pic_dot(TREASURER, seq);
    int verdict;
    size_t n = inputs_of(entity, fields, inputs);
    must(pic_projector_begin(projector, &err), &err);
    must(pic_entry_build(state, entity, 0, TREASURER, inputs, n, &entry, &err), &err);
    pic_entry_stamp(&entry, dot, pic_clock_tick(&clock, 0));
    must(pic_state_fold(state, &entry.change, p->organisation, &verdict), &err);
    assert_int_equal(verdict, PIC_OK);
    pic_entry_release(&entry);
    must(pic_projector_commit(projector, pic_projector_position(projector), &clock, &err), &err);
    return dot;
}

static void certify_treasurer(struct place *p, const char *organisation)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_DEVICE);
    const struct typed fields[] = {
        {"device", "42"},    {"organisation", organisation}, {"role", "tresorerie"},
        {"label", "Samira"}, {"certified_on", "2026-01-05"}, {0}};
    const uint8_t key[PIC_KEY_SIZE] = {1};
    const struct pic_value value = {.kind = PIC_KIND_BYTES, .s = pic_span_of(key, sizeof key)};
    struct pic_input inputs[INPUTS_MAX];
    struct pic_err err = {0};
    size_t n = inputs_of(entity, fields, inputs);
    inputs[n++] =
        (struct pic_input){.field = pic_entity_by_column(entity, "signing_key"), .value = &value};
    inputs[n++] =
        (struct pic_input){.field = pic_entity_by_column(entity, "transport_key"), .value = &value};
    must(pic_record_one(&p->server, entity, 0, inputs, n, NULL, &err), &err);
}

static void dot_text(uint64_t dot, char out[static 32])
{
    struct pic_buf b;
    pic_buf_init(&b, 31);
    pic_dot_print(dot, &b);
    (void)snprintf(out, 32, "%s", pic_buf_string(&b));
    pic_buf_release(&b);
}

static void furnish(struct place *p)
{
    char org[32];
    char fund[32];
    char share[32];
    char project[32];
    const struct typed association[] = {{"name", "ADCM Méricourt"}, {"kind", "association"}, {0}};
    p->organisation = record(p, PIC_ORGANISATION, association);
    const struct typed region[] = {{"name", "Région Hauts-de-France"}, {"kind", "region"}, {0}};
    uint64_t funder = record(p, PIC_ORGANISATION, region);
    dot_text(p->organisation, org);
    const struct typed a_fund[] = {
        {"name", "PIC 2026"}, {"scheme", "pic"}, {"year", "2026"}, {"carrier", org}, {0}};
    p->fund = record(p, PIC_FUND, a_fund);
    dot_text(p->fund, fund);
    dot_text(funder, share);
    const struct typed a_share[] = {{"fund", fund}, {"funder", share}, {"rate", "100"}, {0}};
    dot_text(record(p, PIC_SHARE, a_share), share);
    const struct typed a_transfer[] = {{"share", share},
                                       {"amount", "3500,00"},
                                       {"received_on", "2026-06-01"},
                                       {"reference", "MANDAT-2026-0117"},
                                       {0}};
    p->transfer = record(p, PIC_TRANSFER, a_transfer);
    certify_treasurer(p, org);
    const struct typed a_project[] = {{"fund", fund}, {"title", "Thé dansant des aînés"}, {0}};
    p->project = fold(p, PIC_PROJECT, 17, a_project);
    dot_text(p->project, project);
    const struct typed advance[] = {{"project", project},  {"kind", "avance"},
                                    {"amount", "480,00"},  {"paid_on", "2026-06-16"},
                                    {"means", "virement"}, {0}};
    p->advance = fold(p, PIC_PAYMENT, 31, advance);
    const struct typed balance[] = {{"project", project},
                                    {"kind", "solde"},
                                    {"amount", "92,40"},
                                    {"paid_on", "2026-06-15"},
                                    {"means", "cheque"},
                                    {"bank_reference", "451"},
                                    {0}};
    p->balance = fold(p, PIC_PAYMENT, 32, balance);
}

static int setup(void **state)
{
    static struct place p;
    struct pic_err err = {0};
    memset(&p, 0, sizeof p);
    (void)snprintf(p.base, sizeof p.base, "/tmp/pic-unit-bank-XXXXXX");
    assert_non_null(mkdtemp(p.base));
    (void)snprintf(p.folder, sizeof p.folder, "%s/d", p.base);
    (void)snprintf(p.authority, sizeof p.authority, "%s/autorite.cle", p.base);
    const struct pic_create plan = {
        .name = "Serveur d'essai", .authority_out = p.authority, .now_ms = pic_server_now_ms()};
    must(pic_server_create(p.folder, &plan, &err), &err);
    must(pic_server_open(p.folder, 0, &p.server, &err), &err);
    furnish(&p);
    *state = &p;
    return 0;
}

static int remove_one(const char *path, const struct stat *about, int flag, struct FTW *at)
{
    (void)about;
    (void)flag;
    (void)at;
    return remove(path);
}

static int teardown(void **state)
{
    struct place *p = *state;
    pic_server_close(&p->server);
    assert_int_equal(nftw(p->base, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    return 0;
}

/* --- helpers --- */

static int64_t number(struct place *p, const char *sql)
{
    struct pic_err err = {0};
    bool found;
    sqlite3_stmt *stmt = pic_db_prepare(pic_server_db(&p->server), sql, &err);
    must(err.status, &err);
    must(pic_db_step(stmt, &found), &err);
    int64_t value = found ? sqlite3_column_int64(stmt, 0) : -1;
    (void)sqlite3_finalize(stmt);
    return value;
}

/* What an import says and does: the statuses and figures that matter. */
struct outcome {
    int status;
    struct pic_err err;
    size_t known, fresh, late, breaks;
};

static struct outcome import_bytes(struct place *p, struct pic_span bytes, uint64_t fund)
{
    struct outcome o = {0};
    struct pic_statements s;
    struct pic_import plan = {0};
    struct pic_record *record = NULL;
    const struct pic_import_options options = {.fund = fund};
    must(pic_format_read("auto", bytes, "300040123400010123456", &s, &o.err), &o.err);
    must(pic_record_begin(&p->server, &record, &o.err), &o.err);
    o.status = pic_import_plan(pic_server_db(&p->server), &s, bytes, &options, &plan, &o.err);
    if (o.status == PIC_OK) {
        o.known = plan.items[0].known_n;
        o.fresh = plan.new_n;
        o.late = plan.items[0].late_n;
        o.breaks = pic_import_item_breaks(&plan.items[0]);
        must(pic_import_record(record, &plan, "releve", &o.err), &o.err);
        must(pic_record_commit(record, &o.err), &o.err);
    } else {
        pic_record_abort(record);
    }
    pic_import_release(&plan);
    pic_statements_release(&s);
    return o;
}

static struct outcome import_file(struct place *p, const char *path, uint64_t fund)
{
    struct pic_buf file;
    struct pic_err err = {0};
    pic_buf_init(&file, FILE_MAX);
    must(pic_file_get(path, &file, &err), &err);
    struct outcome o = import_bytes(p, pic_buf_view(&file), fund);
    pic_buf_release(&file);
    return o;
}

static struct outcome import_text(struct place *p, const char *text)
{
    return import_bytes(p, pic_span_text(text), 0);
}

static const char june[] = "tests/vectors/bank/june.cfonb";

/* --- imports --- */

static void i1_the_same_file_is_refused_with_the_number_of_the_first(void **state)
{
    struct place *p = *state;
    struct outcome first = import_file(p, june, p->fund);
    assert_int_equal(first.status, PIC_OK);
    assert_int_equal(first.fresh, 5);
    assert_int_equal(first.breaks, 0);
    struct outcome again = import_file(p, june, p->fund);
    char expected[32];
    assert_int_equal(again.status, PIC_ESTATEMENT_KNOWN);
    dot_text((uint64_t)number(p, "SELECT id FROM statement"), expected);
    assert_string_equal(again.err.arg[0], expected);
    assert_int_equal(number(p, "SELECT count(*) FROM bank_line"), 5);
}

static void i2_lines_of_an_overlapping_statement_are_known(void **state)
{
    struct place *p = *state;
    assert_int_equal(import_file(p, june, p->fund).fresh, 5);
    struct outcome next = import_text(p, "date;libellé;montant;solde\n"
                                         "19/06/2026;CHEQUE 0000451;-92,40;15407,77\n"
                                         "19/06/2026;Chèque 0000451;-92,40;15315,37\n"
                                         "30/06/2026;FRAIS TENUE COMPTE;-3,15;15312,22\n"
                                         "30/06/2026;FRAIS TENUE COMPTE;-3,15;15309,07\n"
                                         "01/07/2026;VIR LOYER;-100,00;15209,07\n");
    assert_int_equal(next.status, PIC_OK);
    assert_int_equal(next.known, 3);
    assert_int_equal(next.fresh, 2);
    assert_int_equal(next.late, 0);   /* the last day of June was perhaps not over */
    assert_int_equal(next.breaks, 1); /* but the bank had closed it at another balance */
    assert_int_equal(number(p, "SELECT count(*) FROM bank_line"), 7);
    assert_int_equal(number(p, "SELECT max(occurrence) FROM bank_line WHERE amount = -315"), 2);
    /* I5: the fund is remembered. */
    assert_int_equal(number(p, "SELECT count(DISTINCT fund) FROM bank_line"), 1);
    assert_int_equal(number(p, "SELECT fund FROM bank_line ORDER BY id DESC"), (int64_t)p->fund);
}

static void i3_balances_are_compared_with_both_neighbours(void **state)
{
    struct place *p = *state;
    assert_int_equal(import_file(p, june, p->fund).fresh, 5);
    /* July does not open where June closed. */
    assert_int_equal(
        import_text(p, "date;libellé;montant;solde\n03/07/2026;a;1,00;15312,22\n").breaks, 1);
    /* August does, and so does May, which ends where June begins. */
    assert_int_equal(
        import_text(p, "date;libellé;montant;solde\n03/08/2026;a;1,00;15313,22\n").breaks, 0);
    assert_int_equal(
        import_text(p, "date;libellé;montant;solde\n03/05/2026;a;1,00;12480,17\n").breaks, 0);
    /* April does not end where May begins. */
    assert_int_equal(
        import_text(p, "date;libellé;montant;solde\n03/04/2026;a;1,00;12480,17\n").breaks, 1);
}

static void i3_without_a_balance_the_one_before_is_taken(void **state)
{
    struct place *p = *state;
    static const char july[] = "date;libellé;montant\n03/07/2026;a;-12,22\n";
    struct outcome alone = import_text(p, july);
    assert_int_equal(alone.status, PIC_ESTATEMENT_BALANCE);
    assert_int_equal(import_file(p, june, p->fund).fresh, 5);
    assert_int_equal(import_text(p, july).status, PIC_OK);
    assert_int_equal(number(p, "SELECT closing FROM statement ORDER BY id DESC"), 1530000);
}

static void i4_a_new_line_in_a_period_already_imported_is_told(void **state)
{
    struct place *p = *state;
    assert_int_equal(import_file(p, june, p->fund).fresh, 5);
    struct outcome o = import_file(p, "tests/vectors/bank/june.csv", p->fund);
    assert_int_equal(o.known, 3);
    assert_int_equal(o.fresh, 2);
    assert_int_equal(o.late, 2);
}

/* Imports a table as the command does; what the person says may be NULL. */
static int import_table(struct place *p, const char *text, const char *account, const char *columns)
{
    struct pic_habit habit = {.account = account, .columns = columns};
    struct pic_span bytes = pic_span_text(text);
    const int64_t opening = 0;
    const struct pic_import_options options = {.opening = &opening};
    struct pic_statements s;
    struct pic_import plan = {0};
    struct pic_record *record;
    struct pic_err err = {0};
    int status = pic_habit_read(pic_server_db(&p->server), "auto", bytes, &habit, &s, &err);
    if (status == PIC_OK) {
        must(pic_record_begin(&p->server, &record, &err), &err);
        must(pic_import_plan(pic_server_db(&p->server), &s, bytes, &options, &plan, &err), &err);
        must(pic_import_record(record, &plan, "table.csv", &err), &err);
        must(pic_record_commit(record, &err), &err);
    }
    pic_import_release(&plan);
    pic_statements_release(&s);
    return status;
}

static void the_next_table_of_a_bank_needs_no_options(void **state)
{
    struct place *p = *state;
    static const char june_table[] = "Jour;Somme;Texte\n02/06/2026;12,00;DON\n";
    static const char july_table[] = "Jour;Somme;Texte\n02/07/2026;-5,00;FRAIS\n";
    assert_int_equal(import_table(p, june_table, "FR 00012", NULL), PIC_ESTATEMENT);
    assert_int_equal(import_table(p, june_table, NULL, "date=Jour;montant=Somme"), PIC_ESTATEMENT);
    assert_int_equal(import_table(p, june_table, "00012", "quand=Jour"), PIC_ESTATEMENT);
    assert_int_equal(
        import_table(p, june_table, "00012", "date=Jour, montant=Somme, libelle=Texte"), PIC_OK);
    assert_int_equal(import_table(p, july_table, NULL, NULL), PIC_OK);
    assert_int_equal(number(p, "SELECT count(*) FROM bank_line WHERE account = '00012'"
                               " AND label IN ('DON', 'FRAIS')"),
                     2);
    /* Two accounts of one bank: which one has to be said. */
    assert_int_equal(import_table(p, "Jour;Somme;Texte\n03/07/2026;1,00;A\n", "00013", NULL),
                     PIC_OK);
    assert_int_equal(import_table(p, "Jour;Somme;Texte\n04/07/2026;1,00;B\n", NULL, NULL),
                     PIC_ESTATEMENT);
}

/* --- matches --- */

static int64_t matched(struct place *p)
{
    return number(p, "SELECT coalesce(sum(matched), 0) FROM rollup");
}

/* Records all certain matches; returns how many. */
static size_t post_certain(struct place *p)
{
    struct pic_waiting w;
    struct pic_record *record;
    struct pic_err err = {0};
    size_t n = 0;
    must(pic_record_begin(&p->server, &record, &err), &err);
    must(pic_waiting_load(pic_server_db(&p->server), NULL, &w, &err), &err);
    for (size_t i = 0; i < w.line_n; i++) {
        if (w.matches[i].zone != PIC_MATCH_CERTAIN)
            continue;
        must(pic_match_record(record, w.lines[i].id, w.items[w.matches[i].item].id, "certain",
                              "montant", "Nadia", NULL, &err),
             &err);
        n++;
    }
    pic_waiting_release(&w);
    if (n == 0)
        pic_record_abort(record);
    else
        must(pic_record_commit(record, &err), &err);
    return n;
}

static void the_ladder_moves_when_a_match_is_made_and_undone(void **state)
{
    struct place *p = *state;
    struct pic_err err = {0};
    struct pic_record *record;
    uint64_t match = 0;
    assert_int_equal(import_file(p, june, p->fund).fresh, 5);
    assert_int_equal(matched(p), 0);
    /* The transfer by its reference and the advance by its project; the cheque stands twice. */
    assert_int_equal(post_certain(p), 2);
    assert_int_equal(matched(p), 48000);
    assert_int_equal(number(p, "SELECT sum(paid) FROM rollup"), 48000 + 9240);
    assert_int_equal(post_certain(p), 0);
    must(pic_match_find(pic_server_db(&p->server), p->advance, &match, &err), &err);
    must(pic_record_begin(&p->server, &record, &err), &err);
    size_t undone = 0;
    must(pic_match_undo(record, pic_server_db(&p->server), match, "autre projet", "Nadia", &undone,
                        &err),
         &err);
    assert_int_equal(undone, 1);
    must(pic_record_commit(record, &err), &err);
    assert_int_equal(matched(p), 0);
    assert_int_equal(pic_match_find(pic_server_db(&p->server), p->advance, &match, &err),
                     PIC_ENOT_FOUND);
    /* Both wait again, and come together again. */
    assert_int_equal(post_certain(p), 1);
    assert_int_equal(matched(p), 48000);
}

/* Advance and balance in one transfer of the bank: one line, two matches, undone together. */
static void one_line_proves_two_payments_and_is_undone_whole(void **state)
{
    struct place *p = *state;
    struct pic_waiting w;
    struct pic_record *record;
    struct pic_err err = {0};
    size_t undone = 0;
    uint64_t match = 0;
    assert_int_equal(import_text(p, "Compte;Date;Libellé;Montant;Solde\n"
                                    "00012;20/06/2026;VIR GROUPE;-572,40;427,60\n")
                         .fresh,
                     1);
    must(pic_waiting_load(pic_server_db(&p->server), NULL, &w, &err), &err);
    assert_int_equal(w.matches[0].zone, PIC_MATCH_NONE);
    assert_int_equal(w.sums.n, 1);
    assert_int_equal(w.sums.at[0].item_n, 2);
    must(pic_record_begin(&p->server, &record, &err), &err);
    for (size_t i = 0; i < 2; i++)
        must(pic_match_record(record, w.lines[0].id, w.items[w.sums.at[0].items[i]].id, "probable",
                              "somme", "Nadia", &match, &err),
             &err);
    must(pic_record_commit(record, &err), &err);
    pic_waiting_release(&w);
    assert_int_equal(matched(p), 48000 + 9240);
    must(pic_waiting_load(pic_server_db(&p->server), NULL, &w, &err), &err);
    assert_int_equal(w.line_n, 0);
    pic_waiting_release(&w);
    must(pic_record_begin(&p->server, &record, &err), &err);
    must(pic_match_undo(record, pic_server_db(&p->server), match, "erreur", "Paul", &undone, &err),
         &err);
    must(pic_record_commit(record, &err), &err);
    assert_int_equal(undone, 2);
    assert_int_equal(matched(p), 0);
    assert_int_equal(number(p, "SELECT count(*) FROM \"match\" WHERE undone_by = 'Paul'"), 2);
}

static void what_waits_is_neither_matched_nor_cash_nor_reversed(void **state)
{
    struct place *p = *state;
    struct pic_waiting w;
    struct pic_err err = {0};
    char project[32];
    char balance[32];
    dot_text(p->project, project);
    dot_text(p->balance, balance);
    const struct typed cash[] = {{"project", project}, {"kind", "avance"},
                                 {"amount", "10,00"},  {"paid_on", "2026-06-16"},
                                 {"means", "especes"}, {0}};
    (void)fold(p, PIC_PAYMENT, 33, cash);
    const struct typed reversal[] = {{"about", balance}, {"reason", "erreur"}, {0}};
    (void)fold(p, PIC_REVERSAL, 34, reversal);
    assert_int_equal(import_file(p, june, p->fund).fresh, 5);
    assert_int_equal(post_certain(p), 2);
    must(pic_waiting_load(pic_server_db(&p->server), NULL, &w, &err), &err);
    assert_int_equal(w.item_n, 0);
    assert_int_equal(w.line_n, 3);
    assert_int_equal(pic_waiting_item(&w, p->advance), SIZE_MAX);
    pic_waiting_release(&w);
}

static void a_reversed_payment_frees_its_line(void **state)
{
    struct place *p = *state;
    struct pic_waiting w;
    struct pic_err err = {0};
    char advance[32];
    uint64_t match;
    assert_int_equal(import_file(p, june, p->fund).fresh, 5);
    assert_int_equal(post_certain(p), 2);
    dot_text(p->advance, advance);
    const struct typed reversal[] = {{"about", advance}, {"reason", "erreur"}, {0}};
    (void)fold(p, PIC_REVERSAL, 33, reversal);
    assert_int_equal(matched(p), 0);
    assert_int_equal(pic_match_find(pic_server_db(&p->server), p->advance, &match, &err),
                     PIC_ENOT_FOUND);
    must(pic_waiting_load(pic_server_db(&p->server), NULL, &w, &err), &err);
    assert_int_equal(w.line_n, 4);
    pic_waiting_release(&w);
}

static void a_plan_is_matched_before_it_is_written(void **state)
{
    struct place *p = *state;
    struct pic_buf file;
    struct pic_statements s;
    struct pic_import plan;
    struct pic_waiting w;
    struct pic_err err = {0};
    const struct pic_import_options options = {.fund = p->fund};
    pic_buf_init(&file, FILE_MAX);
    must(pic_file_get(june, &file, &err), &err);
    must(pic_format_read("auto", pic_buf_view(&file), NULL, &s, &err), &err);
    must(pic_import_plan(pic_server_db(&p->server), &s, pic_buf_view(&file), &options, &plan, &err),
         &err);
    must(pic_waiting_load(pic_server_db(&p->server), &plan, &w, &err), &err);
    assert_int_equal(w.line_n, 5);
    assert_int_equal(w.matches[0].zone, PIC_MATCH_CERTAIN);
    assert_int_equal(w.items[w.matches[0].item].id, p->transfer);
    assert_int_equal(w.matches[1].zone, PIC_MATCH_CERTAIN);
    assert_int_equal(w.items[w.matches[1].item].id, p->advance);
    assert_int_equal(w.lines[0].owner, p->organisation);
    assert_int_equal(number(p, "SELECT count(*) FROM bank_line"), 0);
    pic_waiting_release(&w);
    pic_import_release(&plan);
    pic_statements_release(&s);
    pic_buf_release(&file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(i1_the_same_file_is_refused_with_the_number_of_the_first),
        TEST(i2_lines_of_an_overlapping_statement_are_known),
        TEST(i3_balances_are_compared_with_both_neighbours),
        TEST(i3_without_a_balance_the_one_before_is_taken),
        TEST(i4_a_new_line_in_a_period_already_imported_is_told),
        TEST(the_next_table_of_a_bank_needs_no_options),
        TEST(the_ladder_moves_when_a_match_is_made_and_undone),
        TEST(one_line_proves_two_payments_and_is_undone_whole),
        TEST(what_waits_is_neither_matched_nor_cash_nor_reversed),
        TEST(a_reversed_payment_frees_its_line),
        TEST(a_plan_is_matched_before_it_is_written),
    };
    if (pic_crypto_start() != PIC_OK)
        return EXIT_FAILURE;
    return cmocka_run_group_tests_name("bank_store", tests, NULL, NULL);
}
