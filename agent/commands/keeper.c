#include <stdio.h>

#include "agent/commands/commands.h"
#include "agent/commands/net.h"
#include "agent/keeper.h"
#include "agent/session.h"

/* qui: several people at one laptop. passation: it changes hands. */

enum { TEXT_MAX = 1024, NAME_SIZE = PIC_AGENT_NAME_MAX + 1 };

static int show(struct pic_call *call, struct pic_agent *agent)
{
    struct pic_buf name;
    pic_buf_init(&name, TEXT_MAX);
    int status = pic_keeper_now(agent, &name);
    if (status == PIC_OK)
        pic_buf_printf(&call->out, "%s\n", pic_buf_string(&name));
    pic_buf_release(&name);
    return status == PIC_OK ? PIC_OK : pic_fail(&call->err, status, NULL);
}

int pic_command_who(struct pic_call *call)
{
    struct pic_agent agent;
    bool change = call->arg_n > 0;
    int status = pic_desk_open(call, change ? PIC_AGENT_WRITE : PIC_AGENT_READ, &agent);
    if (status == PIC_OK && !change)
        status = show(call, &agent);
    if (status == PIC_OK && change) {
        status = pic_keeper_change(&agent, call->args[0], PIC_KEEPER_SITS, &call->err);
        if (status == PIC_OK)
            pic_call_tell(call, PIC_TELL_KEEPER_SITS, call->args[0], NULL);
    }
    pic_agent_close(&agent);
    return status;
}

/* --- passation --- */

static int confirm(struct pic_call *call, char name[static NAME_SIZE])
{
    const char *given = pic_call_option(call, "nom");
    bool yes = pic_call_has(call, "oui");
    int status = PIC_OK;
    if (given == NULL)
        status = pic_terminal_line(&call->terminal, pic_speech_text(PIC_TELL_ASK_NEXT_PERSON), NULL,
                                   name, NAME_SIZE, &call->err);
    else if ((size_t)snprintf(name, NAME_SIZE, "%s", given) >= NAME_SIZE)
        status = pic_fail(&call->err, PIC_ETOO_LONG, given, NULL);
    if (status == PIC_OK && !yes)
        status = pic_terminal_confirm(&call->terminal, pic_speech_text(PIC_TELL_ASK_HAND_OVER),
                                      &yes, &call->err);
    if (status == PIC_OK && !yes)
        status = pic_fail(&call->err, PIC_EUSAGE, pic_speech_text(PIC_TELL_HAND_OVER_NOT), NULL);
    return status;
}

/* What waits is sent if it can be; else it is said, and goes with the next exchange. */
static int send_or_list(struct pic_call *call, struct pic_agent *agent, struct pic_keys *keys)
{
    static const struct pic_net_limits everything = {PIC_ERRAND_ALL, UINT64_MAX};
    struct pic_agent_pending pending;
    struct pic_carrier carrier;
    struct pic_net net = {0};
    struct pic_err unsent = {0};
    struct pic_buf left;
    int status = pic_net_open(&net, agent->self.urls, &carrier, &unsent);
    if (status == PIC_OK)
        status = pic_net_exchange(call, agent, keys, &carrier, &everything);
    pic_net_close(&net);
    if (status != PIC_OK)
        call->err = (struct pic_err){0}; /* the hand-over itself is done */
    status = pic_agent_pending(agent, &pending);
    if (status != PIC_OK)
        return pic_fail(&call->err, status, NULL);
    if (pending.changes + pending.documents == 0)
        return PIC_OK;
    pic_buf_init(&left, TEXT_MAX);
    pic_speech_count(&left, pending.changes, "saisie", "saisies");
    if (pending.documents > 0) {
        pic_buf_text(&left, ", ");
        pic_speech_count(&left, pending.documents, "document", "documents");
    }
    pic_call_tell(call, PIC_TELL_HAND_OVER_PENDING, pic_buf_string(&left), NULL);
    pic_buf_release(&left);
    return PIC_OK;
}

int pic_command_hand_over(struct pic_call *call)
{
    const struct pic_desk *desk = call->context;
    char name[NAME_SIZE] = "";
    struct pic_agent agent;
    struct pic_keys keys = {0};
    bool was = false;
    int status = pic_desk_open(call, PIC_AGENT_WRITE, &agent);
    if (status == PIC_OK)
        status = pic_passphrase_old(call, &agent, &keys);
    if (status == PIC_OK)
        status = confirm(call, name);
    if (status == PIC_OK)
        status = pic_passphrase_new(call, &agent, &keys);
    if (status == PIC_OK) /* the old one opens nothing any more, not even for a while */
        pic_session_end(agent.folder, desk->runtime, &was);
    if (status == PIC_OK)
        status = pic_keeper_change(&agent, name, PIC_KEEPER_TAKES_OVER, &call->err);
    if (status == PIC_OK)
        status = send_or_list(call, &agent, &keys);
    if (status == PIC_OK) {
        pic_call_tell(call, PIC_TELL_HANDED_OVER, name, NULL);
        pic_call_tell(call, PIC_TELL_RESCUE_PRINT_AGAIN, NULL);
    }
    pic_keys_wipe(&keys);
    pic_agent_close(&agent);
    return status;
}
