#include "protocol/crypto/box.h"

#include <sodium.h>
#include <string.h>

enum {
    BOX_VERSION = 1,
    NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
};

_Static_assert(PIC_BOX_OVERHEAD == 1 + NONCE_SIZE + TAG_SIZE, "version, nonce, tag");
_Static_assert(PIC_BOX_WRAPPED_SIZE == PIC_KEY_SIZE + crypto_box_SEALBYTES, "wrapped key");

static const uint8_t label[] = "pic/1 box";
enum { LABEL_SIZE = sizeof label - 1 };

int pic_box_seal(struct pic_span plain, const struct pic_random *random, struct pic_secret *key,
                 struct pic_buf *out)
{
    if (plain.n > SIZE_MAX - PIC_BOX_OVERHEAD)
        return PIC_ELIMIT;
    uint8_t *box = pic_buf_room(out, plain.n + PIC_BOX_OVERHEAD);
    if (box == NULL)
        return PIC_ELIMIT;
    uint8_t *nonce = box + 1;
    box[0] = BOX_VERSION;
    random->fill(random->context, nonce, NONCE_SIZE);
    random->fill(random->context, key->bytes, sizeof key->bytes);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE_SIZE, NULL, plain.p, plain.n,
                                                     label, LABEL_SIZE, NULL, nonce, key->bytes);
    out->len += plain.n + PIC_BOX_OVERHEAD;
    return PIC_OK;
}

int pic_box_open(struct pic_span box, const struct pic_secret *key, struct pic_buf *out)
{
    struct pic_cursor c = pic_cursor_of(box.p, box.n);
    uint8_t version = pic_cursor_u8(&c);
    const uint8_t *nonce = pic_cursor_bytes(&c, NONCE_SIZE);
    size_t sealed_size = pic_cursor_left(&c);
    if (nonce == NULL || sealed_size < TAG_SIZE)
        return PIC_EFORMAT;
    if (version != BOX_VERSION)
        return PIC_EVERSION;
    uint8_t *room = pic_buf_room(out, sealed_size - TAG_SIZE);
    if (room == NULL)
        return PIC_ELIMIT;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(room, NULL, NULL, c.p, sealed_size, label,
                                                   LABEL_SIZE, nonce, key->bytes) != 0)
        return PIC_EDECRYPT;
    out->len += sealed_size - TAG_SIZE;
    return PIC_OK;
}

int pic_box_wrap(const struct pic_secret *key, const uint8_t reader[static PIC_KEY_SIZE],
                 uint8_t out[static PIC_BOX_WRAPPED_SIZE])
{
    return crypto_box_seal(out, key->bytes, sizeof key->bytes, reader) == 0 ? PIC_OK : PIC_EDECRYPT;
}

int pic_box_unwrap(const uint8_t wrapped[static PIC_BOX_WRAPPED_SIZE],
                   const struct pic_dh_pair *reader, struct pic_secret *key)
{
    struct pic_secret opened;
    int rc = crypto_box_seal_open(opened.bytes, wrapped, PIC_BOX_WRAPPED_SIZE, reader->public,
                                  reader->secret.bytes) == 0
                 ? PIC_OK
                 : PIC_EDECRYPT;
    if (rc == PIC_OK)
        *key = opened;
    pic_secret_wipe(&opened);
    return rc;
}

int pic_seal_to(const uint8_t reader[static PIC_KEY_SIZE], struct pic_span plain,
                struct pic_buf *out)
{
    if (plain.n > SIZE_MAX - crypto_box_SEALBYTES)
        return PIC_ELIMIT;
    uint8_t *room = pic_buf_room(out, plain.n + crypto_box_SEALBYTES);
    if (room == NULL)
        return PIC_ELIMIT;
    if (crypto_box_seal(room, plain.p, plain.n, reader) != 0)
        return PIC_EDECRYPT;
    out->len += plain.n + crypto_box_SEALBYTES;
    return PIC_OK;
}

int pic_seal_open(const struct pic_dh_pair *reader, struct pic_span sealed, struct pic_buf *out)
{
    if (sealed.n < crypto_box_SEALBYTES)
        return PIC_EFORMAT;
    uint8_t *room = pic_buf_room(out, sealed.n - crypto_box_SEALBYTES);
    if (room == NULL)
        return PIC_ELIMIT;
    if (crypto_box_seal_open(room, sealed.p, sealed.n, reader->public, reader->secret.bytes) != 0)
        return PIC_EDECRYPT;
    out->len += sealed.n - crypto_box_SEALBYTES;
    return PIC_OK;
}
