#include "schema/face/guard.h"

#include <stdio.h>
#include <string.h>

#include "protocol/base/text.h"

static void put_word(const uint8_t bytes[static PIC_HASH_SIZE], char out[static PIC_GUARD_WORD + 1])
{
    struct pic_buf text;
    pic_buf_init(&text, PIC_GUARD_WORD + 1);
    pic_text_base32(pic_span_of(bytes, PIC_HASH_SIZE), 0, &text);
    (void)snprintf(out, PIC_GUARD_WORD + 1, "%s", pic_buf_string(&text));
    pic_buf_release(&text);
}

static void derive(const uint8_t key[static PIC_KEY_SIZE], const char *what,
                   char out[static PIC_GUARD_WORD + 1])
{
    uint8_t hash[PIC_HASH_SIZE];
    pic_hash_keyed(key, pic_span_text(what), hash);
    put_word(hash, out);
    pic_wipe(hash, sizeof hash);
}

void pic_guard_init(struct pic_guard *guard, const uint8_t key[static PIC_KEY_SIZE], unsigned port,
                    const struct pic_random *random)
{
    uint8_t fresh[PIC_HASH_SIZE];
    *guard = (struct pic_guard){.port = port};
    (void)snprintf(guard->host, sizeof guard->host, "127.0.0.1:%u", port);
    (void)snprintf(guard->origin, sizeof guard->origin, "http://127.0.0.1:%u", port);
    (void)snprintf(guard->cookie_name, sizeof guard->cookie_name, "pic_%u", port);
    derive(key, "pic page session", guard->session);
    derive(key, "pic page token", guard->token);
    random->fill(random->context, fresh, sizeof fresh);
    put_word(fresh, guard->entry);
    pic_wipe(fresh, sizeof fresh);
}

void pic_guard_wipe(struct pic_guard *guard)
{
    pic_wipe(guard, sizeof *guard);
}

bool pic_guard_host_is(const struct pic_guard *guard, const char *host)
{
    return host != NULL && strcmp(host, guard->host) == 0;
}

bool pic_guard_origin_is(const struct pic_guard *guard, const char *origin)
{
    return origin != NULL && strcmp(origin, guard->origin) == 0;
}

static bool word_is(const char *ours, struct pic_span theirs)
{
    return theirs.n == PIC_GUARD_WORD && strlen(ours) == PIC_GUARD_WORD &&
           pic_same_bytes(ours, theirs.p, PIC_GUARD_WORD);
}

bool pic_guard_session_is(const struct pic_guard *guard, const char *cookies)
{
    size_t name_n = strlen(guard->cookie_name);
    while (cookies != NULL && *cookies != '\0') {
        cookies += strspn(cookies, " ;");
        size_t n = strcspn(cookies, ";");
        bool named = n > name_n && memcmp(cookies, guard->cookie_name, name_n) == 0 &&
                     cookies[name_n] == '=';
        if (named && word_is(guard->session, pic_span_of(cookies + name_n + 1, n - name_n - 1)))
            return true;
        cookies += n;
    }
    return false;
}

bool pic_guard_token_is(const struct pic_guard *guard, const char *token)
{
    return token != NULL && word_is(guard->token, pic_span_text(token));
}

bool pic_guard_enter(struct pic_guard *guard, const char *word)
{
    bool right = word != NULL && word_is(guard->entry, pic_span_text(word));
    if (right)
        pic_wipe(guard->entry, sizeof guard->entry);
    return right;
}

void pic_guard_cookie(const struct pic_guard *guard, struct pic_buf *out)
{
    pic_buf_printf(out, "%s=%s; Path=/; HttpOnly; SameSite=Strict", guard->cookie_name,
                   guard->session);
}

void pic_guard_address(const struct pic_guard *guard, struct pic_buf *out)
{
    pic_buf_printf(out, "%s/entrer/%s", guard->origin, guard->entry);
}
