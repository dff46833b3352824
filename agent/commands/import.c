#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/commands/commands.h"
#include "agent/given.h"
#include "schema/face/csv.h"
#include "schema/state/choices.h"

enum { TOLD_MAX = 20, CELL_SIZE = PIC_CSV_CELL_MAX + 1, SAID_MAX = 4096, NUMBER_SIZE = 32 };

/* One file being read. Everything happens in one transaction: all of it or nothing. */
struct import {
    struct pic_call *call;
    struct pic_agent *agent;
    const struct pic_entity *entity;
    struct pic_csv csv;
    int at[PIC_FIELD_MAX]; /* column of each field, or -1 */
    uint64_t rows, mistakes;
    char first_line[NUMBER_SIZE]; /* of the first mistake */
    struct pic_buf cells;         /* of the current row, each ended by NUL */
};

/* "ligne 3, colonne « Montant » : sentence", for the first mistakes. */
static void tell_mistake(struct import *in, const struct pic_field *field,
                         const struct pic_err *err)
{
    char line[NUMBER_SIZE];
    struct pic_buf said;
    (void)snprintf(line, sizeof line, "%llu", (unsigned long long)in->csv.line);
    if (in->mistakes == 0)
        memcpy(in->first_line, line, sizeof line);
    in->mistakes++;
    if (in->mistakes > TOLD_MAX)
        return;
    pic_buf_init(&said, SAID_MAX);
    pic_speech_error(err, PIC_SPEECH_LINE, &said);
    pic_call_tell(in->call, PIC_TELL_IMPORT_MISTAKE, line, pic_buf_string(&said),
                  field == NULL ? "" : field->label, NULL);
    pic_buf_release(&said);
}

/* Whether one cell can be its field: said with its own line and column. */
static bool cell_is_good(struct import *in, const struct pic_field *field, const char *typed)
{
    struct pic_err err = {0};
    struct pic_value value;
    struct pic_buf store;
    uint64_t id = 0;
    int status = PIC_OK;
    if (field->type == PIC_TYPE_DOCUMENT || field->type == PIC_TYPE_IDENTITY || *typed == '\0')
        return true;
    pic_buf_init(&store, CELL_SIZE);
    status = field->type == PIC_TYPE_REF ? pic_entry_find(in->agent->state, field->about,
                                                          in->agent->self.device, typed, &id, &err)
                                         : pic_value_parse(field, typed, &store, &value, &err);
    if (status == PIC_OK && field->type != PIC_TYPE_REF)
        status = pic_choices_check(&in->agent->db, field, &value, &err);
    pic_buf_release(&store);
    if (status != PIC_OK)
        tell_mistake(in, field, &err);
    return status == PIC_OK;
}

/* Copies the cells that belong to fields; offsets, since the buffer may still move. */
static int copy_cells(struct import *in, size_t offsets[static PIC_FIELD_MAX])
{
    pic_buf_clear(&in->cells);
    for (size_t i = 0; i < in->entity->field_n; i++) {
        offsets[i] = in->cells.len;
        if (in->at[i] < 0)
            continue;
        struct pic_span cell = pic_csv_cell(&in->csv, (size_t)in->at[i]);
        pic_buf_bytes(&in->cells, cell.p, cell.n);
        pic_buf_u8(&in->cells, '\0');
    }
    return pic_buf_status(&in->cells);
}

/* One row, as one entry. Mistakes are told and counted; other failures end the import. */
static int take_row(struct import *in)
{
    struct pic_given given = {.n = 0};
    struct pic_err err = {0};
    size_t offsets[PIC_FIELD_MAX] = {0};
    uint64_t dot = 0;
    bool good = true;
    int status = copy_cells(in, offsets);
    if (status != PIC_OK)
        return pic_fail(&in->call->err, status, NULL);
    for (size_t i = 0; status == PIC_OK && i < in->entity->field_n; i++) {
        const struct pic_field *field = &in->entity->fields[i];
        const char *typed = (const char *)in->cells.data + offsets[i];
        if (in->at[i] < 0)
            continue;
        good = cell_is_good(in, field, typed) && good;
        if (good)
            status = pic_given_add(&given, in->agent, field, typed, &err);
    }
    in->rows++;
    if (!good)
        return PIC_OK;
    if (status == PIC_OK)
        status = pic_given_record(&given, in->agent, in->entity, 0, &dot, &err);
    if (status == PIC_EDISK_FULL || status == PIC_EIO || status == PIC_EMEMORY)
        return pic_fail(&in->call->err, status, NULL);
    if (status != PIC_OK)
        tell_mistake(in, NULL, &err);
    return PIC_OK;
}

static int take_rows(struct import *in)
{
    struct pic_err *err = &in->call->err;
    bool more = false;
    int status = pic_csv_next(&in->csv, &more, err);
    if (status == PIC_OK && !more)
        return pic_fail(err, PIC_ECSV, "1", NULL);
    if (status == PIC_OK)
        status = pic_csv_match(&in->csv, in->entity, in->at, err);
    while (status == PIC_OK && more) {
        status = pic_csv_next(&in->csv, &more, err);
        if (status == PIC_OK && more)
            status = take_row(in);
    }
    if (status == PIC_OK && in->mistakes > 0)
        return pic_fail(err, PIC_ECSV, in->first_line, NULL);
    return status;
}

/* Says what would be recorded, and whether it shall be. */
static int confirm(struct import *in, bool *keep)
{
    struct pic_buf count;
    pic_buf_init(&count, SAID_MAX);
    pic_speech_count(&count, in->rows, "ligne", "lignes");
    pic_call_tell(in->call, PIC_TELL_IMPORT_PLAN, in->entity->plural, pic_buf_string(&count), NULL);
    pic_buf_release(&count);
    *keep = pic_call_has(in->call, "oui");
    if (pic_call_has(in->call, "essai")) {
        *keep = false;
        return PIC_OK;
    }
    return *keep ? PIC_OK
                 : pic_terminal_confirm(&in->call->terminal, pic_speech_text(PIC_TELL_ASK_IMPORT),
                                        keep, &in->call->err);
}

static int import(struct import *in)
{
    bool keep = false;
    int status = pic_agent_begin(in->agent, &in->call->err);
    if (status != PIC_OK)
        return status;
    status = take_rows(in);
    if (status == PIC_OK)
        status = confirm(in, &keep);
    if (status == PIC_OK && keep)
        status = pic_agent_commit(in->agent, &in->call->err);
    else
        pic_agent_rollback(in->agent);
    if (status == PIC_OK)
        pic_call_tell(in->call,
                      keep                              ? PIC_TELL_IMPORTED
                      : pic_call_has(in->call, "essai") ? PIC_TELL_IMPORT_GOOD
                                                        : PIC_TELL_IMPORTED_NOTHING,
                      NULL);
    return status;
}

int pic_command_import(struct pic_call *call)
{
    struct pic_agent agent;
    struct import in = {.call = call, .agent = &agent};
    const char *path = call->args[0];
    const char *name = pic_call_option(call, "entite");
    in.entity = pic_dictionary_by_command(name);
    if (in.entity == NULL || (in.entity->writers & PIC_ROLE_ASSOCIATION) == 0)
        return pic_fail(&call->err, PIC_ECODE, name, "--entite", "projet", NULL);
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return pic_fail(&call->err, PIC_EFILE, path, strerror(errno), NULL);
    pic_csv_init(&in.csv, pic_csv_from_file, file, 0);
    pic_buf_init(&in.cells, PIC_CSV_ROW_MAX + PIC_CSV_COLUMNS_MAX);
    int status = pic_desk_open(call, PIC_AGENT_WRITE, &agent);
    if (status == PIC_OK)
        status = import(&in);
    pic_agent_close(&agent);
    pic_buf_release(&in.cells);
    pic_csv_release(&in.csv);
    (void)fclose(file);
    return status;
}
