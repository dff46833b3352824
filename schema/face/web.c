#include "schema/face/web.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "schema/face/guard.h"

enum {
    CONNECTIONS_MAX = 32,
    CONNECTION_SECONDS = 60,
    CONNECTION_BYTES = 64 << 10, /* its headers, and one read */
    FORM_MAX = PIC_POSTED_BYTES_MAX,
    BODY_MAX = PIC_BLOB_MAX, /* a document, given back */
    DECIMAL = 10,
};

struct pic_web {
    struct pic_web_options options;
    struct pic_guard guard;
    struct MHD_Daemon *daemon;
};

/* One request on its way. */
struct talk {
    struct pic_posted query, form;
    struct pic_multipart parts;
    struct pic_buf encoded; /* the body of a form that is not in parts */
    bool posted, in_parts;
    int status; /* of what was read so far */
};

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* --- answers --- */

static void put_headers(struct MHD_Response *response, const struct pic_web_response *from)
{
    static const char *const always[][2] = {
        {"Content-Security-Policy",
         "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' blob:; "
         "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "same-origin"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
    };
    char disposition[sizeof from->file_name + 32];
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        (void)MHD_add_response_header(response, always[i][0], always[i][1]);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, from->type);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
                                  from->lasting ? "private, max-age=3600" : "no-store");
    if (from->location[0] != '\0')
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, from->location);
    if (from->file_name[0] != '\0') {
        (void)snprintf(disposition, sizeof disposition, "attachment; filename=\"%s\"",
                       from->file_name);
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_DISPOSITION, disposition);
    }
}

static enum MHD_Result answer(struct MHD_Connection *connection,
                              const struct pic_web_response *from, const char *cookie)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(from->body.len, from->body.data, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    put_headers(response, from);
    if (cookie != NULL)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_SET_COOKIE, cookie);
    enum MHD_Result result = MHD_queue_response(connection, from->status, response);
    MHD_destroy_response(response);
    return result;
}

/* What is said to whoever is not our browser: as little as can be. */
static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status)
{
    struct pic_web_response plain = {.status = status, .type = "text/plain; charset=utf-8"};
    return answer(connection, &plain, NULL);
}

static enum MHD_Result enter(struct pic_web *web, struct MHD_Connection *connection)
{
    struct pic_web_response go = {.status = MHD_HTTP_SEE_OTHER,
                                  .type = "text/plain; charset=utf-8"};
    struct pic_buf cookie;
    pic_buf_init(&cookie, sizeof go.location);
    (void)snprintf(go.location, sizeof go.location, "/");
    pic_guard_cookie(&web->guard, &cookie);
    enum MHD_Result result = answer(connection, &go, pic_buf_string(&cookie));
    pic_wipe(cookie.data, cookie.len);
    pic_buf_release(&cookie);
    return result;
}

/* --- requests --- */

static enum pic_trust trust_of(const struct pic_web *web, struct MHD_Connection *connection,
                               const struct talk *talk)
{
    if (!pic_guard_session_is(&web->guard, header(connection, MHD_HTTP_HEADER_COOKIE)))
        return PIC_TRUST_NONE;
    if (talk->posted && !pic_guard_token_is(&web->guard, pic_posted_text(&talk->form, "jeton")))
        return PIC_TRUST_STALE;
    return PIC_TRUST_FULL;
}

static enum MHD_Result handle(struct pic_web *web, struct MHD_Connection *connection,
                              const char *path, struct talk *talk)
{
    static const char enter_path[] = "/entrer/";
    struct pic_web_response response = {.status = MHD_HTTP_OK, .type = "text/html; charset=utf-8"};
    struct pic_web_request request = {.method = talk->posted ? "POST" : "GET",
                                      .path = path,
                                      .trust = trust_of(web, connection, talk),
                                      .query = &talk->query,
                                      .form = &talk->form};
    if (!talk->posted && strncmp(path, enter_path, sizeof enter_path - 1) == 0 &&
        pic_guard_enter(&web->guard, path + sizeof enter_path - 1))
        return enter(web, connection);
    request.token = request.trust == PIC_TRUST_NONE ? "" : web->guard.token;
    pic_buf_init(&response.body, BODY_MAX);
    web->options.handler(web->options.context, &request, &response);
    enum MHD_Result result = response.body.bad ? refuse(connection, MHD_HTTP_INTERNAL_SERVER_ERROR)
                                               : answer(connection, &response, NULL);
    pic_buf_release(&response.body);
    return result;
}

static enum MHD_Result take_query(void *context, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    struct talk *talk = context;
    (void)kind;
    if (talk->status == PIC_OK)
        talk->status =
            pic_posted_put(&talk->query, name, pic_span_text(value == NULL ? "" : value));
    return MHD_YES;
}

static bool form_of(struct MHD_Connection *connection, struct talk *talk, const char *folder)
{
    const char *type = header(connection, MHD_HTTP_HEADER_CONTENT_TYPE);
    static const char parts[] = "multipart/form-data";
    static const char encoded[] = "application/x-www-form-urlencoded";
    if (type == NULL)
        return false;
    talk->in_parts = strncasecmp(type, parts, sizeof parts - 1) == 0;
    if (talk->in_parts)
        return pic_multipart_init(&talk->parts, &talk->form, type, folder) == PIC_OK;
    return strncasecmp(type, encoded, sizeof encoded - 1) == 0;
}

static bool too_long(struct MHD_Connection *connection)
{
    const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return length != NULL && strtoull(length, NULL, DECIMAL) > PIC_POSTED_BODY_MAX;
}

/* The head of a request has come: what is not for us goes no further. */
static enum MHD_Result begin(struct pic_web *web, struct MHD_Connection *connection,
                             const char *method, void **slot)
{
    bool posted = strcmp(method, MHD_HTTP_METHOD_POST) == 0;
    if (!posted && strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
        strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED);
    if (!pic_guard_host_is(&web->guard, header(connection, MHD_HTTP_HEADER_HOST)))
        return refuse(connection, MHD_HTTP_MISDIRECTED_REQUEST);
    if (posted && !pic_guard_origin_is(&web->guard, header(connection, "Origin")))
        return refuse(connection, MHD_HTTP_FORBIDDEN);
    if (posted && too_long(connection))
        return refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE);
    struct talk *talk = calloc(1, sizeof *talk);
    if (talk == NULL)
        return MHD_NO;
    pic_posted_init(&talk->query);
    pic_posted_init(&talk->form);
    pic_buf_init(&talk->encoded, FORM_MAX);
    talk->posted = posted;
    talk->parts.file = -1;
    *slot = talk;
    (void)MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, take_query, talk);
    if (posted && !form_of(connection, talk, web->options.upload_folder))
        talk->status = PIC_EFORMAT;
    return MHD_YES;
}

static void take_body(struct talk *talk, const char *data, size_t n)
{
    if (talk->status != PIC_OK || !talk->posted)
        return;
    if (talk->in_parts) {
        talk->status = pic_multipart_feed(&talk->parts, pic_span_of(data, n));
    } else {
        pic_buf_bytes(&talk->encoded, data, n);
        talk->status = pic_buf_status(&talk->encoded);
    }
}

static enum MHD_Result end(struct pic_web *web, struct MHD_Connection *connection, const char *path,
                           struct talk *talk)
{
    if (talk->status == PIC_OK && talk->posted)
        talk->status = talk->in_parts ? pic_multipart_end(&talk->parts)
                                      : pic_posted_read(&talk->form, pic_buf_view(&talk->encoded));
    if (talk->status == PIC_ELIMIT)
        return refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE);
    if (talk->status == PIC_EDISK_FULL || talk->status == PIC_EIO)
        return refuse(connection, MHD_HTTP_INSUFFICIENT_STORAGE);
    if (talk->status != PIC_OK)
        return refuse(connection, MHD_HTTP_BAD_REQUEST);
    return handle(web, connection, path, talk);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *data, size_t *data_n, void **slot)
{
    struct talk *talk = *slot;
    (void)version;
    if (talk == NULL)
        return begin(context, connection, method, slot);
    if (*data_n > 0) {
        take_body(talk, data, *data_n);
        *data_n = 0;
        return MHD_YES;
    }
    return end(context, connection, path, talk);
}

static void on_done(void *context, struct MHD_Connection *connection, void **slot,
                    enum MHD_RequestTerminationCode why)
{
    struct talk *talk = *slot;
    (void)context;
    (void)connection;
    (void)why;
    if (talk == NULL)
        return;
    pic_multipart_release(&talk->parts);
    pic_posted_release(&talk->query);
    pic_posted_release(&talk->form);
    pic_wipe(talk->encoded.data, talk->encoded.len); /* it may hold a passphrase */
    pic_buf_release(&talk->encoded);
    free(talk);
    *slot = NULL;
}

/* --- life --- */

static struct MHD_Daemon *listen_on(struct pic_web *web, unsigned port)
{
    const struct sockaddr_in loopback = {.sin_family = AF_INET,
                                         .sin_port = htons((uint16_t)port),
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return MHD_start_daemon(
        MHD_NO_FLAG, (uint16_t)port, NULL, NULL, on_request, web, MHD_OPTION_SOCK_ADDR, &loopback,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)CONNECTION_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
        MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL, MHD_OPTION_END);
}

int pic_web_open(const struct pic_web_options *options, struct pic_web **out, struct pic_err *err)
{
    char address[sizeof "127.0.0.1:" + DECIMAL];
    struct pic_web *web = calloc(1, sizeof *web);
    if (web == NULL)
        return pic_fail(err, PIC_EMEMORY, NULL);
    web->options = *options;
    web->daemon = listen_on(web, options->port);
    if (web->daemon == NULL && !options->port_required && options->port != 0)
        web->daemon = listen_on(web, 0);
    const union MHD_DaemonInfo *info =
        web->daemon == NULL ? NULL : MHD_get_daemon_info(web->daemon, MHD_DAEMON_INFO_BIND_PORT);
    if (info == NULL) {
        pic_web_close(web);
        (void)snprintf(address, sizeof address, "127.0.0.1:%u", options->port);
        return pic_fail(err, PIC_ELISTEN, address, "--port", NULL);
    }
    pic_guard_init(&web->guard, options->key, info->port, options->random);
    pic_wipe(web->options.key, sizeof web->options.key);
    *out = web;
    return PIC_OK;
}

void pic_web_close(struct pic_web *web)
{
    if (web == NULL)
        return;
    if (web->daemon != NULL)
        MHD_stop_daemon(web->daemon);
    pic_guard_wipe(&web->guard);
    pic_wipe(web->options.key, sizeof web->options.key);
    free(web);
}

unsigned pic_web_port(const struct pic_web *web)
{
    return web->guard.port;
}

void pic_web_address(const struct pic_web *web, struct pic_buf *out)
{
    pic_guard_address(&web->guard, out);
}

int pic_web_turn(struct pic_web *web, int wait_ms)
{
    return MHD_run_wait(web->daemon, wait_ms) == MHD_YES ? PIC_OK : PIC_EIO;
}
