#include <stdlib.h>
#include <string.h>

#include "schema/dictionary/value.h"
#include "schema/state/naming.h"
#include "server/commands/commands.h"
#include "server/record.h"

/* The verbs: what every entity of the dictionary can be asked, with its fields as options. */

enum { SQL_MAX = 8192, CELL_MAX = 1 << 16, LIST_DEFAULT = 1000, LIST_MAX = 1000000 };

/* --- writing --- */

/* The values of the call as inputs. A document is copied in first: its hash is the value. */
static int gather(struct pic_call *call, struct pic_server *server,
                  struct pic_value values[static PIC_FIELD_MAX],
                  uint8_t hashes[static PIC_FIELD_MAX][PIC_HASH_SIZE],
                  struct pic_input inputs[static PIC_FIELD_MAX])
{
    for (size_t i = 0; i < call->value_n; i++) {
        const struct pic_call_value *given = &call->values[i];
        inputs[i] = (struct pic_input){.field = given->field, .typed = given->typed};
        if (given->field->type != PIC_TYPE_DOCUMENT || *given->typed == '\0')
            continue;
        uint64_t size;
        int status = pic_blobs_take(&server->documents, given->typed, hashes[i], &size);
        if (status != PIC_OK)
            return pic_fail(&call->err, status, given->typed, NULL);
        values[i] =
            (struct pic_value){.kind = PIC_KIND_BYTES, .s = pic_span_of(hashes[i], PIC_HASH_SIZE)};
        inputs[i].typed = NULL;
        inputs[i].value = &values[i];
    }
    return PIC_OK;
}

/* Says what was recorded: a sentence for people, its number as data. */
static int answer(struct pic_call *call, const struct pic_entity *entity, uint64_t id)
{
    const struct pic_column column = {"numero", "N°", PIC_TYPE_TEXT};
    struct pic_sheet sheet;
    struct pic_buf number;
    pic_buf_init(&number, 64);
    pic_dot_print(id, &number);
    pic_call_tell(call, PIC_TELL_SAVED, entity->label, pic_buf_string(&number), NULL);
    pic_sheet_init(&sheet, &column, 1);
    pic_sheet_text(&sheet, pic_buf_string(&number));
    int status = pic_call_sheet(call, &sheet, true);
    pic_sheet_release(&sheet);
    pic_buf_release(&number);
    return status;
}

struct gathered {
    struct pic_value values[PIC_FIELD_MAX];
    uint8_t hashes[PIC_FIELD_MAX][PIC_HASH_SIZE];
    struct pic_input inputs[PIC_FIELD_MAX];
};

/* Creates (id 0) or edits with what the call gives. */
static int write_row(struct pic_call *call, struct pic_server *server, uint64_t id)
{
    struct gathered *g = calloc(1, sizeof *g);
    uint64_t dot;
    if (g == NULL)
        return pic_fail(&call->err, PIC_EMEMORY, NULL);
    int status = gather(call, server, g->values, g->hashes, g->inputs);
    if (status == PIC_OK)
        status = pic_record_one(server, call->target.entity, id, g->inputs, call->value_n, &dot,
                                &call->err);
    free(g);
    return status == PIC_OK ? answer(call, call->target.entity, id == 0 ? dot : id) : status;
}

static int run_add(struct pic_call *call)
{
    struct pic_server server;
    int status = pic_command_open(call, 0, &server);
    if (status != PIC_OK)
        return status;
    status = write_row(call, &server, 0);
    pic_server_close(&server);
    return status;
}

/* Opens the store and finds the row that the first argument means. */
static int open_and_find(struct pic_call *call, struct pic_server *server, uint64_t *id)
{
    int status = pic_command_open(call, 0, server);
    if (status != PIC_OK)
        return status;
    status = pic_entry_find(pic_server_state(server), call->target.entity->table, PIC_DEVICE_SERVER,
                            call->args[0], id, &call->err);
    if (status == PIC_OK)
        return PIC_OK;
    pic_server_close(server);
    return status == PIC_EREFERENCE ? pic_fail(&call->err, PIC_ENOT_FOUND, call->args[0], NULL)
                                    : status;
}

static int run_change(struct pic_call *call)
{
    struct pic_server server;
    uint64_t id;
    int status = open_and_find(call, &server, &id);
    if (status != PIC_OK)
        return status;
    status = write_row(call, &server, id);
    pic_server_close(&server);
    return status;
}

static int run_cancel(struct pic_call *call)
{
    struct pic_server server;
    uint64_t id;
    const struct pic_entity *entity = call->target.entity;
    const struct pic_input input = {.field = pic_entity_field(entity, PIC_FIELD_CANCELLED),
                                    .typed = pic_call_option(call, "motif")};
    int status = open_and_find(call, &server, &id);
    if (status != PIC_OK)
        return status;
    status = pic_record_one(&server, entity, id, &input, 1, NULL, &call->err);
    pic_server_close(&server);
    return status == PIC_OK ? answer(call, entity, id) : status;
}

static int run_reverse(struct pic_call *call)
{
    struct pic_server server;
    uint64_t id;
    uint64_t dot;
    const struct pic_entity *reversal = pic_dictionary_entity(PIC_REVERSAL);
    int status = open_and_find(call, &server, &id);
    if (status != PIC_OK)
        return status;
    const struct pic_value about = {.kind = PIC_KIND_REF, .i = (int64_t)id};
    const struct pic_input inputs[] = {
        {.field = pic_entity_by_column(reversal, "about"), .value = &about},
        {.field = pic_entity_by_column(reversal, "reason"),
         .typed = pic_call_option(call, "motif")},
    };
    status = pic_record_one(&server, reversal, 0, inputs, 2, &dot, &call->err);
    pic_server_close(&server);
    return status == PIC_OK ? answer(call, reversal, dot) : status;
}

/* --- reading --- */

/* A sheet about one entity. People read names; programs read numbers and codes, which stay. */
struct shape {
    struct pic_state *state;
    bool names; /* references and codes by their names */
    bool card;  /* one object: names are followed by the number to type */
    struct pic_column columns[PIC_SHEET_COLUMNS_MAX];
    const struct pic_field *fields[PIC_SHEET_COLUMNS_MAX]; /* NULL: the number of the row */
    unsigned at[PIC_SHEET_COLUMNS_MAX];                    /* index of the field in its entity */
    size_t n;
};

static bool is_named(enum pic_type type)
{
    return type == PIC_TYPE_REF || type == PIC_TYPE_CODE || type == PIC_TYPE_SET;
}

/* Columns of a list (what the dictionary marks) or of one object (everything). */
static void shape_of(const struct pic_call *call, struct pic_server *server, bool card,
                     struct shape *out)
{
    const struct pic_entity *entity = call->target.entity;
    *out = (struct shape){.state = pic_server_state(server),
                          .names = !call->json && !call->plain,
                          .card = card,
                          .columns = {{"numero", "N°", PIC_TYPE_TEXT}},
                          .n = 1};
    for (size_t i = 0; i < entity->field_n && out->n < PIC_SHEET_COLUMNS_MAX; i++) {
        const struct pic_field *field = &entity->fields[i];
        if (!card && (field->flags & PIC_LISTED) == 0)
            continue;
        out->fields[out->n] = field;
        out->at[out->n] = (unsigned)i;
        out->columns[out->n] = pic_sheet_column(field);
        if (out->names && is_named(field->type))
            out->columns[out->n].type = PIC_TYPE_TEXT;
        out->n++;
    }
}

static void put_cell(const struct shape *shape, struct pic_sheet *sheet,
                     const struct pic_field *field, const struct pic_value *value)
{
    struct pic_buf text;
    if (!shape->names || !is_named(field->type) || value->kind == PIC_KIND_NULL) {
        pic_sheet_value(sheet, value);
        return;
    }
    pic_buf_init(&text, CELL_MAX);
    pic_naming_value(shape->state, field, value, &text);
    if (shape->card && field->type == PIC_TYPE_REF) {
        pic_buf_text(&text, " (n° ");
        pic_dot_print((uint64_t)value->i, &text);
        pic_buf_text(&text, ")");
    }
    pic_sheet_span(sheet, pic_buf_view(&text));
    pic_buf_release(&text);
}

/* A name may stand in the table of the row itself, where each load forgets the one before: the row
 * is loaded again behind each. */
static int put_row(const struct shape *shape, struct pic_sheet *sheet, uint64_t id)
{
    struct pic_row row;
    struct pic_buf number;
    const struct pic_entity *entity = NULL;
    uint64_t org;
    int status = pic_state_find(shape->state, id, &entity, &org);
    if (status == PIC_OK)
        status = pic_row_load(pic_state_rows(shape->state), entity, id, &row);
    if (status != PIC_OK)
        return status;
    pic_buf_init(&number, 64);
    pic_dot_print(row.id, &number);
    pic_sheet_text(sheet, pic_buf_string(&number));
    pic_buf_release(&number);
    for (size_t c = 1; status == PIC_OK && c < shape->n; c++) {
        put_cell(shape, sheet, shape->fields[c], &row.values[shape->at[c]]);
        if (shape->names && shape->fields[c]->type == PIC_TYPE_REF)
            status = pic_row_load(pic_state_rows(shape->state), entity, id, &row);
    }
    return status;
}

/* A filter that was given: the column equals it, or holds it where it is a set. */
static void put_conditions(const struct pic_call *call, struct pic_buf *sql)
{
    pic_buf_printf(sql, "SELECT id FROM \"%s\" WHERE ", call->target.entity->table);
    pic_buf_text(sql, pic_call_has(call, "tout") ? "1" : "cancelled IS NULL AND reversed IS NULL");
    for (size_t i = 0; i < call->value_n; i++) {
        const struct pic_field *field = call->values[i].field;
        if (field->type == PIC_TYPE_SET)
            pic_buf_printf(sql, " AND instr(' '||\"%s\"||' ', ' '||?%zu||' ') > 0", field->column,
                           i + 1);
        else
            pic_buf_printf(sql, " AND \"%s\" IS ?%zu", field->column, i + 1);
    }
    pic_buf_text(sql, " ORDER BY id LIMIT ?250");
}

static int bind_filter(struct pic_call *call, struct pic_server *server, sqlite3_stmt *stmt,
                       size_t at)
{
    const struct pic_call_value *given = &call->values[at];
    const struct pic_value *v = &given->value;
    int parameter = (int)at + 1;
    uint64_t id = (uint64_t)v->i;
    int status = PIC_OK;
    if (given->field->type == PIC_TYPE_REF)
        status = pic_entry_find(pic_server_state(server), given->field->about, PIC_DEVICE_SERVER,
                                given->typed, &id, &call->err);
    if (given->field->type == PIC_TYPE_REF || v->kind == PIC_KIND_INT)
        (void)sqlite3_bind_int64(stmt, parameter, (sqlite3_int64)id);
    else if (v->kind == PIC_KIND_TEXT)
        pic_db_bind_text(stmt, parameter, v->s);
    return status;
}

static int limit_of(struct pic_call *call, int *out)
{
    const char *text = pic_call_option(call, "limite");
    char *end;
    *out = LIST_DEFAULT;
    if (text == NULL)
        return PIC_OK;
    long value = strtol(text, &end, 10);
    if (*end != '\0' || value < 1 || value > LIST_MAX)
        return pic_fail(&call->err, PIC_ECOUNT, text, "limite", "1000000", NULL);
    *out = (int)value;
    return PIC_OK;
}

static int fill_list(struct pic_call *call, struct pic_server *server, const struct shape *shape,
                     struct pic_sheet *sheet)
{
    struct pic_buf sql;
    bool found = false;
    int limit;
    int status = limit_of(call, &limit);
    if (status != PIC_OK)
        return status;
    pic_buf_init(&sql, SQL_MAX);
    put_conditions(call, &sql);
    sqlite3_stmt *stmt = pic_db_prepare(pic_server_db(server), pic_buf_string(&sql), &call->err);
    pic_buf_release(&sql);
    if (stmt == NULL)
        return call->err.status;
    (void)sqlite3_bind_int(stmt, 250, limit);
    for (size_t i = 0; status == PIC_OK && i < call->value_n; i++)
        status = bind_filter(call, server, stmt, i);
    if (status == PIC_OK)
        status = pic_db_step(stmt, &found);
    while (status == PIC_OK && found) {
        status = put_row(shape, sheet, (uint64_t)sqlite3_column_int64(stmt, 0));
        if (status == PIC_OK)
            status = pic_db_step(stmt, &found);
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

static int run_list(struct pic_call *call)
{
    struct pic_server server;
    struct shape shape;
    struct pic_sheet sheet;
    int status = pic_command_open(call, 0, &server);
    if (status != PIC_OK)
        return status;
    shape_of(call, &server, false, &shape);
    pic_sheet_init(&sheet, shape.columns, shape.n);
    status = fill_list(call, &server, &shape, &sheet);
    if (status == PIC_OK)
        status = pic_call_sheet(call, &sheet, false);
    pic_sheet_release(&sheet);
    pic_server_close(&server);
    return status;
}

static int run_show(struct pic_call *call)
{
    struct pic_server server;
    struct shape shape;
    struct pic_sheet sheet;
    uint64_t id;
    int status = open_and_find(call, &server, &id);
    if (status != PIC_OK)
        return status;
    shape_of(call, &server, true, &shape);
    pic_sheet_init(&sheet, shape.columns, shape.n);
    status = put_row(&shape, &sheet, id);
    status = status == PIC_OK ? pic_call_sheet(call, &sheet, true)
                              : pic_fail(&call->err, status, call->args[0], NULL);
    pic_sheet_release(&sheet);
    pic_server_close(&server);
    return status;
}

/* --- the table --- */

static const struct pic_option list_options[] = {
    {.name = "tout", .help = "Montre aussi ce qui est annulé ou contrepassé"},
    {.name = "limite", .argument = "N", .help = "Au plus tant de lignes (1000)"},
    {0},
};

static const struct pic_option reason_options[] = {
    {.name = "motif", .argument = "TEXTE", .help = "Pourquoi", .flags = PIC_OPTION_REQUIRED},
    {0},
};

const struct pic_command pic_server_verbs[] = {
    {.path = "ajouter",
     .alias = "creer",
     .summary = "Enregistre : {1}",
     .run = run_add,
     .fields = PIC_FIELDS_CREATE,
     .flags = PIC_COMMAND_WRITES},
    {.path = "liste",
     .summary = "Liste : {1}",
     .options = list_options,
     .run = run_list,
     .fields = PIC_FIELDS_FILTER},
    {.path = "voir",
     .usage = "ID",
     .summary = "Montre tout : {1}",
     .run = run_show,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "modifier",
     .usage = "ID",
     .summary = "Corrige : {1}",
     .run = run_change,
     .fields = PIC_FIELDS_CHANGE,
     .arg_min = 1,
     .arg_max = 1,
     .flags = PIC_COMMAND_WRITES | PIC_COMMAND_NO_REVERSE},
    {.path = "annuler",
     .usage = "ID",
     .summary = "Retire, sans rien effacer : {1}",
     .options = reason_options,
     .run = run_cancel,
     .arg_min = 1,
     .arg_max = 1,
     .flags = PIC_COMMAND_WRITES | PIC_COMMAND_NO_REVERSE},
    {.path = "contrepasser",
     .usage = "ID",
     .summary = "Annule l'effet par une écriture contraire : {1}",
     .options = reason_options,
     .run = run_reverse,
     .arg_min = 1,
     .arg_max = 1,
     .flags = PIC_COMMAND_WRITES | PIC_COMMAND_REVERSES},
};
const size_t pic_server_verb_n = sizeof pic_server_verbs / sizeof *pic_server_verbs;
