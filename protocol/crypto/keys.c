#include "protocol/crypto/keys.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

_Static_assert(PIC_HASH_SIZE == crypto_generichash_BYTES, "BLAKE2b-256");
_Static_assert(PIC_KEY_SIZE == crypto_sign_SEEDBYTES, "Ed25519 seeds");
_Static_assert(PIC_KEY_SIZE == crypto_sign_PUBLICKEYBYTES, "Ed25519 public keys");
_Static_assert(PIC_SIGNATURE_SIZE == crypto_sign_BYTES, "Ed25519 signatures");
_Static_assert(PIC_KEY_SIZE == crypto_scalarmult_BYTES, "X25519 points");
_Static_assert(PIC_KEY_SIZE == crypto_scalarmult_SCALARBYTES, "X25519 scalars");
_Static_assert(PIC_KEY_SIZE == crypto_stream_chacha20_KEYBYTES, "ChaCha20 keys");
_Static_assert(sizeof(struct pic_hasher) == sizeof(crypto_generichash_state), "hasher size");
_Static_assert(_Alignof(struct pic_hasher) >= _Alignof(crypto_generichash_state), "hasher place");

int pic_crypto_start(void)
{
    return sodium_init() < 0 ? PIC_EIO : PIC_OK;
}

static void fill_from_system(void *context, void *out, size_t n)
{
    (void)context;
    randombytes_buf(out, n);
}

const struct pic_random *pic_random_system(void)
{
    static const struct pic_random system = {fill_from_system, NULL};
    return &system;
}

static void store_u64(uint8_t out[static 8], uint64_t v)
{
    for (unsigned i = 0; i < 8; i++)
        out[i] = (uint8_t)(v >> (8 * i));
}

/* One ChaCha20 stream for each call: the key is the seed, the nonce is the number of the call. */
static void fill_from_stream(void *context, void *out, size_t n)
{
    struct pic_random_stream *stream = context;
    uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
    store_u64(nonce, stream->block++);
    (void)crypto_stream_chacha20(out, n, nonce, stream->seed);
}

struct pic_random pic_random_seeded(struct pic_random_stream *stream, uint64_t seed)
{
    uint8_t bytes[8];
    store_u64(bytes, seed);
    stream->block = 0;
    pic_hash2(pic_span_text("pic/1 seeded random"), pic_span_of(bytes, sizeof bytes), stream->seed);
    return (struct pic_random){fill_from_stream, stream};
}

void pic_secret_wipe(struct pic_secret *secret)
{
    sodium_memzero(secret, sizeof *secret);
}

void pic_memory_private(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void pic_memory_lock(void *p, size_t n)
{
    if (p != NULL)
        (void)sodium_mlock(p, n);
}

void pic_memory_unlock(void *p, size_t n)
{
    if (p != NULL)
        (void)sodium_munlock(p, n);
}

void pic_wipe(void *p, size_t n)
{
    sodium_memzero(p, n);
}

void pic_buf_wipe(struct pic_buf *b)
{
    if (b->data != NULL)
        sodium_memzero(b->data, b->cap);
    pic_buf_release(b);
}

bool pic_same_bytes(const void *a, const void *b, size_t n)
{
    return sodium_memcmp(a, b, n) == 0;
}

void pic_hash(struct pic_span in, uint8_t out[static PIC_HASH_SIZE])
{
    (void)crypto_generichash(out, PIC_HASH_SIZE, in.p, in.n, NULL, 0);
}

void pic_hash2(struct pic_span a, struct pic_span b, uint8_t out[static PIC_HASH_SIZE])
{
    struct pic_hasher h;
    pic_hasher_init(&h);
    pic_hasher_update(&h, a);
    pic_hasher_update(&h, b);
    pic_hasher_final(&h, out);
}

void pic_hash_keyed(const uint8_t key[static PIC_KEY_SIZE], struct pic_span in,
                    uint8_t out[static PIC_HASH_SIZE])
{
    (void)crypto_generichash(out, PIC_HASH_SIZE, in.p, in.n, key, PIC_KEY_SIZE);
}

static crypto_generichash_state *hash_state(struct pic_hasher *h)
{
    return (crypto_generichash_state *)(void *)h->opaque;
}

void pic_hasher_init(struct pic_hasher *h)
{
    (void)crypto_generichash_init(hash_state(h), NULL, 0, PIC_HASH_SIZE);
}

void pic_hasher_update(struct pic_hasher *h, struct pic_span in)
{
    (void)crypto_generichash_update(hash_state(h), in.p, in.n);
}

void pic_hasher_final(struct pic_hasher *h, uint8_t out[static PIC_HASH_SIZE])
{
    (void)crypto_generichash_final(hash_state(h), out, PIC_HASH_SIZE);
}

void pic_signer_new(struct pic_signer *signer, const struct pic_random *random)
{
    random->fill(random->context, signer->seed.bytes, PIC_KEY_SIZE);
    pic_signer_from_seed(signer);
}

void pic_signer_from_seed(struct pic_signer *signer)
{
    uint8_t expanded[crypto_sign_SECRETKEYBYTES];
    (void)crypto_sign_seed_keypair(signer->public, expanded, signer->seed.bytes);
    sodium_memzero(expanded, sizeof expanded);
}

void pic_dh_new(struct pic_dh_pair *pair, const struct pic_random *random)
{
    random->fill(random->context, pair->secret.bytes, PIC_KEY_SIZE);
    pic_dh_from_secret(pair);
}

void pic_dh_from_secret(struct pic_dh_pair *pair)
{
    (void)crypto_scalarmult_base(pair->public, pair->secret.bytes);
}

int pic_dh(uint8_t out[static PIC_KEY_SIZE], const struct pic_secret *secret,
           const uint8_t public[static PIC_KEY_SIZE])
{
    if (crypto_scalarmult(out, secret->bytes, public) == 0)
        return PIC_OK;
    sodium_memzero(out, PIC_KEY_SIZE);
    return PIC_EDECRYPT;
}

/* Ed25519 reads what it signs twice, so label and message must lie together. */
struct labelled {
    uint8_t bytes[PIC_SIGNED_MAX];
    size_t n;
};

static bool label_message(struct labelled *l, const char *label, struct pic_span message)
{
    size_t n = strlen(label);
    if (n > sizeof l->bytes || message.n > sizeof l->bytes - n)
        return false;
    memcpy(l->bytes, label, n);
    if (message.n > 0)
        memcpy(l->bytes + n, message.p, message.n);
    l->n = n + message.n;
    return true;
}

void pic_sign(const struct pic_signer *signer, const char *label, struct pic_span message,
              uint8_t out[static PIC_SIGNATURE_SIZE])
{
    struct labelled l;
    if (!label_message(&l, label, message))
        abort();
    /* libsodium's secret key is the seed, then the public key. */
    uint8_t key[crypto_sign_SECRETKEYBYTES];
    memcpy(key, signer->seed.bytes, PIC_KEY_SIZE);
    memcpy(key + PIC_KEY_SIZE, signer->public, PIC_KEY_SIZE);
    (void)crypto_sign_detached(out, NULL, l.bytes, l.n, key);
    sodium_memzero(key, sizeof key);
}

int pic_verify(const uint8_t public[static PIC_KEY_SIZE], const char *label,
               struct pic_span message, const uint8_t signature[static PIC_SIGNATURE_SIZE])
{
    struct labelled l;
    if (!label_message(&l, label, message))
        return PIC_ESIGNATURE;
    return crypto_sign_verify_detached(signature, l.bytes, l.n, public) == 0 ? PIC_OK
                                                                             : PIC_ESIGNATURE;
}
