/* keys: hashes, signatures, key pairs and randomness; the few primitives everything else is made
 * of.
 *
 * Only protocol/crypto includes libsodium. Secrets live in struct pic_secret, which its owner
 * wipes. Every function here is safe to call from several threads once pic_crypto_start has
 * returned. */
#ifndef PIC_CRYPTO_KEYS_H
#define PIC_CRYPTO_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/base/bytes.h"
#include "protocol/base/limits.h"

/* 32 secret bytes: an Ed25519 seed, an X25519 scalar or a symmetric key. */
struct pic_secret {
    uint8_t bytes[PIC_KEY_SIZE];
};

/* Ed25519 (RFC 8032): the seed and its public key. */
struct pic_signer {
    struct pic_secret seed;
    uint8_t public[PIC_KEY_SIZE];
};

/* X25519 (RFC 7748). */
struct pic_dh_pair {
    struct pic_secret secret;
    uint8_t public[PIC_KEY_SIZE];
};

/* Where randomness comes from: the system by default, a seeded stream in the simulation. */
struct pic_random {
    void (*fill)(void *context, void *out, size_t n);
    void *context;
};

/* Once, before anything else in this room. PIC_EIO when the system has no randomness. */
PIC_MUST_USE int pic_crypto_start(void);
const struct pic_random *pic_random_system(void);
/* A deterministic stream for tests and simulation; the caller owns stream. Never for real keys. */
struct pic_random_stream {
    uint8_t seed[PIC_KEY_SIZE];
    uint64_t block;
};
struct pic_random pic_random_seeded(struct pic_random_stream *stream, uint64_t seed);

void pic_secret_wipe(struct pic_secret *secret);
/* For the whole process: no core file, and no other process of this user may look into its memory.
 * Once, at the start of a program that will hold secrets. */
void pic_memory_private(void);
/* Keeps memory that holds a secret out of swap and core files, as far as the system allows (an
 * ordinary user may lock a few MiB); unlock also wipes it. Whole pages: locks do not add up. NULL
 * is a no-op. */
void pic_memory_lock(void *p, size_t n);
void pic_memory_unlock(void *p, size_t n);
/* Wipes any memory that held a secret; never optimised away. */
void pic_wipe(void *p, size_t n);
/* Wipes a buffer that held a secret, and releases it. */
void pic_buf_wipe(struct pic_buf *b);
/* Constant time. */
bool pic_same_bytes(const void *a, const void *b, size_t n);

/* BLAKE2b-256 (RFC 7693), unkeyed. */
void pic_hash(struct pic_span in, uint8_t out[static PIC_HASH_SIZE]);
/* BLAKE2b-256 of a || b, the two-part form that chained records need. */
void pic_hash2(struct pic_span a, struct pic_span b, uint8_t out[static PIC_HASH_SIZE]);
/* BLAKE2b-256 keyed with 32 bytes. */
void pic_hash_keyed(const uint8_t key[static PIC_KEY_SIZE], struct pic_span in,
                    uint8_t out[static PIC_HASH_SIZE]);
/* The same hash over a stream of bytes, for documents too large to hold. */
struct pic_hasher {
    _Alignas(64) uint8_t opaque[384];
};
void pic_hasher_init(struct pic_hasher *h);
void pic_hasher_update(struct pic_hasher *h, struct pic_span in);
void pic_hasher_final(struct pic_hasher *h, uint8_t out[static PIC_HASH_SIZE]);

void pic_signer_new(struct pic_signer *signer, const struct pic_random *random);
/* Completes a signer whose seed is set. */
void pic_signer_from_seed(struct pic_signer *signer);
void pic_dh_new(struct pic_dh_pair *pair, const struct pic_random *random);
void pic_dh_from_secret(struct pic_dh_pair *pair);
/* X25519. PIC_EDECRYPT when the result is all zero (a low-order point). */
PIC_MUST_USE int pic_dh(uint8_t out[static PIC_KEY_SIZE], const struct pic_secret *secret,
                        const uint8_t public[static PIC_KEY_SIZE]);

/* Bytes of a label and its message together: what is signed is a hash or a short record. */
enum { PIC_SIGNED_MAX = 4096 };

/* Ed25519 over label || message. The label ends every confusion between kinds of signed things; it
 * is a short constant such as "pic/1 segment". More than PIC_SIGNED_MAX bytes is a mistake in the
 * program and ends it. */
void pic_sign(const struct pic_signer *signer, const char *label, struct pic_span message,
              uint8_t out[static PIC_SIGNATURE_SIZE]);
/* PIC_OK or PIC_ESIGNATURE; nothing longer than PIC_SIGNED_MAX is ever well signed. */
PIC_MUST_USE int pic_verify(const uint8_t public[static PIC_KEY_SIZE], const char *label,
                            struct pic_span message,
                            const uint8_t signature[static PIC_SIGNATURE_SIZE]);

#endif
