#include "protocol/crypto/vault.h"

#include <sodium.h>
#include <string.h>
#include <time.h>

enum {
    VAULT_VERSION = 1,
    SALT_SIZE = crypto_pwhash_argon2id_SALTBYTES,
    NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    HEADER_SIZE = PIC_VAULT_OVERHEAD - TAG_SIZE,
};

_Static_assert(HEADER_SIZE == 4 + 1 + 4 + 4 + SALT_SIZE + NONCE_SIZE, "all before sealed");
_Static_assert(PIC_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "XChaCha20 keys");

static const uint8_t magic[4] = {'P', 'I', 'C', 'V'};

static int derive(struct pic_span passphrase, const uint8_t salt[static SALT_SIZE], uint32_t passes,
                  struct pic_secret *key)
{
    /* libsodium's declaration forbids NULL, even for no bytes at all. */
    const char *typed = passphrase.n == 0 ? "" : (const char *)passphrase.p;
    return crypto_pwhash_argon2id(key->bytes, sizeof key->bytes, typed, passphrase.n, salt, passes,
                                  (size_t)PIC_VAULT_MEMORY_KIB * 1024,
                                  crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0
               ? PIC_OK
               : PIC_EMEMORY;
}

static int64_t monotonic_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

uint32_t pic_vault_passes(int target_ms)
{
    static const uint8_t salt[SALT_SIZE] = {0};
    struct pic_secret key;
    int64_t start_us = monotonic_us();
    int rc = derive(pic_span_text("pic/1 measure"), salt, PIC_VAULT_PASSES_MIN, &key);
    int64_t spent_us = monotonic_us() - start_us;
    pic_secret_wipe(&key);
    if (rc != PIC_OK || spent_us <= 0)
        return PIC_VAULT_PASSES_MIN;
    int64_t passes = (int64_t)target_ms * 1000 * PIC_VAULT_PASSES_MIN / spent_us;
    if (passes < PIC_VAULT_PASSES_MIN)
        return PIC_VAULT_PASSES_MIN;
    return passes > PIC_VAULT_PASSES_MAX ? PIC_VAULT_PASSES_MAX : (uint32_t)passes;
}

static bool passes_are_allowed(uint32_t passes)
{
    return passes >= PIC_VAULT_PASSES_MIN && passes <= PIC_VAULT_PASSES_MAX;
}

int pic_vault_seal(struct pic_span plain, struct pic_span passphrase, uint32_t passes,
                   const struct pic_random *random, struct pic_buf *out)
{
    if (!passes_are_allowed(passes) || plain.n > SIZE_MAX - PIC_VAULT_OVERHEAD ||
        pic_buf_room(out, plain.n + PIC_VAULT_OVERHEAD) == NULL)
        return PIC_ELIMIT;
    uint8_t salt[SALT_SIZE], nonce[NONCE_SIZE];
    struct pic_secret key;
    random->fill(random->context, salt, sizeof salt);
    random->fill(random->context, nonce, sizeof nonce);
    int rc = derive(passphrase, salt, passes, &key);
    if (rc == PIC_OK) {
        size_t start = out->len; /* nothing below fails or moves: the room is there */
        pic_buf_bytes(out, magic, sizeof magic);
        pic_buf_u8(out, VAULT_VERSION);
        pic_buf_u32(out, passes);
        pic_buf_u32(out, PIC_VAULT_MEMORY_KIB);
        pic_buf_bytes(out, salt, sizeof salt);
        pic_buf_bytes(out, nonce, sizeof nonce);
        (void)crypto_aead_xchacha20poly1305_ietf_encrypt(out->data + out->len, NULL, plain.p,
                                                         plain.n, out->data + start, HEADER_SIZE,
                                                         NULL, nonce, key.bytes);
        out->len += plain.n + TAG_SIZE;
    }
    pic_secret_wipe(&key);
    return rc;
}

/* What stands before the sealed bytes. */
struct header {
    uint32_t passes;
    uint8_t salt[SALT_SIZE], nonce[NONCE_SIZE];
};

static int read_header(struct pic_cursor *c, struct header *h)
{
    uint8_t start[sizeof magic];
    pic_cursor_copy(c, start, sizeof start);
    uint8_t version = pic_cursor_u8(c);
    h->passes = pic_cursor_u32(c);
    uint32_t memory_kib = pic_cursor_u32(c);
    pic_cursor_copy(c, h->salt, sizeof h->salt);
    pic_cursor_copy(c, h->nonce, sizeof h->nonce);
    if (c->bad || pic_cursor_left(c) < TAG_SIZE || memcmp(start, magic, sizeof magic) != 0)
        return PIC_EFORMAT;
    if (version != VAULT_VERSION)
        return PIC_EVERSION;
    bool affordable = passes_are_allowed(h->passes) && memory_kib == PIC_VAULT_MEMORY_KIB;
    return affordable ? PIC_OK : PIC_EFORMAT;
}

int pic_vault_open(struct pic_span vault, struct pic_span passphrase, struct pic_buf *out)
{
    struct pic_cursor c = pic_cursor_of(vault.p, vault.n);
    struct header h;
    int rc = read_header(&c, &h);
    if (rc != PIC_OK)
        return rc;
    size_t sealed_size = pic_cursor_left(&c);
    uint8_t *room = pic_buf_room(out, sealed_size - TAG_SIZE);
    if (room == NULL)
        return PIC_ELIMIT;
    struct pic_secret key;
    rc = derive(passphrase, h.salt, h.passes, &key);
    if (rc == PIC_OK &&
        crypto_aead_xchacha20poly1305_ietf_decrypt(room, NULL, NULL, c.p, sealed_size, vault.p,
                                                   HEADER_SIZE, h.nonce, key.bytes) != 0)
        rc = PIC_EPASSPHRASE;
    if (rc == PIC_OK)
        out->len += sealed_size - TAG_SIZE;
    pic_secret_wipe(&key);
    return rc;
}
