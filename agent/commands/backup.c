#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/backup/backup.h"
#include "agent/commands/commands.h"

/* sauvegarder, restaurer: the store in one sealed file. */

enum { TEXT_MAX = 256, KEY_MAX = 2 * PIC_PASSPHRASE_MAX };

static void tell_size(struct pic_call *call, enum pic_tell key, const char *path,
                      const struct pic_backup_made *made)
{
    struct pic_buf size;
    pic_buf_init(&size, TEXT_MAX);
    pic_speech_bytes(&size, made->bytes);
    pic_call_tell(call, key, path, pic_buf_string(&size), NULL);
    pic_buf_release(&size);
}

int pic_command_save(struct pic_call *call)
{
    struct pic_agent agent;
    struct pic_keys keys = {0};
    struct pic_backup_made made;
    int status = pic_desk_open(call, PIC_AGENT_WRITE, &agent);
    if (status == PIC_OK)
        status = pic_desk_unlock(call, &agent, &keys);
    if (status == PIC_OK)
        status = pic_backup_save(&agent, &keys, call->args[0], &made, &call->err);
    if (status == PIC_OK)
        tell_size(call, PIC_TELL_SAVED_COPY, call->args[0], &made);
    pic_keys_wipe(&keys);
    pic_agent_close(&agent);
    return status;
}

/* What is in the folder steps aside, under a name that says so; it is never removed. */
static int step_aside(struct pic_call *call, const char *folder)
{
    const struct pic_desk *desk = call->context;
    char aside[PIC_AGENT_PATH_MAX + 32];
    if (access(folder, F_OK) != 0)
        return PIC_OK;
    if (!pic_call_has(call, "remplacer"))
        return pic_fail(&call->err, PIC_EEXISTS, folder, NULL);
    (void)snprintf(aside, sizeof aside, "%s.avant-%lld", folder,
                   (long long)desk->world.now_ms(desk->world.context));
    if (rename(folder, aside) != 0)
        return pic_fail(&call->err, PIC_EFILE, folder, NULL);
    pic_call_tell(call, PIC_TELL_STEPPED_ASIDE, aside, NULL);
    return PIC_OK;
}

int pic_command_restore(struct pic_call *call)
{
    const struct pic_desk *desk = call->context;
    char folder[PIC_AGENT_PATH_MAX];
    char beside[PIC_AGENT_PATH_MAX + 16];
    struct pic_agent held = {.lease = -1};
    struct pic_buf passphrase;
    struct pic_backup_made made;
    pic_buf_init(&passphrase, KEY_MAX);
    int status = pic_desk_folder(call, folder);
    if (status != PIC_OK)
        return status;
    size_t n = strlen(folder); /* "…/." as often as not */
    while (n > 1 && (folder[n - 1] == '/' || (folder[n - 1] == '.' && folder[n - 2] == '/')))
        folder[--n] = '\0';
    if (access(folder, F_OK) == 0 && !pic_call_has(call, "remplacer"))
        return pic_fail(&call->err, PIC_EEXISTS, folder, NULL);
    if (pic_agent_exists(folder)) /* nobody is writing there */
        status = pic_agent_open(folder, &desk->world, PIC_AGENT_WRITE, &held, &call->err);
    if (status == PIC_ESTORE_DAMAGED || status == PIC_ESTORE_NEWER || status == PIC_ENOT_ENROLLED)
        status = PIC_OK; /* what a copy is for */
    if (status == PIC_OK)
        status = pic_desk_passphrase(call, PIC_TELL_ASK_PASSPHRASE, &passphrase);
    (void)snprintf(beside, sizeof beside, "%s.restaure", folder);
    if (status == PIC_OK)
        status =
            pic_backup_restore(call->args[0], pic_buf_view(&passphrase), beside, &made, &call->err);
    if (status == PIC_OK)
        status = step_aside(call, folder);
    if (status == PIC_OK && rename(beside, folder) != 0)
        status = pic_fail(&call->err, PIC_EFILE, folder, NULL);
    if (status == PIC_OK)
        tell_size(call, PIC_TELL_RESTORED_COPY, folder, &made);
    pic_agent_close(&held);
    pic_buf_wipe(&passphrase);
    return status;
}
