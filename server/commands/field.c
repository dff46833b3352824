#include <stdlib.h>
#include <string.h>

#include "protocol/base/clock.h"
#include "protocol/base/text.h"
#include "schema/dictionary/nomenclatures.h"
#include "schema/state/naming.h"
#include "server/commands/commands.h"
#include "server/record.h"

enum { TEXT_MAX = 1 << 15, HISTORY_MAX = 1 << 16 };

/* --- quarantaine liste --- */

static const struct pic_column quarantine_columns[] = {
    {"saisie", "Saisie", PIC_TYPE_TEXT},       {"appareil", "Appareil", PIC_TYPE_COUNT},
    {"organisme", "Organisme", PIC_TYPE_TEXT}, {"objet", "Objet", PIC_TYPE_TEXT},
    {"code", "Code", PIC_TYPE_TEXT},           {"champ", "Champ", PIC_TYPE_TEXT},
    {"attend", "Attend", PIC_TYPE_TEXT},       {"raison", "Raison", PIC_TYPE_TEXT},
};

static void put_dot(struct pic_sheet *sheet, uint64_t dot)
{
    struct pic_buf text;
    pic_buf_init(&text, 64);
    if (dot != 0)
        pic_dot_print(dot, &text);
    pic_sheet_text(sheet, pic_buf_string(&text));
    pic_buf_release(&text);
}

static int put_quarantined(sqlite3_stmt *stmt, struct pic_change_store *store,
                           struct pic_sheet *sheet)
{
    struct pic_change change;
    struct pic_buf said;
    struct pic_span bytes = pic_db_column_span(stmt, 5);
    struct pic_cursor c = pic_cursor_of(bytes.p, bytes.n);
    int status = pic_change_get(&c, store, &change);
    if (status != PIC_OK)
        return PIC_ESTORE_DAMAGED;
    const struct pic_entity *entity = pic_dictionary_entity(change.entity);
    const struct pic_field *field =
        entity == NULL ? NULL : pic_entity_field(entity, (unsigned)sqlite3_column_int(stmt, 3));
    struct pic_err err = {.status = sqlite3_column_int(stmt, 2)};
    uint64_t dot = (uint64_t)sqlite3_column_int64(stmt, 0);
    pic_buf_init(&said, TEXT_MAX);
    pic_speech_error(&err, PIC_SPEECH_LINE, &said);
    put_dot(sheet, dot);
    pic_sheet_int(sheet, pic_dot_device(dot));
    put_dot(sheet, (uint64_t)sqlite3_column_int64(stmt, 1));
    pic_sheet_text(sheet, entity == NULL ? "" : entity->label);
    pic_sheet_text(sheet, pic_status_code(err.status));
    pic_sheet_text(sheet, field == NULL ? "" : field->label);
    put_dot(sheet, (uint64_t)sqlite3_column_int64(stmt, 4));
    pic_sheet_text(sheet, pic_buf_string(&said));
    pic_buf_release(&said);
    return PIC_OK;
}

static int fill_quarantine(struct pic_call *call, struct pic_server *server,
                           struct pic_sheet *sheet)
{
    static const char sql[] = "SELECT dot, audience, status, field, waits_for, change"
                              " FROM quarantine ORDER BY dot";
    struct pic_change_store *store = malloc(sizeof *store);
    sqlite3_stmt *stmt = pic_db_prepare(pic_server_db(server), sql, &call->err);
    bool row = false;
    int status = store == NULL || stmt == NULL ? PIC_EMEMORY : pic_db_step(stmt, &row);
    while (status == PIC_OK && row) {
        status = put_quarantined(stmt, store, sheet);
        if (status == PIC_OK)
            status = pic_db_step(stmt, &row);
    }
    (void)sqlite3_finalize(stmt);
    free(store);
    return status;
}

static int run_quarantine(struct pic_call *call)
{
    struct pic_server server;
    struct pic_sheet sheet;
    int status = pic_command_open(call, 0, &server);
    if (status != PIC_OK)
        return status;
    pic_sheet_init(&sheet, quarantine_columns,
                   sizeof quarantine_columns / sizeof *quarantine_columns);
    status = fill_quarantine(call, &server, &sheet);
    if (status == PIC_OK)
        status = pic_call_sheet(call, &sheet, false);
    pic_sheet_release(&sheet);
    pic_server_close(&server);
    return status;
}

/* --- historique --- */

static const struct pic_column history_columns[] = {
    {"quand", "Quand", PIC_TYPE_TEXT},         {"qui", "Qui", PIC_TYPE_TEXT},
    {"champ", "Champ", PIC_TYPE_TEXT},         {"avant", "Avant", PIC_TYPE_TEXT},
    {"apres", "Après", PIC_TYPE_TEXT},         {"saisie", "Saisie", PIC_TYPE_TEXT},
    {"accuse", "Accusé", PIC_TYPE_COUNT},      {"position", "Position", PIC_TYPE_COUNT},
    {"empreinte", "Empreinte", PIC_TYPE_TEXT},
};

/* One change of the entity, or the reversal that cancels it, read back from its signed segment. */
struct event {
    const struct pic_entity *entity;
    uint64_t dot, stamp, position, receipt;
    uint8_t hash[PIC_HASH_SIZE];
    struct pic_buf change; /* pic_change_put */
};

struct history {
    struct pic_server *server;
    const struct pic_entity *entity;
    struct event *events; /* by stamp */
    size_t n;
    struct pic_change_store now, before;
    struct pic_segment_reader *reader;
    struct pic_buf bytes;
};

/* The first receipt that covers a change; 0 for none, as for the server's own. */
static int receipt_of(struct pic_server *server, uint64_t dot, uint64_t *number)
{
    bool row = false;
    sqlite3_stmt *stmt =
        pic_db_prepare(&server->journal_db,
                       "SELECT min(number) FROM receipt WHERE device = ?1 AND seq >= ?2", NULL);
    if (stmt == NULL)
        return pic_db_status(sqlite3_errcode(server->journal_db.handle));
    (void)sqlite3_bind_int64(stmt, 1, pic_dot_device(dot));
    (void)sqlite3_bind_int64(stmt, 2, (sqlite3_int64)pic_dot_seq(dot));
    int status = pic_db_step(stmt, &row);
    *number = status == PIC_OK && row ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0;
    (void)sqlite3_finalize(stmt);
    return status;
}

/* From a dot to its segment in the journal, and to the change in it. */
static int read_event(struct history *h, const struct pic_entity *entity, uint64_t dot)
{
    struct event *e = &h->events[h->n];
    struct pic_segment segment;
    struct pic_change change = {0};
    bool done = false;
    *e = (struct event){.entity = entity, .dot = dot};
    int status = pic_journal_find(h->server->journal, dot, &e->position, &h->bytes);
    if (status == PIC_OK)
        status = pic_segment_read(pic_buf_view(&h->bytes), &segment);
    if (status == PIC_OK)
        status = pic_segment_reader_open(h->reader, &segment);
    while (status == PIC_OK && !done && change.dot != dot)
        status = pic_segment_reader_next(h->reader, &change, &done);
    if (status == PIC_OK && change.dot != dot)
        status = PIC_ENOT_FOUND;
    if (status != PIC_OK)
        return status;
    e->stamp = change.stamp;
    memcpy(e->hash, segment.hash, sizeof e->hash);
    pic_buf_init(&e->change, PIC_SEGMENT_INFLATED_MAX);
    pic_change_put(&e->change, &change);
    h->n++;
    status = pic_buf_status(&e->change);
    return status == PIC_OK ? receipt_of(h->server, dot, &e->receipt) : status;
}

static int by_stamp(const void *a, const void *b)
{
    const struct event *x = a;
    const struct event *y = b;
    if (x->stamp != y->stamp)
        return x->stamp < y->stamp ? -1 : 1;
    return (x->dot > y->dot) - (x->dot < y->dot);
}

/* The reversal that cancels the effect of a row, if any. */
static int read_reversal(struct history *h, uint64_t id)
{
    struct pic_row row;
    int status = pic_row_load(pic_state_rows(pic_server_state(h->server)), h->entity, id, &row);
    if (status != PIC_OK || row.reversed == 0 || h->n == HISTORY_MAX)
        return status;
    return read_event(h, pic_dictionary_entity(PIC_REVERSAL), row.reversed);
}

static int read_events(struct history *h, uint64_t id, struct pic_err *err)
{
    bool row = false;
    sqlite3_stmt *stmt = pic_db_prepare(pic_server_db(h->server),
                                        "SELECT dot FROM history WHERE entity = ?1 LIMIT ?2", err);
    if (stmt == NULL)
        return err->status;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)id);
    (void)sqlite3_bind_int(stmt, 2, HISTORY_MAX - 1);
    int status = read_event(h, h->entity, id);
    if (status == PIC_OK)
        status = pic_db_step(stmt, &row);
    while (status == PIC_OK && row && h->n < HISTORY_MAX) {
        status = read_event(h, h->entity, (uint64_t)sqlite3_column_int64(stmt, 0));
        if (status == PIC_OK)
            status = pic_db_step(stmt, &row);
    }
    (void)sqlite3_finalize(stmt);
    if (status == PIC_OK)
        status = read_reversal(h, id);
    qsort(h->events, h->n, sizeof *h->events, by_stamp);
    return status;
}

static void put_value(struct history *h, struct pic_sheet *sheet, const struct pic_field *field,
                      const struct pic_value *value)
{
    struct pic_buf text;
    pic_buf_init(&text, TEXT_MAX);
    if (value != NULL && value->kind != PIC_KIND_NULL)
        pic_naming_value(pic_server_state(h->server), field, value, &text);
    pic_sheet_text(sheet, pic_buf_string(&text));
    pic_buf_release(&text);
}

/* The value that an op replaced: what its greatest base wrote. NULL for none. */
static const struct pic_value *replaced(struct history *h, const struct pic_op *op)
{
    struct pic_change change;
    for (size_t i = 0; op->base_n > 0 && i < h->n; i++) {
        if (h->events[i].dot != op->bases[0])
            continue;
        struct pic_cursor c = pic_cursor_of(h->events[i].change.data, h->events[i].change.len);
        if (pic_change_get(&c, &h->before, &change) != PIC_OK)
            return NULL;
        for (unsigned k = 0; k < change.op_n; k++)
            if (change.ops[k].field == op->field)
                return &change.ops[k].value;
    }
    return NULL;
}

/* The person at the keyboard, where the laptop has said so. */
static void put_who(struct history *h, struct pic_sheet *sheet, uint64_t dot)
{
    const uint32_t number = pic_dot_device(dot);
    struct pic_device device;
    struct pic_buf name;
    bool known = false;
    pic_buf_init(&name, TEXT_MAX);
    if (pic_naming_author(pic_server_db(h->server), dot, &name, &known) == PIC_OK && known)
        pic_sheet_span(sheet, pic_buf_view(&name));
    else if (number == PIC_DEVICE_SERVER)
        pic_sheet_text(sheet, "Région");
    else if (pic_registry_device(h->server->registry, number, &device) == PIC_OK)
        pic_sheet_text(sheet, device.label);
    else
        pic_sheet_int(sheet, number);
    pic_buf_release(&name);
}

static void put_op(struct history *h, const struct event *e, const struct pic_op *op,
                   struct pic_sheet *sheet)
{
    const struct pic_field *field = pic_entity_field(e->entity, op->field);
    struct pic_buf text;
    pic_buf_init(&text, TEXT_MAX);
    pic_speech_moment(&text, pic_clock_ms(e->stamp), pic_server_now_ms());
    pic_sheet_text(sheet, pic_buf_string(&text));
    put_who(h, sheet, e->dot);
    pic_buf_clear(&text);
    if (e->entity != h->entity)
        pic_buf_printf(&text, "%s : ", e->entity->label);
    pic_buf_text(&text, field->label);
    pic_sheet_text(sheet, pic_buf_string(&text));
    put_value(h, sheet, field, replaced(h, op));
    put_value(h, sheet, field, &op->value);
    put_dot(sheet, e->dot);
    if (e->receipt == 0)
        pic_sheet_null(sheet);
    else
        pic_sheet_int(sheet, (int64_t)e->receipt);
    pic_sheet_int(sheet, (int64_t)e->position);
    pic_buf_clear(&text);
    pic_text_hex(pic_span_of(e->hash, sizeof e->hash), &text);
    pic_sheet_text(sheet, pic_buf_string(&text));
    pic_buf_release(&text);
}

static int put_events(struct history *h, const struct pic_field *only, struct pic_sheet *sheet)
{
    for (size_t i = 0; i < h->n; i++) {
        const struct event *e = &h->events[i];
        struct pic_change change;
        struct pic_cursor c = pic_cursor_of(e->change.data, e->change.len);
        int status = pic_change_get(&c, &h->now, &change);
        if (status != PIC_OK)
            return status;
        for (unsigned k = 0; k < change.op_n; k++) {
            const struct pic_field *field = pic_entity_field(e->entity, change.ops[k].field);
            if (field != NULL && (only == NULL || field == only))
                put_op(h, e, &change.ops[k], sheet);
        }
    }
    return PIC_OK;
}

/* The entity that the argument names, and the field that --champ does. */
static int find_subject(struct pic_call *call, struct history *h, uint64_t *id,
                        const struct pic_field **field)
{
    const char *name = pic_call_option(call, "champ");
    uint64_t org;
    int status = pic_dot_parse(call->args[0], id);
    if (status == PIC_OK)
        status = pic_state_find(pic_server_state(h->server), *id, &h->entity, &org);
    if (status != PIC_OK)
        return pic_fail(&call->err, PIC_ENOT_FOUND, call->args[0], NULL);
    *field = name == NULL ? NULL : pic_entity_by_option(h->entity, name);
    return name == NULL || *field != NULL ? PIC_OK
                                          : pic_fail(&call->err, PIC_ENOT_FOUND, name, NULL);
}

static int show_history(struct pic_call *call, struct history *h)
{
    struct pic_sheet sheet;
    const struct pic_field *field = NULL;
    uint64_t id = 0;
    int status = find_subject(call, h, &id, &field);
    if (status != PIC_OK)
        return status;
    pic_sheet_init(&sheet, history_columns, sizeof history_columns / sizeof *history_columns);
    status = read_events(h, id, &call->err);
    if (status == PIC_OK)
        status = put_events(h, field, &sheet);
    status = status == PIC_OK ? pic_call_sheet(call, &sheet, false)
                              : pic_fail(&call->err, status, call->args[0], NULL);
    pic_sheet_release(&sheet);
    return status;
}

static void free_history(struct history *h)
{
    if (h == NULL)
        return;
    for (size_t i = 0; i < h->n; i++)
        pic_buf_release(&h->events[i].change);
    pic_segment_reader_free(h->reader);
    pic_buf_release(&h->bytes);
    free(h->events);
    free(h);
}

static struct history *new_history(struct pic_server *server)
{
    struct history *h = calloc(1, sizeof *h);
    if (h == NULL)
        return NULL;
    h->server = server;
    h->events = calloc(HISTORY_MAX, sizeof *h->events);
    pic_buf_init(&h->bytes, PIC_SEGMENT_MAX);
    if (h->events != NULL && pic_segment_reader_new(&h->reader) == PIC_OK)
        return h;
    free_history(h);
    return NULL;
}

static int run_history(struct pic_call *call)
{
    struct pic_server server;
    int status = pic_command_open(call, 0, &server);
    if (status != PIC_OK)
        return status;
    struct history *h = new_history(&server);
    status = h == NULL ? pic_fail(&call->err, PIC_EMEMORY, NULL) : show_history(call, h);
    free_history(h);
    pic_server_close(&server);
    return status;
}

static const struct pic_option history_options[] = {
    {.name = "champ", .argument = "CHAMP", .help = "Seulement ce champ, nommé comme son option"},
    {0},
};

/* --- regle modele --- */

static const struct pic_option model_options[] = {
    {.name = "fonds",
     .argument = "FONDS",
     .help = "Fonds auquel les règles s'appliquent",
     .flags = PIC_OPTION_REQUIRED},
    {0},
};

enum { RULE_CELLS = 8, CELL_MAX = 1100 };

/* One example rule, for a fund. */
static int add_rule(struct pic_record *record, const struct pic_shipped_rule *rule,
                    const struct pic_value *fund, struct pic_err *err)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_RULE);
    const struct {
        const char *column;
        struct pic_span cell;
    } cells[RULE_CELLS] = {
        {"code", rule->code},
        {"value", rule->value},
        {"unit", rule->unit},
        {"severity", rule->severity},
        {"valid_from", rule->valid_from},
        {"valid_to", rule->valid_to},
        {"article", rule->article},
        {"text", rule->text},
    };
    char texts[RULE_CELLS][CELL_MAX];
    struct pic_input inputs[RULE_CELLS + 1] = {
        {.field = pic_entity_by_column(entity, "fund"), .value = fund}};
    size_t n = 1;
    for (size_t i = 0; i < RULE_CELLS; i++) {
        if (cells[i].cell.n == 0 || cells[i].cell.n >= CELL_MAX)
            continue;
        memcpy(texts[i], cells[i].cell.p, cells[i].cell.n);
        texts[i][cells[i].cell.n] = '\0';
        inputs[n++] = (struct pic_input){.field = pic_entity_by_column(entity, cells[i].column),
                                         .typed = texts[i]};
    }
    return pic_record_add(record, entity, 0, inputs, n, NULL, err);
}

static int add_rules(struct pic_call *call, struct pic_server *server, uint64_t fund,
                     uint64_t *count)
{
    struct pic_span left = pic_shipped_rules();
    const struct pic_value about = {.kind = PIC_KIND_REF, .i = (int64_t)fund};
    struct pic_shipped_rule rule;
    struct pic_record *record = NULL;
    int status = pic_record_begin(server, &record, &call->err);
    if (status != PIC_OK)
        return status;
    while (status == PIC_OK && pic_shipped_rules_next(&left, &rule)) {
        if (!pic_span_equal(rule.example_fund, pic_span_text(call->args[0])))
            continue;
        status = add_rule(record, &rule, &about, &call->err);
        (*count)++;
    }
    if (status == PIC_OK && *count == 0)
        status =
            pic_fail(&call->err, PIC_ECODE, call->args[0], "FONDS-EXEMPLE", "PIC Méricourt", NULL);
    if (status == PIC_OK)
        return pic_record_commit(record, &call->err);
    pic_record_abort(record);
    return status;
}

static int run_model(struct pic_call *call)
{
    struct pic_server server;
    uint64_t fund;
    uint64_t count = 0;
    int status = pic_command_open(call, 0, &server);
    if (status != PIC_OK)
        return status;
    status = pic_entry_find(pic_server_state(&server), "fund", PIC_DEVICE_SERVER,
                            pic_call_option(call, "fonds"), &fund, &call->err);
    if (status == PIC_OK)
        status = add_rules(call, &server, fund, &count);
    pic_server_close(&server);
    if (status == PIC_OK)
        pic_buf_printf(&call->out, "%llu\n", (unsigned long long)count);
    return status;
}

const struct pic_command pic_commands_field[] = {
    {.path = "quarantaine liste",
     .summary = "Liste les saisies gardées sans effet, et pourquoi",
     .run = run_quarantine},
    {.path = "historique",
     .usage = "NUMÉRO",
     .summary = "Montre qui a changé quoi et quand, jusqu'à l'envoi signé",
     .detail = "Une contrepassation y figure avec son motif. Position et empreinte sont celles de "
               "l'envoi signé qui porte la saisie ; « verifier » les contrôle.",
     .options = history_options,
     .run = run_history,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "regle modele",
     .usage = "FONDS-EXEMPLE",
     .summary = "Copie dans un fonds les règles d'un fonds d'exemple, « PIC Méricourt »",
     .detail =
         "Écrit le nombre de règles enregistrées. Chacune se corrige ensuite comme une autre.",
     .options = model_options,
     .run = run_model,
     .arg_min = 1,
     .arg_max = 1},
};
const size_t pic_commands_field_n = sizeof pic_commands_field / sizeof *pic_commands_field;
