#include "protocol/exchange/invitation.h"

#include <string.h>

#include "protocol/base/text.h"

#define INVITATION_LABEL "pic/1 invitation"
#define MAGIC            "PICX"

enum { INVITATION_VERSION = 1, MAGIC_SIZE = 4, GROUP = 5 };

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static const char *const control_words[] = {
#include "protocol/exchange/control_words.def"
};

_Static_assert(sizeof control_words / sizeof *control_words == 256, "one word for each byte");

/* --- the file --- */

static void put_text(struct pic_buf *out, struct pic_span text, size_t max)
{
    if (text.n > max)
        out->bad = true;
    else
        pic_buf_span(out, text);
}

void pic_invitation_put(const struct pic_invitation *invitation, const struct pic_signer *identity,
                        struct pic_buf *out)
{
    size_t start = out->len;
    pic_buf_text(out, MAGIC);
    pic_buf_u8(out, INVITATION_VERSION);
    put_text(out, invitation->server_name, PIC_NAME_MAX);
    pic_buf_u8(out, (uint8_t)invitation->address_n);
    for (unsigned i = 0; i < invitation->address_n; i++)
        put_text(out, invitation->addresses[i], PIC_ADDRESS_MAX);
    pic_transport_put(&invitation->transport, identity, out);
    pic_buf_bytes(out, invitation->authority, PIC_KEY_SIZE);
    pic_buf_varint(out, invitation->device);
    pic_buf_varint(out, invitation->organisation);
    put_text(out, invitation->organisation_name, PIC_NAME_MAX);
    pic_buf_varint(out, invitation->role);
    pic_buf_varint(out, (uint64_t)invitation->expires_ms);
    pic_buf_bytes(out, invitation->code.text, PIC_CODE_LENGTH);
    pic_buf_varint(out, invitation->feed.n);
    pic_buf_bytes(out, invitation->feed.items.p, invitation->feed.items.n);
    if (out->bad)
        return;
    uint8_t hash[PIC_HASH_SIZE];
    uint8_t signature[PIC_SIGNATURE_SIZE];
    pic_hash(pic_span_of(out->data + start, out->len - start), hash);
    pic_sign(identity, INVITATION_LABEL, pic_span_of(hash, sizeof hash), signature);
    pic_buf_bytes(out, signature, sizeof signature);
}

static struct pic_span get_text(struct pic_cursor *c, size_t max)
{
    struct pic_span text = pic_cursor_span(c, max);
    if (!c->bad && !pic_text_is_clean(text))
        c->bad = true;
    return text;
}

/* The code in a file is canonical; as people type it is pic_code_parse's. */
static void get_code(struct pic_cursor *c, struct pic_code *code)
{
    pic_cursor_copy(c, code->text, PIC_CODE_LENGTH);
    code->text[PIC_CODE_LENGTH] = '\0';
    if (strspn(code->text, alphabet) != PIC_CODE_LENGTH)
        c->bad = true;
}

/* The fields between the version and the signature, but for the transport key's own proof. */
static struct pic_span get_fields(struct pic_cursor *c, struct pic_invitation *out)
{
    out->server_name = get_text(c, PIC_NAME_MAX);
    out->address_n = pic_cursor_u8(c);
    if (out->address_n > PIC_ADDRESSES_MAX)
        c->bad = true;
    for (unsigned i = 0; i < out->address_n && !c->bad; i++)
        out->addresses[i] = get_text(c, PIC_ADDRESS_MAX);
    const uint8_t *transport = pic_cursor_bytes(c, PIC_TRANSPORT_SIZE);
    pic_cursor_copy(c, out->authority, PIC_KEY_SIZE);
    out->device = (uint32_t)pic_cursor_varint_max(c, PIC_DEVICE_MAX);
    out->organisation = pic_cursor_varint_max(c, INT64_MAX);
    out->organisation_name = get_text(c, PIC_NAME_MAX);
    out->role = (uint32_t)pic_cursor_varint_max(c, PIC_ROLE_MAX);
    out->expires_ms = (int64_t)pic_cursor_varint_max(c, INT64_MAX);
    get_code(c, &out->code);
    out->feed = pic_feed_get(c, PIC_INVITATION_MAX);
    if (out->device == 0)
        c->bad = true;
    return pic_span_of(transport, PIC_TRANSPORT_SIZE);
}

int pic_invitation_read(struct pic_span bytes, struct pic_invitation *out)
{
    if (bytes.n > PIC_INVITATION_MAX)
        return PIC_ELIMIT;
    struct pic_cursor c = pic_cursor_of(bytes.p, bytes.n);
    struct pic_invitation r = {0};
    const uint8_t *magic = pic_cursor_bytes(&c, MAGIC_SIZE);
    uint8_t version = pic_cursor_u8(&c);
    if (c.bad || memcmp(magic, MAGIC, MAGIC_SIZE) != 0)
        return PIC_EFORMAT;
    if (version != INVITATION_VERSION)
        return PIC_EVERSION;
    struct pic_span transport = get_fields(&c, &r);
    size_t signed_n = bytes.n - pic_cursor_left(&c);
    const uint8_t *signature = pic_cursor_bytes(&c, PIC_SIGNATURE_SIZE);
    if (pic_cursor_end(&c) != PIC_OK)
        return PIC_EFORMAT;
    int rc = pic_transport_read(transport, NULL, &r.transport);
    if (rc != PIC_OK)
        return rc;
    uint8_t hash[PIC_HASH_SIZE];
    pic_hash(pic_span_of(bytes.p, signed_n), hash);
    rc = pic_verify(r.transport.identity, INVITATION_LABEL, pic_span_of(hash, sizeof hash),
                    signature);
    if (rc == PIC_OK)
        *out = r;
    return rc;
}

/* --- the code --- */

void pic_code_new(const struct pic_random *random, struct pic_code *out)
{
    uint8_t bytes[PIC_CODE_LENGTH];
    random->fill(random->context, bytes, sizeof bytes);
    for (size_t i = 0; i < PIC_CODE_LENGTH; i++)
        out->text[i] = alphabet[bytes[i] % 32];
    out->text[PIC_CODE_LENGTH] = '\0';
    pic_wipe(bytes, sizeof bytes);
}

/* The canonical character for a typed one; 0 when there is none. */
static char canonical(char typed)
{
    int c = typed >= 'a' && typed <= 'z' ? typed - 'a' + 'A' : typed;
    if (c == 'O')
        return '0';
    if (c == 'I' || c == 'L')
        return '1';
    const char *at = c == '\0' ? NULL : strchr(alphabet, c);
    if (at == NULL)
        return '\0';
    return *at;
}

int pic_code_parse(const char *typed, struct pic_code *out)
{
    static const char prefix[] = "P1C"; /* PIC, once canonical */
    enum { PREFIX = sizeof prefix - 1, LONGEST = PREFIX + PIC_CODE_LENGTH };
    char text[LONGEST];
    size_t n = 0;
    for (const char *p = typed; *p != '\0'; p++) {
        if (*p == ' ' || *p == '-')
            continue;
        char c = canonical(*p);
        if (c == '\0' || n == LONGEST)
            return PIC_EFORMAT;
        text[n++] = c;
    }
    bool prefixed = n == LONGEST && memcmp(text, prefix, PREFIX) == 0;
    if (!prefixed && n != PIC_CODE_LENGTH)
        return PIC_EFORMAT;
    memcpy(out->text, text + (prefixed ? PREFIX : 0), PIC_CODE_LENGTH);
    out->text[PIC_CODE_LENGTH] = '\0';
    pic_wipe(text, sizeof text);
    return PIC_OK;
}

void pic_code_show(const struct pic_code *code, char out[static PIC_CODE_SHOWN_SIZE])
{
    char *to = out;
    memcpy(to, "PIC", 3);
    to += 3;
    for (size_t i = 0; i < PIC_CODE_LENGTH; i += GROUP) {
        *to++ = '-';
        memcpy(to, code->text + i, GROUP);
        to += GROUP;
    }
    *to = '\0';
}

void pic_code_id(const struct pic_code *code, uint8_t out[static PIC_INVITATION_ID_SIZE])
{
    uint8_t hash[PIC_HASH_SIZE];
    pic_hash2(pic_span_text("pic/1 invitation id"), pic_span_of(code->text, PIC_CODE_LENGTH), hash);
    memcpy(out, hash, PIC_INVITATION_ID_SIZE);
}

void pic_code_secret(const struct pic_code *code, struct pic_secret *out)
{
    pic_hash2(pic_span_text("pic/1 invitation secret"), pic_span_of(code->text, PIC_CODE_LENGTH),
              out->bytes);
}

void pic_control_words(const uint8_t identity[static PIC_KEY_SIZE], const struct pic_code *code,
                       const char *out[static PIC_CONTROL_WORDS])
{
    uint8_t hash[PIC_HASH_SIZE];
    struct pic_hasher h;
    pic_hasher_init(&h);
    pic_hasher_update(&h, pic_span_text("pic/1 control words"));
    pic_hasher_update(&h, pic_span_of(identity, PIC_KEY_SIZE));
    pic_hasher_update(&h, pic_span_of(code->text, PIC_CODE_LENGTH));
    pic_hasher_final(&h, hash);
    for (size_t i = 0; i < PIC_CONTROL_WORDS; i++)
        out[i] = control_words[hash[i]];
}

void pic_control_spell(struct pic_span bytes, struct pic_buf *out)
{
    for (size_t i = 0; i < bytes.n; i++) {
        if (i != 0)
            pic_buf_u8(out, ' ');
        pic_buf_text(out, control_words[bytes.p[i]]);
    }
}
