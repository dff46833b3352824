#include "protocol/crypto/identity.h"

enum { IDENTITY_VERSION = 1, TOKEN_TEXT_MAX = PIC_IDENTITY_MAX + 64 };

int pic_identity_seal(struct pic_span plain, const uint8_t *const *readers, size_t n,
                      const struct pic_random *random, struct pic_buf *blob)
{
    struct pic_secret key = {0};
    struct pic_buf box;
    if (plain.n > PIC_IDENTITY_MAX || n == 0 || n > PIC_IDENTITY_READERS_MAX)
        return PIC_ELIMIT;
    pic_buf_init(&box, PIC_IDENTITY_MAX + PIC_BOX_OVERHEAD);
    int status = pic_box_seal(plain, random, &key, &box);
    pic_buf_u8(blob, IDENTITY_VERSION);
    pic_buf_u8(blob, (uint8_t)n);
    for (size_t i = 0; status == PIC_OK && i < n; i++) {
        uint8_t wrapped[PIC_BOX_WRAPPED_SIZE];
        status = pic_box_wrap(&key, readers[i], wrapped);
        pic_buf_bytes(blob, wrapped, sizeof wrapped);
    }
    pic_secret_wipe(&key);
    pic_buf_bytes(blob, box.data, box.len);
    pic_buf_release(&box);
    return status == PIC_OK ? pic_buf_status(blob) : status;
}

int pic_identity_open(struct pic_span blob, const struct pic_dh_pair *keys, size_t n,
                      struct pic_buf *out)
{
    struct pic_cursor c = pic_cursor_of(blob.p, blob.n);
    struct pic_secret key = {0};
    uint8_t version = pic_cursor_u8(&c);
    unsigned readers = pic_cursor_u8(&c);
    int status = PIC_EDECRYPT;
    if (!c.bad && version != IDENTITY_VERSION)
        return PIC_EVERSION;
    if (readers > PIC_IDENTITY_READERS_MAX)
        return PIC_EFORMAT;
    for (unsigned i = 0; i < readers; i++) {
        const uint8_t *wrapped = pic_cursor_bytes(&c, PIC_BOX_WRAPPED_SIZE);
        for (size_t k = 0; wrapped != NULL && status != PIC_OK && k < n; k++)
            status = pic_box_unwrap(wrapped, &keys[k], &key);
    }
    if (c.bad)
        status = PIC_EFORMAT;
    if (status == PIC_OK)
        status = pic_box_open(pic_span_of(c.p, pic_cursor_left(&c)), &key, out);
    pic_secret_wipe(&key);
    return status;
}

void pic_identity_token(const struct pic_secret *organisation, uint64_t operation,
                        struct pic_span words, int64_t born_day, uint8_t out[static PIC_HASH_SIZE])
{
    struct pic_secret key;
    struct pic_buf text;
    pic_buf_init(&text, TOKEN_TEXT_MAX);
    (void)pic_buf_room(&text, TOKEN_TEXT_MAX);
    pic_buf_text(&text, "pic/1 count");
    pic_buf_u64(&text, operation);
    pic_hash_keyed(organisation->bytes, pic_buf_view(&text), key.bytes);
    pic_buf_clear(&text);
    pic_buf_bytes(&text, words.p, words.n);
    pic_buf_printf(&text, "%lld\n", (long long)born_day);
    pic_hash_keyed(key.bytes, pic_buf_view(&text), out);
    pic_secret_wipe(&key);
    pic_buf_wipe(&text);
}
