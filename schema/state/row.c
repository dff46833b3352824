#include "schema/state/row.h"

#include <string.h>

enum { LOADED_MAX = 8 << 20 };
enum { COLUMN_ID, COLUMN_ORG, COLUMN_STAMP, COLUMN_REVERSED, COLUMN_HEADS, COLUMN_FIRST_FIELD };

static const char *column_type(const struct pic_field *field)
{
    switch (pic_type_kind(field->type)) {
    case PIC_KIND_INT:
    case PIC_KIND_REF:
        return "INTEGER";
    case PIC_KIND_TEXT:
        return "TEXT";
    case PIC_KIND_NULL:
    case PIC_KIND_BYTES:
    case PIC_KIND_COUNT:
        break;
    }
    return "BLOB";
}

void pic_rows_schema(struct pic_buf *out)
{
    for (size_t i = 0; i < pic_dictionary_count(); i++) {
        const struct pic_entity *e = pic_dictionary_at(i);
        pic_buf_printf(out,
                       "CREATE TABLE \"%s\"(id INTEGER PRIMARY KEY, org INTEGER NOT NULL,"
                       " stamp INTEGER NOT NULL, reversed INTEGER, heads BLOB",
                       e->table);
        for (size_t k = 0; k < e->field_n; k++)
            pic_buf_printf(out, ", \"%s\" %s", e->fields[k].column, column_type(&e->fields[k]));
        pic_buf_text(out, ") STRICT;\n");
        for (size_t k = 0; k < e->field_n; k++)
            if ((e->fields[k].flags & PIC_INDEXED) != 0)
                pic_buf_printf(out, "CREATE INDEX \"%s_%s\" ON \"%s\"(\"%s\");\n", e->table,
                               e->fields[k].column, e->table, e->fields[k].column);
    }
}

void pic_rows_init(struct pic_rows *rows, struct pic_db *db)
{
    *rows = (struct pic_rows){.db = db};
    for (size_t i = 0; i <= PIC_ENTITY_MAX; i++)
        pic_buf_init(&rows->of[i].loaded, LOADED_MAX);
}

void pic_rows_release(struct pic_rows *rows)
{
    for (size_t i = 0; i <= PIC_ENTITY_MAX; i++) {
        (void)sqlite3_finalize(rows->of[i].insert);
        (void)sqlite3_finalize(rows->of[i].select);
        (void)sqlite3_finalize(rows->of[i].update);
        (void)sqlite3_finalize(rows->of[i].owner);
        pic_buf_release(&rows->of[i].loaded);
    }
    pic_rows_init(rows, NULL);
}

void pic_rows_forget(struct pic_rows *rows)
{
    memset(rows->found, 0, sizeof rows->found);
}

static void put_columns(struct pic_buf *sql, const struct pic_entity *e, const char *format)
{
    for (size_t k = 0; k < e->field_n; k++) {
        pic_buf_text(sql, k == 0 ? "" : ",");
        pic_buf_printf(sql, format[0] == '=' ? "\"%s\"=?" : "\"%s\"", e->fields[k].column);
    }
}

/* Prepares *stmt when it is not yet; builds its text with the given function. */
static int prepared(struct pic_rows *rows, const struct pic_entity *e, sqlite3_stmt **stmt,
                    void (*text)(struct pic_buf *, const struct pic_entity *))
{
    if (*stmt != NULL)
        return PIC_OK;
    struct pic_buf sql;
    struct pic_err err = {0};
    pic_buf_init(&sql, 1 << 16);
    text(&sql, e);
    *stmt = pic_db_prepare(rows->db, pic_buf_string(&sql), &err);
    pic_buf_release(&sql);
    return *stmt == NULL ? err.status : PIC_OK;
}

static void insert_text(struct pic_buf *sql, const struct pic_entity *e)
{
    pic_buf_printf(sql, "INSERT INTO \"%s\"(id,org,stamp,reversed,heads,", e->table);
    put_columns(sql, e, "");
    pic_buf_text(sql, ") VALUES(?,?,?,?,?");
    for (size_t k = 0; k < e->field_n; k++)
        pic_buf_text(sql, ",?");
    pic_buf_text(sql, ")");
}

static void select_text(struct pic_buf *sql, const struct pic_entity *e)
{
    pic_buf_text(sql, "SELECT id,org,stamp,reversed,heads,");
    put_columns(sql, e, "");
    pic_buf_printf(sql, " FROM \"%s\" WHERE id=?", e->table);
}

static void update_text(struct pic_buf *sql, const struct pic_entity *e)
{
    pic_buf_printf(sql, "UPDATE \"%s\" SET reversed=?,heads=?,", e->table);
    put_columns(sql, e, "=");
    pic_buf_text(sql, " WHERE id=?");
}

static void owner_text(struct pic_buf *sql, const struct pic_entity *e)
{
    pic_buf_printf(sql, "SELECT org FROM \"%s\" WHERE id=?", e->table);
}

/* An empty value is what a parameter is already. */
static void bind_value(sqlite3_stmt *stmt, int at, const struct pic_value *v)
{
    switch (v->kind) {
    case PIC_KIND_INT:
    case PIC_KIND_REF:
        (void)sqlite3_bind_int64(stmt, at, v->i);
        break;
    case PIC_KIND_TEXT:
        pic_db_bind_text(stmt, at, v->s);
        break;
    case PIC_KIND_BYTES:
        pic_db_bind_span(stmt, at, v->s);
        break;
    case PIC_KIND_NULL:
    case PIC_KIND_COUNT:
        break;
    }
}

/* Empties all parameters, then binds reversed, heads and the fields from parameter at on; returns
 * the next parameter. */
static int bind_content(sqlite3_stmt *stmt, int at, const struct pic_row *row)
{
    (void)sqlite3_clear_bindings(stmt);
    if (row->reversed != 0)
        (void)sqlite3_bind_int64(stmt, at, (sqlite3_int64)row->reversed);
    if (row->heads.n > 0)
        pic_db_bind_span(stmt, at + 1, row->heads);
    at += 2;
    for (size_t k = 0; k < row->entity->field_n; k++)
        bind_value(stmt, at++, &row->values[k]);
    return at;
}

int pic_row_insert(struct pic_rows *rows, const struct pic_row *row)
{
    sqlite3_stmt **stmt = &rows->of[row->entity->number].insert;
    int status = prepared(rows, row->entity, stmt, insert_text);
    if (status != PIC_OK)
        return status;
    (void)bind_content(*stmt, 4, row);
    (void)sqlite3_bind_int64(*stmt, 1, (sqlite3_int64)row->id);
    (void)sqlite3_bind_int64(*stmt, 2, (sqlite3_int64)row->org);
    (void)sqlite3_bind_int64(*stmt, 3, (sqlite3_int64)row->stamp);
    return pic_db_run(*stmt);
}

int pic_row_update(struct pic_rows *rows, const struct pic_row *row)
{
    sqlite3_stmt **stmt = &rows->of[row->entity->number].update;
    int status = prepared(rows, row->entity, stmt, update_text);
    if (status != PIC_OK)
        return status;
    int last = bind_content(*stmt, 1, row);
    (void)sqlite3_bind_int64(*stmt, last, (sqlite3_int64)row->id);
    return pic_db_run(*stmt);
}

/* Copies a text or a blob to where there is room for it already. */
static struct pic_span keep(struct pic_buf *loaded, struct pic_span s)
{
    size_t at = loaded->len;
    pic_buf_bytes(loaded, s.p, s.n);
    return pic_span_of(loaded->data + at, s.n);
}

/* Room for all texts and bytes of a row, so that nothing moves while they are copied. */
static int make_room(struct pic_buf *loaded, sqlite3_stmt *stmt)
{
    size_t bytes = 1;
    for (int i = COLUMN_HEADS; i < sqlite3_column_count(stmt); i++) {
        int type = sqlite3_column_type(stmt, i);
        if (type == SQLITE_TEXT || type == SQLITE_BLOB)
            bytes += (size_t)sqlite3_column_bytes(stmt, i);
    }
    pic_buf_clear(loaded);
    (void)pic_buf_room(loaded, bytes);
    return pic_buf_status(loaded);
}

static struct pic_value column_value(struct pic_buf *loaded, sqlite3_stmt *stmt, int column,
                                     enum pic_kind kind)
{
    struct pic_value v = {0};
    if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
        return v;
    v.kind = kind;
    if (kind == PIC_KIND_INT || kind == PIC_KIND_REF)
        v.i = sqlite3_column_int64(stmt, column);
    else
        v.s = keep(loaded, pic_db_column_span(stmt, column));
    return v;
}

int pic_row_load(struct pic_rows *rows, const struct pic_entity *entity, uint64_t id,
                 struct pic_row *out)
{
    sqlite3_stmt **stmt = &rows->of[entity->number].select;
    int status = prepared(rows, entity, stmt, select_text);
    if (status != PIC_OK)
        return status;
    struct pic_buf *loaded = &rows->of[entity->number].loaded;
    (void)sqlite3_bind_int64(*stmt, 1, (sqlite3_int64)id);
    bool row;
    status = pic_db_step(*stmt, &row);
    if (status == PIC_OK && !row)
        status = PIC_ENOT_FOUND;
    if (status == PIC_OK)
        status = make_room(loaded, *stmt);
    if (status != PIC_OK) {
        (void)sqlite3_reset(*stmt);
        return status;
    }
    out->entity = entity;
    out->id = id;
    out->org = (uint64_t)sqlite3_column_int64(*stmt, COLUMN_ORG);
    out->stamp = (uint64_t)sqlite3_column_int64(*stmt, COLUMN_STAMP);
    out->reversed = (uint64_t)sqlite3_column_int64(*stmt, COLUMN_REVERSED);
    out->heads = keep(loaded, pic_db_column_span(*stmt, COLUMN_HEADS));
    for (size_t k = 0; k < entity->field_n; k++)
        out->values[k] = column_value(loaded, *stmt, COLUMN_FIRST_FIELD + (int)k,
                                      pic_type_kind(entity->fields[k].type));
    (void)sqlite3_reset(*stmt); /* an open statement would hold on to an old snapshot */
    return PIC_OK;
}

static int read_owner(struct pic_rows *rows, const struct pic_entity *entity, uint64_t id,
                      uint64_t *org)
{
    sqlite3_stmt **stmt = &rows->of[entity->number].owner;
    int status = prepared(rows, entity, stmt, owner_text);
    if (status != PIC_OK)
        return status;
    (void)sqlite3_bind_int64(*stmt, 1, (sqlite3_int64)id);
    bool row;
    status = pic_db_step(*stmt, &row);
    if (status == PIC_OK && row)
        *org = (uint64_t)sqlite3_column_int64(*stmt, 0);
    (void)sqlite3_reset(*stmt);
    return status == PIC_OK && !row ? PIC_ENOT_FOUND : status;
}

bool pic_row_recall(const struct pic_rows *rows, uint64_t id, const struct pic_entity **entity,
                    uint64_t *org)
{
    size_t slot = id % PIC_ROWS_FOUND;
    if (rows->found[slot].entity == NULL || rows->found[slot].id != id)
        return false;
    *entity = rows->found[slot].entity;
    *org = rows->found[slot].org;
    return true;
}

int pic_row_owner(struct pic_rows *rows, const struct pic_entity *entity, uint64_t id,
                  uint64_t *org)
{
    const struct pic_entity *known;
    if (pic_row_recall(rows, id, &known, org) && known == entity)
        return PIC_OK;
    int status = read_owner(rows, entity, id, org);
    if (status == PIC_OK) {
        size_t slot = id % PIC_ROWS_FOUND;
        rows->found[slot].id = id;
        rows->found[slot].entity = entity;
        rows->found[slot].org = *org;
    }
    return status;
}

int pic_row_find(struct pic_rows *rows, uint64_t id, const struct pic_entity **entity,
                 uint64_t *org)
{
    int status = pic_row_recall(rows, id, entity, org) ? PIC_OK : PIC_ENOT_FOUND;
    for (size_t i = 0; status == PIC_ENOT_FOUND && i < pic_dictionary_count(); i++) {
        *entity = pic_dictionary_at(i);
        status = pic_row_owner(rows, *entity, id, org);
    }
    return status;
}

const struct pic_value *pic_row_value(const struct pic_row *row, unsigned field)
{
    static const struct pic_value nothing = {0};
    int index = pic_entity_index(row->entity, field);
    return index < 0 ? &nothing : &row->values[index];
}

uint64_t pic_row_reference(const struct pic_row *row, const char *column)
{
    return (uint64_t)row->values[pic_entity_by_column(row->entity, column) - row->entity->fields].i;
}
