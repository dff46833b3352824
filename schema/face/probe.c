#include "schema/face/probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <microhttpd.h>

enum { IDLE_S = 5, AT_ONCE = 16, MEMORY = 16 << 10, ADDRESS_MAX = 64, STACK_SIZE = 512 << 10 };

struct pic_probe {
    struct MHD_Daemon *daemon;
    const struct pic_probe_page *pages;
    void *context;
    unsigned port;
};

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned code, const char *type,
                             struct pic_span body)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body.n, (void *)(uintptr_t)body.p, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (code == MHD_HTTP_METHOD_NOT_ALLOWED)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result result = MHD_queue_response(connection, code, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request)
{
    static const char text[] = "text/plain; charset=utf-8";
    const struct pic_probe *probe = arg;
    struct pic_buf body;
    (void)version;
    (void)upload;
    (void)request;
    if (*upload_size > 0) { /* nobody has anything to tell here */
        *upload_size = 0;
        return MHD_YES;
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED, text, pic_span_of("", 0));
    const struct pic_probe_page *page = probe->pages;
    while (page->path != NULL && strcmp(page->path, url) != 0)
        page++;
    if (page->path == NULL)
        return reply(connection, MHD_HTTP_NOT_FOUND, text, pic_span_of("", 0));
    pic_buf_init(&body, PIC_PROBE_PAGE_MAX);
    unsigned code = page->write(probe->context, &body);
    if (body.bad)
        code = MHD_HTTP_INTERNAL_SERVER_ERROR;
    enum MHD_Result result =
        reply(connection, code, page->type, body.bad ? pic_span_of("", 0) : pic_buf_view(&body));
    pic_buf_release(&body);
    return result;
}

/* One of the two addresses that only this machine reaches, and a port. */
static bool parse(const char *text, struct sockaddr_storage *out)
{
    static const char v4[] = "127.0.0.1:";
    static const char v6[] = "[::1]:";
    bool is_v6 = strncmp(text, v6, sizeof v6 - 1) == 0;
    if (!is_v6 && strncmp(text, v4, sizeof v4 - 1) != 0)
        return false;
    const char *digits = text + (is_v6 ? sizeof v6 : sizeof v4) - 1;
    char *end;
    unsigned long port = strtoul(digits, &end, 10);
    if (*digits < '0' || *digits > '9' || *end != '\0' || port > UINT16_MAX)
        return false;
    memset(out, 0, sizeof *out);
    if (is_v6) {
        struct sockaddr_in6 at = {.sin6_family = AF_INET6,
                                  .sin6_port = htons((uint16_t)port),
                                  .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        memcpy(out, &at, sizeof at);
    } else {
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        memcpy(out, &at, sizeof at);
    }
    return true;
}

int pic_probe_start(const char *address, const struct pic_probe_page *pages, void *context,
                    struct pic_probe **out, struct pic_err *err)
{
    struct sockaddr_storage at;
    if (!parse(address, &at))
        return pic_fail(err, PIC_ELISTEN, address, NULL);
    struct pic_probe *probe = calloc(1, sizeof *probe);
    if (probe == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    probe->pages = pages;
    probe->context = context;
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL;
    if (at.ss_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    probe->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, answer, probe, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&at,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)AT_ONCE, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_SIZE, MHD_OPTION_END);
    if (probe->daemon == NULL) {
        free(probe);
        return pic_fail(err, PIC_ELISTEN, address, NULL);
    }
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(probe->daemon, MHD_DAEMON_INFO_BIND_PORT);
    probe->port = info == NULL ? 0 : info->port;
    *out = probe;
    return PIC_OK;
}

unsigned pic_probe_port(const struct pic_probe *probe)
{
    return probe->port;
}

void pic_probe_stop(struct pic_probe *probe)
{
    if (probe == NULL)
        return;
    MHD_stop_daemon(probe->daemon);
    free(probe);
}
