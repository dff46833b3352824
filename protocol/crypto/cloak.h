/* cloak: documents at rest on a laptop. Anyone who knows a public key can put one away, so that
 * recording never asks for a passphrase; reading it takes the secret half, which the vault keeps.
 *
 *     file  = head | chunk…
 *     head  = "PICD" | version 1 | key of this file, wrapped to its reader[80]           (box.h)
 *     chunk = nonce[24] | XChaCha20-Poly1305-IETF(key, plain; index u64 as associated data)
 *
 * Every chunk but the last holds PIC_CLOAK_CHUNK plain bytes, so that any offset is found without
 * reading what is before it, and memory stays flat. A chunk that grows is sealed again under a new
 * nonce. That nothing is missing at the end follows from the document's own hash, not from here. */
#ifndef PIC_CRYPTO_CLOAK_H
#define PIC_CRYPTO_CLOAK_H

#include "protocol/crypto/box.h"

enum {
    PIC_CLOAK_HEAD = 4 + 1 + PIC_BOX_WRAPPED_SIZE,
    PIC_CLOAK_CHUNK = 1 << 16,
    PIC_CLOAK_EXTRA = 24 + 16, /* bytes of a sealed chunk beyond its plain ones */
};

/* A fresh key and the head that carries it. PIC_EDECRYPT: reader is no key (low order). */
PIC_MUST_USE int pic_cloak_new(const uint8_t reader[static PIC_KEY_SIZE],
                               const struct pic_random *random, struct pic_secret *key,
                               uint8_t head[static PIC_CLOAK_HEAD]);
/* The key that a head carries. PIC_EFORMAT, PIC_EVERSION, PIC_EDECRYPT (someone else's). */
PIC_MUST_USE int pic_cloak_key(const uint8_t head[static PIC_CLOAK_HEAD],
                               const struct pic_dh_pair *reader, struct pic_secret *key);
/* One chunk, of plain.n + PIC_CLOAK_EXTRA bytes. */
void pic_cloak_seal(const struct pic_secret *key, uint64_t index, const struct pic_random *random,
                    struct pic_span plain, uint8_t *out);
/* out has sealed.n - PIC_CLOAK_EXTRA bytes. PIC_EDECRYPT (altered, or of another place),
 * PIC_EFORMAT (too short). */
PIC_MUST_USE int pic_cloak_open(const struct pic_secret *key, uint64_t index,
                                struct pic_span sealed, uint8_t *out);

/* From the size of a file to that of the document in it, and to where a chunk starts. */
uint64_t pic_cloak_plain_size(uint64_t file_size);
uint64_t pic_cloak_offset(uint64_t index);

#endif
