#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "agent/commands/commands.h"
#include "agent/record.h"

enum { FILE_MODE = 0644, SAID_MAX = 256 };

/* What a file is joined to: an expense, or anything by its number. */
static int find_object(struct pic_call *call, struct pic_agent *agent, uint64_t *id)
{
    const char *expense = pic_call_option(call, "depense");
    const char *object = pic_call_option(call, "objet");
    if ((expense == NULL) == (object == NULL))
        return pic_fail(&call->err, PIC_EMISSING_OPTION, "--depense", "--depense", "--depense 17",
                        NULL);
    return pic_entry_find(agent->state, expense != NULL ? "expense" : "", agent->self.device,
                          expense != NULL ? expense : object, id, &call->err);
}

int pic_command_attach(struct pic_call *call)
{
    struct pic_attachment file = {.path = call->args[0], .kind = pic_call_option(call, "nature")};
    struct pic_agent agent;
    uint64_t dot = 0;
    int status = pic_desk_open(call, PIC_AGENT_WRITE, &agent);
    if (status == PIC_OK)
        status = find_object(call, &agent, &file.about);
    if (status == PIC_OK)
        status = pic_agent_begin(&agent, &call->err);
    if (status == PIC_OK) {
        status = pic_record_document(&agent, &file, &dot, &call->err);
        if (status == PIC_OK)
            status = pic_agent_commit(&agent, &call->err);
        else
            pic_agent_rollback(&agent);
    }
    if (status == PIC_OK)
        status = pic_desk_saved(call, pic_dictionary_entity(PIC_DOCUMENT), dot);
    pic_agent_close(&agent);
    return status;
}

int pic_command_documents(struct pic_call *call)
{
    return pic_command_list_of(call, pic_dictionary_entity(PIC_DOCUMENT));
}

static int open_new(const char *path, int *file)
{
    *file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (*file >= 0)
        return PIC_OK;
    return errno == EEXIST ? PIC_EEXISTS : errno == ENOSPC ? PIC_EDISK_FULL : PIC_EFILE;
}

/* Copies a verified blob to a file that does not exist yet. */
static int save(struct pic_agent *agent, const uint8_t hash[static PIC_HASH_SIZE], const char *path,
                struct pic_err *err)
{
    struct pic_buf chunk;
    int file = -1;
    uint64_t offset = 0;
    int status = pic_blobs_verify(&agent->blobs, hash);
    if (status == PIC_EHASH)
        status = PIC_EBLOB_CHANGED;
    if (status == PIC_OK)
        status = open_new(path, &file);
    pic_buf_init(&chunk, PIC_BLOB_CHUNK_MAX);
    for (bool more = true; status == PIC_OK && more; offset += chunk.len) {
        pic_buf_clear(&chunk);
        status = pic_blobs_read(&agent->blobs, hash, offset, PIC_BLOB_CHUNK_MAX, &chunk);
        more = chunk.len > 0;
        if (status == PIC_OK && more && write(file, chunk.data, chunk.len) != (ssize_t)chunk.len)
            status = errno == ENOSPC ? PIC_EDISK_FULL : PIC_EIO;
    }
    if (file >= 0 && close(file) != 0 && status == PIC_OK)
        status = PIC_EIO;
    pic_buf_release(&chunk);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, path, NULL);
}

/* Copies the file of a document to where --fichier says. */
static int save_document(struct pic_call *call)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_DOCUMENT);
    const char *path = pic_call_option(call, "fichier");
    struct pic_agent agent;
    struct pic_keys keys = {0};
    struct pic_row row;
    uint64_t id = 0;
    int status = pic_desk_open(call, PIC_AGENT_READ, &agent);
    if (status == PIC_OK)
        status = pic_desk_id(call, &agent, entity, 0, &id);
    if (status == PIC_OK)
        status = pic_desk_unlock(call, &agent, &keys);
    agent.blobs.owner.reader = &keys.box;
    if (status == PIC_OK) {
        status = pic_row_load(pic_state_rows(agent.state), entity, id, &row);
        status = status == PIC_OK ? PIC_OK : pic_fail(&call->err, status, NULL);
    }
    if (status == PIC_OK) {
        const struct pic_value *blob =
            pic_row_value(&row, pic_entity_by_column(entity, "blob")->number);
        status = blob->s.n == PIC_HASH_SIZE ? save(&agent, blob->s.p, path, &call->err)
                                            : pic_fail(&call->err, PIC_ENOT_FOUND, NULL);
    }
    if (status == PIC_OK)
        pic_call_tell(call, PIC_TELL_FILE_WRITTEN, path, NULL);
    pic_agent_close(&agent);
    pic_keys_wipe(&keys);
    return status;
}

int pic_command_document(struct pic_call *call)
{
    if (!pic_call_has(call, "fichier")) {
        call->target.entity = pic_dictionary_entity(PIC_DOCUMENT);
        return pic_command_show(call);
    }
    return save_document(call);
}
