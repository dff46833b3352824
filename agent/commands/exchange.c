#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "agent/commands/commands.h"
#include "agent/commands/net.h"
#include "agent/session.h"
#include "agent/status.h"

enum { MS_PER_S = 1000, HOURS = 24, MINUTES = 60 };

/* "20M", "500K", "1G", or plain bytes. */
static int read_budget(struct pic_call *call, uint64_t *out)
{
    static const struct {
        const char *unit;
        unsigned shift;
    } units[] = {{"", 0}, {"k", 10}, {"m", 20}, {"g", 30}};
    const char *typed = pic_call_option(call, "budget");
    char *end = NULL;
    *out = UINT64_MAX;
    if (typed == NULL)
        return PIC_OK;
    unsigned long number = strtoul(typed, &end, 10);
    bool good = *typed >= '0' && *typed <= '9' && number <= UINT32_MAX;
    for (size_t i = 0; good && i < sizeof units / sizeof *units; i++)
        if (strcasecmp(units[i].unit, end) == 0) {
            *out = (uint64_t)number << units[i].shift;
            return PIC_OK;
        }
    return pic_fail(&call->err, PIC_ECODE, typed, "--budget", "20M", NULL);
}

/* The next time that local clocks show HH:MM. */
static int read_until(struct pic_call *call, int64_t now_ms, int64_t *out)
{
    const char *typed = pic_call_option(call, "jusqu-a");
    unsigned hour = 0;
    unsigned minute = 0;
    int used = 0;
    struct tm local;
    time_t now = (time_t)(now_ms / MS_PER_S);
    *out = 0;
    if (typed == NULL)
        return PIC_OK;
    /* NOLINTNEXTLINE(cert-err34-c): at most two digits each, and the whole text is used. */
    bool good = sscanf(typed, "%2u:%2u%n", &hour, &minute, &used) == 2 && typed[used] == '\0';
    if (!good || hour >= HOURS || minute >= MINUTES || localtime_r(&now, &local) == NULL)
        return pic_fail(&call->err, PIC_ECODE, typed, "--jusqu-a", "23:00", NULL);
    local.tm_hour = (int)hour;
    local.tm_min = (int)minute;
    local.tm_sec = 0;
    local.tm_isdst = -1;
    time_t until = mktime(&local);
    if (until <= now) {
        local.tm_mday++;
        local.tm_isdst = -1;
        until = mktime(&local);
    }
    *out = (int64_t)until * MS_PER_S;
    return PIC_OK;
}

/* Opens, unlocks, connects, exchanges; then how things stand is how the command ends. */
static int exchange(struct pic_call *call, unsigned errands)
{
    const struct pic_desk *desk = call->context;
    struct pic_agent agent;
    struct pic_keys keys = {0};
    struct pic_carrier carrier;
    struct pic_net net = {0};
    struct pic_status_facts facts;
    struct pic_net_limits limits = {.errands = errands};
    net.now_ms = desk->world.now_ms;
    net.clock = desk->world.context;
    int status = read_budget(call, &limits.document_bytes_max);
    if (status == PIC_OK)
        status = read_until(call, net.now_ms(net.clock), &net.until_ms);
    if (status != PIC_OK)
        return status;
    status = pic_desk_open(call, PIC_AGENT_WRITE, &agent);
    if (status == PIC_OK)
        status = pic_desk_unlock(call, &agent, &keys);
    if (status == PIC_OK)
        status = pic_net_open(&net, agent.self.urls, &carrier, &call->err);
    if (status == PIC_OK)
        status = pic_net_exchange(call, &agent, &keys, &carrier, &limits);
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
