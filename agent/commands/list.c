#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/commands/commands.h"
#include "agent/commands/warn.h"
#include "schema/dictionary/nearest.h"
#include "schema/dictionary/nomenclatures.h"
#include "schema/state/choices.h"

enum { SQL_MAX = 16384, CELL_MAX = 65536, KEY_SIZE = 64 };

/* Columns of a sheet about one entity. References become the names of what they refer to, so they
 * are texts there. */
struct shape {
    size_t n;
    const struct pic_field *fields[PIC_SHEET_COLUMNS_MAX]; /* NULL: number of the row */
    struct pic_column columns[PIC_SHEET_COLUMNS_MAX];
};

/* labels: codes are shown by what they mean, as references are by name. */
static void shape_add(struct shape *shape, const struct pic_field *field, bool labels)
{
    if (shape->n == PIC_SHEET_COLUMNS_MAX)
        return;
    shape->fields[shape->n] = field;
    shape->columns[shape->n] = pic_sheet_column(field);
    if (field->type == PIC_TYPE_REF || (labels && field->type == PIC_TYPE_CODE))
        shape->columns[shape->n].type = PIC_TYPE_TEXT;
    shape->n++;
}

static void shape_of(const struct pic_entity *entity, bool all, bool labels, struct shape *out)
{
    *out = (struct shape){.n = 1, .columns = {{"numero", "N°", PIC_TYPE_TEXT}}};
    for (size_t i = 0; i < entity->field_n; i++) {
        const struct pic_field *field = &entity->fields[i];
        if (all || (field->flags & PIC_LISTED) != 0)
            shape_add(out, field, labels);
    }
}

static void put_cell(struct pic_agent *agent, struct pic_sheet *sheet,
                     const struct pic_column *column, const struct pic_field *field,
                     const struct pic_value *value)
{
    struct pic_buf text;
    if (column->type == field->type) {
        pic_sheet_value(sheet, value);
        return;
    }
    pic_buf_init(&text, CELL_MAX);
    pic_desk_value(agent, field, value, &text);
    pic_sheet_span(sheet, pic_buf_view(&text));
    pic_buf_release(&text);
}

static void put_number(struct pic_sheet *sheet, uint64_t id)
{
    struct pic_buf text;
    pic_buf_init(&text, KEY_SIZE);
    pic_dot_print(id, &text);
    pic_sheet_span(sheet, pic_buf_view(&text));
    pic_buf_release(&text);
}

/* --- the query: names from the dictionary, values as parameters --- */

static void put_columns(const struct pic_entity *entity, const struct shape *shape,
                        struct pic_buf *sql)
{
    pic_buf_text(sql, "SELECT id");
    for (size_t i = 1; i < shape->n; i++)
        pic_buf_printf(sql, ", \"%s\"", shape->fields[i]->column);
    pic_buf_printf(sql, " FROM \"%s\" WHERE 1", entity->table);
}

/* A set matches when it has one of the codes that were given. */
static void put_filters(struct pic_call *call, struct pic_buf *sql)
{
    for (size_t i = 0; i < call->value_n; i++) {
        const struct pic_field *field = call->values[i].field;
        if (field->type == PIC_TYPE_SET)
            pic_buf_printf(sql, " AND instr(' ' || \"%s\" || ' ', ' ' || ?%zu || ' ') > 0",
                           field->column, i + 1);
        else
            pic_buf_printf(sql, " AND \"%s\" IS ?%zu", field->column, i + 1);
    }
    if (!pic_call_has(call, "tout"))
        pic_buf_text(sql, " AND cancelled IS NULL AND reversed IS NULL");
}

static int put_order(struct pic_call *call, const struct pic_entity *entity, struct pic_buf *sql)
{
    const char *by = pic_call_option(call, "tri");
    bool down = by != NULL && *by == '-';
    if (by == NULL) {
        pic_buf_text(sql, " ORDER BY id");
        return PIC_OK;
    }
    const struct pic_field *field = pic_entity_by_option(entity, by + down);
    if (field == NULL) {
        struct pic_nearest nearest;
        pic_nearest_init(&nearest, by + down);
        for (size_t i = 0; i < entity->field_n; i++)
            pic_nearest_try(&nearest, entity->fields[i].option);
        return pic_fail(&call->err, PIC_ECODE, by, "--tri",
                        nearest.best == NULL ? "" : nearest.best, NULL);
    }
    pic_buf_printf(sql, " ORDER BY \"%s\"%s, id", field->column, down ? " DESC" : "");
    return PIC_OK;
}

static int bind_filters(struct pic_call *call, struct pic_agent *agent, sqlite3_stmt *stmt)
{
    int status = PIC_OK;
    for (size_t i = 0; status == PIC_OK && i < call->value_n; i++) {
        const struct pic_call_value *given = &call->values[i];
        int at = (int)i + 1;
        uint64_t id = 0;
        status = pic_choices_check(&agent->db, given->field, &given->value, &call->err);
        if (status != PIC_OK)
            return status;
        if (given->field->type == PIC_TYPE_REF) {
            status = pic_entry_find(agent->state, given->field->about, agent->self.device,
                                    given->typed, &id, &call->err);
            (void)sqlite3_bind_int64(stmt, at, (sqlite3_int64)id);
        } else if (given->value.kind == PIC_KIND_INT) {
            (void)sqlite3_bind_int64(stmt, at, given->value.i);
        } else if (given->value.kind == PIC_KIND_TEXT) {
            pic_db_bind_text(stmt, at, given->value.s);
        }
    }
    return status;
}

static int fill(struct pic_agent *agent, sqlite3_stmt *stmt, const struct shape *shape,
                struct pic_sheet *sheet)
{
    bool row = true;
    int status = PIC_OK;
    while (status == PIC_OK && row) {
        status = pic_db_step(stmt, &row);
        if (status != PIC_OK || !row)
            break;
        put_number(sheet, (uint64_t)sqlite3_column_int64(stmt, 0));
        for (size_t i = 1; i < shape->n; i++) {
            struct pic_value value;
            pic_desk_column(stmt, (int)i, shape->fields[i], &value);
            put_cell(agent, sheet, &shape->columns[i], shape->fields[i], &value);
        }
    }
    return status;
}

/* Codes are for programs and spreadsheets, labels for people. */
static bool reads_labels(struct pic_call *call)
{
    return !call->json && !call->plain && !pic_call_has(call, "csv");
}

static int print(struct pic_call *call, const struct pic_sheet *sheet)
{
    if (!pic_call_has(call, "csv"))
        return pic_call_sheet(call, sheet, false);
    return pic_sheet_print(sheet, PIC_SHEET_TABLEUR, NULL, &call->out);
}

/* The rows of an entity that the options select, in a sheet of that shape. */
static int read_rows(struct pic_call *call, struct pic_agent *agent,
                     const struct pic_entity *entity, const struct shape *shape,
                     struct pic_sheet *sheet)
{
    struct pic_buf sql;
    pic_buf_init(&sql, SQL_MAX);
    put_columns(entity, shape, &sql);
    put_filters(call, &sql);
    int status = put_order(call, entity, &sql);
    sqlite3_stmt *stmt = NULL;
    if (status == PIC_OK) {
        stmt = pic_db_prepare(&agent->db, pic_buf_string(&sql), &call->err);
        status = stmt == NULL ? call->err.status : bind_filters(call, agent, stmt);
    }
    if (status == PIC_OK)
        status = fill(agent, stmt, shape, sheet);
    (void)sqlite3_finalize(stmt);
    pic_buf_release(&sql);
    return status;
}

static int list(struct pic_call *call, struct pic_agent *agent, const struct pic_entity *entity,
                bool all)
{
    struct shape shape;
    struct pic_sheet sheet;
    shape_of(entity, all, reads_labels(call), &shape);
    pic_sheet_init(&sheet, shape.columns, shape.n);
    int status = read_rows(call, agent, entity, &shape, &sheet);
    if (status == PIC_OK)
        status = print(call, &sheet);
    if (status == PIC_OK && sheet.row_n == 0 && reads_labels(call))
        pic_call_tell(call, PIC_TELL_LIST_EMPTY, NULL);
    pic_sheet_release(&sheet);
    return status;
}

int pic_list_print(struct pic_call *call, struct pic_agent *agent, const struct pic_entity *entity,
                   enum pic_sheet_form form, struct pic_buf *out, bool *any)
{
    struct shape shape;
    struct pic_sheet sheet;
    shape_of(entity, true, false, &shape);
    pic_sheet_init(&sheet, shape.columns, shape.n);
    int status = read_rows(call, agent, entity, &shape, &sheet);
    *any = sheet.row_n > 0;
    if (status == PIC_OK)
        status = pic_sheet_print(&sheet, form, NULL, out);
    pic_sheet_release(&sheet);
    return status;
}

int pic_command_list_of(struct pic_call *call, const struct pic_entity *entity)
{
    struct pic_agent agent;
    int status = pic_desk_open(call, PIC_AGENT_READ, &agent);
    if (status == PIC_OK)
        status = list(call, &agent, entity, pic_call_has(call, "complet"));
    pic_agent_close(&agent);
    return status;
}

int pic_command_list(struct pic_call *call)
{
    return pic_command_list_of(call, call->target.entity);
}

/* --- one row --- */

/* In which state of its life an entry is, in words. */
static void put_life(struct pic_agent *agent, const struct pic_row *row, struct pic_buf *out)
{
    struct pic_buf bytes;
    pic_buf_init(&bytes, CELL_MAX);
    bool own = pic_dot_device(row->id) == agent->self.device;
    bool pending = own && pic_agent_pending_bytes(agent, pic_dot_seq(row->id), &bytes) == PIC_OK;
    pic_speech_tell(out, pending ? PIC_TELL_STATE_TO_SEND : PIC_TELL_RECEIVED, NULL);
    if (row->reversed != 0) {
        pic_buf_text(out, " — ");
        pic_speech_tell(out, PIC_TELL_REVERSED, NULL);
    }
    pic_buf_release(&bytes);
}

static int show(struct pic_call *call, struct pic_agent *agent, const struct pic_row *row)
{
    struct shape shape = {
        .n = 2, .columns = {{"numero", "N°", PIC_TYPE_TEXT}, {"etat", "État", PIC_TYPE_TEXT}}};
    struct pic_sheet sheet;
    struct pic_buf life;
    for (size_t i = 0; i < row->entity->field_n; i++)
        if (call->json || row->values[i].kind != PIC_KIND_NULL)
            shape_add(&shape, &row->entity->fields[i], reads_labels(call));
    pic_sheet_init(&sheet, shape.columns, shape.n);
    pic_buf_init(&life, CELL_MAX);
    put_number(&sheet, row->id);
    put_life(agent, row, &life);
    pic_sheet_span(&sheet, pic_buf_view(&life));
    for (size_t i = 2; i < shape.n; i++)
        put_cell(agent, &sheet, &shape.columns[i], shape.fields[i],
                 pic_row_value(row, shape.fields[i]->number));
    int status = pic_call_sheet(call, &sheet, true);
    pic_buf_release(&life);
    pic_sheet_release(&sheet);
    return status;
}

int pic_command_show(struct pic_call *call)
{
    struct pic_agent agent;
    struct pic_row *row = calloc(1, sizeof *row);
    uint64_t id = 0;
    if (row == NULL)
        return pic_fail(&call->err, PIC_EMEMORY, NULL);
    int status = pic_desk_open(call, PIC_AGENT_READ, &agent);
    if (status == PIC_OK)
        status = pic_desk_id(call, &agent, call->target.entity, 0, &id);
    if (status == PIC_OK) {
        status = pic_row_load(pic_state_rows(agent.state), call->target.entity, id, row);
        status = status == PIC_OK ? show(call, &agent, row) : pic_fail(&call->err, status, NULL);
    }
    if (status == PIC_OK && row->entity->number == PIC_PROJECT) {
        struct pic_budget budget;
        if (pic_budget_read(&agent, id, &budget) == PIC_OK)
            pic_warn_budget(call, &budget);
    }
    pic_agent_close(&agent);
    free(row);
    return status;
}

/* --- themes: what the central team has published, else what the program shipped with --- */

static int fill_themes(struct pic_agent *agent, struct pic_sheet *sheet)
{
    bool row = true;
    sqlite3_stmt *stmt = pic_db_prepare(&agent->db,
                                        "SELECT code, label FROM code WHERE nomenclature = 'theme'"
                                        " AND cancelled IS NULL ORDER BY code",
                                        NULL);
    int status = stmt == NULL ? PIC_EIO : PIC_OK;
    while (status == PIC_OK && row) {
        status = pic_db_step(stmt, &row);
        if (status != PIC_OK || !row)
            break;
        pic_sheet_span(sheet, pic_db_column_span(stmt, 0));
        pic_sheet_span(sheet, pic_db_column_span(stmt, 1));
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

static void fill_shipped(struct pic_sheet *sheet)
{
    struct pic_shipped_code code;
    struct pic_span left = pic_nomenclatures();
    while (pic_nomenclatures_next(&left, &code)) {
        if (!pic_span_equal(code.nomenclature, pic_span_text("theme")))
            continue;
        pic_sheet_span(sheet, code.code);
        pic_sheet_span(sheet, code.label);
    }
}

int pic_command_themes(struct pic_call *call)
{
    static const struct pic_column columns[] = {{"code", "Code", PIC_TYPE_TEXT},
                                                {"libelle", "Thème", PIC_TYPE_TEXT}};
    struct pic_agent agent;
    struct pic_sheet sheet;
    pic_sheet_init(&sheet, columns, sizeof columns / sizeof *columns);
    int status = pic_desk_open(call, PIC_AGENT_READ, &agent);
    if (status == PIC_OK)
        status = fill_themes(&agent, &sheet);
    if (status == PIC_ENOT_ENROLLED)
        status = PIC_OK;
    if (status == PIC_OK && sheet.row_n == 0)
        fill_shipped(&sheet);
    if (status == PIC_OK)
        status = print(call, &sheet);
    pic_agent_close(&agent);
    pic_sheet_release(&sheet);
    return status;
}
