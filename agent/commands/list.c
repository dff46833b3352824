#include <stdlib.h>

#include "agent/commands/commands.h"
#include "agent/listing.h"
#include "schema/dictionary/nomenclatures.h"

enum { CELL_MAX = 65536 };

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

static int list(struct pic_call *call, struct pic_agent *agent, const struct pic_entity *entity)
{
    struct pic_listing listing = {.entity = entity,
                                  .cancelled = pic_call_has(call, "tout"),
                                  .sort = pic_call_option(call, "tri")};
    struct pic_listing_shape shape;
    struct pic_sheet sheet;
    for (size_t i = 0; i < call->value_n && i < PIC_LISTING_FILTERS_MAX; i++)
        listing.filters[listing.filter_n++] =
            (struct pic_listing_filter){.field = call->values[i].field,
                                        .typed = call->values[i].typed,
                                        .value = call->values[i].value};
    pic_listing_shape(entity, pic_call_has(call, "complet"), reads_labels(call), &shape);
    pic_sheet_init(&sheet, shape.columns, shape.n);
    int status = pic_listing_fill(agent, &listing, &shape, &sheet, &call->err);
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
    const struct pic_listing listing = {.entity = entity};
    struct pic_listing_shape shape;
    struct pic_sheet sheet;
    pic_listing_shape(entity, true, false, &shape);
    pic_sheet_init(&sheet, shape.columns, shape.n);
    int status = pic_listing_fill(agent, &listing, &shape, &sheet, &call->err);
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
        status = list(call, &agent, entity);
    pic_agent_close(&agent);
    return status;
}

int pic_command_list(struct pic_call *call)
{
    return pic_command_list_of(call, call->target.entity);
}

/* --- one row --- */

static int show(struct pic_call *call, struct pic_agent *agent, const struct pic_row *row)
{
    struct pic_listing_shape shape = {
        .n = 2, .columns = {{"numero", "N°", PIC_TYPE_TEXT}, {"etat", "État", PIC_TYPE_TEXT}}};
    struct pic_sheet sheet;
    struct pic_buf life;
    for (size_t i = 0; i < row->entity->field_n; i++)
        if (call->json || row->values[i].kind != PIC_KIND_NULL)
            pic_listing_shape_add(&shape, &row->entity->fields[i], reads_labels(call));
    pic_sheet_init(&sheet, shape.columns, shape.n);
    pic_buf_init(&life, CELL_MAX);
    pic_listing_number(&sheet, row->id);
    pic_words_life(agent, row, &life);
    pic_sheet_span(&sheet, pic_buf_view(&life));
    for (size_t i = 2; i < shape.n; i++)
        pic_listing_cell(agent, &sheet, &shape, i, pic_row_value(row, shape.fields[i]->number));
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
            pic_desk_warn_budget(call, &budget);
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
