#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/backup/backup.h"
#include "agent/commands/commands.h"
#include "agent/removal.h"
#include "agent/session.h"
#include "agent/status.h"

/* effacer: this laptop's store, once nothing in it is alone. */

enum { TEXT_MAX = 1024, WORD_SIZE = 64 };

static const char word[] = "EFFACER";

/* A copy inside what is about to be removed saves nothing. */
static int outside(struct pic_call *call, const struct pic_agent *agent, const char *copy)
{
    char parent[PATH_MAX];
    char real[PATH_MAX];
    char store[PATH_MAX];
    (void)snprintf(parent, sizeof parent, "%s", copy);
    if (realpath(dirname(parent), real) == NULL || realpath(agent->folder, store) == NULL)
        return pic_fail(&call->err, PIC_EFILE, copy, NULL);
    size_t n = strlen(store);
    bool inside = strncmp(real, store, n) == 0 && (real[n] == '\0' || real[n] == '/');
    return inside ? pic_fail(&call->err, PIC_EUSAGE, pic_speech_text(PIC_TELL_REMOVE_INSIDE), NULL)
                  : PIC_OK;
}

static int make_copy(struct pic_call *call, struct pic_agent *agent, const char *path)
{
    struct pic_keys keys = {0};
    struct pic_backup_made made;
    struct pic_buf size;
    int status = outside(call, agent, path);
    if (status == PIC_OK)
        status = pic_desk_unlock(call, agent, &keys);
    if (status == PIC_OK)
        status = pic_backup_save(agent, &keys, path, &made, &call->err);
    if (status == PIC_OK) {
        pic_buf_init(&size, TEXT_MAX);
        pic_speech_bytes(&size, made.bytes);
        pic_call_tell(call, PIC_TELL_SAVED_COPY, path, pic_buf_string(&size), NULL);
        pic_buf_release(&size);
    }
    pic_keys_wipe(&keys);
    return status;
}

/* All of it is received, or in a copy that was just made and read again. */
static int guard(struct pic_call *call, struct pic_agent *agent)
{
    const char *copy = pic_call_option(call, "copie");
    struct pic_status_facts facts;
    struct pic_buf left;
    int status = pic_status_read(agent, &facts);
    if (status != PIC_OK)
        return pic_fail(&call->err, status, NULL);
    if (copy != NULL)
        return make_copy(call, agent, copy);
    if (facts.all_received)
        return PIC_OK;
    pic_buf_init(&left, TEXT_MAX);
    if (facts.pending.changes > 0)
        pic_speech_count(&left, facts.pending.changes, "saisie", "saisies");
    else if (facts.pending.documents > 0)
        pic_speech_count(&left, facts.pending.documents, "document", "documents");
    status = pic_fail(&call->err, PIC_ENOT_SENT, pic_buf_string(&left), NULL);
    pic_buf_release(&left);
    return status;
}

static int typed_word(struct pic_call *call, const struct pic_agent *agent)
{
    const char *given = pic_call_option(call, "mot");
    char typed[WORD_SIZE] = "";
    struct pic_buf question;
    int status = PIC_OK;
    pic_buf_init(&question, TEXT_MAX);
    pic_speech_tell(&question, PIC_TELL_ASK_REMOVE, agent->folder, word, NULL);
    if (given == NULL)
        status = pic_terminal_line(&call->terminal, pic_buf_string(&question), NULL, typed,
                                   sizeof typed, &call->err);
    pic_buf_release(&question);
    if (status == PIC_OK && strcmp(given != NULL ? given : typed, word) != 0)
        status = pic_fail(&call->err, PIC_EUSAGE, pic_speech_text(PIC_TELL_REMOVE_WORD), NULL);
    return status;
}

int pic_command_remove(struct pic_call *call)
{
    const struct pic_desk *desk = call->context;
    struct pic_agent agent;
    bool was = false;
    int status = pic_desk_open(call, PIC_AGENT_WRITE, &agent);
    if (status == PIC_OK)
        status = guard(call, &agent);
    if (status == PIC_OK)
        status = typed_word(call, &agent);
    if (status == PIC_OK) {
        pic_session_end(agent.folder, desk->runtime, &was);
        status = pic_removal_run(&agent, &call->err);
    } else {
        pic_agent_close(&agent);
    }
    if (status == PIC_OK)
        pic_call_tell(call, PIC_TELL_REMOVED, NULL);
    return status;
}
