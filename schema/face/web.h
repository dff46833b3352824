/* web: pages served to one browser on this machine, over libmicrohttpd, which only this room knows.
 *
 * Listens on 127.0.0.1 alone. Everything happens on the thread that calls pic_web_turn, one request
 * after the other. Each request passes the guard (guard.h) before the handler sees it; what names
 * another host or comes from another origin never does. Bodies are bounded, files go to disk as
 * they come (posted.h), connections are few and have a time limit. Every answer forbids whatever
 * does not come from this program: scripts and styles of others, frames, forms elsewhere. */
#ifndef PIC_FACE_WEB_H
#define PIC_FACE_WEB_H

#include "protocol/crypto/keys.h"
#include "schema/face/posted.h"

/* What is known of whoever sent a request. */
enum pic_trust {
    PIC_TRUST_NONE,  /* no session: may be told how to enter, and be given back what it sent */
    PIC_TRUST_STALE, /* our session and origin, but no valid token: nothing may be written yet */
    PIC_TRUST_FULL,
};

/* Borrowed for the time of the handler. */
struct pic_web_request {
    const char *method; /* "GET" (HEAD too) or "POST" */
    const char *path;   /* decoded, "/projet/42-17" */
    enum pic_trust trust;
    const char *token; /* for the forms of the answer; "" without a session */
    const struct pic_posted *query, *form;
};

struct pic_web_response {
    unsigned status;
    const char *type;    /* "text/html; charset=utf-8" */
    struct pic_buf body; /* the handler fills it */
    char location[1024]; /* "" or where to go next, with 303 */
    char file_name[128]; /* "" or the name under which the browser should keep it, in ASCII */
    bool lasting;        /* the same for the life of the program: may be kept by the browser */
};

typedef void pic_web_handler(void *context, const struct pic_web_request *request,
                             struct pic_web_response *response);

struct pic_web_options {
    unsigned port;      /* tried first; 0, or taken: any */
    bool port_required; /* taken: PIC_ELISTEN */
    uint8_t key[PIC_KEY_SIZE];
    const struct pic_random *random;
    const char *upload_folder; /* for files, while a form is handled */
    pic_web_handler *handler;
    void *context;
};

struct pic_web;

/* options are copied but for what they point to. PIC_ELISTEN (arg[0] the address), PIC_EMEMORY. */
PIC_MUST_USE int pic_web_open(const struct pic_web_options *options, struct pic_web **out,
                              struct pic_err *err);
void pic_web_close(struct pic_web *web); /* NULL is a no-op */
unsigned pic_web_port(const struct pic_web *web);
/* Appends the address that opens the session, once. */
void pic_web_address(const struct pic_web *web, struct pic_buf *out);
/* Serves what comes during at most wait_ms. PIC_OK or PIC_EIO. */
PIC_MUST_USE int pic_web_turn(struct pic_web *web, int wait_ms);

#endif
