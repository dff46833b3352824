#include "schema/state/checks.h"
#include "server/commands/commands.h"

/* What the checks find, worst first as checks.def has them. */

static const struct pic_column columns[] = {
    {"code", "Contrôle", PIC_TYPE_TEXT},   {"gravite", "Gravité", PIC_TYPE_TEXT},
    {"objet", "Objet", PIC_TYPE_TEXT},     {"gestionnaire", "Gestionnaire", PIC_TYPE_TEXT},
    {"constat", "Constat", PIC_TYPE_TEXT},
};

enum { COLUMNS = sizeof columns / sizeof *columns };

struct telling {
    struct pic_sheet sheet;
    struct pic_db *db;
    sqlite3_stmt *name; /* of an organisation */
};

/* The name of whoever the row belongs to; nothing for what belongs to everybody. */
static int put_owner(struct telling *t, uint64_t org)
{
    bool row = false;
    (void)sqlite3_bind_int64(t->name, 1, (sqlite3_int64)org);
    int status = pic_db_step(t->name, &row);
    pic_sheet_span(&t->sheet, row ? pic_db_column_span(t->name, 0) : pic_span_of("", 0));
    (void)sqlite3_reset(t->name);
    return status;
}

static int note(void *context, const struct pic_finding *finding)
{
    struct telling *t = context;
    struct pic_buf number;
    pic_buf_init(&number, 64);
    pic_dot_print(finding->id, &number);
    pic_sheet_span(&t->sheet, finding->check->code);
    pic_sheet_text(&t->sheet, finding->check->blocks ? "bloquant" : "attention");
    pic_sheet_text(&t->sheet, pic_buf_string(&number));
    int status = put_owner(t, finding->org);
    pic_sheet_span(&t->sheet, finding->sentence);
    pic_buf_release(&number);
    return status;
}

static int run_alerts(struct pic_call *call)
{
    struct pic_server server;
    struct telling t = {0};
    int status = pic_command_open(call, PIC_SERVER_READ_ONLY, &server);
    if (status != PIC_OK)
        return status;
    t.db = pic_server_db(&server);
    t.name = pic_db_prepare(t.db, "SELECT name FROM organisation WHERE id = ?1", &call->err);
    pic_sheet_init(&t.sheet, columns, COLUMNS);
    status = t.name == NULL ? call->err.status : pic_checks_run(t.db, note, &t, &call->err);
    if (status == PIC_OK)
        status = pic_call_sheet(call, &t.sheet, false);
    (void)sqlite3_finalize(t.name);
    pic_sheet_release(&t.sheet);
    pic_server_close(&server);
    return status;
}

const struct pic_command pic_commands_alerts[] = {
    {
        .path = "alertes",
        .summary = "Dit ce que les contrôles automatiques trouvent",
        .detail = "Chaque constat donne le numéro de la saisie concernée ; « historique NUMÉRO » "
                  "mène aux saisies signées.",
        .run = run_alerts,
    },
};
const size_t pic_commands_alerts_n = sizeof pic_commands_alerts / sizeof *pic_commands_alerts;
