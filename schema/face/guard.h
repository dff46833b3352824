/* guard: who may speak to a local page. The browser of the person who started the program enters
 * once by a one-time address, keeps a cookie that scripts and other sites cannot use, and sends a
 * token with each form. Whoever names another host, or comes from another origin, is refused.
 *
 * Cookie and token follow from one key, so that a page left open for days, or over a restart with
 * the same key and port, still works. Pure; comparisons take constant time. */
#ifndef PIC_FACE_GUARD_H
#define PIC_FACE_GUARD_H

#include "protocol/crypto/keys.h"

enum { PIC_GUARD_WORD = 52 /* base32 of 32 bytes */ };

struct pic_guard {
    unsigned port;
    char host[32], origin[40], cookie_name[24];
    char session[PIC_GUARD_WORD + 1], token[PIC_GUARD_WORD + 1];
    char entry[PIC_GUARD_WORD + 1]; /* "" once used */
};

void pic_guard_init(struct pic_guard *guard, const uint8_t key[static PIC_KEY_SIZE], unsigned port,
                    const struct pic_random *random);
void pic_guard_wipe(struct pic_guard *guard);

/* The headers may be NULL. Host must be ours, to the port: a name that resolves to this machine is
 * not (DNS rebinding). */
bool pic_guard_host_is(const struct pic_guard *guard, const char *host);
/* A form comes from our own origin, and says so. */
bool pic_guard_origin_is(const struct pic_guard *guard, const char *origin);
/* Whether the Cookie header holds the session. */
bool pic_guard_session_is(const struct pic_guard *guard, const char *cookies);
bool pic_guard_token_is(const struct pic_guard *guard, const char *token);
/* True once, for the right word; then it is of no more use. */
bool pic_guard_enter(struct pic_guard *guard, const char *word);

/* Appends the value of Set-Cookie, and the address to open. */
void pic_guard_cookie(const struct pic_guard *guard, struct pic_buf *out);
void pic_guard_address(const struct pic_guard *guard, struct pic_buf *out);

#endif
