#include "agent/commands/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/keeper.h"
#include "agent/session.h"
#include "protocol/crypto/vault.h"
#include "schema/dictionary/identifiers.h"
#include "schema/dictionary/nomenclatures.h"
#include "schema/face/json.h"

enum { SQL_MAX = 512, QUESTION_MAX = 512, KEY_MAX = 2 * PIC_PASSPHRASE_MAX, NAME_DEPTH = 3 };

static struct pic_desk *desk_of(struct pic_call *call)
{
    return call->context;
}

int pic_desk_folder(struct pic_call *call, char out[static PIC_AGENT_PATH_MAX])
{
    const struct pic_desk *desk = desk_of(call);
    return pic_agent_folder(call->folder, desk->program_folder, desk->data_home, out, &call->err);
}

int pic_desk_open(struct pic_call *call, enum pic_agent_mode mode, struct pic_agent *agent)
{
    char folder[PIC_AGENT_PATH_MAX];
    memset(agent, 0, sizeof *agent);
    int status = pic_desk_folder(call, folder);
    if (status == PIC_OK)
        status = pic_agent_open(folder, &desk_of(call)->world, mode, agent, &call->err);
    return status;
}

int pic_desk_passphrase(struct pic_call *call, enum pic_tell question, struct pic_buf *out)
{
    char typed[PIC_PASSPHRASE_MAX];
    struct pic_buf text;
    pic_memory_lock(typed, sizeof typed);
    pic_buf_init(&text, QUESTION_MAX);
    pic_speech_tell(&text, question, NULL);
    int status = pic_terminal_passphrase(&call->terminal, pic_buf_string(&text), typed, &call->err);
    pic_buf_release(&text);
    if (status == PIC_OK)
        status = pic_passphrase_check(typed, out, &call->err);
    pic_memory_unlock(typed, sizeof typed);
    return status;
}

int pic_desk_new_passphrase(struct pic_call *call, struct pic_buf *out)
{
    struct pic_buf again;
    bool same = false;
    pic_buf_init(&again, KEY_MAX);
    int status = PIC_OK;
    while (status == PIC_OK && !same) {
        pic_buf_clear(out);
        pic_buf_clear(&again);
        status = pic_desk_passphrase(call, PIC_TELL_ASK_NEW_PASSPHRASE, out);
        same = call->terminal.passphrase_file != NULL; /* a file says the same twice */
        if (status != PIC_OK || same)
            break;
        status = pic_desk_passphrase(call, PIC_TELL_ASK_PASSPHRASE_AGAIN, &again);
        if (status == PIC_EPASSPHRASE_WEAK)
            status = PIC_OK; /* then it is not the same */
        same = pic_span_equal(pic_buf_view(out), pic_buf_view(&again));
        if (status == PIC_OK && !same)
            pic_call_tell(call, PIC_TELL_PASSPHRASES_DIFFER, NULL);
    }
    pic_buf_wipe(&again);
    return status;
}

int pic_desk_unlock(struct pic_call *call, struct pic_agent *agent, struct pic_keys *keys)
{
    const struct pic_desk *desk = desk_of(call);
    struct pic_buf passphrase;
    if (pic_session_load(keys, agent->folder, desk->runtime) == PIC_OK)
        return PIC_OK;
    pic_buf_init(&passphrase, KEY_MAX);
    int status = pic_desk_passphrase(call, PIC_TELL_ASK_PASSPHRASE, &passphrase);
    if (status == PIC_EPASSPHRASE_WEAK)
        status = pic_fail(&call->err, PIC_EPASSPHRASE, NULL);
    if (status == PIC_OK)
        status = pic_keys_load(keys, agent->folder, pic_buf_view(&passphrase), &call->err);
    pic_buf_wipe(&passphrase);
    if (status == PIC_OK)
        pic_session_save(keys, agent->folder, desk->runtime);
    return status;
}

int pic_desk_id(struct pic_call *call, struct pic_agent *agent, const struct pic_entity *entity,
                size_t index, uint64_t *id)
{
    const char *typed = call->args[index];
    int status = pic_entry_find(agent->state, entity == NULL ? "" : entity->table,
                                agent->self.device, typed, id, &call->err);
    if (status == PIC_EREFERENCE && entity == NULL) /* a name alone is that of a project */
        status = pic_entry_find(agent->state, "project", agent->self.device, typed, id, &call->err);
    bool several = call->err.arg[2][0] != '\0';
    if (status == PIC_EREFERENCE && !several)
        return pic_fail(&call->err, PIC_ENOT_FOUND, typed, NULL);
    return status;
}

/* --- showing --- */

static const char *name_column(const struct pic_entity *entity)
{
    static const char *const candidates[] = {"title", "name", "label", "supplier", "code"};
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++)
        if (pic_entity_by_column(entity, candidates[i]) != NULL)
            return candidates[i];
    return NULL;
}

/* Appends the text of one cell; false when there is none. */
static bool put_cell(struct pic_agent *agent, const char *sql, uint64_t parameter,
                     struct pic_buf *out)
{
    sqlite3_stmt *stmt = pic_db_prepare(&agent->db, sql, NULL);
    bool row = false;
    if (stmt == NULL)
        return false;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)parameter);
    row = pic_db_step(stmt, &row) == PIC_OK && row;
    struct pic_span text = row ? pic_db_column_span(stmt, 0) : pic_span_of(NULL, 0);
    pic_buf_bytes(out, text.p, text.n);
    row = text.n > 0;
    (void)sqlite3_finalize(stmt);
    return row;
}

int pic_desk_cancelled_id(struct pic_call *call, struct pic_agent *agent,
                          const struct pic_entity *entity, size_t index, uint64_t *id)
{
    char sql[SQL_MAX];
    bool row = false;
    uint64_t n = 0;
    int status = pic_desk_id(call, agent, entity, index, id);
    if (status != PIC_ENOT_FOUND || name_column(entity) == NULL)
        return status;
    (void)snprintf(sql, sizeof sql,
                   "SELECT min(id), count(*) FROM \"%s\" WHERE \"%s\" = ?1 COLLATE NOCASE",
                   entity->table, name_column(entity));
    sqlite3_stmt *stmt = pic_db_prepare(&agent->db, sql, &call->err);
    if (stmt == NULL)
        return call->err.status;
    pic_db_bind_text(stmt, 1, pic_span_text(call->args[index]));
    if (pic_db_step(stmt, &row) == PIC_OK && row) {
        *id = (uint64_t)sqlite3_column_int64(stmt, 0);
        n = (uint64_t)sqlite3_column_int64(stmt, 1);
    }
    (void)sqlite3_finalize(stmt);
    return n == 1 ? PIC_OK : status;
}

static void put_name(struct pic_agent *agent, uint64_t id, unsigned depth, struct pic_buf *out);

/* A row that has no name of its own is called by its kind and its day, or by what it is about. */
static bool put_nameless(struct pic_agent *agent, const struct pic_entity *entity, uint64_t id,
                         unsigned depth, struct pic_buf *out)
{
    static const char *const marks[] = {"held_on", "project", "about"};
    struct pic_row row;
    if (pic_row_load(pic_state_rows(agent->state), entity, id, &row) != PIC_OK)
        return false;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        const struct pic_field *field = pic_entity_by_column(entity, marks[i]);
        if (field == NULL || pic_row_value(&row, field->number)->kind == PIC_KIND_NULL ||
            (field->type == PIC_TYPE_DATE && entity->number != PIC_COMMITTEE))
            continue;
        const struct pic_value value = *pic_row_value(&row, field->number);
        pic_buf_printf(out, "%s ", entity->label);
        if (value.kind == PIC_KIND_REF)
            put_name(agent, (uint64_t)value.i, depth + 1, out);
        else
            pic_value_format(field, &value, PIC_STYLE_SCREEN, out);
        return true;
    }
    return false;
}

static void put_name(struct pic_agent *agent, uint64_t id, unsigned depth, struct pic_buf *out)
{
    char sql[SQL_MAX];
    const struct pic_entity *entity = NULL;
    uint64_t org = 0;
    bool known = pic_state_find(agent->state, id, &entity, &org) == PIC_OK;
    if (known && name_column(entity) != NULL) {
        (void)snprintf(sql, sizeof sql, "SELECT \"%s\" FROM \"%s\" WHERE id = ?1",
                       name_column(entity), entity->table);
        if (put_cell(agent, sql, id, out))
            return;
    }
    if (!known || depth == NAME_DEPTH || !put_nameless(agent, entity, id, depth, out))
        pic_dot_print(id, out);
}

void pic_desk_name(struct pic_agent *agent, uint64_t id, struct pic_buf *out)
{
    if (id != 0)
        put_name(agent, id, 0, out);
}

void pic_desk_author(struct pic_agent *agent, uint64_t dot, struct pic_buf *out)
{
    uint32_t device = pic_dot_device(dot);
    size_t before = out->len;
    if (pic_keeper_of(agent, dot, out) == PIC_OK && out->len > before)
        return;
    if (device == PIC_DEVICE_SERVER) {
        pic_buf_text(out, agent->self.server_name);
        return;
    }
    if (!put_cell(agent, "SELECT label FROM device WHERE device = ?1", device, out))
        pic_buf_printf(out, "%u", device);
}

/* What a code means: as published, else as shipped. */
static void put_code(struct pic_agent *agent, const struct pic_field *field, struct pic_span code,
                     struct pic_buf *out)
{
    struct pic_span label = pic_span_of(NULL, 0);
    bool row = false;
    sqlite3_stmt *stmt = pic_db_prepare(&agent->db,
                                        "SELECT label FROM code WHERE nomenclature = ?1 AND code ="
                                        " ?2 AND cancelled IS NULL ORDER BY id DESC LIMIT 1",
                                        NULL);
    if (stmt != NULL) {
        pic_db_bind_text(stmt, 1, pic_span_text(field->about));
        pic_db_bind_text(stmt, 2, code);
        if (pic_db_step(stmt, &row) == PIC_OK && row)
            label = pic_db_column_span(stmt, 0);
    }
    if (label.n == 0)
        label = pic_nomenclature_label(field->about, code);
    if (label.n == 0) /* an identifier, or a code that no list has any more */
        pic_identifier_format(pic_identifier_kind(field->about), code, out);
    else
        pic_buf_bytes(out, label.p, label.n);
    (void)sqlite3_finalize(stmt);
}

void pic_desk_value(struct pic_agent *agent, const struct pic_field *field,
                    const struct pic_value *value, struct pic_buf *out)
{
    if (value->kind == PIC_KIND_REF)
        pic_desk_name(agent, (uint64_t)value->i, out);
    else if (field->type == PIC_TYPE_CODE && value->kind == PIC_KIND_TEXT)
        put_code(agent, field, value->s, out);
    else if (field->type == PIC_TYPE_IDENTITY && value->kind == PIC_KIND_BYTES)
        pic_buf_text(out, pic_speech_text(PIC_TELL_SEALED));
    else
        pic_value_format(field, value, PIC_STYLE_SCREEN, out);
}

void pic_desk_column(sqlite3_stmt *stmt, int column, const struct pic_field *field,
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

int pic_desk_saved(struct pic_call *call, const struct pic_entity *entity, uint64_t id)
{
    struct pic_buf number;
    struct pic_json json;
    pic_buf_init(&number, SQL_MAX);
    pic_dot_print(id, &number);
    if (call->json) {
        pic_json_init(&json, &call->out);
        pic_json_object(&json);
        pic_json_key(&json, "numero");
        pic_json_text(&json, pic_buf_string(&number));
        pic_json_close(&json);
        pic_buf_text(&call->out, "\n");
    } else {
        pic_buf_printf(&call->out, "%s\n", pic_buf_string(&number));
    }
    pic_call_tell(call, PIC_TELL_SAVED, entity->label, pic_buf_string(&number), NULL);
    pic_buf_release(&number);
    return pic_buf_status(&call->out);
}
