#include "agent/listing.h"

#include <string.h>

#include "protocol/base/text.h"
#include "schema/dictionary/nearest.h"
#include "schema/state/choices.h"
#include "schema/state/entry.h"
#include "schema/state/naming.h"

enum { SQL_MAX = 16384, CELL_MAX = 65536, KEY_SIZE = 64, FOLDED_MAX = 1 << 17 };

void pic_listing_shape_add(struct pic_listing_shape *shape, const struct pic_field *field,
                           bool labels)
{
    bool coded = field->type == PIC_TYPE_CODE || field->type == PIC_TYPE_SET;
    if (shape->n == PIC_SHEET_COLUMNS_MAX)
        return;
    shape->fields[shape->n] = field;
    shape->columns[shape->n] = pic_sheet_column(field);
    if (field->type == PIC_TYPE_REF || (labels && coded))
        shape->columns[shape->n].type = PIC_TYPE_TEXT;
    shape->n++;
}

void pic_listing_shape(const struct pic_entity *entity, bool whole, bool labels,
                       struct pic_listing_shape *out)
{
    *out = (struct pic_listing_shape){.n = 1, .columns = {{"numero", "N°", PIC_TYPE_TEXT}}};
    for (size_t i = 0; i < entity->field_n; i++) {
        const struct pic_field *field = &entity->fields[i];
        if (whole || (field->flags & PIC_LISTED) != 0)
            pic_listing_shape_add(out, field, labels);
    }
}

void pic_listing_cell(struct pic_agent *agent, struct pic_sheet *sheet,
                      const struct pic_listing_shape *shape, size_t column,
                      const struct pic_value *value)
{
    const struct pic_field *field = shape->fields[column];
    struct pic_buf text;
    if (shape->columns[column].type == field->type) {
        pic_sheet_value(sheet, value);
        return;
    }
    pic_buf_init(&text, CELL_MAX);
    pic_naming_value(agent->state, field, value, &text);
    pic_sheet_span(sheet, pic_buf_view(&text));
    pic_buf_release(&text);
}

void pic_listing_column(sqlite3_stmt *stmt, int column, const struct pic_field *field,
                        struct pic_value *out)
{
    *out = (struct pic_value){0};
    if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
        return;
    out->kind = pic_type_kind(field->type);
    if (out->kind == PIC_KIND_INT || out->kind == PIC_KIND_REF)
        out->i = sqlite3_column_int64(stmt, column);
    else
        out->s = pic_db_column_span(stmt, column);
}

void pic_listing_number(struct pic_sheet *sheet, uint64_t id)
{
    struct pic_buf text;
    pic_buf_init(&text, KEY_SIZE);
    pic_dot_print(id, &text);
    pic_sheet_span(sheet, pic_buf_view(&text));
    pic_buf_release(&text);
}

/* --- the query: names from the dictionary, values as parameters --- */

/* The searched fields come after those of the shape; *searched is how many. */
static void put_columns(const struct pic_listing *listing, const struct pic_listing_shape *shape,
                        int *searched, struct pic_buf *sql)
{
    const struct pic_entity *entity = listing->entity;
    *searched = 0;
    pic_buf_text(sql, "SELECT id");
    for (size_t i = 1; i < shape->n; i++)
        pic_buf_printf(sql, ", \"%s\"", shape->fields[i]->column);
    for (size_t i = 0; listing->search != NULL && i < entity->field_n; i++) {
        if ((entity->fields[i].flags & PIC_SEARCH) == 0)
            continue;
        pic_buf_printf(sql, ", \"%s\"", entity->fields[i].column);
        ++*searched;
    }
    pic_buf_printf(sql, " FROM \"%s\" WHERE 1", entity->table);
}

/* A set matches when it has one of the codes that were given. */
static void put_filters(const struct pic_listing *listing, struct pic_buf *sql)
{
    for (size_t i = 0; i < listing->filter_n; i++) {
        const struct pic_field *field = listing->filters[i].field;
        if (field->type == PIC_TYPE_SET)
            pic_buf_printf(sql, " AND instr(' ' || \"%s\" || ' ', ' ' || ?%zu || ' ') > 0",
                           field->column, i + 1);
        else
            pic_buf_printf(sql, " AND \"%s\" IS ?%zu", field->column, i + 1);
    }
    if (!listing->cancelled)
        pic_buf_text(sql, " AND cancelled IS NULL AND reversed IS NULL");
}

static int unknown_sort(const struct pic_entity *entity, const char *by, struct pic_err *err)
{
    struct pic_nearest nearest;
    pic_nearest_init(&nearest, by + (*by == '-'));
    for (size_t i = 0; i < entity->field_n; i++)
        pic_nearest_try(&nearest, entity->fields[i].option);
    return pic_fail(err, PIC_ECODE, by, "--tri", nearest.best == NULL ? "" : nearest.best, NULL);
}

static int put_order(const struct pic_listing *listing, struct pic_buf *sql, struct pic_err *err)
{
    const char *by = listing->sort;
    bool down = by != NULL && *by == '-';
    if (by == NULL || strcmp(by + down, "numero") == 0) {
        pic_buf_printf(sql, " ORDER BY id%s", down ? " DESC" : "");
        return PIC_OK;
    }
    const struct pic_field *field = pic_entity_by_option(listing->entity, by + down);
    if (field == NULL)
        return unknown_sort(listing->entity, by, err);
    pic_buf_printf(sql, " ORDER BY \"%s\"%s, id", field->column, down ? " DESC" : "");
    return PIC_OK;
}

static int bind_filters(const struct pic_listing *listing, struct pic_agent *agent,
                        sqlite3_stmt *stmt, struct pic_err *err)
{
    int status = PIC_OK;
    for (size_t i = 0; status == PIC_OK && i < listing->filter_n; i++) {
        const struct pic_listing_filter *given = &listing->filters[i];
        int at = (int)i + 1;
        uint64_t id = 0;
        status = pic_choices_check(&agent->db, given->field, &given->value, err);
        if (status != PIC_OK)
            return status;
        if (given->field->type == PIC_TYPE_REF) {
            status = pic_entry_find(agent->state, given->field->about, agent->self.device,
                                    given->typed, &id, err);
            (void)sqlite3_bind_int64(stmt, at, (sqlite3_int64)id);
        } else if (given->value.kind == PIC_KIND_INT) {
            (void)sqlite3_bind_int64(stmt, at, given->value.i);
        } else if (given->value.kind == PIC_KIND_TEXT) {
            pic_db_bind_text(stmt, at, given->value.s);
        }
    }
    return status;
}

/* --- search: each word begins a word of the row --- */

static bool has_word(const char *text, const char *word, size_t n)
{
    for (const char *at = text; at != NULL; at = strchr(at, ' ')) {
        at += *at == ' ';
        if (strncmp(at, word, n) == 0)
            return true;
    }
    return false;
}

static bool has_words(const char *text, const char *words)
{
    for (const char *at = words; *at != '\0';) {
        size_t n = strcspn(at, " ");
        if (n > 0 && !has_word(text, at, n))
            return false;
        at += n + (at[n] == ' ');
    }
    return true;
}

static bool row_matches(sqlite3_stmt *stmt, int first, int n, const char *words,
                        struct pic_buf *folded)
{
    pic_buf_clear(folded);
    for (int i = 0; i < n; i++) {
        if (pic_text_fold(pic_db_column_span(stmt, first + i), folded) == PIC_OK)
            pic_buf_text(folded, " ");
    }
    return has_words(pic_buf_string(folded), words);
}

/* --- rows --- */

static void put_row(struct pic_agent *agent, sqlite3_stmt *stmt,
                    const struct pic_listing_shape *shape, struct pic_sheet *sheet)
{
    pic_listing_number(sheet, (uint64_t)sqlite3_column_int64(stmt, 0));
    for (size_t i = 1; i < shape->n; i++) {
        struct pic_value value;
        pic_listing_column(stmt, (int)i, shape->fields[i], &value);
        pic_listing_cell(agent, sheet, shape, i, &value);
    }
}

static int fill(struct pic_agent *agent, sqlite3_stmt *stmt, const struct pic_listing *listing,
                const struct pic_listing_shape *shape, int searched, struct pic_sheet *sheet)
{
    struct pic_buf words;
    struct pic_buf folded;
    bool row = true;
    pic_buf_init(&words, FOLDED_MAX);
    pic_buf_init(&folded, FOLDED_MAX);
    int status =
        listing->search == NULL ? PIC_OK : pic_text_fold(pic_span_text(listing->search), &words);
    while (status == PIC_OK && row && (listing->max == 0 || sheet->row_n < listing->max)) {
        status = pic_db_step(stmt, &row);
        if (status == PIC_OK && row &&
            (searched == 0 ||
             row_matches(stmt, (int)shape->n, searched, pic_buf_string(&words), &folded)))
            put_row(agent, stmt, shape, sheet);
    }
    pic_buf_release(&words);
    pic_buf_release(&folded);
    return status;
}

int pic_listing_fill(struct pic_agent *agent, const struct pic_listing *listing,
                     const struct pic_listing_shape *shape, struct pic_sheet *sheet,
                     struct pic_err *err)
{
    struct pic_buf sql;
    int searched = 0;
    sqlite3_stmt *stmt = NULL;
    pic_buf_init(&sql, SQL_MAX);
    put_columns(listing, shape, &searched, &sql);
    put_filters(listing, &sql);
    int status = put_order(listing, &sql, err);
    if (status == PIC_OK) {
        stmt = pic_db_prepare(&agent->db, pic_buf_string(&sql), err);
        status = stmt == NULL ? PIC_EIO : bind_filters(listing, agent, stmt, err);
    }
    if (status == PIC_OK) {
        status = fill(agent, stmt, listing, shape, searched, sheet);
        if (status != PIC_OK)
            status = pic_fail(err, status, NULL);
    }
    (void)sqlite3_finalize(stmt);
    pic_buf_release(&sql);
    return status;
}
