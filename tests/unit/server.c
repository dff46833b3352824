#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/committer.h"
#include "server/contacts.h"
#include "server/create.h"
#include "server/enrolment.h"
#include "server/exchange_store.h"
#include "server/file.h"
#include "server/own_log.h"
#include "server/record.h"
#include "server/verify.h"
#include "tests/lib/server_stage.h"

/* --- stores --- */

static void test_create_publishes_the_lists_of_choice(void **state)
{
    const struct place *p = *state;
    struct pic_server server;
    assert_int_equal(pic_server_open(p->folder, 0, &server, NULL), PIC_OK);
    assert_true(count(pic_server_db(&server), "SELECT count(*) FROM code") > 100);
    assert_int_equal(count(pic_server_db(&server), "SELECT count(*) FROM quarantine"), 0);
    pic_server_close(&server);
}

static void test_create_refuses_what_is_there(void **state)
{
    struct place *p = *state;
    char path[PIC_PATH_MAX];
    struct pic_db db;
    const struct pic_db_options options = {.durability = PIC_DURABLE};
    assert_int_equal(create_at(p, NULL), PIC_EEXISTS);
    assert_int_equal(pic_server_path(p->folder, "journal.db", path), PIC_OK);
    assert_int_equal(pic_db_open(path, &options, &db, NULL), PIC_OK);
    assert_int_equal(pic_db_exec(&db,
                                 "UPDATE fact SET value = x'6300000000000000'"
                                 " WHERE name = 'registry'",
                                 NULL),
                     PIC_OK);
    pic_db_close(&db);
    assert_int_equal(create_at(p, NULL), PIC_ESTORE_NEWER);
    assert_int_equal(pic_server_path(p->folder, "identity.key", path), PIC_OK);
    assert_int_equal(pic_file_put(path, pic_span_text("autre chose"), PIC_FILE_SECRET, NULL),
                     PIC_OK);
    assert_int_equal(create_at(p, NULL), PIC_ESTORE_DAMAGED);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(create_at(p, NULL), PIC_ESTORE_DAMAGED);
}

static void test_open_says_that_there_is_no_store(void **state)
{
    const struct place *p = *state;
    struct pic_server server;
    struct pic_err err = {0};
    assert_int_equal(pic_server_open(p->base, 0, &server, &err), PIC_ENO_SERVER);
    assert_int_equal(err.status, PIC_ENO_SERVER);
    assert_string_equal(err.arg[0], p->base);
}

static void test_keys_rotate_and_are_deleted_in_time(void **state)
{
    const struct place *p = *state;
    struct pic_keyring keys;
    struct pic_keyring again;
    bool rotated;
    assert_int_equal(pic_keyring_open(p->folder, &keys, NULL), PIC_OK);
    int64_t born = keys.keys[0].transport.valid_from_ms;
    struct pic_transport first = keys.keys[0].transport;
    int64_t life = PIC_TRANSPORT_LIFE_MS;
    assert_int_equal(pic_keyring_rotate(p->folder, &keys, born + life - 1, &rotated, NULL), PIC_OK);
    assert_false(rotated);
    assert_int_equal(pic_keyring_rotate(p->folder, &keys, born + life, &rotated, NULL), PIC_OK);
    assert_true(rotated);
    assert_int_equal(keys.key_n, 2);
    assert_memory_equal(keys.keys[1].transport.key, first.key, PIC_KEY_SIZE);
    assert_int_equal(pic_keyring_open(p->folder, &again, NULL), PIC_OK);
    assert_int_equal(again.key_n, 2);
    assert_memory_equal(again.keys[0].pair.public, keys.keys[0].pair.public, PIC_KEY_SIZE);
    int64_t gone = born + life + PIC_TRANSPORT_GRACE_MS;
    assert_int_equal(pic_keyring_rotate(p->folder, &keys, gone, &rotated, NULL), PIC_OK);
    for (size_t i = 0; i < keys.key_n; i++)
        assert_memory_not_equal(keys.keys[i].transport.key, first.key, PIC_KEY_SIZE);
    pic_keyring_release(&keys);
    pic_keyring_release(&again);
}

/* --- recordings --- */

static void test_changes_go_to_the_log_of_whom_they_concern(void **state)
{
    const struct place *p = *state;
    struct stage s;
    const struct pic_entity *entity;
    uint64_t org;
    open_stage(&s, p);
    struct pic_state *tables = pic_server_state(&s.server);
    const struct typed share[] = {{"fund", "PIC 2026"}, {"funder", "ADCM"}, {"rate", "70"}, {0}};
    const struct typed rule_all[] = {{"code", "delai-depot"},
                                     {"value", "7"},
                                     {"unit", "jours"},
                                     {"severity", "avertir"},
                                     {"valid_from", "2026-01-01"},
                                     {0}};
    const struct typed rule_fund[] = {{"code", "delai-depot"},
                                      {"value", "7"},
                                      {"unit", "jours"},
                                      {"severity", "avertir"},
                                      {"valid_from", "2026-01-01"},
                                      {"fund", "PIC 2026"},
                                      {0}};
    const struct {
        uint64_t id, org;
    } rows[] = {
        {s.organisation, PIC_AUDIENCE_ALL},
        {s.fund, s.organisation},
        {record(&s.server, PIC_SHARE, 0, share), s.organisation},
        {record(&s.server, PIC_RULE, 0, rule_all), PIC_AUDIENCE_ALL},
        {record(&s.server, PIC_RULE, 0, rule_fund), s.organisation},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(pic_state_find(tables, rows[i].id, &entity, &org), PIC_OK);
        assert_int_equal(org, rows[i].org);
    }
    close_stage(&s);
}

static void test_a_recording_is_all_or_nothing(void **state)
{
    const struct place *p = *state;
    struct pic_server server;
    struct pic_record *r;
    uint64_t before;
    uint64_t after;
    const struct pic_entity *e = pic_dictionary_entity(PIC_ORGANISATION);
    const struct pic_input inputs[] = {
        {.field = pic_entity_by_column(e, "name"), .typed = "Une"},
        {.field = pic_entity_by_column(e, "kind"), .typed = "association"},
    };
    assert_int_equal(pic_server_open(p->folder, 0, &server, NULL), PIC_OK);
    assert_int_equal(pic_journal_position(server.journal, &before), PIC_OK);
    assert_int_equal(pic_record_begin(&server, &r, NULL), PIC_OK);
    assert_int_equal(pic_record_add(r, e, 0, inputs, 2, NULL, NULL), PIC_OK);
    assert_int_equal(pic_record_add(r, e, 0, inputs, 1, NULL, NULL), PIC_EREQUIRED);
    pic_record_abort(r);
    assert_int_equal(pic_journal_position(server.journal, &after), PIC_OK);
    assert_int_equal(before, after);
    assert_int_equal(count(pic_server_db(&server), "SELECT count(*) FROM organisation"), 0);
    assert_int_equal(pic_record_begin(&server, &r, NULL), PIC_OK);
    assert_int_equal(pic_record_commit(r, NULL), PIC_OK); /* nothing to record is no failure */
    assert_int_equal(pic_journal_position(server.journal, &after), PIC_OK);
    assert_int_equal(before, after);
    assert_int_equal(pic_record_begin(&server, &r, NULL), PIC_OK);
    uint64_t dots[2];
    assert_int_equal(pic_record_add(r, e, 0, inputs, 2, &dots[0], NULL), PIC_OK);
    assert_int_equal(pic_record_add(r, e, 0, inputs, 1, NULL, NULL), PIC_EREQUIRED);
    assert_int_equal(pic_record_add(r, e, 0, inputs, 2, &dots[1], NULL), PIC_OK);
    assert_int_equal(dots[1], dots[0] + 1); /* what failed took no number */
    assert_int_equal(pic_record_commit(r, NULL), PIC_OK);
    assert_int_equal(count(pic_server_db(&server), "SELECT count(*) FROM organisation"), 2);
    pic_server_close(&server);
}

static void test_two_stores_see_what_the_other_records(void **state)
{
    const struct place *p = *state;
    struct pic_server one;
    struct pic_server two;
    assert_int_equal(pic_server_open(p->folder, 0, &one, NULL), PIC_OK);
    assert_int_equal(pic_server_open(p->folder, 0, &two, NULL), PIC_OK);
    uint64_t first = make_organisation(&one, "Une");
    uint64_t second = make_organisation(&two, "Deux");
    assert_true(second > first);
    (void)make_fund(&one, "Deux");
    (void)make_fund(&two, "Une");
    assert_int_equal(count(pic_server_db(&one), "SELECT count(*) FROM fund"), 2);
    pic_server_close(&one);
    pic_server_close(&two);
}

/* --- the projector --- */

static void forget_fault(void *context, const struct pic_verify_fault *fault)
{
    (void)context;
    print_error("fault %d %s table %s row %llu position %llu\n", (int)fault->kind,
                pic_status_name(fault->status), fault->table, (unsigned long long)fault->row,
                (unsigned long long)fault->position);
}

static void assert_sound(const struct place *p, uint8_t digest[static PIC_HASH_SIZE])
{
    struct pic_verify_report report;
    const struct pic_verify_options options = {.all = true, .fault = forget_fault};
    assert_int_equal(pic_server_verify(p->folder, &options, &report, NULL), PIC_OK);
    assert_int_equal(report.faults, 0);
    memcpy(digest, report.state_digest, PIC_HASH_SIZE);
}

static void test_a_lost_state_is_made_again(void **state)
{
    const struct place *p = *state;
    struct stage s;
    uint8_t before[PIC_HASH_SIZE];
    uint8_t after[PIC_HASH_SIZE];
    open_stage(&s, p);
    for (int i = 0; i < 20; i++)
        work_and_sync(&s.laptop, 8);
    assert_int_equal(pic_projector_catch_up(s.server.projector, NULL, NULL, NULL), PIC_OK);
    assert_int_equal(count(pic_server_db(&s.server), "SELECT count(*) FROM project"), 160);
    close_stage(&s);
    assert_sound(p, before);
    remove_state_of(p);
    struct pic_server server;
    assert_int_equal(pic_server_open(p->folder, 0, &server, NULL), PIC_OK);
    assert_int_equal(count(pic_server_db(&server), "SELECT count(*) FROM project"), 160);
    pic_server_close(&server);
    assert_sound(p, after);
    assert_memory_equal(before, after, PIC_HASH_SIZE);
}

static void test_a_state_of_another_journal_is_made_again(void **state)
{
    const struct place *p = *state;
    struct stage s;
    uint8_t digest[PIC_HASH_SIZE];
    open_stage(&s, p);
    work_and_sync(&s.laptop, 8);
    close_stage(&s);
    copy_file(p, "journal.db", "before.db");
    struct pic_server server;
    assert_int_equal(pic_server_open(p->folder, 0, &server, NULL), PIC_OK);
    (void)make_organisation(&server, "Perdue");
    pic_server_close(&server);
    copy_file(p, "before.db", "journal.db"); /* a journal restored from an older copy */
    assert_int_equal(pic_server_open(p->folder, 0, &server, NULL), PIC_OK);
    assert_int_equal(count(pic_server_db(&server), "SELECT count(*) FROM organisation"), 1);
    assert_int_equal(count(pic_server_db(&server), "SELECT count(*) FROM project"), 8);
    pic_server_close(&server);
    assert_sound(p, digest);
}

/* --- the exchange over the store --- */

static void test_an_invitation_is_used_once_and_again_by_the_same(void **state)
{
    const struct place *p = *state;
    struct stage s;
    open_stage(&s, p);
    int64_t now = pic_server_now_ms();
    struct pic_code code = invite(&s.server, s.organisation, "saisie", far_ms);
    struct laptop other;
    laptop_init(&other, answer_call, &s.desk);
    assert_int_equal(laptop_enrol(&other, &code, now), PIC_OK);
    struct pic_certificate first = other.certificate;
    assert_int_equal(laptop_enrol(&other, &code, now), PIC_OK); /* the reply had been lost */
    assert_memory_equal(&first, &other.certificate, sizeof first);
    struct laptop thief;
    laptop_init(&thief, answer_call, &s.desk);
    assert_int_equal(laptop_enrol(&thief, &code, now), PIC_EINVITATION_USED);
    code = invite(&s.server, s.organisation, "saisie", now - 1);
    assert_int_equal(laptop_enrol(&thief, &code, now), PIC_EINVITATION_EXPIRED);
    pic_code_new(pic_random_system(), &code);
    assert_int_equal(laptop_enrol(&thief, &code, now), PIC_EINVITATION);
    assert_int_equal(pic_projector_catch_up(s.server.projector, NULL, NULL, NULL), PIC_OK);
    assert_int_equal(count(pic_server_db(&s.server), "SELECT count(*) FROM device"), 2);
    laptop_release(&other);
    laptop_release(&thief);
    close_stage(&s);
}

/* A damaged invitation: its role is no code's. Nobody is certified, and the server lives. */
static void test_an_invitation_without_a_role_certifies_nobody(void **state)
{
    static const char *const wrong[] = {"", "chef"};
    const struct place *p = *state;
    struct stage s;
    struct laptop other;
    open_stage(&s, p);
    laptop_init(&other, answer_call, &s.desk);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct pic_code code = invite(&s.server, s.organisation, wrong[i], far_ms);
        assert_int_not_equal(laptop_enrol(&other, &code, pic_server_now_ms()), PIC_OK);
    }
    assert_int_equal(
        count(&s.server.journal_db, "SELECT count(*) FROM registry_device WHERE role = 0"), 0);
    laptop_release(&other);
    close_stage(&s);
}

static void test_a_document_is_wanted_taken_and_receipted(void **state)
{
    const struct place *p = *state;
    struct stage s;
    struct pic_asked asked;
    uint8_t hash[PIC_HASH_SIZE];
    const struct pic_span content = pic_span_text("ceci est un ticket de caisse");
    bool more;
    enum pic_reply_status reply;
    open_stage(&s, p);
    pic_hash(content, hash);
    struct pic_request put = {.type = PIC_REQUEST_PUT,
                              .put = {.total = content.n, .bytes = content}};
    memcpy(put.put.hash, hash, PIC_HASH_SIZE);
    assert_int_equal(laptop_ask(&s.laptop, &put, &asked), PIC_OK);
    assert_int_equal(asked.reply.status, PIC_REPLY_REFUSED); /* no change names it yet */
    assert_int_equal(laptop_attach(&s.laptop, hash, pic_server_now_ms()), PIC_OK);
    assert_int_equal(laptop_sync(&s.laptop, &more, &reply), PIC_OK);
    assert_int_equal(reply, PIC_REPLY_OK);
    assert_int_equal(s.laptop.receipt.documents, 0);
    assert_int_equal(
        count(&s.server.journal_db, "SELECT count(*) FROM registry_document WHERE held = 0"), 1);
    for (int twice = 0; twice < 2; twice++) {
        assert_int_equal(laptop_ask(&s.laptop, &put, &asked), PIC_OK);
        assert_int_equal(asked.reply.status, PIC_REPLY_OK);
        assert_int_equal(asked.reply.put.complete, 1);
        assert_int_equal(laptop_sync(&s.laptop, &more, &reply), PIC_OK);
        assert_int_equal(s.laptop.receipt.documents, 1);
        assert_int_equal(s.laptop.receipt.seq, 2);
    }
    struct pic_request get = {.type = PIC_REQUEST_GET, .get = {.max = 1000}};
    memcpy(get.get.hash, hash, PIC_HASH_SIZE);
    assert_int_equal(laptop_ask(&s.laptop, &get, &asked), PIC_OK);
    assert_true(pic_span_equal(asked.reply.get.bytes, content));
    /* A laptop of another association may not read it, even if it names it by chance later. */
    uint64_t elsewhere = make_organisation(&s.server, "Ailleurs");
    struct pic_code code = invite(&s.server, elsewhere, "saisie", far_ms);
    struct laptop other;
    laptop_init(&other, answer_call, &s.desk);
    assert_int_equal(laptop_enrol(&other, &code, pic_server_now_ms()), PIC_OK);
    assert_int_equal(laptop_ask(&other, &get, &asked), PIC_OK);
    assert_int_equal(asked.reply.status, PIC_REPLY_NOT_FOUND);
    laptop_release(&other);
    close_stage(&s);
}

/* --- group commit --- */

enum { SUBMITTERS = 8, ROUNDS = 25 };

struct submitter {
    struct pic_committer *committer;
    unsigned number;
    int wrong;
};

struct note {
    uint64_t key;
    int answer;
};

static int note_work(struct pic_server *server, void *job)
{
    const struct note *n = job;
    char name[32];
    (void)snprintf(name, sizeof name, "essai %llu", (unsigned long long)n->key);
    int status = pic_journal_number_put(server->journal, name, n->key);
    return status == PIC_OK ? n->answer : status;
}

static void *submit(void *context)
{
    struct submitter *s = context;
    for (unsigned i = 0; i < ROUNDS; i++) {
        bool fails = (s->number + i) % 3 == 0;
        struct note n = {s->number * 1000U + i + 1, fails ? PIC_EREFUSED : PIC_OK};
        if (pic_committer_run(s->committer, note_work, &n) != n.answer)
            s->wrong++;
    }
    return NULL;
}

static void test_what_fails_in_a_group_fails_alone(void **state)
{
    const struct place *p = *state;
    struct pic_committer *committer;
    struct pic_committer_counts counts;
    struct submitter all[SUBMITTERS];
    pthread_t threads[SUBMITTERS];
    struct pic_server server;
    unsigned kept = 0;
    assert_int_equal(pic_committer_start(p->folder, NULL, NULL, &committer, NULL), PIC_OK);
    for (unsigned i = 0; i < SUBMITTERS; i++) {
        all[i] = (struct submitter){committer, i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, submit, &all[i]), 0);
    }
    for (unsigned i = 0; i < SUBMITTERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(all[i].wrong, 0);
    }
    pic_committer_count(committer, &counts);
    assert_int_equal(counts.works, SUBMITTERS * ROUNDS);
    assert_true(counts.transactions <= counts.works);
    pic_committer_stop(committer);
    assert_int_equal(pic_server_open(p->folder, PIC_SERVER_NO_STATE, &server, NULL), PIC_OK);
    for (unsigned i = 0; i < SUBMITTERS; i++)
        for (unsigned k = 0; k < ROUNDS; k++) {
            char name[32];
            uint64_t value;
            (void)snprintf(name, sizeof name, "essai %u", i * 1000 + k + 1);
            assert_int_equal(pic_journal_number_get(server.journal, name, &value), PIC_OK);
            assert_int_equal(value, (i + k) % 3 == 0 ? 0 : i * 1000 + k + 1);
            kept += value != 0;
        }
    assert_int_equal(kept, counts.works - counts.failures);
    pic_server_close(&server);
}

/* --- contacts --- */

static void test_contacts_survive_a_restart(void **state)
{
    const struct place *p = *state;
    char path[PIC_PATH_MAX];
    struct pic_contacts *contacts;
    struct pic_contact out;
    assert_int_equal(pic_server_path(p->folder, "contacts", path), PIC_OK);
    assert_int_equal(pic_contacts_new(&contacts), PIC_OK);
    for (uint32_t i = 200; i > 2; i--) {
        const struct pic_contact c = {
            .device = i, .time_ms = (int64_t)i * 10, .clock_minutes = -(int)i};
        pic_contacts_put(contacts, &c);
    }
    assert_int_equal(pic_contacts_save(contacts, path, NULL), PIC_OK);
    pic_contacts_free(contacts);
    assert_int_equal(pic_contacts_new(&contacts), PIC_OK);
    assert_int_equal(pic_contacts_load(contacts, path), PIC_OK);
    for (uint32_t i = 3; i <= 200; i++) {
        assert_true(pic_contacts_get(contacts, i, &out));
        assert_int_equal(out.time_ms, i * 10);
        assert_int_equal(out.clock_minutes, -(int)i);
    }
    assert_false(pic_contacts_get(contacts, 2, &out));
    pic_contacts_free(contacts);
}

/* --- verification --- */

struct seen {
    unsigned n;
    struct pic_verify_fault first;
};

static void see(void *context, const struct pic_verify_fault *fault)
{
    struct seen *seen = context;
    if (seen->n++ == 0)
        seen->first = *fault;
}

/* A server with something in every table that a bit can flip in. */
static void fill_everything(const struct place *p)
{
    struct stage s;
    uint8_t hash[PIC_HASH_SIZE];
    bool more;
    enum pic_reply_status reply;
    struct pic_asked asked;
    const struct pic_span content = pic_span_text("un ticket");
    open_stage(&s, p);
    const struct typed cancel[] = {{"scheme", "srei"}, {0}};
    (void)record(&s.server, PIC_FUND, s.fund, cancel);
    pic_hash(content, hash);
    assert_int_equal(laptop_attach(&s.laptop, hash, pic_server_now_ms()), PIC_OK);
    assert_int_equal(laptop_sync(&s.laptop, &more, &reply), PIC_OK);
    struct pic_request put = {.type = PIC_REQUEST_PUT,
                              .put = {.total = content.n, .bytes = content}};
    memcpy(put.put.hash, hash, PIC_HASH_SIZE);
    assert_int_equal(laptop_ask(&s.laptop, &put, &asked), PIC_OK);
    assert_int_equal(asked.reply.put.complete, 1);
    s.laptop.fund = pic_dot(PIC_DEVICE_SERVER, 99999); /* unknown: quarantine */
    work_and_sync(&s.laptop, 1);
    assert_int_equal(pic_projector_catch_up(s.server.projector, NULL, NULL, NULL), PIC_OK);
    assert_int_equal(count(pic_server_db(&s.server), "SELECT count(*) FROM quarantine"), 1);
    close_stage(&s);
}

/* Flips one bit of one column in the last row of a table. False when the table's own constraints
 * refuse it, or the value is not there. */
static bool flip(struct pic_db *db, const char *table, const char *column)
{
    char sql[512];
    (void)snprintf(sql, sizeof sql,
                   "SELECT \"%s\", rowid IS NULL FROM (SELECT *, 1 AS rowid FROM \"%s\") "
                   "WHERE \"%s\" IS NOT NULL LIMIT 1",
                   column, table, column);
    sqlite3_stmt *read = pic_db_prepare(db, sql, NULL);
    assert_non_null(read);
    bool row = false;
    assert_int_equal(pic_db_step(read, &row), PIC_OK);
    if (!row) {
        (void)sqlite3_finalize(read);
        return false;
    }
    int type = sqlite3_column_type(read, 0);
    struct pic_span bytes = pic_db_column_span(read, 0);
    uint8_t copy[70000];
    assert_true(bytes.n < sizeof copy);
    memcpy(copy, bytes.p, bytes.n);
    (void)snprintf(sql, sizeof sql, "UPDATE \"%s\" SET \"%s\" = ?1 WHERE \"%s\" IS ?2", table,
                   column, column);
    sqlite3_stmt *write = pic_db_prepare(db, sql, NULL);
    assert_non_null(write);
    (void)sqlite3_bind_value(write, 2, sqlite3_column_value(read, 0));
    if (bytes.n > 0)
        copy[bytes.n / 2] ^= 1;
    if (type == SQLITE_INTEGER)
        (void)sqlite3_bind_int64(write, 1, sqlite3_column_int64(read, 0) ^ 1);
    else if (type == SQLITE_TEXT)
        pic_db_bind_text(write, 1, pic_span_of(copy, bytes.n));
    else
        pic_db_bind_span(write, 1, pic_span_of(copy, bytes.n));
    bool flipped = bytes.n > 0 && pic_db_run(write) == PIC_OK;
    (void)sqlite3_finalize(read);
    (void)sqlite3_finalize(write);
    return flipped;
}

/* Flips a bit in each column of each table of a database, one at a time. */
static unsigned flip_all(const struct place *p, const char *file, const char *tables)
{
    char path[PIC_PATH_MAX];
    char names[600][2][64];
    size_t n = 0;
    unsigned found = 0;
    struct pic_db db;
    const struct pic_db_options options = {.durability = PIC_DURABLE, .busy_ms = 1000};
    assert_int_equal(pic_server_path(p->folder, file, path), PIC_OK);
    assert_int_equal(pic_db_open(path, &options, &db, NULL), PIC_OK);
    sqlite3_stmt *columns = pic_db_prepare(&db, tables, NULL);
    assert_non_null(columns);
    bool row = true;
    while (pic_db_step(columns, &row) == PIC_OK && row) {
        assert_true(n < 600);
        for (int i = 0; i < 2; i++)
            (void)snprintf(names[n][i], 64, "%s", (const char *)sqlite3_column_text(columns, i));
        n++;
    }
    (void)sqlite3_finalize(columns);
    pic_db_close(&db);
    copy_file(p, file, "sound.db");
    for (size_t i = 0; i < n; i++) {
        struct seen seen = {0};
        struct pic_verify_report report;
        const struct pic_verify_options verify = {.all = true, .fault = see, .context = &seen};
        assert_int_equal(pic_db_open(path, &options, &db, NULL), PIC_OK);
        bool flipped = flip(&db, names[i][0], names[i][1]);
        pic_db_close(&db);
        if (!flipped)
            continue;
        int status = pic_server_verify(p->folder, &verify, &report, NULL);
        if (status == PIC_OK && seen.n == 0)
            print_error("a bit of %s.%s flipped unnoticed\n", names[i][0], names[i][1]);
        assert_true(seen.n > 0 || pic_status_exit(status) == 13);
        copy_file(p, "sound.db", file);
        found++;
    }
    return found;
}

static void test_a_flipped_bit_is_found_in_every_column_of_the_journal(void **state)
{
    const struct place *p = *state;
    fill_everything(p);
    unsigned found =
        flip_all(p, "journal.db",
                 "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c"
                 " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name <> 'fact'");
    assert_true(found > 45);
}

static void test_a_flipped_bit_is_found_in_every_column_of_the_state(void **state)
{
    const struct place *p = *state;
    fill_everything(p);
    unsigned found =
        flip_all(p, "state.db",
                 "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c"
                 " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'"
                 " AND m.name NOT IN ('projection', 'state_version')");
    assert_true(found > 40);
}

static void test_a_flipped_bit_is_located(void **state)
{
    const struct place *p = *state;
    char path[PIC_PATH_MAX];
    struct pic_db db;
    const struct pic_db_options options = {.durability = PIC_DURABLE, .busy_ms = 1000};
    struct seen seen = {0};
    struct pic_verify_report report;
    const struct pic_verify_options verify = {.all = true, .fault = see, .context = &seen};
    fill_everything(p);
    assert_int_equal(pic_server_path(p->folder, "journal.db", path), PIC_OK);
    copy_file(p, "journal.db", "sound.db");
    assert_int_equal(pic_db_open(path, &options, &db, NULL), PIC_OK);
    /* The first segment of the laptop: the last byte but one of its signature. */
    assert_int_equal(
        pic_db_exec(&db,
                    "UPDATE segment SET bytes = CAST(substr(bytes, 1, size - 2) || x'00' ||"
                    " substr(bytes, size) AS BLOB) WHERE device = 2 AND first_seq = 1",
                    NULL),
        PIC_OK);
    int64_t position = count(&db, "SELECT position FROM segment WHERE device = 2"
                                  " AND first_seq = 1");
    pic_db_close(&db);
    assert_int_equal(pic_server_verify(p->folder, &verify, &report, NULL), PIC_OK);
    assert_int_equal(seen.first.kind, PIC_VERIFY_SEGMENT);
    assert_int_equal(seen.first.status, PIC_ESIGNATURE);
    assert_int_equal(seen.first.position, position);
    assert_int_equal(seen.first.device, 2);
    assert_int_equal(seen.first.seq, 2);
    copy_file(p, "sound.db", "journal.db");
    assert_int_equal(pic_server_path(p->folder, "state.db", path), PIC_OK);
    assert_int_equal(pic_db_open(path, &options, &db, NULL), PIC_OK);
    assert_int_equal(pic_db_exec(&db, "UPDATE project SET asked = asked + 1", NULL), PIC_OK);
    pic_db_close(&db);
    seen.n = 0;
    assert_int_equal(pic_server_verify(p->folder, &verify, &report, NULL), PIC_OK);
    assert_int_equal(seen.first.kind, PIC_VERIFY_STATE);
    assert_string_equal(seen.first.table, "project");
    assert_int_equal(seen.first.row, pic_dot(2, 1));
}

static void test_a_changed_document_is_found(void **state)
{
    const struct place *p = *state;
    struct seen seen = {0};
    struct pic_verify_report report;
    const struct pic_verify_options verify = {.all = true, .fault = see, .context = &seen};
    uint8_t hash[PIC_HASH_SIZE];
    char path[PIC_PATH_MAX + 80];
    struct pic_buf hex;
    fill_everything(p);
    pic_hash(pic_span_text("un ticket"), hash);
    pic_buf_init(&hex, 128);
    for (size_t i = 0; i < sizeof hash; i++)
        pic_buf_printf(&hex, "%02x", hash[i]);
    (void)snprintf(path, sizeof path, "%s/documents/%.2s/%s", p->folder, pic_buf_string(&hex),
                   pic_buf_string(&hex) + 2);
    assert_int_equal(pic_file_put(path, pic_span_text("un tickeu"), 0, NULL), PIC_OK);
    pic_buf_release(&hex);
    assert_int_equal(pic_server_verify(p->folder, &verify, &report, NULL), PIC_OK);
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.first.kind, PIC_VERIFY_DOCUMENT);
    assert_memory_equal(seen.first.hash, hash, PIC_HASH_SIZE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_place, teardown_place)
    const struct CMUnitTest tests[] = {
        TEST(test_create_publishes_the_lists_of_choice),
        TEST(test_create_refuses_what_is_there),
        TEST(test_open_says_that_there_is_no_store),
        TEST(test_keys_rotate_and_are_deleted_in_time),
        TEST(test_changes_go_to_the_log_of_whom_they_concern),
        TEST(test_a_recording_is_all_or_nothing),
        TEST(test_two_stores_see_what_the_other_records),
        TEST(test_a_lost_state_is_made_again),
        TEST(test_a_state_of_another_journal_is_made_again),
        TEST(test_an_invitation_is_used_once_and_again_by_the_same),
        TEST(test_an_invitation_without_a_role_certifies_nobody),
        TEST(test_a_document_is_wanted_taken_and_receipted),
        TEST(test_what_fails_in_a_group_fails_alone),
        TEST(test_contacts_survive_a_restart),
        TEST(test_a_flipped_bit_is_found_in_every_column_of_the_journal),
        TEST(test_a_flipped_bit_is_found_in_every_column_of_the_state),
        TEST(test_a_flipped_bit_is_located),
        TEST(test_a_changed_document_is_found),
    };
    if (pic_crypto_start() != PIC_OK)
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
