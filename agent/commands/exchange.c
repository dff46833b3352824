#include "agent/commands/commands.h"
#include "agent/commands/net.h"
#include "agent/session.h"
#include "agent/status.h"

/* Opens, unlocks, connects, exchanges; then how things stand is how the command ends. */
static int exchange(struct pic_call *call, unsigned errands)
{
    const struct pic_desk *desk = call->context;
    struct pic_agent agent;
    struct pic_keys keys = {0};
    struct pic_carrier carrier;
    struct pic_net net = {0};
    struct pic_status_facts facts;
    int status = pic_desk_open(call, PIC_AGENT_WRITE, &agent);
    if (status == PIC_OK)
        status = pic_desk_unlock(call, &agent, &keys);
    if (status == PIC_OK)
        status = pic_net_open(&net, agent.self.urls, &carrier, &call->err);
    if (status == PIC_OK)
        status = pic_net_exchange(call, &agent, &keys, &carrier, errands);
    pic_net_close(&net);
    if (status == PIC_OK) {
        pic_session_save(&keys, agent.folder, desk->runtime);
        status = pic_status_read(&agent, &facts);
        if (status == PIC_OK)
            status = pic_status_outcome(&facts);
    }
    pic_keys_wipe(&keys);
    pic_agent_close(&agent);
    return status;
}

int pic_command_sync(struct pic_call *call)
{
    return exchange(call, PIC_ERRAND_ALL);
}

int pic_command_send(struct pic_call *call)
{
    bool entries = pic_call_has(call, "saisies-seules");
    return exchange(call, entries ? PIC_ERRAND_SEND : PIC_ERRAND_SEND | PIC_ERRAND_DOCUMENTS);
}

int pic_command_receive(struct pic_call *call)
{
    return exchange(call, PIC_ERRAND_RECEIVE);
}
