#include "agent/commands/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/session.h"
#include "protocol/crypto/vault.h"
#include "schema/face/json.h"
#include "schema/state/naming.h"

enum { SQL_MAX = 512, QUESTION_MAX = 512, KEY_MAX = 2 * PIC_PASSPHRASE_MAX };

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

int pic_desk_cancelled_id(struct pic_call *call, struct pic_agent *agent,
                          const struct pic_entity *entity, size_t index, uint64_t *id)
{
    char sql[SQL_MAX];
    bool row = false;
    uint64_t n = 0;
    const struct pic_field *field = pic_naming_field(entity);
    int status = pic_desk_id(call, agent, entity, index, id);
    if (status != PIC_ENOT_FOUND || field == NULL)
        return status;
    (void)snprintf(sql, sizeof sql,
                   "SELECT min(id), count(*) FROM \"%s\" WHERE \"%s\" = ?1 COLLATE NOCASE",
                   entity->table, field->column);
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

static void tell(void *context, const struct pic_warning *warning)
{
    pic_call_tell(context, warning->key, warning->facts[0], warning->facts[1], warning->facts[2],
                  NULL);
}

void pic_desk_warn(struct pic_call *call, struct pic_agent *agent, const struct pic_entity *entity,
                   uint64_t id)
{
    const struct pic_warn warn = {tell, call};
    if (!call->terminal.quiet)
        pic_warn_entry(&warn, agent, entity, id);
}

void pic_desk_warn_budget(struct pic_call *call, const struct pic_budget *budget)
{
    const struct pic_warn warn = {tell, call};
    pic_warn_budget(&warn, budget);
}
