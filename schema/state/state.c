#include "schema/state/state.h"

#include <stdlib.h>

#include "schema/state/apply.h"
#include "schema/state/judge.h"
#include "schema/state/siblings.h"

extern const unsigned char pic_embedded_state_sql[];

enum { STATE_SQL_MAX = 1 << 18, ARRIVED_MAX = 256 << 20 };

enum query { QUARANTINE_ADD, QUARANTINE_WAITING, QUARANTINE_REMOVE, QUARANTINE_COUNT, QUERIES };

static const char *const queries[QUERIES] = {
    [QUARANTINE_ADD] = "INSERT OR REPLACE INTO quarantine VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [QUARANTINE_WAITING] =
        "SELECT dot, audience, change FROM quarantine WHERE waits_for = ?1 ORDER BY dot LIMIT 1",
    [QUARANTINE_REMOVE] = "DELETE FROM quarantine WHERE dot = ?1",
    [QUARANTINE_COUNT] = "SELECT count(*) FROM quarantine WHERE waits_for <> 0",
};

struct pic_state {
    struct pic_db *db;
    struct pic_rows rows;
    struct pic_rollup *rollup;
    sqlite3_stmt *stmt[QUERIES];
    struct pic_judge judge;
    struct pic_apply *apply;
    int64_t waiting;            /* changes in quarantine that wait for an arrival */
    struct pic_row row;         /* of the change at hand */
    struct pic_buf quarantined; /* its bytes, on their way there */
    struct pic_buf arrived;     /* ids and devices whose waiting changes may come */
};

/* --- life --- */

/* Version of the derived tables, in a table of its own: on a laptop they share a file with what is
 * not derived, whose version is SQLite's user_version. */
static int read_version(struct pic_db *db, int *version, struct pic_err *err)
{
    sqlite3_stmt *stmt =
        pic_db_prepare(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'state_version'", err);
    bool row;
    if (stmt == NULL)
        return err->status;
    int status = pic_db_step(stmt, &row);
    *version = status == PIC_OK && sqlite3_column_int(stmt, 0) != 0 ? -1 : 0;
    (void)sqlite3_finalize(stmt);
    if (status != PIC_OK || *version == 0)
        return status;
    stmt = pic_db_prepare(db, "SELECT version FROM state_version", err);
    if (stmt == NULL)
        return err->status;
    status = pic_db_step(stmt, &row);
    *version = status == PIC_OK && row ? sqlite3_column_int(stmt, 0) : -1;
    (void)sqlite3_finalize(stmt);
    return status;
}

static int wanted_version(void)
{
    return PIC_STATE_VERSION * 1000 + PIC_DICTIONARY_VERSION;
}

int pic_state_prepare(struct pic_db *db, struct pic_err *err)
{
    int version = 0;
    int status = read_version(db, &version, err);
    if (status != PIC_OK || version == wanted_version())
        return status;
    if (version != 0)
        return pic_fail(err, PIC_EVERSION, NULL);
    struct pic_buf sql;
    pic_buf_init(&sql, STATE_SQL_MAX);
    pic_rows_schema(&sql);
    pic_buf_text(&sql, (const char *)pic_embedded_state_sql);
    pic_buf_printf(&sql,
                   "CREATE TABLE state_version(version INTEGER NOT NULL) STRICT;"
                   "INSERT INTO state_version VALUES(%d);",
                   wanted_version());
    status = pic_db_begin(db, err);
    if (status == PIC_OK)
        status = pic_db_exec(db, pic_buf_string(&sql), err);
    if (status == PIC_OK)
        status = pic_db_commit(db, err);
    if (status != PIC_OK)
        pic_db_rollback(db);
    pic_buf_release(&sql);
    return status;
}

int pic_state_drop(struct pic_db *db, struct pic_err *err)
{
    struct pic_buf sql;
    pic_buf_init(&sql, STATE_SQL_MAX);
    for (size_t i = 0; i < pic_dictionary_count(); i++)
        pic_buf_printf(&sql, "DROP TABLE IF EXISTS \"%s\";\n", pic_dictionary_at(i)->table);
    pic_buf_text(
        &sql,
        "DROP TABLE IF EXISTS history; DROP TABLE IF EXISTS money; DROP TABLE IF EXISTS quarantine;"
        "DROP TABLE IF EXISTS conflict; DROP TABLE IF EXISTS rollup;"
        "DROP TABLE IF EXISTS state_version;");
    int status = pic_db_begin(db, err);
    if (status == PIC_OK)
        status = pic_db_exec(db, pic_buf_string(&sql), err);
    if (status == PIC_OK)
        status = pic_db_commit(db, err);
    if (status != PIC_OK)
        pic_db_rollback(db);
    pic_buf_release(&sql);
    return status;
}

static int count_waiting(struct pic_state *s)
{
    bool row;
    int status = pic_db_step(s->stmt[QUARANTINE_COUNT], &row);
    if (status == PIC_OK && row)
        s->waiting = sqlite3_column_int64(s->stmt[QUARANTINE_COUNT], 0);
    (void)sqlite3_reset(s->stmt[QUARANTINE_COUNT]);
    return status;
}

int pic_state_new(struct pic_db *db, const struct pic_author *self, struct pic_state **out,
                  struct pic_err *err)
{
    struct pic_state *s = calloc(1, sizeof *s);
    if (s == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    s->db = db;
    pic_rows_init(&s->rows, db);
    pic_buf_init(&s->arrived, ARRIVED_MAX);
    pic_buf_init(&s->quarantined, PIC_HEADS_MAX);
    int status = pic_judge_init(&s->judge, &s->rows, self, err);
    if (status == PIC_OK)
        status = pic_rollup_new(&s->rows, &s->rollup, err);
    if (status == PIC_OK)
        status = pic_apply_new(s->rollup, &s->apply, err);
    for (size_t i = 0; status == PIC_OK && i < QUERIES; i++) {
        s->stmt[i] = pic_db_prepare(db, queries[i], err);
        if (s->stmt[i] == NULL)
            status = err->status;
    }
    if (status == PIC_OK)
        status = count_waiting(s);
    if (status != PIC_OK) {
        pic_state_free(s);
        return status;
    }
    *out = s;
    return PIC_OK;
}

void pic_state_free(struct pic_state *s)
{
    if (s == NULL)
        return;
    pic_apply_free(s->apply);
    pic_rollup_free(s->rollup);
    pic_judge_release(&s->judge);
    for (size_t i = 0; i < QUERIES; i++)
        (void)sqlite3_finalize(s->stmt[i]);
    pic_rows_release(&s->rows);
    pic_buf_release(&s->arrived);
    pic_buf_release(&s->quarantined);
    free(s);
}

int pic_state_flush(struct pic_state *s)
{
    pic_judge_forget(&s->judge); /* another connection may write the next batch */
    return pic_rollup_flush(s->rollup);
}

void pic_state_forget(struct pic_state *s)
{
    pic_judge_forget(&s->judge);
    pic_rows_forget(&s->rows);
    pic_rollup_forget(s->rollup);
    if (count_waiting(s) != PIC_OK)
        s->waiting = 1; /* unknown: look each time */
}

/* --- quarantine --- */

static int quarantine(struct pic_state *s, const struct pic_change *change, uint64_t audience,
                      const struct pic_fault *f)
{
    sqlite3_stmt *stmt = s->stmt[QUARANTINE_ADD];
    pic_buf_clear(&s->quarantined);
    pic_change_put(&s->quarantined, change);
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)change->dot);
    (void)sqlite3_bind_int64(stmt, 2, (sqlite3_int64)audience);
    (void)sqlite3_bind_int64(stmt, 3, f->verdict);
    (void)sqlite3_bind_int64(stmt, 4, f->field);
    (void)sqlite3_bind_int64(stmt, 5, (sqlite3_int64)f->waits_for);
    pic_db_bind_span(stmt, 6, pic_buf_view(&s->quarantined));
    s->waiting += f->waits_for != 0;
    return pic_db_run(stmt);
}

/* Takes the first change that waits for an arrival out of quarantine, into bytes. */
static int take_waiting(struct pic_state *s, uint64_t arrived, struct pic_buf *bytes,
                        uint64_t *audience, bool *found)
{
    sqlite3_stmt *stmt = s->stmt[QUARANTINE_WAITING];
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)arrived);
    int status = pic_db_step(stmt, found);
    if (status != PIC_OK || !*found) {
        (void)sqlite3_reset(stmt);
        return status;
    }
    struct pic_span change = pic_db_column_span(stmt, 2);
    sqlite3_int64 dot = sqlite3_column_int64(stmt, 0);
    *audience = (uint64_t)sqlite3_column_int64(stmt, 1);
    pic_buf_clear(bytes);
    pic_buf_bytes(bytes, change.p, change.n);
    (void)sqlite3_reset(stmt);
    (void)sqlite3_bind_int64(s->stmt[QUARANTINE_REMOVE], 1, dot);
    s->waiting--;
    return pic_db_run(s->stmt[QUARANTINE_REMOVE]);
}

/* --- folding --- */

/* The number that a device's certificate gives it. */
static uint32_t device_number(const struct pic_change *change)
{
    const struct pic_field *number =
        pic_entity_by_column(pic_dictionary_entity(PIC_DEVICE), "device");
    for (unsigned i = 0; i < change->op_n; i++)
        if (change->ops[i].field == number->number)
            return (uint32_t)change->ops[i].value.i;
    return 0;
}

/* Folds a change alone. What its arrival may let in is noted in s->arrived. */
static int fold_one(struct pic_state *s, const struct pic_change *change, uint64_t audience,
                    int *verdict)
{
    struct pic_fault f;
    int status = pic_judge(&s->judge, change, audience, &s->row, &f);
    *verdict = f.verdict;
    if (status != PIC_OK)
        return status;
    if (f.verdict != PIC_OK)
        return quarantine(s, change, audience, &f);
    bool creates = change->id == change->dot;
    status = creates ? pic_apply_creation(s->apply, change, audience, &s->row)
                     : pic_apply_edit(s->apply, change, &s->row);
    if (change->entity == PIC_DEVICE)
        pic_judge_forget(&s->judge);
    if (status != PIC_OK || !creates)
        return status;
    pic_buf_u64(&s->arrived, change->id);
    if (change->entity == PIC_DEVICE)
        pic_buf_u64(&s->arrived, pic_judge_certificate(device_number(change)));
    return pic_buf_status(&s->arrived);
}

/* Folds what waited for one arrival. */
static int let_in(struct pic_state *s, uint64_t arrived, struct pic_change_store *store,
                  struct pic_buf *bytes)
{
    int status = PIC_OK;
    bool found = s->waiting > 0;
    while (status == PIC_OK && found) {
        uint64_t audience = 0;
        struct pic_change change;
        int verdict;
        status = take_waiting(s, arrived, bytes, &audience, &found);
        if (status != PIC_OK || !found)
            break;
        struct pic_cursor c = pic_cursor_of(bytes->data, bytes->len);
        status = pic_change_get(&c, store, &change);
        if (status == PIC_OK)
            status = fold_one(s, &change, audience, &verdict);
    }
    return status;
}

/* Folds what waited for the arrivals noted, and so what waited for that: a list, for what waits for
 * what can be a long chain. */
static int let_all_in(struct pic_state *s)
{
    struct pic_buf bytes;
    struct pic_change_store *store = malloc(sizeof *store);
    if (store == NULL)
        return PIC_EMEMORY;
    pic_buf_init(&bytes, PIC_HEADS_MAX);
    int status = PIC_OK;
    for (size_t at = 0; status == PIC_OK && at < s->arrived.len; at += sizeof(uint64_t)) {
        struct pic_cursor c = pic_cursor_of(s->arrived.data + at, sizeof(uint64_t));
        status = let_in(s, pic_cursor_u64(&c), store, &bytes);
    }
    free(store);
    pic_buf_release(&bytes);
    return status;
}

int pic_state_fold(struct pic_state *s, const struct pic_change *change, uint64_t audience,
                   int *verdict)
{
    int own;
    pic_buf_clear(&s->arrived);
    int status = fold_one(s, change, audience, verdict == NULL ? &own : verdict);
    if (status == PIC_OK && s->waiting > 0 && s->arrived.len > 0)
        status = let_all_in(s);
    return status;
}

int pic_state_fold_segment(struct pic_state *s, struct pic_segment_reader *reader,
                           const struct pic_segment *segment, uint64_t *last_stamp)
{
    struct pic_change change = {0};
    bool done = false;
    int status = pic_segment_reader_open(reader, segment);
    while (status == PIC_OK) {
        status = pic_segment_reader_next(reader, &change, &done);
        if (status != PIC_OK || done)
            break;
        status = pic_state_fold(s, &change, segment->audience, NULL);
    }
    if (status == PIC_OK && last_stamp != NULL)
        *last_stamp = change.stamp; /* stamps ascend */
    return status;
}

/* --- reading --- */

struct pic_rows *pic_state_rows(struct pic_state *s)
{
    return &s->rows;
}

int pic_state_verdict(struct pic_state *s, const struct pic_change *change, uint64_t audience,
                      int *verdict, unsigned *field)
{
    struct pic_fault f;
    int status = pic_judge(&s->judge, change, audience, &s->row, &f);
    *verdict = f.verdict;
    *field = f.field;
    return status;
}

int pic_state_find(struct pic_state *s, uint64_t id, const struct pic_entity **entity,
                   uint64_t *org)
{
    return pic_row_find(&s->rows, id, entity, org);
}

int pic_state_bases(struct pic_state *s, const struct pic_entity *entity, uint64_t id,
                    unsigned field, uint64_t *bases, size_t *n)
{
    struct pic_row row;
    struct pic_siblings siblings;
    int status = pic_row_load(&s->rows, entity, id, &row);
    if (status != PIC_OK)
        return status;
    const struct pic_sibling created = {row.id, row.stamp, *pic_row_value(&row, field)};
    status = pic_heads_get(row.heads, (uint8_t)field, &created, &siblings);
    *n = 0;
    for (size_t i = siblings.n; status == PIC_OK && i > 0 && *n < PIC_OP_BASES_MAX; i--)
        bases[(*n)++] = siblings.list[i - 1].dot;
    return status;
}
