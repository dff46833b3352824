#include "protocol/crypto/cloak.h"

#include <sodium.h>
#include <string.h>

enum {
    CLOAK_VERSION = 1,
    MAGIC_SIZE = 4,
    NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    INDEX_SIZE = 8,
};

_Static_assert(PIC_CLOAK_EXTRA == NONCE_SIZE + TAG_SIZE, "nonce, tag");

static const uint8_t magic[MAGIC_SIZE] = {'P', 'I', 'C', 'D'};

int pic_cloak_new(const uint8_t reader[static PIC_KEY_SIZE], const struct pic_random *random,
                  struct pic_secret *key, uint8_t head[static PIC_CLOAK_HEAD])
{
    random->fill(random->context, key->bytes, sizeof key->bytes);
    memcpy(head, magic, sizeof magic);
    head[MAGIC_SIZE] = CLOAK_VERSION;
    return pic_box_wrap(key, reader, head + MAGIC_SIZE + 1);
}

int pic_cloak_key(const uint8_t head[static PIC_CLOAK_HEAD], const struct pic_dh_pair *reader,
                  struct pic_secret *key)
{
    if (memcmp(head, magic, sizeof magic) != 0)
        return PIC_EFORMAT;
    if (head[MAGIC_SIZE] != CLOAK_VERSION)
        return PIC_EVERSION;
    return pic_box_unwrap(head + MAGIC_SIZE + 1, reader, key);
}

static void put_index(uint64_t index, uint8_t out[static INDEX_SIZE])
{
    for (unsigned i = 0; i < INDEX_SIZE; i++)
        out[i] = (uint8_t)(index >> (8 * i));
}

void pic_cloak_seal(const struct pic_secret *key, uint64_t index, const struct pic_random *random,
                    struct pic_span plain, uint8_t *out)
{
    uint8_t place[INDEX_SIZE];
    put_index(index, place);
    random->fill(random->context, out, NONCE_SIZE);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE_SIZE, NULL, plain.p, plain.n,
                                                     place, sizeof place, NULL, out, key->bytes);
}

int pic_cloak_open(const struct pic_secret *key, uint64_t index, struct pic_span sealed,
                   uint8_t *out)
{
    uint8_t place[INDEX_SIZE];
    if (sealed.n < PIC_CLOAK_EXTRA)
        return PIC_EFORMAT;
    put_index(index, place);
    return crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.p + NONCE_SIZE,
                                                      sealed.n - NONCE_SIZE, place, sizeof place,
                                                      sealed.p, key->bytes) == 0
               ? PIC_OK
               : PIC_EDECRYPT;
}

uint64_t pic_cloak_plain_size(uint64_t file_size)
{
    if (file_size <= PIC_CLOAK_HEAD)
        return 0;
    uint64_t whole = (file_size - PIC_CLOAK_HEAD) / (PIC_CLOAK_CHUNK + PIC_CLOAK_EXTRA);
    uint64_t rest = (file_size - PIC_CLOAK_HEAD) % (PIC_CLOAK_CHUNK + PIC_CLOAK_EXTRA);
    return whole * PIC_CLOAK_CHUNK + (rest > PIC_CLOAK_EXTRA ? rest - PIC_CLOAK_EXTRA : 0);
}

uint64_t pic_cloak_offset(uint64_t index)
{
    return PIC_CLOAK_HEAD + index * (PIC_CLOAK_CHUNK + PIC_CLOAK_EXTRA);
}
