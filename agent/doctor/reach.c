#include "agent/doctor/reach.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "agent/courier.h"
#include "protocol/net/link.h"

enum { URL_MAX = 512 };

/* The host of "tcp://host:port", "tcp://[::1]:port". False where there is none to look up. */
static bool host_of(const char *url, char out[static URL_MAX])
{
    const char *start = strstr(url, "tcp://");
    if (start == NULL)
        return false;
    start += strlen("tcp://");
    bool bracket = *start == '[';
    start += bracket;
    size_t n = strcspn(start, bracket ? "]" : ":/");
    if (n == 0 || n >= URL_MAX)
        return false;
    (void)snprintf(out, URL_MAX, "%.*s", (int)n, start);
    return true;
}

static bool resolves(const char *url)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    char host[URL_MAX];
    struct addrinfo *found = NULL;
    if (!host_of(url, host))
        return true; /* nothing to resolve */
    bool good = getaddrinfo(host, NULL, &hints, &found) == 0;
    if (good)
        freeaddrinfo(found);
    return good;
}

/* What comes is no frame of ours: a portal. A send ends so too, when the answer was quicker. */
static int heard(int status)
{
    return status == PIC_EFORMAT || status == PIC_ELIMIT ? PIC_EPORTAL : status;
}

static int carry(void *context, struct pic_span payload)
{
    return heard(pic_link_send(context, payload, PIC_REACH_TIMEOUT_MS));
}

static int fetch(void *context, struct pic_buf *payload)
{
    return heard(pic_link_receive(context, payload, PIC_REACH_TIMEOUT_MS));
}

/* What a connection says when asked for its key. */
static enum pic_diagnosis_network answer_of(struct pic_link *link,
                                            const uint8_t identity[static PIC_KEY_SIZE])
{
    const struct pic_carrier carrier = {.context = link, .send = carry, .receive = fetch};
    struct pic_transport told;
    switch (pic_courier_key(&carrier, &told, NULL)) {
    case PIC_OK:
        return memcmp(told.identity, identity, PIC_KEY_SIZE) == 0 ? PIC_NETWORK_GOOD
                                                                  : PIC_NETWORK_OTHER_KEY;
    case PIC_EPORTAL:
        return PIC_NETWORK_PORTAL;
    case PIC_EFORMAT:
    case PIC_ESIGNATURE:
        return PIC_NETWORK_OTHER_KEY;
    default:
        return PIC_NETWORK_SILENT;
    }
}

static enum pic_diagnosis_network reach_one(const char *url,
                                            const uint8_t identity[static PIC_KEY_SIZE])
{
    struct pic_link *link = NULL;
    if (!resolves(url))
        return PIC_NETWORK_NO_NAME;
    if (pic_link_open(url, PIC_REACH_TIMEOUT_MS, &link) != PIC_OK)
        return PIC_NETWORK_NO_ROUTE;
    enum pic_diagnosis_network found = answer_of(link, identity);
    pic_link_close(link);
    return found;
}

enum pic_diagnosis_network pic_reach(const struct pic_agent_self *self)
{
    char url[URL_MAX];
    enum pic_diagnosis_network best = PIC_NETWORK_NO_ADDRESS;
    for (const char *at = self->urls; *at != '\0' && best != PIC_NETWORK_GOOD;) {
        size_t n = strcspn(at, "\n");
        if (n > 0 && n < sizeof url) {
            (void)snprintf(url, sizeof url, "%.*s", (int)n, at);
            enum pic_diagnosis_network found = reach_one(url, self->server.identity);
            best = found > best ? found : best;
        }
        at += n + (at[n] == '\n');
    }
    return best;
}
