/* net: the courier over a network link, and what a person sees meanwhile. */
#ifndef PIC_AGENT_COMMANDS_NET_H
#define PIC_AGENT_COMMANDS_NET_H

#include "agent/courier.h"
#include "protocol/net/link.h"
#include "schema/face/command.h"

enum { PIC_NET_CONNECT_MS = 15000, PIC_NET_IDLE_MS = 60000 };

struct pic_net {
    struct pic_link *link;
    bool heard; /* one frame has come: what answers is one of ours */
    /* When to stop asking, by the clock below, in milliseconds; 0: never. */
    int64_t until_ms;
    int64_t (*now_ms)(void *context);
    void *clock;
};

/* Connects to the first of urls (one a line) that answers. PIC_EUNREACHABLE. Close in any case. */
PIC_MUST_USE int pic_net_open(struct pic_net *net, const char *urls, struct pic_carrier *out,
                              struct pic_err *err);
void pic_net_close(struct pic_net *net);

/* What one exchange may do. */
struct pic_net_limits {
    unsigned errands;
    uint64_t document_bytes_max; /* UINT64_MAX: no limit */
};

/* Runs the courier, with a progress line, and says what was exchanged. */
PIC_MUST_USE int pic_net_exchange(struct pic_call *call, struct pic_agent *agent,
                                  struct pic_keys *keys, const struct pic_carrier *carrier,
                                  const struct pic_net_limits *limits);

/* Says what was exchanged, by whichever way. */
void pic_net_tell(struct pic_call *call, const struct pic_courier_report *report);
/* What an exchange says of this laptop: who and where, and how much disk is free (message.def). */
void pic_net_label(const struct pic_agent *agent, const char *computer,
                   char out[static PIC_LABEL_MAX + 1]);
unsigned pic_net_disk(const char *folder);

#endif
