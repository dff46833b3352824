#include "agent/commands/commands.h"
#include "agent/listing.h"
#include "schema/state/naming.h"

/* A project's planned budget: its lines, charges first, and whether it balances. */

enum { TEXT_MAX = 1024 };

static int fill(struct pic_agent *agent, uint64_t project, struct pic_sheet *sheet)
{
    static const char *const fields[] = {"side", "category", "label", "planned", "funder"};
    const struct pic_entity *entity = pic_dictionary_entity(PIC_BUDGET_LINE);
    sqlite3_stmt *stmt = pic_db_prepare(
        &agent->db,
        "SELECT id, side, category, label, planned, funder FROM budget_line WHERE project = ?1"
        " AND cancelled IS NULL ORDER BY side, id",
        NULL);
    bool row = false;
    if (stmt == NULL)
        return PIC_EIO;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)project);
    int status = pic_db_step(stmt, &row);
    while (status == PIC_OK && row) {
        struct pic_buf text;
        pic_buf_init(&text, TEXT_MAX);
        pic_dot_print((uint64_t)sqlite3_column_int64(stmt, 0), &text);
        pic_sheet_span(sheet, pic_buf_view(&text));
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
            const struct pic_field *field = pic_entity_by_column(entity, fields[i]);
            struct pic_value value;
            pic_listing_column(stmt, (int)i + 1, field, &value);
            pic_buf_clear(&text);
            pic_naming_value(agent->state, field, &value, &text);
            if (field->type == PIC_TYPE_MONEY)
                pic_sheet_value(sheet, &value);
            else
                pic_sheet_span(sheet, pic_buf_view(&text));
        }
        pic_buf_release(&text);
        status = pic_db_step(stmt, &row);
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

int pic_command_budget(struct pic_call *call)
{
    static const struct pic_column columns[] = {
        {"numero", "N°", PIC_TYPE_TEXT},
        {"sens", "Sens", PIC_TYPE_TEXT},
        {"categorie", "Catégorie", PIC_TYPE_TEXT},
        {"libelle", "Libellé", PIC_TYPE_TEXT},
        {"prevu", "Montant prévu", PIC_TYPE_MONEY},
        {"financeur", "Financeur", PIC_TYPE_TEXT},
    };
    struct pic_agent agent;
    struct pic_sheet sheet;
    struct pic_budget budget = {0};
    uint64_t id = 0;
    pic_sheet_init(&sheet, columns, sizeof columns / sizeof *columns);
    int status = pic_desk_open(call, PIC_AGENT_READ, &agent);
    if (status == PIC_OK)
        status = pic_desk_id(call, &agent, pic_dictionary_entity(PIC_PROJECT), 0, &id);
    if (status == PIC_OK)
        status = fill(&agent, id, &sheet);
    if (status == PIC_OK)
        status = pic_budget_read(&agent, id, &budget);
    if (status == PIC_OK)
        status = pic_call_sheet(call, &sheet, false);
    if (status == PIC_OK)
        pic_desk_warn_budget(call, &budget);
    pic_sheet_release(&sheet);
    pic_agent_close(&agent);
    return status;
}
