/* A laptop against a server in memory: what is recorded is never lost, whatever the line, the clock
 * or a restored backup do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/branch.h"
#include "agent/courier.h"
#include "agent/enrol.h"
#include "agent/identities.h"
#include "agent/proof.h"
#include "agent/query.h"
#include "agent/record.h"
#include "agent/seal.h"
#include "agent/status.h"
#include "protocol/crypto/vault.h"
#include "tests/lib/generator.h"
#include "tests/lib/region.h"

enum { HOUR_MS = 3600 * 1000, LOSSY_TRIES = 400, PATH_SIZE = 256 };

static const char passphrase[] = "un cheval bleu dans la mer";

/* One laptop: a folder, a clock that the test moves, its keys. */
struct laptop {
    char folder[PATH_SIZE];
    int64_t now_ms;
    struct pic_random_stream stream;
    struct pic_world world;
    struct pic_agent agent;
    struct pic_keys keys;
};

struct scene {
    struct region region;
    char folder[PATH_SIZE / 4], invitation[PATH_SIZE];
    struct laptop laptop;
};

static int64_t laptop_now(void *context)
{
    return ((struct laptop *)context)->now_ms;
}

static void laptop_prepare(struct laptop *l, const char *parent, const char *name, uint64_t seed)
{
    (void)snprintf(l->folder, sizeof l->folder, "%s/%s", parent, name);
    l->now_ms = REGION_NOW_MS;
    l->world = (struct pic_world){
        .now_ms = laptop_now, .context = l, .random = pic_random_seeded(&l->stream, seed)};
}

static void laptop_open(struct laptop *l)
{
    struct pic_err err = {0};
    assert_int_equal(pic_agent_open(l->folder, &l->world, PIC_AGENT_WRITE, &l->agent, &err),
                     PIC_OK);
}

static void enrol(struct scene *s)
{
    struct pic_invitation invitation;
    struct pic_buf bytes;
    struct pic_err err = {0};
    const struct pic_enrolment who = {.person = "Samira B.",
                                      .passphrase = pic_span_text(passphrase),
                                      .passes = PIC_VAULT_PASSES_MIN};
    struct laptop *l = &s->laptop;
    pic_buf_init(&bytes, PIC_INVITATION_MAX);
    region_invite(&s->region, s->invitation, "tcp://127.0.0.1:1");
    assert_int_equal(pic_enrol_read(s->invitation, l->now_ms, &bytes, &invitation, &err), PIC_OK);
    assert_int_equal(pic_agent_open(l->folder, &l->world, PIC_AGENT_CREATE, &l->agent, &err),
                     PIC_OK);
    assert_int_equal(pic_enrol_file(&l->agent, &invitation, &who, &l->keys, &err), PIC_OK);
    pic_buf_release(&bytes);
}

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    if (s == NULL)
        return -1;
    (void)snprintf(s->folder, sizeof s->folder, "/tmp/pic-agent-XXXXXX");
    if (mkdtemp(s->folder) == NULL)
        return -1;
    (void)snprintf(s->invitation, sizeof s->invitation, "%s/invitation.picx", s->folder);
    region_open(&s->region);
    laptop_prepare(&s->laptop, s->folder, "un", 7);
    enrol(s);
    *state = s;
    return 0;
}

static void shell(const char *verb, const char *from, const char *to)
{
    char command[PATH_SIZE * 3];
    (void)snprintf(command, sizeof command, "%s '%s' '%s'", verb, from, to);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): fixed verbs, own paths */
}

static int teardown(void **state)
{
    struct scene *s = *state;
    pic_agent_close(&s->laptop.agent);
    pic_keys_wipe(&s->laptop.keys);
    region_close(&s->region);
    shell("rm -rf", s->folder, s->folder);
    free(s);
    return 0;
}

/* --- small words --- */

static int record(struct laptop *l, unsigned entity_number, uint64_t id, const char *const *typed,
                  uint64_t *dot)
{
    const struct pic_entity *entity = pic_dictionary_entity(entity_number);
    struct pic_input inputs[8];
    struct pic_err err = {0};
    size_t n = 0;
    for (; typed[2 * n] != NULL; n++)
        inputs[n] = (struct pic_input){.field = pic_entity_by_column(entity, typed[2 * n]),
                                       .typed = typed[2 * n + 1]};
    return pic_record(&l->agent, entity, id, inputs, n, dot, &err);
}

static uint64_t project(struct laptop *l, const char *title)
{
    uint64_t dot = 0;
    const char *const typed[] = {"fund", "PIC Méricourt 2026", "title", title, "asked", "100",
                                 NULL};
    assert_int_equal(record(l, PIC_PROJECT, 0, typed, &dot), PIC_OK);
    return dot;
}

static uint64_t expense(struct laptop *l, uint64_t of, const char *amount)
{
    uint64_t dot = 0;
    char number[32];
    (void)snprintf(number, sizeof number, "%u-%llu", pic_dot_device(of),
                   (unsigned long long)pic_dot_seq(of));
    const char *const typed[] = {"project", number,       "supplier",   "Dupont", "amount",
                                 amount,    "invoice_on", "12/03/2026", NULL};
    assert_int_equal(record(l, PIC_EXPENSE, 0, typed, &dot), PIC_OK);
    return dot;
}

static int sync_once(struct scene *s, struct laptop *l, struct pic_courier_report *report)
{
    const struct pic_carrier carrier = {&s->region, region_send, region_receive};
    const struct pic_courier_options options = {.errands = PIC_ERRAND_ALL,
                                                .document_bytes_max = UINT64_MAX,
                                                .program = 0x000100,
                                                .label = "portable"};
    struct pic_err err = {0};
    region_mend(&s->region);
    return pic_courier_run(&l->agent, &l->keys, &carrier, &options, report, &err);
}

static void sync_well(struct scene *s, struct laptop *l)
{
    struct pic_courier_report report;
    assert_int_equal(sync_once(s, l, &report), PIC_OK);
}

static uint64_t ask_number(struct laptop *l, const char *sql)
{
    sqlite3_stmt *stmt = pic_db_prepare(&l->agent.db, sql, NULL);
    bool row = false;
    assert_non_null(stmt);
    assert_int_equal(pic_db_step(stmt, &row), PIC_OK);
    assert_true(row);
    uint64_t value = (uint64_t)sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    return value;
}

static enum pic_standing standing(struct laptop *l)
{
    struct pic_status_facts facts;
    assert_int_equal(pic_status_read(&l->agent, &facts), PIC_OK);
    return facts.standing;
}

/* A digest of the tables that people read, to compare before and after a rebuild. */
static void digest(struct laptop *l, uint8_t out[static PIC_HASH_SIZE])
{
    struct pic_hasher hasher;
    static const char *const queries[] = {
        "SELECT group_concat(id || title || coalesce(place, '') || stamp || hex(heads), ';')"
        " FROM (SELECT * FROM project ORDER BY id)",
        "SELECT group_concat(id || project || amount || coalesce(reversed, 0), ';')"
        " FROM (SELECT * FROM expense ORDER BY id)",
        "SELECT group_concat(entity || '-' || dot, ';') FROM (SELECT * FROM history ORDER BY 1, 2)",
        "SELECT group_concat(fund || asked || justified, ';') FROM (SELECT * FROM rollup"
        " ORDER BY 1, 2, 3, 4)",
    };
    pic_hasher_init(&hasher);
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        sqlite3_stmt *stmt = pic_db_prepare(&l->agent.db, queries[i], NULL);
        bool row = false;
        assert_non_null(stmt);
        assert_int_equal(pic_db_step(stmt, &row), PIC_OK);
        pic_hasher_update(&hasher, pic_db_column_span(stmt, 0));
        (void)sqlite3_finalize(stmt);
    }
    pic_hasher_final(&hasher, out);
}

/* --- recording --- */

static void test_sequences_follow_each_other(void **state)
{
    struct scene *s = *state;
    uint64_t a = project(&s->laptop, "Un");
    uint64_t b = project(&s->laptop, "Deux");
    assert_int_equal(a, pic_dot(REGION_DEVICE, 1));
    assert_int_equal(b, pic_dot(REGION_DEVICE, 2));
    sync_well(s, &s->laptop);
    assert_int_equal(project(&s->laptop, "Trois"), pic_dot(REGION_DEVICE, 3));
}

static void test_what_is_refused_is_recorded_nowhere(void **state)
{
    struct scene *s = *state;
    struct pic_agent_pending pending;
    uint64_t dot = 0;
    static const char *const no_title[] = {"fund", "1-10", NULL};
    static const char *const no_fund[] = {"fund", "1-99", "title", "Un", NULL};
    static const char *const not_ours[] = {"name", "Fonds",   "scheme",          "pic", "year",
                                           "2026", "carrier", "ADCM, Méricourt", NULL};
    assert_int_equal(record(&s->laptop, PIC_PROJECT, 0, no_title, &dot), PIC_EREQUIRED);
    assert_int_equal(record(&s->laptop, PIC_PROJECT, 0, no_fund, &dot), PIC_EREFERENCE);
    assert_int_equal(record(&s->laptop, PIC_FUND, 0, not_ours, &dot), PIC_QROLE);
    assert_int_equal(pic_agent_pending(&s->laptop.agent, &pending), PIC_OK);
    assert_int_equal(pending.changes, 0);
    assert_int_equal(project(&s->laptop, "Un"), pic_dot(REGION_DEVICE, 1));
}

/* Every entity that an association writes, with what it requires. */
static void test_each_entity_can_be_recorded(void **state)
{
    struct scene *s = *state;
    uint64_t dot = 0;
    uint64_t p = project(&s->laptop, "Un");
    (void)expense(&s->laptop, p, "45,90");
    static const struct {
        unsigned entity;
        const char *typed[16];
    } table[] = {
        {PIC_BUDGET_LINE, {"project", "1", "side", "charge", "label", "Sono", "planned", "120"}},
        {PIC_COMMITTEE, {"fund", "1-10", "held_on", "12/03/2026", "present", "9"}},
        {PIC_DECISION, {"project", "1", "outcome", "accorde", "amount", "100"}},
        {PIC_PAYMENT, {"project", "1", "kind", "avance", "amount", "50", "paid_on", "13/03/2026"}},
        {PIC_REVERSAL, {"about", "2", "reason", "recopié de travers"}},
        {PIC_ATTENDANCE, {"project", "1", "moment", "realise", "grid", "F/26-45/oui=12"}},
        {PIC_PARTICIPANT, {"about", "1", "gender", "F"}},
        {PIC_REPORT, {"project", "1", "outcome", "realise"}},
        {PIC_BANK_BALANCE,
         {"account", "livret", "fund", "1-10", "balance_on", "30/06/2026", "amount", "12",
          "certified_by", "S."}},
        {PIC_NEED, {"territory", "QN06245M", "question", "Un local ?", "asked_on", "12/03/2026"}},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_int_equal(record(&s->laptop, table[i].entity, 0, table[i].typed, &dot), PIC_OK);
        assert_int_equal(pic_dot_seq(dot), i + 3);
    }
    sync_well(s, &s->laptop);
    assert_int_equal(standing(&s->laptop), PIC_STANDING_RECEIVED);
}

/* The pages of `pic ui` write while its exchange does, each on its own connection. */
static void test_two_connections_of_one_program_lose_nothing(void **state)
{
    static const char *const typed[] = {"title", "Trop tôt", NULL};
    struct scene *s = *state;
    struct laptop *pages = &s->laptop;
    struct laptop courier = {0};
    struct pic_err err = {0};
    uint64_t dot = 0;
    pages->agent.shared = true;
    assert_int_equal(
        pic_agent_open(pages->folder, &pages->world, PIC_AGENT_BESIDE, &courier.agent, &err),
        PIC_OK);
    uint64_t one = project(pages, "Un");
    uint64_t two = project(&courier, "Deux");
    assert_int_equal(pic_dot_seq(expense(pages, two, "45,90")), 3);
    assert_int_equal(pic_dot_seq(expense(&courier, one, "12,00")), 4);
    assert_int_equal(pic_agent_begin(&courier.agent, &err), PIC_OK);
    assert_int_equal(pic_agent_rebuild_due(&courier.agent), PIC_OK);
    assert_int_equal(pic_agent_commit(&courier.agent, &err), PIC_OK);
    assert_int_equal(record(pages, PIC_PROJECT, 0, typed, &dot), PIC_EREBUILDING);
    assert_int_equal(pic_agent_rebuild(&courier.agent, &err), PIC_OK);
    assert_int_equal(pic_dot_seq(expense(pages, two, "7,00")), 5);
    pic_agent_close(&courier.agent);
    sync_well(s, pages);
    assert_int_equal(standing(pages), PIC_STANDING_RECEIVED);
}

static void test_a_reversal_counts_once(void **state)
{
    struct scene *s = *state;
    struct pic_err err = {0};
    uint64_t dot = 0;
    uint64_t e = expense(&s->laptop, project(&s->laptop, "Un"), "45,90");
    assert_int_equal(pic_agent_begin(&s->laptop.agent, &err), PIC_OK);
    assert_int_equal(pic_record_reverse(&s->laptop.agent, e, "double", &dot, &err), PIC_OK);
    assert_int_equal(pic_agent_commit(&s->laptop.agent, &err), PIC_OK);
    assert_int_equal(pic_agent_begin(&s->laptop.agent, &err), PIC_OK);
    assert_int_equal(pic_record_reverse(&s->laptop.agent, e, "encore", &dot, &err),
                     PIC_EALREADY_REVERSED);
    pic_agent_rollback(&s->laptop.agent);
}

static void test_an_identity_opens_for_its_readers_only(void **state)
{
    struct scene *s = *state;
    struct pic_err err = {0};
    struct pic_identity_keys keys = {.n = 1};
    struct pic_buf plain;
    uint8_t hash[PIC_HASH_SIZE];
    struct pic_agent *agent = &s->laptop.agent;
    pic_buf_init(&plain, PIC_IDENTITY_MAX);
    assert_int_equal(pic_identities_seal(agent, " Nadia K. ", hash, &err), PIC_OK);
    keys.pairs[0] = s->laptop.keys.box;
    assert_int_equal(pic_identities_open(agent, hash, &keys, &plain), PIC_ELOCKED);
    agent->blobs.owner.reader = &s->laptop.keys.box;
    assert_int_equal(pic_identities_open(agent, hash, &keys, &plain), PIC_OK);
    assert_string_equal(pic_buf_string(&plain), "Nadia K.");
    pic_buf_clear(&plain);
    keys.pairs[0] = s->region.stage.authority;
    assert_int_equal(pic_identities_open(agent, hash, &keys, &plain), PIC_OK);
    assert_string_equal(pic_buf_string(&plain), "Nadia K.");
    pic_dh_new(&keys.pairs[0], &s->laptop.world.random);
    assert_int_equal(pic_identities_open(agent, hash, &keys, &plain), PIC_ESEALED);
    agent->blobs.owner.reader = NULL;
    pic_buf_wipe(&plain);
}

/* --- the store --- */

static void test_one_writer_and_readers_beside(void **state)
{
    struct scene *s = *state;
    struct pic_agent other;
    struct pic_err err = {0};
    const struct laptop *l = &s->laptop;
    assert_int_equal(pic_agent_open(l->folder, &l->world, PIC_AGENT_WRITE, &other, &err),
                     PIC_ESTORE_IN_USE);
    assert_non_null(strstr(err.arg[0], "processus"));
    pic_agent_close(&other);
    assert_int_equal(pic_agent_open(l->folder, &l->world, PIC_AGENT_READ, &other, &err), PIC_OK);
    pic_agent_close(&other);
    assert_int_equal(pic_agent_open(l->folder, &l->world, PIC_AGENT_CREATE, &other, &err),
                     PIC_ESTORE_IN_USE);
    pic_agent_close(&other);
}

static void test_a_store_is_never_written_over(void **state)
{
    struct scene *s = *state;
    struct pic_agent other;
    struct pic_err err = {0};
    pic_agent_close(&s->laptop.agent);
    assert_int_equal(
        pic_agent_open(s->laptop.folder, &s->laptop.world, PIC_AGENT_CREATE, &other, &err),
        PIC_EALREADY_ENROLLED);
    pic_agent_close(&other);
    laptop_open(&s->laptop);
}

static void test_keys_open_with_their_passphrase_only(void **state)
{
    struct scene *s = *state;
    struct pic_keys keys;
    struct pic_err err = {0};
    assert_int_equal(pic_keys_load(&keys, s->laptop.folder, pic_span_text("autre"), &err),
                     PIC_EPASSPHRASE);
    assert_int_equal(pic_keys_load(&keys, s->laptop.folder, pic_span_text(passphrase), &err),
                     PIC_OK);
    assert_memory_equal(&keys.sign, &s->laptop.keys.sign, sizeof keys.sign);
    pic_keys_wipe(&keys);
    char weak[] = "azerty";
    struct pic_buf out;
    pic_buf_init(&out, PATH_SIZE);
    assert_int_equal(pic_passphrase_check(weak, &out, &err), PIC_EPASSPHRASE_WEAK);
    pic_buf_wipe(&out);
}

static void test_the_state_is_made_again_the_same(void **state)
{
    struct scene *s = *state;
    struct pic_err err = {0};
    uint8_t before[PIC_HASH_SIZE], after[PIC_HASH_SIZE];
    uint64_t p = project(&s->laptop, "Un");
    (void)expense(&s->laptop, p, "10");
    sync_well(s, &s->laptop);
    (void)expense(&s->laptop, p, "20");
    digest(&s->laptop, before);
    assert_int_equal(pic_agent_rebuild(&s->laptop.agent, &err), PIC_OK);
    digest(&s->laptop, after);
    assert_memory_equal(before, after, sizeof before);
}

/* --- the exchange --- */

static void test_status_says_only_what_receipts_prove(void **state)
{
    struct scene *s = *state;
    assert_int_equal(standing(&s->laptop), PIC_STANDING_EMPTY);
    (void)project(&s->laptop, "Un");
    assert_int_equal(standing(&s->laptop), PIC_STANDING_TO_SEND);
    sync_well(s, &s->laptop);
    assert_int_equal(standing(&s->laptop), PIC_STANDING_RECEIVED);
    s->laptop.now_ms += 15 * (int64_t)24 * HOUR_MS;
    assert_int_equal(standing(&s->laptop), PIC_STANDING_SILENT);
}

static void test_an_idle_exchange_is_one_request(void **state)
{
    struct scene *s = *state;
    (void)project(&s->laptop, "Un");
    sync_well(s, &s->laptop);
    unsigned before = s->region.answered;
    sync_well(s, &s->laptop);
    assert_int_equal(s->region.answered, before + 1);
    (void)project(&s->laptop, "Deux");
    sync_well(s, &s->laptop);
    assert_int_equal(s->region.answered, before + 2);
}

static void test_the_feed_is_folded(void **state)
{
    struct scene *s = *state;
    const struct pic_op fund[] = {
        {.field = 2, .value = {.kind = PIC_KIND_TEXT, .s = pic_span_text("Second fonds")}},
        {.field = 3, .value = {.kind = PIC_KIND_TEXT, .s = pic_span_text("pic")}},
        {.field = 4, .value = {.kind = PIC_KIND_INT, .i = 2027}},
        {.field = 5, .value = {.kind = PIC_KIND_REF, .i = (int64_t)REGION_ASSOCIATION}}};
    for (int i = 0; i < 20; i++)
        (void)region_write(&s->region, REGION_ASSOCIATION, PIC_FUND, 0, fund, 4);
    sync_well(s, &s->laptop);
    assert_int_equal(ask_number(&s->laptop, "SELECT count(*) FROM fund"), 21);
    sync_well(s, &s->laptop);
    assert_int_equal(ask_number(&s->laptop, "SELECT count(*) FROM fund"), 21);
}

static void test_documents_arrive_whole_and_are_covered(void **state)
{
    struct scene *s = *state;
    char path[PATH_SIZE * 2];
    struct pic_err err = {0};
    uint64_t dot = 0;
    const struct pic_attachment file = {
        .path = path, .about = expense(&s->laptop, project(&s->laptop, "Un"), "9")};
    (void)snprintf(path, sizeof path, "%s/facture.jpg", s->folder);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    for (int i = 0; i < 150000; i++)
        (void)fputc(i * 7 % 251, f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(pic_agent_begin(&s->laptop.agent, &err), PIC_OK);
    assert_int_equal(pic_record_document(&s->laptop.agent, &file, &dot, &err), PIC_OK);
    assert_int_equal(pic_agent_commit(&s->laptop.agent, &err), PIC_OK);
    s->region.lose_every = 4;
    struct pic_courier_report report;
    int tries = 0;
    while (sync_once(s, &s->laptop, &report) != PIC_OK)
        assert_true(++tries < LOSSY_TRIES);
    assert_true(tries > 0);
    assert_true(s->region.stage.store.blob.complete);
    assert_int_equal(standing(&s->laptop), PIC_STANDING_RECEIVED);
}

static void test_a_line_that_loses_replies_loses_no_entry(void **state)
{
    struct scene *s = *state;
    struct pic_courier_report report;
    uint64_t p = project(&s->laptop, "Un");
    s->region.lose_every = 2;
    for (int i = 0; i < 40; i++) {
        (void)expense(&s->laptop, p, "10");
        (void)sync_once(s, &s->laptop, &report);
    }
    s->region.lose_every = 0;
    sync_well(s, &s->laptop);
    assert_int_equal(standing(&s->laptop), PIC_STANDING_RECEIVED);
    assert_int_equal(ask_number(&s->laptop, "SELECT count(*) FROM expense"), 40);
    assert_int_equal(s->region.stage.store.devices[0].head.seq, 41);
    assert_int_equal(s->region.stage.store.devices[0].receipt.changes, 41);
}

static void test_a_clock_from_2041_is_put_right_in_order(void **state)
{
    struct scene *s = *state;
    struct pic_courier_report report;
    s->laptop.now_ms += 15 * (int64_t)365 * 24 * HOUR_MS;
    uint64_t p = project(&s->laptop, "Un");
    (void)expense(&s->laptop, p, "10");
    (void)expense(&s->laptop, p, "20");
    assert_int_equal(sync_once(s, &s->laptop, &report), PIC_OK);
    assert_true(report.restamped);
    assert_int_equal(standing(&s->laptop), PIC_STANDING_RECEIVED);
    assert_true(ask_number(&s->laptop, "SELECT min(b.stamp > a.stamp) FROM expense a, expense b"
                                       " WHERE b.id > a.id"));
    assert_true(pic_clock_ms(ask_number(&s->laptop, "SELECT max(stamp) FROM expense")) <=
                REGION_NOW_MS);
    (void)expense(&s->laptop, p, "30");
    assert_int_equal(sync_once(s, &s->laptop, &report), PIC_OK);
    assert_false(report.restamped);
}

static void test_a_server_that_forgot_is_told_again(void **state)
{
    struct scene *s = *state;
    struct pic_courier_report report;
    uint64_t p = project(&s->laptop, "Un");
    sync_well(s, &s->laptop);
    for (int i = 0; i < 5; i++) {
        (void)expense(&s->laptop, p, "10");
        sync_well(s, &s->laptop);
    }
    region_forget(&s->region, REGION_DEVICE, 2);
    assert_int_equal(sync_once(s, &s->laptop, &report), PIC_OK);
    assert_true(report.server_had_forgotten);
    assert_int_equal(s->region.stage.store.devices[0].head.seq, 6);
    assert_int_equal(standing(&s->laptop), PIC_STANDING_RECEIVED);
}

/* A laptop restored from a backup, with entries made since: everything that was acknowledged comes
 * back, everything new follows, and what refers to what stays true. Over generated histories. */
static void restored(struct scene *s, uint64_t before, uint64_t lost, uint64_t after)
{
    char copy[PATH_SIZE * 2];
    struct pic_courier_report report;
    uint8_t folded[PIC_HASH_SIZE], rebuilt[PIC_HASH_SIZE];
    struct pic_err err = {0};
    struct laptop *l = &s->laptop;
    uint64_t p = project(l, "Avant");
    const uint64_t had = ask_number(l, "SELECT count(*) FROM expense");
    for (uint64_t i = 0; i < before; i++)
        (void)expense(l, p, "1");
    sync_well(s, l);
    pic_agent_close(&l->agent);
    (void)snprintf(copy, sizeof copy, "%s/copie", s->folder);
    shell("cp -r", l->folder, copy);
    laptop_open(l);
    for (uint64_t i = 0; i < lost; i++) {
        (void)expense(l, p, "2");
        sync_well(s, l);
    }
    pic_agent_close(&l->agent);
    shell("rm -rf", l->folder, l->folder);
    shell("mv", copy, l->folder);
    laptop_open(l);
    uint64_t q = project(l, "Après");
    for (uint64_t i = 0; i < after; i++)
        (void)expense(l, q, "3");
    assert_int_equal(sync_once(s, l, &report), PIC_OK);
    assert_true(report.shifted);
    assert_int_equal(standing(l), PIC_STANDING_RECEIVED);
    assert_int_equal(ask_number(l, "SELECT count(*) FROM expense"), had + before + lost + after);
    assert_int_equal(ask_number(l, "SELECT count(*) FROM expense WHERE amount = 300 AND project ="
                                   " (SELECT max(id) FROM project WHERE title = 'Après')"),
                     after);
    assert_int_equal(ask_number(l, "SELECT count(*) FROM quarantine"), 0);
    digest(l, folded);
    assert_int_equal(pic_agent_rebuild(&l->agent, &err), PIC_OK);
    digest(l, rebuilt);
    assert_memory_equal(folded, rebuilt, sizeof folded);
}

static void test_a_restored_backup_heals_itself(void **state)
{
    struct scene *s = *state;
    struct generator g = generator_from(12345);
    for (int i = 0; i < 24; i++)
        restored(s, generator_below(&g, 16), 1 + generator_below(&g, 8), generator_below(&g, 8));
}

/* --- what gives way to a server that was put back --- */

/* The server, put back, got the same entries as before from a copy of this laptop, in other pieces:
 * what was acknowledged gives way, and nothing is lost or doubled. */
static void test_what_was_acknowledged_gives_way_to_the_same_in_other_pieces(void **state)
{
    struct scene *s = *state;
    struct laptop *l = &s->laptop;
    char copy[PATH_SIZE * 2];
    struct pic_courier_report report;
    uint64_t aside = 0;
    sync_well(s, l);
    uint64_t p = project(l, "Repas");
    (void)expense(l, p, "10");
    pic_agent_close(&l->agent);
    (void)snprintf(copy, sizeof copy, "%s/copie", s->folder);
    shell("cp -r", l->folder, copy);
    laptop_open(l);
    (void)expense(l, p, "20");
    sync_well(s, l); /* three changes in one segment, acknowledged */
    region_forget(&s->region, REGION_DEVICE, 0);

    struct laptop twin;
    laptop_prepare(&twin, s->folder, "copie", 8);
    twin.keys = l->keys;
    laptop_open(&twin);
    sync_well(s, &twin); /* the first two, in another one */
    (void)expense(&twin, p, "30");
    sync_well(s, &twin);

    (void)expense(l, p, "40");
    assert_int_equal(sync_once(s, l, &report), PIC_OK);
    assert_true(report.shifted);
    assert_int_equal(standing(l), PIC_STANDING_RECEIVED);
    assert_int_equal(ask_number(l, "SELECT count(*) FROM project"), 1);
    assert_int_equal(ask_number(l, "SELECT count(*) FROM expense"), 4);
    assert_int_equal(ask_number(l, "SELECT sum(amount) FROM expense"), 10000);
    assert_int_equal(ask_number(l, "SELECT count(*) FROM aside"), 1); /* kept as it was signed */
    assert_int_equal(pic_branch_aside_count(&l->agent, &aside), PIC_OK);
    assert_int_equal(aside, 0); /* all of it was sent again: nobody waits for it */
    sync_well(s, &twin);
    assert_int_equal(ask_number(&twin, "SELECT count(*) FROM expense"), 4);
    pic_agent_close(&twin.agent);
    pic_keys_wipe(&twin.keys);
}

/* The server, put back, took the log of a copy of this laptop in before the place where this one's
 * last receipt says that its own log went on, and other things behind it. */
static void test_a_place_of_another_life_of_the_server_hides_nothing(void **state)
{
    struct scene *s = *state;
    struct laptop *l = &s->laptop;
    struct fake_store *store = &s->region.stage.store;
    char copy[PATH_SIZE * 2];
    struct pic_courier_report report;
    const struct pic_op name[] = {
        {.field = 2, .value = {.kind = PIC_KIND_TEXT, .s = pic_span_text("Second fonds")}},
        {.field = 3, .value = {.kind = PIC_KIND_TEXT, .s = pic_span_text("pic")}},
        {.field = 4, .value = {.kind = PIC_KIND_INT, .i = 2027}},
        {.field = 5, .value = {.kind = PIC_KIND_REF, .i = (int64_t)REGION_ASSOCIATION}}};
    sync_well(s, l);
    uint64_t p = project(l, "Repas");
    const uint64_t early = store->position;
    store->position = early + 1000;
    sync_well(s, l);
    pic_agent_close(&l->agent);
    (void)snprintf(copy, sizeof copy, "%s/copie", s->folder);
    shell("cp -r", l->folder, copy);
    laptop_open(l);
    region_forget(&s->region, REGION_DEVICE, 0);
    store->position = early;

    struct laptop twin;
    laptop_prepare(&twin, s->folder, "copie", 8);
    twin.keys = l->keys;
    laptop_open(&twin);
    (void)expense(&twin, p, "30");
    sync_well(s, &twin);
    pic_agent_close(&twin.agent);
    pic_keys_wipe(&twin.keys);
    (void)region_write(&s->region, REGION_ASSOCIATION, PIC_FUND, 0, name, 4);

    assert_int_equal(sync_once(s, l, &report), PIC_OK);
    assert_true(report.shifted);
    assert_int_equal(ask_number(l, "SELECT count(*) FROM expense"), 1);
    assert_int_equal(ask_number(l, "SELECT count(*) FROM fund"), 2);
    assert_int_equal(standing(l), PIC_STANDING_RECEIVED);
}

enum { COLLEAGUE = 77 };

/* A segment of a colleague's log: its first entry, titled. */
static void colleague_writes(const char *title, struct pic_buf *bytes, struct pic_segment *segment)
{
    static const uint8_t start[PIC_HASH_SIZE];
    struct pic_signer signer = {.seed = {.bytes = {7}}};
    const struct pic_op op = {.field = 2,
                              .value = {.kind = PIC_KIND_TEXT, .s = pic_span_text(title)}};
    const struct pic_change change = {.dot = pic_dot(COLLEAGUE, 1),
                                      .id = pic_dot(COLLEAGUE, 1),
                                      .stamp = pic_clock_at(REGION_NOW_MS),
                                      .entity = PIC_PROJECT,
                                      .op_n = 1,
                                      .ops = &op};
    const struct pic_change *const changes[] = {&change};
    size_t taken = 0;
    pic_signer_from_seed(&signer);
    pic_buf_init(bytes, PIC_SEGMENT_MAX);
    assert_int_equal(pic_segment_seal(changes, 1, REGION_ASSOCIATION, start, PIC_DICTIONARY_VERSION,
                                      &signer, bytes, &taken),
                     PIC_OK);
    assert_int_equal(pic_segment_read(pic_buf_view(bytes), segment), PIC_OK);
}

static int see_title(void *context, const struct pic_change *change)
{
    bool *seen = context;
    *seen = pic_span_equal(change->ops[0].value.s, pic_span_text("Avant"));
    assert_int_equal(change->dot, pic_dot(COLLEAGUE, 1));
    return PIC_OK;
}

static void test_what_a_colleague_wrote_and_gave_way_is_shown(void **state)
{
    struct scene *s = *state;
    struct pic_agent *agent = &s->laptop.agent;
    struct pic_status_facts facts;
    struct pic_segment before, after;
    struct pic_buf bytes[2];
    uint64_t position = 0;
    bool seen = false;
    sync_well(s, &s->laptop);
    colleague_writes("Avant", &bytes[0], &before);
    colleague_writes("Après", &bytes[1], &after);
    assert_int_equal(pic_agent_begin(agent, NULL), PIC_OK);
    assert_int_equal(pic_journal_append(agent->journal, &before, &position), PIC_OK);
    assert_int_equal(pic_journal_append(agent->journal, &after, &position), PIC_EFORK);
    assert_int_equal(pic_branch_leave(agent, &after), PIC_OK);
    assert_int_equal(pic_journal_append(agent->journal, &after, &position), PIC_OK);
    assert_int_equal(pic_agent_commit(agent, NULL), PIC_OK);
    assert_int_equal(pic_agent_rebuild(agent, NULL), PIC_OK);
    assert_int_equal(pic_status_read(agent, &facts), PIC_OK);
    assert_int_equal(facts.aside, 1);
    assert_int_equal(pic_branch_aside_each(agent, see_title, &seen), PIC_OK);
    assert_true(seen);
    pic_buf_release(&bytes[0]);
    pic_buf_release(&bytes[1]);
}

/* A segment arrived, its answer did not, and the same entries were sealed again in other pieces. */
static void test_sealing_again_what_had_arrived_doubles_nothing(void **state)
{
    struct scene *s = *state;
    struct pic_courier_report report;
    uint64_t p = project(&s->laptop, "Un");
    sync_well(s, &s->laptop);
    for (int i = 0; i < 6; i++)
        (void)expense(&s->laptop, p, "10");
    s->region.lose_every = s->region.answered + 1;
    assert_int_not_equal(sync_once(s, &s->laptop, &report), PIC_OK);
    s->region.lose_every = 0;
    assert_int_equal(s->region.stage.store.devices[0].head.seq, 7);
    (void)expense(&s->laptop, p, "20");
    sync_well(s, &s->laptop);
    assert_int_equal(s->region.stage.store.devices[0].head.seq, 8);
    assert_int_equal(ask_number(&s->laptop, "SELECT count(*) FROM expense"), 7);
    assert_int_equal(standing(&s->laptop), PIC_STANDING_RECEIVED);
}

/* The first receipt covers one entry; the second, two more. */
static void test_a_receipt_says_what_it_brought(void **state)
{
    struct scene *s = *state;
    struct pic_proof proof;
    const uint64_t p = project(&s->laptop, "Un");
    sync_well(s, &s->laptop);
    (void)expense(&s->laptop, p, "10");
    (void)expense(&s->laptop, p, "20");
    sync_well(s, &s->laptop);
    assert_int_equal(pic_proof_read(&s->laptop.agent, 0, &proof), PIC_OK);
    assert_int_equal(proof.voucher.receipt.seq, 3);
    assert_int_equal(proof.first_seq, 2);
    assert_int_equal(proof.new_documents, 0);
    assert_int_equal(proof.missing_documents, 0);
    assert_int_not_equal(proof.local_ms, 0);
    const uint64_t number = proof.voucher.receipt.number;
    pic_proof_release(&proof);
    assert_int_equal(pic_proof_read(&s->laptop.agent, number - 1, &proof), PIC_OK);
    assert_int_equal(proof.voucher.receipt.seq, 1);
    assert_int_equal(proof.first_seq, 1);
    pic_proof_release(&proof);
    assert_int_equal(pic_proof_read(&s->laptop.agent, number + 1, &proof), PIC_ENOT_FOUND);
    pic_proof_release(&proof);
}

static void test_refusals_of_an_invitation_are_told_apart(void **state)
{
    struct scene *s = *state;
    static const int refusals[] = {PIC_EINVITATION_USED, PIC_EINVITATION_EXPIRED,
                                   PIC_EINVITATION_REVOKED};
    struct pic_courier_report report;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        s->region.stage.store.invitation = refusals[i];
        assert_int_equal(sync_once(s, &s->laptop, &report), refusals[i]);
    }
    s->region.stage.store.invitation = PIC_OK;
    sync_well(s, &s->laptop);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_sequences_follow_each_other),
        TEST(test_what_is_refused_is_recorded_nowhere),
        TEST(test_each_entity_can_be_recorded),
        TEST(test_two_connections_of_one_program_lose_nothing),
        TEST(test_a_reversal_counts_once),
        TEST(test_an_identity_opens_for_its_readers_only),
        TEST(test_one_writer_and_readers_beside),
        TEST(test_a_store_is_never_written_over),
        TEST(test_keys_open_with_their_passphrase_only),
        TEST(test_the_state_is_made_again_the_same),
        TEST(test_status_says_only_what_receipts_prove),
        TEST(test_an_idle_exchange_is_one_request),
        TEST(test_the_feed_is_folded),
        TEST(test_documents_arrive_whole_and_are_covered),
        TEST(test_a_line_that_loses_replies_loses_no_entry),
        TEST(test_a_clock_from_2041_is_put_right_in_order),
        TEST(test_a_server_that_forgot_is_told_again),
        TEST(test_a_restored_backup_heals_itself),
        TEST(test_what_was_acknowledged_gives_way_to_the_same_in_other_pieces),
        TEST(test_a_place_of_another_life_of_the_server_hides_nothing),
        TEST(test_what_a_colleague_wrote_and_gave_way_is_shown),
        TEST(test_sealing_again_what_had_arrived_doubles_nothing),
        TEST(test_a_receipt_says_what_it_brought),
        TEST(test_refusals_of_an_invitation_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
