#include "server/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/state/digest.h"
#include "server/verify_log.h"

enum { CACHE_KIB = 4096, BUSY_MS = 30000 };

static uint64_t number_at(sqlite3_stmt *stmt, int column)
{
    return (uint64_t)sqlite3_column_int64(stmt, column);
}

/* Calls each for every row of a query: PIC_OK, or what each or the database failed with. */
static int for_rows(struct pic_verify *v, struct pic_db *db, const char *sql,
                    int (*each)(struct pic_verify *v, sqlite3_stmt *stmt))
{
    bool row = false;
    sqlite3_stmt *stmt = pic_db_prepare(db, sql, v->err);
    if (stmt == NULL)
        return pic_db_status(sqlite3_errcode(db->handle));
    int status = pic_db_step(stmt, &row);
    while (status == PIC_OK && row) {
        status = each(v, stmt);
        if (status == PIC_OK)
            status = pic_db_step(stmt, &row);
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

static int each_head(struct pic_verify *v, sqlite3_stmt *stmt)
{
    struct pic_verify_fault fault = {.kind = PIC_VERIFY_HEAD,
                                     .status = PIC_ECHAIN,
                                     .device = (uint32_t)number_at(stmt, 0),
                                     .seq = number_at(stmt, 2)};
    const struct pic_verify_log *log = pic_verify_log_of(v, fault.device, number_at(stmt, 1));
    if (log == NULL)
        return PIC_EMEMORY;
    bool agrees =
        log->head.seq == fault.seq && log->changes == number_at(stmt, 4) &&
        pic_span_equal(pic_db_column_span(stmt, 3), pic_span_of(log->head.hash, PIC_HASH_SIZE));
    if (!agrees)
        pic_verify_tell(v, &fault);
    return PIC_OK;
}

/* --- rows that no signature protects --- */

/* A receipt must be about a segment that is there; its other facts are under its seal. */
static int each_receipt(struct pic_verify *v, sqlite3_stmt *stmt)
{
    struct pic_verify_fault fault = {.kind = PIC_VERIFY_RECEIPT,
                                     .status = PIC_EHASH,
                                     .row = number_at(stmt, 0),
                                     .device = (uint32_t)number_at(stmt, 1),
                                     .seq = number_at(stmt, 2),
                                     .position = number_at(stmt, 3)};
    v->report->receipts++;
    bool agrees = fault.seq == 0 ||
                  (sqlite3_column_type(stmt, 5) != SQLITE_NULL &&
                   pic_span_equal(pic_db_column_span(stmt, 4), pic_db_column_span(stmt, 5)));
    if (!agrees)
        pic_verify_tell(v, &fault);
    return PIC_OK;
}

static int check_seals(struct pic_verify *v, enum pic_seal kind)
{
    struct pic_db *db = &v->server.journal_db;
    uint8_t hash[PIC_HASH_SIZE];
    bool row = false;
    bool found = false;
    sqlite3_stmt *rows = pic_db_prepare(db, pic_registry_seal_rows(kind), v->err);
    sqlite3_stmt *seal =
        pic_db_prepare(db, "SELECT hash FROM registry_seal WHERE kind = ?1 AND key = ?2", v->err);
    int status = rows == NULL || seal == NULL ? pic_db_status(sqlite3_errcode(db->handle)) : PIC_OK;
    if (status == PIC_OK)
        status = pic_db_step(rows, &row);
    while (status == PIC_OK && row) {
        status = pic_row_digest(rows, hash);
        if (status != PIC_OK)
            break;
        (void)sqlite3_bind_int(seal, 1, (int)kind);
        (void)sqlite3_bind_value(seal, 2, sqlite3_column_value(rows, 0));
        status = pic_db_step(seal, &found);
        bool agrees =
            found && pic_span_equal(pic_db_column_span(seal, 0), pic_span_of(hash, sizeof hash));
        if (status == PIC_OK && !agrees)
            pic_verify_tell_row(v, PIC_VERIFY_REGISTRY, PIC_EHASH, pic_registry_seal_table(kind),
                                number_at(rows, 0));
        (void)sqlite3_reset(seal);
        if (status == PIC_OK)
            status = pic_db_step(rows, &row);
    }
    (void)sqlite3_finalize(rows);
    (void)sqlite3_finalize(seal);
    return status;
}

/* What SQLite itself finds wrong in the shape of a database file. */
static int check_file(struct pic_verify *v, struct pic_db *db, const char *name)
{
    bool row = false;
    sqlite3_stmt *stmt = pic_db_prepare(db, "PRAGMA integrity_check(1)", v->err);
    int status = stmt == NULL ? pic_db_status(sqlite3_errcode(db->handle)) : PIC_OK;
    if (status == PIC_OK)
        status = pic_db_step(stmt, &row);
    bool good =
        status == PIC_OK && row && pic_span_equal(pic_db_column_span(stmt, 0), pic_span_text("ok"));
    (void)sqlite3_finalize(stmt);
    if (!good && (status == PIC_OK || status == PIC_ESTORE_DAMAGED)) {
        pic_verify_tell_row(v, PIC_VERIFY_FILE, PIC_ESTORE_DAMAGED, name, 0);
        return PIC_OK;
    }
    return status;
}

/* Rows of a query that should have none. */
static int each_wrong_document(struct pic_verify *v, sqlite3_stmt *stmt)
{
    pic_verify_tell_row(v, PIC_VERIFY_REGISTRY, PIC_EHASH, "registry_document", number_at(stmt, 0));
    return PIC_OK;
}

static int check_journal(struct pic_verify *v)
{
    struct pic_db *db = &v->server.journal_db;
    int status = check_file(v, db, "journal.db");
    if (status == PIC_OK)
        status = pic_verify_segments(v);
    if (status == PIC_OK)
        status =
            for_rows(v, db, "SELECT device, audience, seq, hash, changes FROM log_head", each_head);
    if (status == PIC_OK)
        status = for_rows(v, db,
                          "SELECT r.number, r.device, r.seq, r.position, r.head, s.hash"
                          " FROM receipt AS r LEFT JOIN segment AS s ON s.position = r.position"
                          " AND s.device = r.device AND s.last_seq = r.seq ORDER BY r.number",
                          each_receipt);
    if (status == PIC_OK)
        status = for_rows(v, db,
                          "SELECT number FROM registry_device WHERE documents <>"
                          " (SELECT count(DISTINCT hash) FROM registry_document"
                          "  WHERE device = number AND held = 1)"
                          " UNION SELECT device FROM registry_document"
                          " WHERE device = 1 AND held = 0",
                          each_wrong_document);
    for (enum pic_seal kind = 0; status == PIC_OK && kind < PIC_SEALS; kind++)
        status = check_seals(v, kind);
    return status;
}

/* --- documents --- */

static int check_documents(struct pic_verify *v)
{
    struct pic_verify_fault fault = {.kind = PIC_VERIFY_DOCUMENT};
    int status;
    while ((status = pic_registry_document_next(v->server.registry, fault.hash)) == PIC_OK) {
        v->report->documents++;
        fault.status = pic_identities_verify(v->server.identities, fault.hash);
        if (fault.status == PIC_ENOT_FOUND) /* no identity: a document like any other */
            fault.status = pic_blobs_verify(&v->server.documents, fault.hash);
        if (fault.status == PIC_EIO || fault.status == PIC_EMEMORY)
            return fault.status;
        if (fault.status != PIC_OK)
            pic_verify_tell(v, &fault);
    }
    return status == PIC_ENOT_FOUND ? PIC_OK : status;
}

/* --- the state --- */

/* The registry against the certificates that the journal holds. */
static int each_device(struct pic_verify *v, sqlite3_stmt *stmt)
{
    struct pic_device d;
    struct pic_verify_fault fault = {
        .kind = PIC_VERIFY_DEVICE, .status = PIC_EHASH, .device = (uint32_t)number_at(stmt, 0)};
    v->report->devices++;
    int status = pic_registry_device(v->server.registry, fault.device, &d);
    if (status != PIC_OK && status != PIC_ENOT_FOUND)
        return status;
    const struct pic_certificate *c = &d.certificate;
    const char *role = status == PIC_OK ? pic_role_code(c->role) : NULL;
    bool agrees =
        role != NULL && c->organisation == number_at(stmt, 1) &&
        pic_span_equal(pic_db_column_span(stmt, 2), pic_span_text(role)) &&
        pic_span_equal(pic_db_column_span(stmt, 3), pic_span_of(c->sign_key, PIC_KEY_SIZE)) &&
        pic_span_equal(pic_db_column_span(stmt, 4), pic_span_of(c->transport_key, PIC_KEY_SIZE)) &&
        d.retired == (sqlite3_column_int(stmt, 5) != 0) && d.last_seq == number_at(stmt, 6);
    if (!agrees)
        pic_verify_tell(v, &fault);
    return PIC_OK;
}

/* The first difference of a table is told, and the others of the table with it. */
static int compare_table(struct pic_verify *v, struct pic_db *live, struct pic_db *again,
                         const char *table)
{
    struct pic_state_difference difference = {0};
    bool differs = false;
    int status = pic_state_compare(live, again, table, &differs, &difference);
    if (status == PIC_ESTORE_DAMAGED)
        pic_verify_tell_row(v, PIC_VERIFY_STATE, status, table, difference.row);
    else if (differs)
        pic_verify_tell_row(v, PIC_VERIFY_STATE, PIC_EHASH, table, difference.id);
    v->report->tables++;
    v->report->rows += difference.row;
    pic_buf_release(&difference.left);
    pic_buf_release(&difference.right);
    return status == PIC_ESTORE_DAMAGED ? PIC_OK : status;
}

static int compare_tables(struct pic_verify *v, struct pic_db *live, struct pic_db *again)
{
    int status = PIC_OK;
    const char *table;
    for (size_t at = 0; status == PIC_OK && (table = pic_state_table(&at)) != NULL;)
        status = compare_table(v, live, again, table);
    return status == PIC_OK ? pic_state_digest_all(live, v->report->state_digest) : status;
}

/* How far the live state came, in a read transaction that lasts until it is closed. */
static int live_position(struct pic_verify *v, struct pic_db *live, uint64_t *position)
{
    bool row = false;
    int status = pic_db_exec(live, "BEGIN", v->err);
    if (status != PIC_OK)
        return status;
    sqlite3_stmt *stmt =
        pic_db_prepare(live, "SELECT position FROM projection WHERE one = 1", v->err);
    if (stmt == NULL)
        return pic_db_status(sqlite3_errcode(live->handle));
    status = pic_db_step(stmt, &row);
    *position = status == PIC_OK && row ? number_at(stmt, 0) : 0;
    (void)sqlite3_finalize(stmt);
    return status;
}

static void remove_state(const char *path)
{
    static const char *const tails[] = {"", "-wal", "-shm"};
    char name[PIC_PATH_MAX + 8];
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, tails[i]);
        (void)unlink(name);
    }
}

/* Folds the journal again, as far as the live state came, and compares. */
static int compare_again(struct pic_verify *v, struct pic_db *live, const char *path,
                         uint64_t position)
{
    struct pic_projector *again;
    int status = pic_projector_new(path, v->server.journal, &again, v->err);
    if (status != PIC_OK)
        return status;
    pic_projector_limit(again, position);
    status = position == 0 ? PIC_OK : pic_projector_catch_up(again, NULL, NULL, v->err);
    if (status == PIC_OK)
        status = compare_tables(v, live, pic_projector_db(again));
    if (status == PIC_OK) {
        pic_projector_limit(again, 0);
        status = pic_projector_catch_up(again, NULL, NULL, v->err);
    }
    if (status == PIC_OK)
        status =
            for_rows(v, pic_projector_db(again),
                     "SELECT device, organisation, role, signing_key, transport_key,"
                     " coalesce(retired, 0), coalesce(last_seq, 0) FROM device ORDER BY device",
                     each_device);
    pic_projector_free(again);
    return status;
}

static int check_state(struct pic_verify *v)
{
    char live_path[PIC_PATH_MAX];
    char again_path[PIC_PATH_MAX];
    char name[64];
    struct pic_db live = {0};
    uint64_t position = 0;
    const struct pic_db_options options = {.durability = PIC_REBUILDABLE,
                                           .read_only = true,
                                           .busy_ms = BUSY_MS,
                                           .cache_kib = CACHE_KIB};
    (void)snprintf(name, sizeof name, "verification-%ld.db", (long)getpid());
    int status = pic_server_path(v->server.folder, "state.db", live_path);
    if (status == PIC_OK)
        status = pic_server_path(v->server.folder, name, again_path);
    if (status == PIC_OK)
        status = pic_db_open(live_path, &options, &live, v->err);
    if (status == PIC_OK)
        status = check_file(v, &live, "state.db");
    if (status == PIC_OK)
        status = live_position(v, &live, &position);
    if (status == PIC_ESTORE_DAMAGED) {
        pic_verify_tell_row(v, PIC_VERIFY_FILE, status, "state.db", 0);
        status = PIC_OK;
    }
    if (status == PIC_OK) {
        remove_state(again_path);
        status = compare_again(v, &live, again_path, position);
        remove_state(again_path);
    }
    pic_db_close(&live);
    /* The journal does not fold: that was told segment by segment. */
    return status == PIC_ESTORE_DAMAGED && v->report->faults > 0 ? PIC_OK : status;
}

/* --- all of it --- */

int pic_server_verify(const char *folder, const struct pic_verify_options *options,
                      struct pic_verify_report *report, struct pic_err *err)
{
    struct pic_verify v = {.options = options, .report = report, .err = err};
    memset(report, 0, sizeof *report);
    pic_buf_init(&v.bytes, PIC_SEGMENT_MAX);
    int status = pic_server_open(folder, PIC_SERVER_NO_STATE, &v.server, err);
    if (status != PIC_OK)
        return status;
    status = pic_segment_reader_new(&v.reader);
    if (status == PIC_OK) /* one moment of the journal, whatever is being added to it */
        status = pic_db_exec(&v.server.journal_db, "BEGIN", err);
    if (status == PIC_OK)
        status = check_journal(&v);
    if (status == PIC_OK && options->all)
        status = check_documents(&v);
    if (status == PIC_OK && options->all)
        status = check_state(&v);
    pic_db_rollback(&v.server.journal_db);
    pic_segment_reader_free(v.reader);
    pic_buf_release(&v.bytes);
    free(v.logs);
    pic_server_close(&v.server);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, folder, NULL);
}
