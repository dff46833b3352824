#include "agent/commands/net.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "agent/commands/desk.h"
#include "agent/identities.h"
#include "agent/status.h"
#include "schema/face/progress.h"

enum { URL_MAX = 512, SAID_MAX = 512, MIB_BITS = 20 };

/* --- the link as a carrier --- */

/* Something that answers in another language before we have heard our own is a portal. A send ends
 * so too, when the answer was quicker. */
static int portal_or(const struct pic_net *net, int status)
{
    return status == PIC_EFORMAT && !net->heard ? PIC_EPORTAL : status;
}

static int carry(void *context, struct pic_span payload)
{
    struct pic_net *net = context;
    if (net->until_ms != 0 && net->now_ms(net->clock) >= net->until_ms)
        return PIC_EINTERRUPTED;
    return portal_or(net, pic_link_send(net->link, payload, PIC_NET_IDLE_MS));
}

static int fetch(void *context, struct pic_buf *payload)
{
    struct pic_net *net = context;
    int status = portal_or(net, pic_link_receive(net->link, payload, PIC_NET_IDLE_MS));
    net->heard = net->heard || status == PIC_OK;
    return status;
}

int pic_net_open(struct pic_net *net, const char *urls, struct pic_carrier *out,
                 struct pic_err *err)
{
    char url[URL_MAX];
    int status = PIC_EUNREACHABLE;
    *out = (struct pic_carrier){.context = net, .send = carry, .receive = fetch};
    for (const char *at = urls; *at != '\0' && net->link == NULL;) {
        size_t n = strcspn(at, "\n");
        if (n > 0 && n < sizeof url) {
            (void)snprintf(url, sizeof url, "%.*s", (int)n, at);
            status = pic_link_open(url, PIC_NET_CONNECT_MS, &net->link);
        }
        at += n + (at[n] == '\n');
    }
    if (net->link != NULL)
        return PIC_OK;
    return pic_fail(err, status == PIC_ETIMEOUT ? PIC_EUNREACHABLE : status, NULL);
}

void pic_net_close(struct pic_net *net)
{
    pic_link_close(net->link);
    net->link = NULL;
}

/* --- what a person sees --- */

struct watch {
    struct pic_call *call;
    struct pic_progress progress;
    enum pic_courier_lane lane;
    bool begun;
    int64_t (*now_ms)(void *context);
    void *context;
};

static void show_progress(void *context, enum pic_courier_lane lane, uint64_t done, uint64_t total)
{
    struct watch *w = context;
    static const enum pic_tell labels[PIC_LANES] = {
        [PIC_LANE_ENROL] = PIC_TELL_LANE_ENROL,     [PIC_LANE_CHANGES] = PIC_TELL_LANE_CHANGES,
        [PIC_LANE_RECOVER] = PIC_TELL_LANE_RECOVER, [PIC_LANE_PULL] = PIC_TELL_LANE_PULL,
        [PIC_LANE_GIVE] = PIC_TELL_LANE_GIVE,       [PIC_LANE_DOCUMENTS] = PIC_TELL_LANE_DOCUMENTS,
        [PIC_LANE_CLOSING] = PIC_TELL_LANE_CLOSING,
    };
    int64_t now_ms = w->now_ms(w->context);
    if (!w->call->terminal.err_tty)
        return; /* nothing to redraw: the outcome says it all */
    if (!w->begun || w->lane != lane) {
        pic_progress_begin(&w->progress, &w->call->terminal, pic_speech_text(labels[lane]), total,
                           now_ms);
        w->begun = true;
        w->lane = lane;
    }
    pic_progress_at(&w->progress, done, now_ms);
}

void pic_net_tell(struct pic_call *call, const struct pic_courier_report *report)
{
    struct pic_buf sent;
    struct pic_buf received;
    pic_buf_init(&sent, SAID_MAX);
    pic_buf_init(&received, SAID_MAX);
    pic_speech_count(&sent, report->changes_sent, "saisie", "saisies");
    if (report->documents_sent > 0) {
        pic_buf_text(&sent, " et ");
        pic_speech_count(&sent, report->documents_sent, "document", "documents");
    }
    pic_speech_bytes(&received, report->bytes_sent + report->bytes_received);
    pic_call_tell(call, PIC_TELL_EXCHANGED, pic_buf_string(&sent), pic_buf_string(&received), NULL);
    if (report->restamped)
        pic_call_tell(call, PIC_TELL_RESTAMPED, NULL);
    if (report->shifted)
        pic_call_tell(call, PIC_TELL_SHIFTED, NULL);
    if (report->server_had_forgotten)
        pic_call_tell(call, PIC_TELL_FORGOTTEN, NULL);
    pic_buf_release(&sent);
    pic_buf_release(&received);
}

/* floor(log2(MiB free)) + 1: enough to see trouble coming, too little to tell laptops apart. */
unsigned pic_net_disk(const char *folder)
{
    struct statvfs s;
    unsigned bucket = 0;
    if (statvfs(folder, &s) != 0)
        return 0;
    for (uint64_t mib = ((uint64_t)s.f_bavail * s.f_frsize) >> MIB_BITS; mib > 0; mib >>= 1)
        bucket++;
    return bucket;
}

/* "Samira B., bureau": what the others read in the history. Cut between two characters. */
void pic_net_label(const struct pic_agent *agent, const char *computer,
                   char out[static PIC_LABEL_MAX + 1])
{
    char whole[PIC_AGENT_NAME_MAX + PIC_LABEL_MAX];
    (void)snprintf(whole, sizeof whole, "%s, %.48s", agent->self.person, computer);
    size_t n = strnlen(whole, PIC_LABEL_MAX);
    while (n > 0 && ((unsigned char)whole[n] & 0xC0U) == 0x80U)
        n--;
    memcpy(out, whole, n);
    out[n] = '\0';
}

static int tell_waiting(void *context, const struct pic_identity_waiting *waiting)
{
    struct pic_call *call = context;
    struct pic_buf label;
    struct pic_buf number;
    pic_buf_init(&label, SAID_MAX);
    pic_buf_init(&number, SAID_MAX);
    pic_buf_bytes(&label, waiting->label.p, waiting->label.n);
    pic_buf_printf(&number, "%u", waiting->device);
    pic_call_tell(call, PIC_TELL_CONFIDE_ASKED, pic_buf_string(&label), pic_buf_string(&number),
                  NULL);
    pic_buf_release(&label);
    pic_buf_release(&number);
    return PIC_OK;
}

/* Whether this laptop can read what the association sealed, so that it can let others do so. */
static bool reads_identities(struct pic_agent *agent, const struct pic_keys *keys)
{
    struct pic_identity_keys readable;
    uint8_t key[PIC_KEY_SIZE];
    bool found = false;
    if (pic_identities_keys(agent, keys, &readable) == PIC_OK &&
        pic_identities_organisation(agent, key) == PIC_OK)
        for (size_t i = 0; i < readable.n; i++)
            found = found || memcmp(readable.pairs[i].public, key, sizeof key) == 0;
    pic_identities_keys_wipe(&readable);
    return found;
}

/* Which laptops wait for the key of the identities, where this one can confide it. */
static int tell_who_waits(struct pic_call *call, struct pic_agent *agent,
                          const struct pic_keys *keys)
{
    bool records = agent->state != NULL && (agent->self.role & PIC_ROLE_ASSOCIATION) != 0;
    return records && reads_identities(agent, keys)
               ? pic_identities_waiting(agent, tell_waiting, call)
               : PIC_OK;
}

int pic_net_exchange(struct pic_call *call, struct pic_agent *agent, struct pic_keys *keys,
                     const struct pic_carrier *carrier, const struct pic_net_limits *limits)
{
    const struct pic_desk *desk = call->context;
    struct watch w = {
        .call = call, .now_ms = agent->world->now_ms, .context = agent->world->context};
    struct pic_courier_report report;
    char label[PIC_LABEL_MAX + 1];
    pic_net_label(agent, desk->computer, label);
    const struct pic_courier_options options = {.errands = limits->errands,
                                                .document_bytes_max = limits->document_bytes_max,
                                                .program = PIC_AGENT_VERSION,
                                                .label = label,
                                                .disk = pic_net_disk(agent->folder),
                                                .progress = show_progress,
                                                .context = &w};
    int status = pic_courier_run(agent, keys, carrier, &options, &report, &call->err);
    if (w.begun)
        pic_progress_end(&w.progress, pic_speech_text(status == PIC_OK ? PIC_TELL_LANE_DONE
                                                                       : PIC_TELL_LANE_STOPPED));
    if (report.server_ms != 0)
        pic_net_tell(call, &report);
    return status == PIC_OK ? tell_who_waits(call, agent, keys) : status;
}
