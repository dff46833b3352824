#include "schema/state/naming.h"

#include <stdlib.h>

#include "protocol/log/change.h"
#include "schema/dictionary/identifiers.h"
#include "schema/dictionary/nomenclatures.h"

enum { DEPTH_MAX = 2 };

static const char label_sql[] = "SELECT label FROM code WHERE nomenclature = ?1 AND code = ?2"
                                " AND cancelled IS NULL ORDER BY id DESC LIMIT 1";

static const char *const name_columns[] = {"title", "name", "label", "supplier", "code"};

enum { NAME_COLUMNS = sizeof name_columns / sizeof *name_columns };

const struct pic_field *pic_naming_field(const struct pic_entity *entity)
{
    const struct pic_field *field = NULL;
    for (size_t i = 0; field == NULL && i < NAME_COLUMNS; i++)
        field = pic_entity_by_column(entity, name_columns[i]);
    return field;
}

/* The value that names a row by itself; NULL where there is none. */
static const struct pic_value *own_name(const struct pic_row *row)
{
    for (size_t i = 0; i < NAME_COLUMNS; i++) {
        const struct pic_field *field = pic_entity_by_column(row->entity, name_columns[i]);
        const struct pic_value *value = field == NULL ? NULL : pic_row_value(row, field->number);
        if (value != NULL && value->kind == PIC_KIND_TEXT && value->s.n > 0)
            return value;
    }
    return NULL;
}

static void put_row(struct pic_state *state, uint64_t id, unsigned depth, struct pic_buf *out);

static void separate(struct pic_buf *out, size_t start)
{
    if (out->len > start)
        pic_buf_text(out, " · ");
}

/* The first listed value of a type; NULL where there is none. */
static const struct pic_value *first_of(const struct pic_row *row, enum pic_type type)
{
    for (size_t i = 0; i < row->entity->field_n; i++) {
        const struct pic_field *field = &row->entity->fields[i];
        if ((field->flags & PIC_LISTED) != 0 && field->type == type &&
            row->values[i].kind == PIC_KIND_INT)
            return &row->values[i];
    }
    return NULL;
}

/* What a row without a name belongs to, and what tells it apart there: its amount, else its kind
 * and its day. References are collected first: naming them may load the same table, and what was
 * loaded is borrowed. */
static void put_belongings(struct pic_state *state, const struct pic_row *row, unsigned depth,
                           struct pic_buf *out)
{
    uint64_t refs[PIC_CHANGE_OPS_MAX];
    size_t ref_n = 0;
    const struct pic_value *money = first_of(row, PIC_TYPE_MONEY);
    const struct pic_value *day = first_of(row, PIC_TYPE_DATE);
    size_t start = out->len;
    for (size_t i = 0; i < row->entity->field_n; i++) {
        const struct pic_value *value = &row->values[i];
        if ((row->entity->fields[i].flags & PIC_LISTED) != 0 && value->kind == PIC_KIND_REF &&
            value->i != 0)
            refs[ref_n++] = (uint64_t)value->i;
    }
    bool apart = ref_n > 1; /* two belongings tell it apart by themselves */
    if (!apart && money == NULL && (ref_n > 0 || day != NULL))
        pic_buf_text(out, row->entity->label);
    for (size_t i = 0; i < ref_n; i++) {
        separate(out, start);
        put_row(state, refs[i], depth + 1, out);
    }
    if (!apart && (money != NULL || day != NULL)) {
        separate(out, start);
        if (money != NULL)
            pic_money_format(money->i, PIC_STYLE_SCREEN, out);
        else
            pic_date_format(day->i, PIC_STYLE_SCREEN, out);
    }
}

static void put_row(struct pic_state *state, uint64_t id, unsigned depth, struct pic_buf *out)
{
    const struct pic_entity *entity = NULL;
    uint64_t org = 0;
    size_t start = out->len;
    struct pic_row *row = id == 0 ? NULL : malloc(sizeof *row);
    if (row != NULL && pic_state_find(state, id, &entity, &org) == PIC_OK &&
        pic_row_load(pic_state_rows(state), entity, id, row) == PIC_OK) {
        const struct pic_value *name = own_name(row);
        if (name != NULL)
            pic_buf_bytes(out, name->s.p, name->s.n);
        else if (depth < DEPTH_MAX)
            put_belongings(state, row, depth, out);
    }
    free(row);
    if (id != 0 && out->len == start)
        pic_dot_print(id, out);
}

void pic_naming_row(struct pic_state *state, uint64_t id, struct pic_buf *out)
{
    put_row(state, id, 0, out);
}

static void put_code(struct pic_state *state, const char *nomenclature, struct pic_span code,
                     struct pic_buf *out)
{
    bool row = false;
    struct pic_span label = pic_span_of(NULL, 0);
    sqlite3_stmt *stmt = pic_db_prepare(pic_state_rows(state)->db, label_sql, NULL);
    if (stmt != NULL) {
        pic_db_bind_text(stmt, 1, pic_span_text(nomenclature));
        pic_db_bind_text(stmt, 2, code);
        if (pic_db_step(stmt, &row) == PIC_OK && row)
            label = pic_db_column_span(stmt, 0);
    }
    if (label.n == 0)
        label = pic_nomenclature_label(nomenclature, code);
    if (label.n == 0) /* an identifier, or a code that no list has any more */
        pic_identifier_format(pic_identifier_kind(nomenclature), code, out);
    else
        pic_buf_bytes(out, label.p, label.n);
    (void)sqlite3_finalize(stmt);
}

/* The codes of a set, one space apart, as labels. */
static void put_set(struct pic_state *state, const char *nomenclature, struct pic_span codes,
                    struct pic_buf *out)
{
    size_t start = out->len;
    for (size_t at = 0, end; at < codes.n; at = end + 1) {
        for (end = at; end < codes.n && codes.p[end] != ' ';)
            end++;
        if (out->len > start)
            pic_buf_text(out, ", ");
        put_code(state, nomenclature, pic_span_of(codes.p + at, end - at), out);
    }
}

void pic_naming_value(struct pic_state *state, const struct pic_field *field,
                      const struct pic_value *value, struct pic_buf *out)
{
    if (value->kind == PIC_KIND_REF)
        pic_naming_row(state, (uint64_t)value->i, out);
    else if (field->type == PIC_TYPE_CODE && value->kind == PIC_KIND_TEXT)
        put_code(state, field->about, value->s, out);
    else if (field->type == PIC_TYPE_SET && value->kind == PIC_KIND_TEXT)
        put_set(state, field->about, value->s, out);
    else
        pic_value_format(field, value, PIC_STYLE_SCREEN, out);
}

int pic_naming_author(struct pic_db *db, uint64_t dot, struct pic_buf *out, bool *found)
{
    /* Entity ids are dots: those of one device, in the order in which it wrote them. */
    static const char sql[] = "SELECT name FROM author WHERE id > ?1 AND id <= ?2"
                              " AND cancelled IS NULL ORDER BY id DESC LIMIT 1";
    sqlite3_stmt *stmt = pic_db_prepare(db, sql, NULL);
    *found = false;
    if (stmt == NULL)
        return PIC_EIO;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)pic_dot(pic_dot_device(dot), 0));
    (void)sqlite3_bind_int64(stmt, 2, (sqlite3_int64)dot);
    int status = pic_db_step(stmt, found);
    if (status == PIC_OK && *found) {
        struct pic_span name = pic_db_column_span(stmt, 0);
        pic_buf_bytes(out, name.p, name.n);
    }
    (void)sqlite3_finalize(stmt);
    return status;
}
