#include "agent/commands/commands.h"
#include "agent/session.h"
#include "protocol/crypto/vault.h"

enum { KEY_MAX = 2 * PIC_PASSPHRASE_MAX };

int pic_command_lock(struct pic_call *call)
{
    const struct pic_desk *desk = call->context;
    char folder[PIC_AGENT_PATH_MAX];
    bool was = false;
    int status = pic_desk_folder(call, folder);
    if (status != PIC_OK)
        return status;
    pic_session_end(folder, desk->runtime, &was);
    pic_call_tell(call, was ? PIC_TELL_LOCKED : PIC_TELL_LOCKED_ALREADY, NULL);
    return PIC_OK;
}

int pic_passphrase_old(struct pic_call *call, const struct pic_agent *agent, struct pic_keys *keys)
{
    struct pic_buf passphrase;
    pic_buf_init(&passphrase, KEY_MAX);
    int status = pic_desk_passphrase(call, PIC_TELL_ASK_PASSPHRASE, &passphrase);
    if (status == PIC_EPASSPHRASE_WEAK)
        status = pic_fail(&call->err, PIC_EPASSPHRASE, NULL);
    if (status == PIC_OK)
        status = pic_keys_load(keys, agent->folder, pic_buf_view(&passphrase), &call->err);
    pic_buf_wipe(&passphrase);
    return status;
}

int pic_passphrase_new(struct pic_call *call, const struct pic_agent *agent,
                       const struct pic_keys *keys)
{
    struct pic_buf passphrase;
    pic_buf_init(&passphrase, KEY_MAX);
    /* The first file said the old one; the new one has a file of its own, or is asked for. */
    call->terminal.passphrase_file = pic_call_option(call, "nouvelle");
    int status = pic_desk_new_passphrase(call, &passphrase);
    if (status == PIC_OK)
        status = pic_keys_save(keys, agent->folder, pic_buf_view(&passphrase),
                               pic_vault_passes(PIC_KEYRING_UNLOCK_MS), &agent->world->random,
                               &call->err);
    pic_buf_wipe(&passphrase);
    return status;
}

int pic_command_passphrase(struct pic_call *call)
{
    struct pic_agent agent;
    struct pic_keys keys = {0};
    int status = pic_desk_open(call, PIC_AGENT_WRITE, &agent);
    if (status == PIC_OK)
        status = pic_passphrase_old(call, &agent, &keys);
    if (status == PIC_OK)
        status = pic_passphrase_new(call, &agent, &keys);
    if (status == PIC_OK)
        pic_call_tell(call, PIC_TELL_PASSPHRASE_CHANGED, NULL);
    pic_keys_wipe(&keys);
    pic_agent_close(&agent);
    return status;
}
