#include "protocol/crypto/noise.h"

#include <sodium.h>
#include <string.h>

/* Names and section numbers are those of the specification. */

enum {
    HASH_BLOCK = 128, /* BLOCKLEN of BLAKE2b */
    TAG_SIZE = crypto_aead_chacha20poly1305_ietf_ABYTES,
    NONCE_SIZE = crypto_aead_chacha20poly1305_ietf_NPUBBYTES,
};

_Static_assert(PIC_NOISE_HASH_SIZE == crypto_generichash_BYTES_MAX, "HASHLEN");
_Static_assert(PIC_NOISE_OVERHEAD_ASK == PIC_KEY_SIZE + PIC_KEY_SIZE + 2 * TAG_SIZE, "message 1");
_Static_assert(PIC_NOISE_OVERHEAD_ANSWER == PIC_KEY_SIZE + TAG_SIZE, "message 2");
_Static_assert(PIC_KEY_SIZE == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "ChaCha20 keys");

/* HASH of a || b (4.3). */
static void hash2(struct pic_span a, struct pic_span b, uint8_t out[static PIC_NOISE_HASH_SIZE])
{
    crypto_generichash_state h;
    (void)crypto_generichash_init(&h, NULL, 0, PIC_NOISE_HASH_SIZE);
    (void)crypto_generichash_update(&h, a.p, a.n);
    (void)crypto_generichash_update(&h, b.p, b.n);
    (void)crypto_generichash_final(&h, out, PIC_NOISE_HASH_SIZE);
    sodium_memzero(&h, sizeof h);
}

/* HMAC-HASH (RFC 2104), with a key of exactly HASHLEN bytes. */
static void hmac(const uint8_t key[static PIC_NOISE_HASH_SIZE], struct pic_span in,
                 uint8_t out[static PIC_NOISE_HASH_SIZE])
{
    uint8_t inner_pad[HASH_BLOCK], outer_pad[HASH_BLOCK], inner[PIC_NOISE_HASH_SIZE];
    memset(inner_pad, 0x36, sizeof inner_pad);
    memset(outer_pad, 0x5c, sizeof outer_pad);
    for (size_t i = 0; i < PIC_NOISE_HASH_SIZE; i++) {
        inner_pad[i] ^= key[i];
        outer_pad[i] ^= key[i];
    }
    hash2(pic_span_of(inner_pad, sizeof inner_pad), in, inner);
    hash2(pic_span_of(outer_pad, sizeof outer_pad), pic_span_of(inner, sizeof inner), out);
    sodium_memzero(inner_pad, sizeof inner_pad);
    sodium_memzero(outer_pad, sizeof outer_pad);
    sodium_memzero(inner, sizeof inner);
}

/* HKDF with two outputs (4.3). first may be the chaining key itself. */
static void hkdf2(const uint8_t chaining_key[static PIC_NOISE_HASH_SIZE], struct pic_span material,
                  uint8_t first[static PIC_NOISE_HASH_SIZE],
                  uint8_t second[static PIC_NOISE_HASH_SIZE])
{
    uint8_t key[PIC_NOISE_HASH_SIZE], in[PIC_NOISE_HASH_SIZE + 1];
    hmac(chaining_key, material, key);
    in[0] = 1;
    hmac(key, pic_span_of(in, 1), first);
    memcpy(in, first, PIC_NOISE_HASH_SIZE);
    in[PIC_NOISE_HASH_SIZE] = 2;
    hmac(key, pic_span_of(in, sizeof in), second);
    sodium_memzero(key, sizeof key);
    sodium_memzero(in, sizeof in);
}

/* InitializeKey with the first 32 of HASHLEN bytes (5.1, 5.2). */
static void cipher_init(struct pic_noise_cipher *c, const uint8_t key[static PIC_NOISE_HASH_SIZE])
{
    memcpy(c->key.bytes, key, PIC_KEY_SIZE);
    c->n = 0;
    c->has_key = true;
}

/* 32 bits of zeros, then the counter in little-endian (12.3). */
static void cipher_nonce(const struct pic_noise_cipher *c, uint8_t nonce[static NONCE_SIZE])
{
    memset(nonce, 0, NONCE_SIZE);
    for (unsigned i = 0; i < 8; i++)
        nonce[4 + i] = (uint8_t)(c->n >> (8 * i));
}

/* The last counter is reserved, and a cipher without a key would let plain bytes through (5.1). */
static bool cipher_is_usable(const struct pic_noise_cipher *c)
{
    return c->has_key && c->n < UINT64_MAX;
}

/* EncryptWithAd (5.1): appends plain.n + TAG_SIZE bytes. */
static int cipher_encrypt(struct pic_noise_cipher *c, struct pic_span ad, struct pic_span plain,
                          struct pic_buf *out)
{
    if (!cipher_is_usable(c) || plain.n > PIC_NOISE_MAX - TAG_SIZE)
        return PIC_ELIMIT;
    uint8_t *room = pic_buf_room(out, plain.n + TAG_SIZE);
    if (room == NULL)
        return PIC_ELIMIT;
    uint8_t nonce[NONCE_SIZE];
    cipher_nonce(c, nonce);
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(room, NULL, plain.p, plain.n, ad.p, ad.n, NULL,
                                                    nonce, c->key.bytes);
    out->len += plain.n + TAG_SIZE;
    c->n++;
    return PIC_OK;
}

/* DecryptWithAd (5.1): appends sealed.n - TAG_SIZE bytes. A refused message does not count. */
static int cipher_decrypt(struct pic_noise_cipher *c, struct pic_span ad, struct pic_span sealed,
                          struct pic_buf *out)
{
    if (sealed.n < TAG_SIZE || sealed.n > PIC_NOISE_MAX)
        return PIC_EFORMAT;
    uint8_t *room = cipher_is_usable(c) ? pic_buf_room(out, sealed.n - TAG_SIZE) : NULL;
    if (room == NULL)
        return PIC_ELIMIT;
    uint8_t nonce[NONCE_SIZE];
    cipher_nonce(c, nonce);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(room, NULL, NULL, sealed.p, sealed.n, ad.p, ad.n,
                                                  nonce, c->key.bytes) != 0)
        return PIC_EDECRYPT;
    out->len += sealed.n - TAG_SIZE;
    c->n++;
    return PIC_OK;
}

static struct pic_span hash_view(const struct pic_noise *n)
{
    return pic_span_of(n->hash, sizeof n->hash);
}

static void mix_hash(struct pic_noise *n, struct pic_span data)
{
    hash2(hash_view(n), data, n->hash);
}

static void mix_key(struct pic_noise *n, struct pic_span material)
{
    uint8_t key[PIC_NOISE_HASH_SIZE];
    hkdf2(n->chaining_key, material, n->chaining_key, key);
    cipher_init(&n->cipher, key);
    sodium_memzero(key, sizeof key);
}

/* MixKey(DH(pair, public)). An all-zero result would be a secret known to everyone (12.1). */
static int mix_dh(struct pic_noise *n, const struct pic_dh_pair *pair,
                  const uint8_t public[static PIC_KEY_SIZE])
{
    uint8_t shared[PIC_KEY_SIZE];
    int rc = pic_dh(shared, &pair->secret, public);
    if (rc == PIC_OK)
        mix_key(n, pic_span_of(shared, sizeof shared));
    sodium_memzero(shared, sizeof shared);
    return rc;
}

/* EncryptAndHash (5.2). */
static int encrypt_and_hash(struct pic_noise *n, struct pic_span plain, struct pic_buf *out)
{
    size_t start = out->len;
    int rc = cipher_encrypt(&n->cipher, hash_view(n), plain, out);
    if (rc == PIC_OK)
        mix_hash(n, pic_span_of(out->data + start, out->len - start));
    return rc;
}

/* DecryptAndHash (5.2). */
static int decrypt_and_hash(struct pic_noise *n, struct pic_span sealed, struct pic_buf *out)
{
    int rc = cipher_decrypt(&n->cipher, hash_view(n), sealed, out);
    if (rc == PIC_OK)
        mix_hash(n, sealed);
    return rc;
}

/* Token "e": a fresh key pair, its public half in clear. */
static int write_ephemeral(struct pic_noise *n, const struct pic_random *random,
                           struct pic_buf *out)
{
    pic_dh_new(&n->ephemeral, random);
    pic_buf_bytes(out, n->ephemeral.public, PIC_KEY_SIZE);
    mix_hash(n, pic_span_of(n->ephemeral.public, PIC_KEY_SIZE));
    return pic_buf_status(out);
}

static void read_ephemeral(struct pic_noise *n, struct pic_cursor *c)
{
    pic_cursor_copy(c, n->remote_ephemeral, PIC_KEY_SIZE);
    mix_hash(n, pic_span_of(n->remote_ephemeral, PIC_KEY_SIZE));
}

/* Token "s" as the server reads it. */
static int read_static(struct pic_noise *n, struct pic_cursor *c)
{
    const size_t sealed_size = PIC_KEY_SIZE + TAG_SIZE;
    const uint8_t *sealed = pic_cursor_bytes(c, sealed_size);
    if (sealed == NULL)
        return PIC_EFORMAT;
    struct pic_buf key;
    pic_buf_init(&key, PIC_KEY_SIZE);
    int rc = decrypt_and_hash(n, pic_span_of(sealed, sealed_size), &key);
    if (rc == PIC_OK)
        memcpy(n->remote_static, key.data, PIC_KEY_SIZE);
    pic_buf_release(&key);
    return rc;
}

static struct pic_span rest_of(const struct pic_cursor *c)
{
    return pic_span_of(c->p, pic_cursor_left(c));
}

/* A handshake that failed is over: its state is wiped, and out is as it was before the call. */
static int end_message(struct pic_noise *n, int rc, struct pic_buf *out, size_t start)
{
    if (rc != PIC_OK) {
        pic_noise_release(n);
        out->len = start;
    }
    return rc;
}

/* Initialize (5.3): the protocol name, the prologue, then the pre-message "<- s". */
static void init(struct pic_noise *n, struct pic_span prologue, const struct pic_dh_pair *own,
                 const uint8_t server[static PIC_KEY_SIZE])
{
    static const char name[] = "Noise_IK_25519_ChaChaPoly_BLAKE2b";
    _Static_assert(sizeof name - 1 <= PIC_NOISE_HASH_SIZE, "else it would be hashed");
    memset(n, 0, sizeof *n);
    n->static_pair = *own;
    memcpy(n->hash, name, sizeof name - 1);
    memcpy(n->chaining_key, n->hash, sizeof n->chaining_key);
    mix_hash(n, prologue);
    mix_hash(n, pic_span_of(server, PIC_KEY_SIZE));
}

void pic_noise_init_agent(struct pic_noise *n, struct pic_span prologue,
                          const struct pic_dh_pair *own, const uint8_t server[static PIC_KEY_SIZE])
{
    init(n, prologue, own, server);
    memcpy(n->remote_static, server, PIC_KEY_SIZE);
}

void pic_noise_init_server(struct pic_noise *n, struct pic_span prologue,
                           const struct pic_dh_pair *own)
{
    init(n, prologue, own, own->public);
}

void pic_noise_release(struct pic_noise *n)
{
    sodium_memzero(n, sizeof *n);
}

/* -> e, es, s, ss */
int pic_noise_ask_start(struct pic_noise *n, const struct pic_random *random, struct pic_buf *out)
{
    size_t start = out->len;
    int rc = write_ephemeral(n, random, out);
    if (rc == PIC_OK)
        rc = mix_dh(n, &n->ephemeral, n->remote_static);
    if (rc == PIC_OK)
        rc = encrypt_and_hash(n, pic_span_of(n->static_pair.public, PIC_KEY_SIZE), out);
    if (rc == PIC_OK)
        rc = mix_dh(n, &n->static_pair, n->remote_static);
    return end_message(n, rc, out, start);
}

int pic_noise_ask_finish(struct pic_noise *n, struct pic_span payload, struct pic_buf *out)
{
    size_t start = out->len;
    int rc = payload.n > PIC_NOISE_MAX - PIC_NOISE_OVERHEAD_ASK ? PIC_ELIMIT
                                                                : encrypt_and_hash(n, payload, out);
    return end_message(n, rc, out, start);
}

int pic_noise_ask_read(struct pic_noise *n, struct pic_span message,
                       uint8_t hash_before[PIC_NOISE_HASH_SIZE], struct pic_buf *out)
{
    size_t start = out->len;
    uint8_t before[PIC_NOISE_HASH_SIZE];
    if (message.n < PIC_NOISE_OVERHEAD_ASK || message.n > PIC_NOISE_MAX)
        return end_message(n, PIC_EFORMAT, out, start);
    struct pic_cursor c = pic_cursor_of(message.p, message.n);
    read_ephemeral(n, &c);
    int rc = mix_dh(n, &n->static_pair, n->remote_ephemeral);
    if (rc == PIC_OK)
        rc = read_static(n, &c);
    if (rc == PIC_OK)
        rc = mix_dh(n, &n->static_pair, n->remote_static);
    memcpy(before, n->hash, sizeof before);
    if (rc == PIC_OK)
        rc = decrypt_and_hash(n, rest_of(&c), out);
    if (rc == PIC_OK && hash_before != NULL)
        memcpy(hash_before, before, sizeof before);
    return end_message(n, rc, out, start);
}

/* <- e, ee, se */
int pic_noise_answer(struct pic_noise *n, const struct pic_random *random, struct pic_span payload,
                     struct pic_buf *out)
{
    size_t start = out->len;
    if (payload.n > PIC_NOISE_MAX - PIC_NOISE_OVERHEAD_ANSWER)
        return end_message(n, PIC_ELIMIT, out, start);
    int rc = write_ephemeral(n, random, out);
    if (rc == PIC_OK)
        rc = mix_dh(n, &n->ephemeral, n->remote_ephemeral);
    if (rc == PIC_OK)
        rc = mix_dh(n, &n->ephemeral, n->remote_static);
    if (rc == PIC_OK)
        rc = encrypt_and_hash(n, payload, out);
    return end_message(n, rc, out, start);
}

int pic_noise_answer_read(struct pic_noise *n, struct pic_span message, struct pic_buf *out)
{
    size_t start = out->len;
    if (message.n < PIC_NOISE_OVERHEAD_ANSWER || message.n > PIC_NOISE_MAX)
        return end_message(n, PIC_EFORMAT, out, start);
    struct pic_cursor c = pic_cursor_of(message.p, message.n);
    read_ephemeral(n, &c);
    int rc = mix_dh(n, &n->ephemeral, n->remote_ephemeral);
    if (rc == PIC_OK)
        rc = mix_dh(n, &n->static_pair, n->remote_ephemeral);
    if (rc == PIC_OK)
        rc = decrypt_and_hash(n, rest_of(&c), out);
    return end_message(n, rc, out, start);
}

/* The cipher's key is not kept: the first token of message 2 that encrypts comes after a new one.
 */
void pic_noise_park(const struct pic_noise *n, struct pic_buf *out)
{
    pic_buf_bytes(out, n->ephemeral.secret.bytes, PIC_KEY_SIZE);
    pic_buf_bytes(out, n->chaining_key, PIC_NOISE_HASH_SIZE);
    pic_buf_bytes(out, n->hash, PIC_NOISE_HASH_SIZE);
}

void pic_noise_resume(struct pic_noise *n, const struct pic_dh_pair *own, struct pic_cursor *c)
{
    memset(n, 0, sizeof *n);
    n->static_pair = *own;
    pic_cursor_copy(c, n->ephemeral.secret.bytes, PIC_KEY_SIZE);
    pic_dh_from_secret(&n->ephemeral);
    pic_cursor_copy(c, n->chaining_key, PIC_NOISE_HASH_SIZE);
    pic_cursor_copy(c, n->hash, PIC_NOISE_HASH_SIZE);
}

/* Split (5.2). */
void pic_noise_split(const struct pic_noise *n, struct pic_noise_cipher *from_agent,
                     struct pic_noise_cipher *from_server)
{
    uint8_t first[PIC_NOISE_HASH_SIZE], second[PIC_NOISE_HASH_SIZE];
    hkdf2(n->chaining_key, pic_span_of(NULL, 0), first, second);
    cipher_init(from_agent, first);
    cipher_init(from_server, second);
    sodium_memzero(first, sizeof first);
    sodium_memzero(second, sizeof second);
}

int pic_noise_cipher_seal(struct pic_noise_cipher *c, struct pic_span plain, struct pic_buf *out)
{
    return cipher_encrypt(c, pic_span_of(NULL, 0), plain, out);
}

int pic_noise_cipher_open(struct pic_noise_cipher *c, struct pic_span sealed, struct pic_buf *out)
{
    return cipher_decrypt(c, pic_span_of(NULL, 0), sealed, out);
}
