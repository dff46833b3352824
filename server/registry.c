#include "server/registry.h"

#include <stdlib.h>
#include <string.h>

#include "schema/state/authority.h"
#include "schema/state/digest.h"

extern const unsigned char pic_embedded_registry_sql[];

/* Version of registry.sql, kept as a fact of the journal: its own version counts its own tables. */
static const char *const scripts[] = {(const char *)pic_embedded_registry_sql};
enum { SCRIPTS = sizeof scripts / sizeof *scripts };

static const char version_fact[] = "registry";
static const char floor_fact[] = "device floor";
static const char name_fact[] = "server name";
static const char addresses_fact[] = "server addresses";

#define DEVICE_COLUMNS                                                                             \
    "number, organisation, role, certified_ms, signing_key, transport_key, box_key, label,"        \
    " program, entity, retired, last_seq, documents, documents_digest"

enum query {
    DEVICE_GET,
    DEVICE_BY_KEY,
    DEVICE_NEXT,
    DEVICE_PUT,
    DEVICE_RETIRE,
    DEVICE_COUNT,
    DEVICE_COUNTED,
    NUMBER_NEXT,
    INVITATION_GET,
    INVITATION_PUT,
    INVITATION_STATE,
    INVITATION_OPEN_FOR,
    DOCUMENT_ADD,
    DOCUMENT_HELD_BY_ANY,
    DOCUMENT_MARK_ONE,
    DOCUMENT_AWAITED_BY,
    DOCUMENT_MARK_ALL,
    DOCUMENT_WANTED,
    DOCUMENT_OF,
    DOCUMENT_READABLE,
    DOCUMENT_NEXT,
    SEAL_PUT,
    QUERIES
};

static const char *const queries[QUERIES] = {
    [DEVICE_GET] = "SELECT " DEVICE_COLUMNS " FROM registry_device WHERE number = ?1",
    [DEVICE_BY_KEY] = "SELECT " DEVICE_COLUMNS " FROM registry_device WHERE transport_key = ?1",
    [DEVICE_NEXT] = "SELECT " DEVICE_COLUMNS " FROM registry_device WHERE number >= ?1"
                    " ORDER BY number LIMIT 1",
    [DEVICE_PUT] = "INSERT INTO registry_device(" DEVICE_COLUMNS ")"
                   " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)",
    [DEVICE_RETIRE] = "UPDATE registry_device SET retired = 1, last_seq = ?2 WHERE number = ?1",
    [DEVICE_COUNT] = "SELECT count(*) FROM registry_device",
    [DEVICE_COUNTED] = "UPDATE registry_device SET documents = ?2, documents_digest = ?3"
                       " WHERE number = ?1",
    [NUMBER_NEXT] = "SELECT max(1, (SELECT coalesce(max(number), 0) FROM registry_device),"
                    " (SELECT coalesce(max(device), 0) FROM registry_invitation)) + 1",
    [INVITATION_GET] = "SELECT secret, device, organisation, role, label, organisation_name,"
                       " expires_ms, state FROM registry_invitation WHERE id = ?1",
    [INVITATION_PUT] = "INSERT INTO registry_invitation VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
    [INVITATION_STATE] = "UPDATE registry_invitation SET state = ?2 WHERE id = ?1",
    [INVITATION_OPEN_FOR] = "SELECT id FROM registry_invitation WHERE device = ?1 AND state = 0",
    [DOCUMENT_ADD] = "INSERT OR IGNORE INTO registry_document VALUES(?1, ?2, ?3, 0)",
    [DOCUMENT_HELD_BY_ANY] = "SELECT 1 FROM registry_document WHERE hash = ?1 AND held = 1 LIMIT 1",
    [DOCUMENT_MARK_ONE] = "UPDATE registry_document SET held = 1"
                          " WHERE hash = ?1 AND device = ?2 AND held = 0",
    [DOCUMENT_AWAITED_BY] = "SELECT DISTINCT device FROM registry_document"
                            " WHERE hash = ?1 AND held = 0 ORDER BY device",
    [DOCUMENT_MARK_ALL] = "UPDATE registry_document SET held = 1 WHERE hash = ?1 AND held = 0",
    [DOCUMENT_WANTED] = "SELECT DISTINCT hash FROM registry_document"
                        " WHERE device = ?1 AND held = 0 ORDER BY hash LIMIT ?2",
    [DOCUMENT_OF] = "SELECT max(held) FROM registry_document WHERE hash = ?1 AND device = ?2",
    [DOCUMENT_READABLE] = "SELECT 1 FROM registry_document"
                          " WHERE hash = ?1 AND (audience = 0 OR audience = ?2 OR ?3) LIMIT 1",
    [DOCUMENT_NEXT] = "SELECT hash FROM registry_document WHERE hash > ?1 AND held = 1"
                      " ORDER BY hash LIMIT 1",
    [SEAL_PUT] = "INSERT OR REPLACE INTO registry_seal VALUES(?1, ?2, ?3)",
};

/* What bears a seal: its table, and the column by which a row is found. */
static const struct {
    const char *table, *row, *rows;
} seals[PIC_SEALS] = {
    [PIC_SEAL_DEVICE] = {"registry_device",
                         "SELECT number, * FROM registry_device WHERE number = ?1",
                         "SELECT number, * FROM registry_device"},
    [PIC_SEAL_INVITATION] = {"registry_invitation",
                             "SELECT id, * FROM registry_invitation WHERE id = ?1",
                             "SELECT id, * FROM registry_invitation"},
    [PIC_SEAL_RECEIPT] = {"receipt", "SELECT number, * FROM receipt WHERE number = ?1",
                          "SELECT number, * FROM receipt"},
    [PIC_SEAL_FACT] = {"fact", "SELECT name, * FROM fact WHERE name = ?1",
                       "SELECT name, * FROM fact WHERE name LIKE 'server %'"},
};

struct pic_registry {
    struct pic_db *db;
    struct pic_journal *journal;
    sqlite3_stmt *stmt[QUERIES];
    sqlite3_stmt *sealed[PIC_SEALS];
};

/* --- life --- */

static int migrate(struct pic_db *db, struct pic_journal *journal, uint64_t version,
                   struct pic_err *err)
{
    int status = pic_db_begin(db, err);
    for (uint64_t i = version; status == PIC_OK && i < SCRIPTS; i++)
        status = pic_db_exec(db, scripts[i], err);
    if (status == PIC_OK)
        status = pic_journal_number_put(journal, version_fact, SCRIPTS);
    if (status == PIC_OK)
        status = pic_db_commit(db, err);
    if (status != PIC_OK)
        pic_db_rollback(db);
    return status;
}

int pic_registry_new(struct pic_db *db, struct pic_journal *journal, bool read_only,
                     struct pic_registry **out, struct pic_err *err)
{
    uint64_t version;
    int status = pic_journal_number_get(journal, version_fact, &version);
    if (status == PIC_OK && version > SCRIPTS)
        return pic_fail(err, PIC_ESTORE_NEWER, NULL);
    if (status == PIC_OK && version < SCRIPTS)
        status = read_only ? PIC_EIO : migrate(db, journal, version, err);
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    struct pic_registry *r = calloc(1, sizeof *r);
    if (r == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    r->db = db;
    r->journal = journal;
    for (size_t i = 0; status == PIC_OK && i < QUERIES; i++) {
        r->stmt[i] = pic_db_prepare(db, queries[i], err);
        if (r->stmt[i] == NULL)
            status = pic_db_status(sqlite3_errcode(db->handle));
    }
    for (size_t i = 0; status == PIC_OK && i < PIC_SEALS; i++) {
        r->sealed[i] = pic_db_prepare(db, seals[i].row, err);
        if (r->sealed[i] == NULL)
            status = pic_db_status(sqlite3_errcode(db->handle));
    }
    if (status != PIC_OK) {
        pic_registry_free(r);
        return status;
    }
    *out = r;
    return PIC_OK;
}

void pic_registry_free(struct pic_registry *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < QUERIES; i++)
        (void)sqlite3_finalize(r->stmt[i]);
    for (size_t i = 0; i < PIC_SEALS; i++)
        (void)sqlite3_finalize(r->sealed[i]);
    free(r);
}

/* --- columns --- */

static void bind(sqlite3_stmt *stmt, int at, uint64_t v)
{
    (void)sqlite3_bind_int64(stmt, at, (sqlite3_int64)v);
}

static uint64_t number_at(sqlite3_stmt *stmt, int column)
{
    return (uint64_t)sqlite3_column_int64(stmt, column);
}

/* A column of exactly n bytes; anything else is damage. */
static int bytes_at(sqlite3_stmt *stmt, int column, void *out, size_t n)
{
    struct pic_span s = pic_db_column_span(stmt, column);
    if (s.n != n)
        return PIC_ESTORE_DAMAGED;
    memcpy(out, s.p, n);
    return PIC_OK;
}

/* A text column of at most size - 1 bytes. */
static int text_at(sqlite3_stmt *stmt, int column, char *out, size_t size)
{
    struct pic_span s = pic_db_column_span(stmt, column);
    if (s.n >= size)
        return PIC_ESTORE_DAMAGED;
    memcpy(out, s.p, s.n);
    out[s.n] = '\0';
    return PIC_OK;
}

/* Steps a query for at most one row: PIC_ENOT_FOUND when there is none. The statement is to be
 * reset by the caller. */
static int one(sqlite3_stmt *stmt)
{
    bool row;
    int status = pic_db_step(stmt, &row);
    return status == PIC_OK && !row ? PIC_ENOT_FOUND : status;
}

/* --- seals --- */

const char *pic_registry_seal_rows(enum pic_seal kind)
{
    return seals[kind].rows;
}

const char *pic_registry_seal_table(enum pic_seal kind)
{
    return seals[kind].table;
}

/* Seals the row that r->sealed[kind], with its key bound, finds. */
static int seal(struct pic_registry *r, enum pic_seal kind)
{
    sqlite3_stmt *row = r->sealed[kind];
    sqlite3_stmt *put = r->stmt[SEAL_PUT];
    uint8_t hash[PIC_HASH_SIZE];
    int status = one(row);
    if (status == PIC_OK)
        status = pic_row_digest(row, hash);
    if (status == PIC_OK) {
        bind(put, 1, kind);
        (void)sqlite3_bind_value(put, 2, sqlite3_column_value(row, 0));
        pic_db_bind_span(put, 3, pic_span_of(hash, sizeof hash));
        status = pic_db_run(put);
    }
    (void)sqlite3_reset(row);
    return status;
}

int pic_registry_seal_number(struct pic_registry *r, enum pic_seal kind, uint64_t key)
{
    bind(r->sealed[kind], 1, key);
    return seal(r, kind);
}

/* Writes a fact of this server, under its seal. */
static int put_fact(struct pic_registry *r, const char *name, struct pic_span value)
{
    int status = pic_journal_fact_put(r->journal, name, value);
    pic_db_bind_text(r->sealed[PIC_SEAL_FACT], 1, pic_span_text(name));
    return status == PIC_OK ? seal(r, PIC_SEAL_FACT) : status;
}

/* --- this server --- */

int pic_registry_name(struct pic_registry *r, struct pic_buf *out)
{
    return pic_journal_fact_get(r->journal, name_fact, out);
}

int pic_registry_name_put(struct pic_registry *r, struct pic_span name)
{
    return put_fact(r, name_fact, name);
}

int pic_registry_addresses(struct pic_registry *r, struct pic_buf *out)
{
    int status = pic_journal_fact_get(r->journal, addresses_fact, out);
    return status == PIC_ENOT_FOUND ? PIC_OK : status;
}

int pic_registry_addresses_put(struct pic_registry *r, struct pic_span lines)
{
    return put_fact(r, addresses_fact, lines);
}

/* --- devices --- */

uint64_t pic_device_audience(const struct pic_device *device)
{
    return device->certificate.organisation == 0 ? PIC_AUDIENCE_SERVER
                                                 : device->certificate.organisation;
}

static const char *const role_codes[] = {"saisie", "tresorerie", "collectivite", "audit", "region"};

const char *pic_role_code(uint32_t role)
{
    for (size_t i = 0; i < sizeof role_codes / sizeof *role_codes; i++)
        if (pic_role_of(role_codes[i]) == role)
            return role_codes[i];
    return NULL;
}

uint32_t pic_role_of(const char *code)
{
    return pic_authority_roles(pic_span_text(code));
}

static int read_device(sqlite3_stmt *stmt, struct pic_device *out)
{
    struct pic_certificate *c = &out->certificate;
    *out = (struct pic_device){
        .certificate = {.device = (uint32_t)number_at(stmt, 0),
                        .organisation = number_at(stmt, 1),
                        .role = (uint32_t)number_at(stmt, 2),
                        .time_ms = sqlite3_column_int64(stmt, 3)},
        .program = number_at(stmt, 8),
        .entity = number_at(stmt, 9),
        .retired = number_at(stmt, 10) != 0,
        .last_seq = number_at(stmt, 11),
        .documents = number_at(stmt, 12),
    };
    int status = bytes_at(stmt, 4, c->sign_key, sizeof c->sign_key);
    if (status == PIC_OK)
        status = bytes_at(stmt, 5, c->transport_key, sizeof c->transport_key);
    if (status == PIC_OK)
        status = bytes_at(stmt, 6, c->box_key, sizeof c->box_key);
    if (status == PIC_OK)
        status = text_at(stmt, 7, out->label, sizeof out->label);
    if (status == PIC_OK)
        status = bytes_at(stmt, 13, out->documents_digest, sizeof out->documents_digest);
    return status;
}

static int one_device(sqlite3_stmt *stmt, struct pic_device *out)
{
    int status = one(stmt);
    if (status == PIC_OK)
        status = read_device(stmt, out);
    (void)sqlite3_reset(stmt);
    return status;
}

int pic_registry_device(struct pic_registry *r, uint32_t number, struct pic_device *out)
{
    bind(r->stmt[DEVICE_GET], 1, number);
    return one_device(r->stmt[DEVICE_GET], out);
}

int pic_registry_device_by_key(struct pic_registry *r,
                               const uint8_t transport_key[static PIC_KEY_SIZE],
                               struct pic_device *out)
{
    pic_db_bind_span(r->stmt[DEVICE_BY_KEY], 1, pic_span_of(transport_key, PIC_KEY_SIZE));
    return one_device(r->stmt[DEVICE_BY_KEY], out);
}

int pic_registry_device_next(struct pic_registry *r, uint32_t number, struct pic_device *out)
{
    bind(r->stmt[DEVICE_NEXT], 1, number);
    return one_device(r->stmt[DEVICE_NEXT], out);
}

int pic_registry_device_put(struct pic_registry *r, const struct pic_device *d)
{
    sqlite3_stmt *stmt = r->stmt[DEVICE_PUT];
    const struct pic_certificate *c = &d->certificate;
    bind(stmt, 1, c->device);
    bind(stmt, 2, c->organisation);
    bind(stmt, 3, c->role);
    (void)sqlite3_bind_int64(stmt, 4, c->time_ms);
    pic_db_bind_span(stmt, 5, pic_span_of(c->sign_key, PIC_KEY_SIZE));
    pic_db_bind_span(stmt, 6, pic_span_of(c->transport_key, PIC_KEY_SIZE));
    pic_db_bind_span(stmt, 7, pic_span_of(c->box_key, PIC_KEY_SIZE));
    pic_db_bind_text(stmt, 8, pic_span_text(d->label));
    bind(stmt, 9, d->program);
    bind(stmt, 10, d->entity);
    bind(stmt, 11, d->retired);
    bind(stmt, 12, d->last_seq);
    bind(stmt, 13, d->documents);
    pic_db_bind_span(stmt, 14, pic_span_of(d->documents_digest, PIC_HASH_SIZE));
    int status = pic_db_run(stmt);
    return status == PIC_OK ? pic_registry_seal_number(r, PIC_SEAL_DEVICE, c->device) : status;
}

int pic_registry_retire(struct pic_registry *r, uint32_t number, uint64_t last_seq)
{
    bind(r->stmt[DEVICE_RETIRE], 1, number);
    bind(r->stmt[DEVICE_RETIRE], 2, last_seq);
    int status = pic_db_run(r->stmt[DEVICE_RETIRE]);
    return status == PIC_OK ? pic_registry_seal_number(r, PIC_SEAL_DEVICE, number) : status;
}

static int one_number(sqlite3_stmt *stmt, uint64_t *out)
{
    int status = one(stmt);
    if (status == PIC_OK)
        *out = number_at(stmt, 0);
    (void)sqlite3_reset(stmt);
    return status;
}

int pic_registry_device_count(struct pic_registry *r, uint64_t *out)
{
    return one_number(r->stmt[DEVICE_COUNT], out);
}

int pic_registry_skip(struct pic_registry *r, uint32_t by)
{
    uint32_t next = 0;
    int status = pic_registry_number(r, &next);
    return status == PIC_OK ? pic_journal_number_put(r->journal, floor_fact, next - 1 + by)
                            : status;
}

int pic_registry_number(struct pic_registry *r, uint32_t *out)
{
    uint64_t next;
    uint64_t floor = 0;
    int status = one_number(r->stmt[NUMBER_NEXT], &next);
    if (status == PIC_OK)
        status = pic_journal_number_get(r->journal, floor_fact, &floor);
    if (status == PIC_OK && next <= floor)
        next = floor + 1;
    if (status == PIC_OK && next > PIC_DEVICE_MAX)
        return PIC_ELIMIT;
    if (status == PIC_OK)
        *out = (uint32_t)next;
    return status;
}

/* --- invitations --- */

static int seal_invitation(struct pic_registry *r, const uint8_t id[static PIC_INVITATION_ID_SIZE])
{
    pic_db_bind_span(r->sealed[PIC_SEAL_INVITATION], 1, pic_span_of(id, PIC_INVITATION_ID_SIZE));
    return seal(r, PIC_SEAL_INVITATION);
}

int pic_registry_invitation_put(struct pic_registry *r, const struct pic_registry_invitation *i)
{
    sqlite3_stmt *stmt = r->stmt[INVITATION_PUT];
    pic_db_bind_span(stmt, 1, pic_span_of(i->id, sizeof i->id));
    pic_db_bind_span(stmt, 2, pic_span_of(i->secret.bytes, PIC_KEY_SIZE));
    bind(stmt, 3, i->device);
    bind(stmt, 4, i->organisation);
    bind(stmt, 5, i->role);
    pic_db_bind_text(stmt, 6, pic_span_text(i->label));
    pic_db_bind_text(stmt, 7, pic_span_text(i->organisation_name));
    (void)sqlite3_bind_int64(stmt, 8, i->expires_ms);
    bind(stmt, 9, i->state);
    int status = pic_db_run(stmt);
    return status == PIC_OK ? seal_invitation(r, i->id) : status;
}

int pic_registry_invitation(struct pic_registry *r, const uint8_t id[static PIC_INVITATION_ID_SIZE],
                            struct pic_registry_invitation *out)
{
    sqlite3_stmt *stmt = r->stmt[INVITATION_GET];
    pic_db_bind_span(stmt, 1, pic_span_of(id, PIC_INVITATION_ID_SIZE));
    int status = one(stmt);
    if (status == PIC_OK) {
        *out = (struct pic_registry_invitation){
            .device = (uint32_t)number_at(stmt, 1),
            .organisation = number_at(stmt, 2),
            .role = (uint32_t)number_at(stmt, 3),
            .expires_ms = sqlite3_column_int64(stmt, 6),
            .state = (enum pic_invitation_state)number_at(stmt, 7),
        };
        memcpy(out->id, id, sizeof out->id);
        status = bytes_at(stmt, 0, out->secret.bytes, PIC_KEY_SIZE);
    }
    if (status == PIC_OK)
        status = text_at(stmt, 4, out->label, sizeof out->label);
    if (status == PIC_OK)
        status = text_at(stmt, 5, out->organisation_name, sizeof out->organisation_name);
    (void)sqlite3_reset(stmt);
    return status == PIC_ENOT_FOUND ? PIC_EINVITATION : status;
}

int pic_registry_invitation_state(struct pic_registry *r,
                                  const uint8_t id[static PIC_INVITATION_ID_SIZE],
                                  enum pic_invitation_state state)
{
    pic_db_bind_span(r->stmt[INVITATION_STATE], 1, pic_span_of(id, PIC_INVITATION_ID_SIZE));
    bind(r->stmt[INVITATION_STATE], 2, state);
    int status = pic_db_run(r->stmt[INVITATION_STATE]);
    return status == PIC_OK ? seal_invitation(r, id) : status;
}

int pic_registry_invitation_revoke(struct pic_registry *r, uint32_t device)
{
    sqlite3_stmt *stmt = r->stmt[INVITATION_OPEN_FOR];
    uint8_t id[PIC_INVITATION_ID_SIZE];
    bind(stmt, 1, device);
    int status = one(stmt);
    if (status == PIC_OK)
        status = bytes_at(stmt, 0, id, sizeof id);
    (void)sqlite3_reset(stmt);
    return status == PIC_OK ? pic_registry_invitation_state(r, id, PIC_INVITATION_REVOKED) : status;
}

/* --- documents --- */

/* One more document for a device: its count and running digest move. */
static int count_document(struct pic_registry *r, uint32_t device, struct pic_span hash)
{
    struct pic_device d;
    int status = pic_registry_device(r, device, &d);
    if (status != PIC_OK) /* the server's own documents are in nobody's receipt */
        return status == PIC_ENOT_FOUND ? PIC_OK : status;
    uint8_t digest[PIC_HASH_SIZE];
    pic_hash2(pic_span_of(d.documents_digest, PIC_HASH_SIZE), hash, digest);
    bind(r->stmt[DEVICE_COUNTED], 1, device);
    bind(r->stmt[DEVICE_COUNTED], 2, d.documents + 1);
    pic_db_bind_span(r->stmt[DEVICE_COUNTED], 3, pic_span_of(digest, sizeof digest));
    status = pic_db_run(r->stmt[DEVICE_COUNTED]);
    return status == PIC_OK ? pic_registry_seal_number(r, PIC_SEAL_DEVICE, device) : status;
}

static int exists(sqlite3_stmt *stmt, bool *found)
{
    int status = pic_db_step(stmt, found);
    (void)sqlite3_reset(stmt);
    return status;
}

int pic_registry_document_named(struct pic_registry *r, uint32_t device, uint64_t audience,
                                const uint8_t hash[static PIC_HASH_SIZE], bool *fresh)
{
    const struct pic_span h = pic_span_of(hash, PIC_HASH_SIZE);
    bool here = false;
    unsigned marks = 0;
    const struct pic_device self = {.certificate.device = device};
    *fresh = false;
    int status = pic_registry_document(r, &self, hash, &marks);
    if (status != PIC_OK)
        return status;
    bool counted = (marks & PIC_DOCUMENT_NAMED) != 0 && (marks & PIC_DOCUMENT_WANTED) == 0;
    pic_db_bind_span(r->stmt[DOCUMENT_ADD], 1, h);
    bind(r->stmt[DOCUMENT_ADD], 2, device);
    bind(r->stmt[DOCUMENT_ADD], 3, audience);
    status = pic_db_run(r->stmt[DOCUMENT_ADD]);
    pic_db_bind_span(r->stmt[DOCUMENT_HELD_BY_ANY], 1, h);
    if (status == PIC_OK)
        status = exists(r->stmt[DOCUMENT_HELD_BY_ANY], &here);
    if (status != PIC_OK || !here)
        return status;
    pic_db_bind_span(r->stmt[DOCUMENT_MARK_ONE], 1, h);
    bind(r->stmt[DOCUMENT_MARK_ONE], 2, device);
    status = pic_db_run(r->stmt[DOCUMENT_MARK_ONE]);
    if (status != PIC_OK || counted)
        return status;
    *fresh = true;
    return count_document(r, device, h);
}

int pic_registry_document_held(struct pic_registry *r, const uint8_t hash[static PIC_HASH_SIZE],
                               struct pic_buf *devices)
{
    const struct pic_span h = pic_span_of(hash, PIC_HASH_SIZE);
    sqlite3_stmt *stmt = r->stmt[DOCUMENT_AWAITED_BY];
    bool row = true;
    pic_buf_clear(devices);
    pic_db_bind_span(stmt, 1, h);
    int status = pic_db_step(stmt, &row);
    while (status == PIC_OK && row) {
        pic_buf_u32(devices, (uint32_t)number_at(stmt, 0));
        status = pic_db_step(stmt, &row);
    }
    (void)sqlite3_reset(stmt);
    if (status == PIC_OK)
        status = pic_buf_status(devices);
    pic_db_bind_span(r->stmt[DOCUMENT_MARK_ALL], 1, h);
    if (status == PIC_OK)
        status = pic_db_run(r->stmt[DOCUMENT_MARK_ALL]);
    struct pic_cursor c = pic_cursor_of(devices->data, devices->len);
    while (status == PIC_OK && pic_cursor_left(&c) > 0)
        status = count_document(r, pic_cursor_u32(&c), h);
    return status;
}

int pic_registry_wanted(struct pic_registry *r, uint32_t device, size_t max, struct pic_buf *out)
{
    sqlite3_stmt *stmt = r->stmt[DOCUMENT_WANTED];
    bool row = true;
    bind(stmt, 1, device);
    bind(stmt, 2, max);
    int status = pic_db_step(stmt, &row);
    while (status == PIC_OK && row) {
        uint8_t hash[PIC_HASH_SIZE];
        status = bytes_at(stmt, 0, hash, sizeof hash);
        if (status == PIC_OK) {
            pic_buf_bytes(out, hash, sizeof hash);
            status = pic_db_step(stmt, &row);
        }
    }
    (void)sqlite3_reset(stmt);
    return status == PIC_OK ? pic_buf_status(out) : status;
}

int pic_registry_document(struct pic_registry *r, const struct pic_device *device,
                          const uint8_t hash[static PIC_HASH_SIZE], unsigned *marks)
{
    const struct pic_span h = pic_span_of(hash, PIC_HASH_SIZE);
    sqlite3_stmt *of = r->stmt[DOCUMENT_OF];
    sqlite3_stmt *readable = r->stmt[DOCUMENT_READABLE];
    bool found = false;
    *marks = 0;
    pic_db_bind_span(of, 1, h);
    bind(of, 2, device->certificate.device);
    int status = pic_db_step(of, &found);
    if (status == PIC_OK && found && sqlite3_column_type(of, 0) != SQLITE_NULL)
        *marks = PIC_DOCUMENT_NAMED |
                 (sqlite3_column_int(of, 0) == 0 ? (unsigned)PIC_DOCUMENT_WANTED : 0U);
    (void)sqlite3_reset(of);
    if (status != PIC_OK)
        return status;
    pic_db_bind_span(readable, 1, h);
    bind(readable, 2, pic_device_audience(device));
    bind(readable, 3, (device->certificate.role & PIC_ROLE_AUDITOR) != 0);
    status = exists(readable, &found);
    *marks |= found ? (unsigned)PIC_DOCUMENT_READABLE : 0U;
    return status;
}

int pic_registry_document_next(struct pic_registry *r, uint8_t hash[static PIC_HASH_SIZE])
{
    sqlite3_stmt *stmt = r->stmt[DOCUMENT_NEXT];
    uint8_t above[PIC_HASH_SIZE];
    memcpy(above, hash, sizeof above);
    pic_db_bind_span(stmt, 1, pic_span_of(above, sizeof above));
    int status = one(stmt);
    if (status == PIC_OK)
        status = bytes_at(stmt, 0, hash, PIC_HASH_SIZE);
    (void)sqlite3_reset(stmt);
    return status;
}
