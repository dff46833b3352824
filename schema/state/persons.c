#include "schema/state/persons.h"

#include <stdio.h>
#include <string.h>

#include "protocol/crypto/keys.h"

enum { SQL_MAX = 512, REASON_MAX = 1024 };

extern const unsigned char pic_embedded_due_sql[];

void pic_persons_boxes(const struct pic_change *change, struct pic_buf *hashes)
{
    const struct pic_entity *entity = pic_dictionary_entity(change->entity);
    for (unsigned i = 0; entity != NULL && i < change->op_n; i++) {
        const struct pic_op *op = &change->ops[i];
        const struct pic_field *field = pic_entity_field(entity, op->field);
        if (field != NULL && field->type == PIC_TYPE_IDENTITY && op->value.kind == PIC_KIND_BYTES &&
            op->value.s.n == PIC_HASH_SIZE)
            pic_buf_bytes(hashes, op->value.s.p, op->value.s.n);
    }
}

int pic_persons_changes(struct pic_db *db, uint64_t id, struct pic_buf *dots)
{
    bool row = false;
    struct pic_err err = {0};
    sqlite3_stmt *stmt =
        pic_db_prepare(db, "SELECT dot FROM history WHERE entity = ?1 ORDER BY dot LIMIT ?2", &err);
    if (stmt == NULL)
        return err.status;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)id);
    (void)sqlite3_bind_int(stmt, 2, PIC_PERSON_CHANGES_MAX);
    pic_buf_u64(dots, id);
    int status = pic_db_step(stmt, &row);
    while (status == PIC_OK && row) {
        pic_buf_u64(dots, (uint64_t)sqlite3_column_int64(stmt, 0));
        status = pic_db_step(stmt, &row);
    }
    (void)sqlite3_finalize(stmt);
    return status == PIC_OK ? pic_buf_status(dots) : status;
}

int pic_persons_held(struct pic_db *db, uint64_t id, int64_t today, struct pic_err *err)
{
    static const char sql[] =
        "WITH covered(id) AS (SELECT ?1 UNION SELECT about FROM participant WHERE id = ?1"
        " UNION SELECT fund FROM project WHERE id IN"
        " (SELECT ?1 UNION SELECT about FROM participant WHERE id = ?1))"
        " SELECT reason FROM hold WHERE about IN (SELECT id FROM covered)"
        " AND cancelled IS NULL AND (until_on IS NULL OR until_on >= ?2) ORDER BY id LIMIT 1";
    struct pic_buf reason;
    bool row = false;
    sqlite3_stmt *stmt = pic_db_prepare(db, sql, err);
    if (stmt == NULL)
        return err->status;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)id);
    (void)sqlite3_bind_int64(stmt, 2, today);
    pic_buf_init(&reason, REASON_MAX);
    int status = pic_db_step(stmt, &row);
    if (status == PIC_OK && row) {
        struct pic_span text = pic_db_column_span(stmt, 0);
        pic_buf_bytes(&reason, text.p, text.n);
    }
    (void)sqlite3_finalize(stmt);
    if (status == PIC_OK && row)
        status = pic_fail(err, PIC_EHELD, pic_buf_string(&reason), NULL);
    pic_buf_release(&reason);
    return status;
}

int pic_persons_due(struct pic_db *db, int64_t today, pic_person_due_each *each, void *context)
{
    struct pic_err err = {0};
    bool row = false;
    sqlite3_stmt *stmt = pic_db_prepare(db, (const char *)pic_embedded_due_sql, &err);
    if (stmt == NULL)
        return err.status;
    (void)sqlite3_bind_int64(stmt, 1, today);
    (void)sqlite3_bind_int(stmt, 2, PIC_RETENTION_MONTHS);
    int status = pic_db_step(stmt, &row);
    while (status == PIC_OK && row) {
        const struct pic_person_due due = {
            .id = (uint64_t)sqlite3_column_int64(stmt, 0),
            .entity = pic_dictionary_by_table((const char *)sqlite3_column_text(stmt, 1)),
            .title = pic_db_column_span(stmt, 2),
            .ended = sqlite3_column_int64(stmt, 3),
            .due = sqlite3_column_int64(stmt, 4),
        };
        status = each(context, &due);
        if (status == PIC_OK)
            status = pic_db_step(stmt, &row);
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

/* --- boxes that rows name --- */

static int each_in_column(struct pic_db *db, const struct pic_entity *entity,
                          const struct pic_field *field, bool erased, pic_person_box_each *each,
                          void *context)
{
    char sql[SQL_MAX];
    struct pic_err err = {0};
    bool row = false;
    (void)snprintf(sql, sizeof sql,
                   "SELECT id, \"%s\" FROM \"%s\" WHERE \"%s\" IS NOT NULL AND id %s"
                   " (SELECT about FROM erasure)",
                   field->column, entity->table, field->column, erased ? "IN" : "NOT IN");
    sqlite3_stmt *stmt = pic_db_prepare(db, sql, &err);
    if (stmt == NULL)
        return err.status;
    int status = pic_db_step(stmt, &row);
    while (status == PIC_OK && row) {
        struct pic_span hash = pic_db_column_span(stmt, 1);
        if (hash.n == PIC_HASH_SIZE)
            status = each(context, (uint64_t)sqlite3_column_int64(stmt, 0), hash);
        if (status == PIC_OK)
            status = pic_db_step(stmt, &row);
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

static int each_box(struct pic_db *db, bool erased, pic_person_box_each *each, void *context)
{
    int status = PIC_OK;
    for (size_t i = 0; status == PIC_OK && i < pic_dictionary_count(); i++) {
        const struct pic_entity *entity = pic_dictionary_at(i);
        for (unsigned f = 0; status == PIC_OK && f < entity->field_n; f++)
            if (entity->fields[f].type == PIC_TYPE_IDENTITY)
                status = each_in_column(db, entity, &entity->fields[f], erased, each, context);
    }
    return status;
}

int pic_persons_erased(struct pic_db *db, pic_person_box_each *each, void *context)
{
    return each_box(db, true, each, context);
}

int pic_persons_living(struct pic_db *db, pic_person_box_each *each, void *context)
{
    return each_box(db, false, each, context);
}

static void put_statement(struct pic_span dots, struct pic_span hashes, struct pic_buf *addresses,
                          uint8_t digest[static PIC_HASH_SIZE])
{
    struct pic_cursor c = pic_cursor_of(dots.p, dots.n);
    struct pic_hasher hasher;
    while (pic_cursor_left(&c) > 0) {
        if (addresses->len > 0)
            pic_buf_text(addresses, " ");
        pic_dot_print(pic_cursor_u64(&c), addresses);
        if (c.bad)
            break;
    }
    pic_hasher_init(&hasher);
    pic_hasher_update(&hasher, pic_span_text("pic/1 erasure"));
    pic_hasher_update(&hasher, dots);
    pic_hasher_update(&hasher, hashes);
    pic_hasher_final(&hasher, digest);
}

void pic_persons_erasure(uint64_t about, const char *reason, int64_t day, struct pic_span dots,
                         struct pic_span hashes, struct pic_person_erasure *out)
{
    enum { ADDRESSES_MAX = 8000 };
    const struct pic_entity *entity = pic_dictionary_entity(PIC_ERASURE);
    pic_buf_init(&out->addresses, ADDRESSES_MAX);
    put_statement(dots, hashes, &out->addresses, out->digest);
    const struct pic_value values[] = {
        {.kind = PIC_KIND_REF, .i = (int64_t)about},
        {.kind = PIC_KIND_INT, .i = day},
        {.kind = PIC_KIND_TEXT, .s = pic_buf_view(&out->addresses)},
        {.kind = PIC_KIND_BYTES, .s = pic_span_of(out->digest, sizeof out->digest)},
    };
    memcpy(out->values, values, sizeof values);
    const struct pic_input inputs[] = {
        {.field = pic_entity_by_column(entity, "about"), .value = &out->values[0]},
        {.field = pic_entity_by_column(entity, "reason"), .typed = reason},
        {.field = pic_entity_by_column(entity, "erased_on"), .value = &out->values[1]},
        {.field = pic_entity_by_column(entity, "changes"), .value = &out->values[2]},
        {.field = pic_entity_by_column(entity, "digest"), .value = &out->values[3]},
    };
    memcpy(out->inputs, inputs, sizeof inputs);
}
