/* box: what must stay unread by the server. A person's identity is sealed under a key of its own,
 * and that key is wrapped once for each reader (the association, the control authority). Destroying
 * the wrapped keys erases the person; the log holds only the box's hash.
 *
 *     box     = version 1 | nonce[24] | XChaCha20-Poly1305-IETF(key, plain)      (label as AD)
 *     wrapped = crypto_box_seal(key, reader's X25519 key)                         80 bytes
 */
#ifndef PIC_CRYPTO_BOX_H
#define PIC_CRYPTO_BOX_H

#include "protocol/crypto/keys.h"

enum { PIC_BOX_OVERHEAD = 1 + 24 + 16, PIC_BOX_WRAPPED_SIZE = PIC_KEY_SIZE + 48 };

/* Seals plain under a fresh key, which is written to key. Appends the box to out. PIC_ELIMIT when
 * out has no room for PIC_BOX_OVERHEAD more bytes than plain. */
PIC_MUST_USE int pic_box_seal(struct pic_span plain, const struct pic_random *random,
                              struct pic_secret *key, struct pic_buf *out);
/* Appends the plain bytes to out. PIC_EDECRYPT (another key, or altered), PIC_EFORMAT (too short),
 * PIC_EVERSION or PIC_ELIMIT. */
PIC_MUST_USE int pic_box_open(struct pic_span box, const struct pic_secret *key,
                              struct pic_buf *out);

/* Wraps a box's key for the holder of an X25519 key pair, and opens it again. PIC_EDECRYPT: the
 * reader's key is of low order, so that anyone could open; or the wrapped key is for someone else,
 * or altered. */
PIC_MUST_USE int pic_box_wrap(const struct pic_secret *key,
                              const uint8_t reader[static PIC_KEY_SIZE],
                              uint8_t out[static PIC_BOX_WRAPPED_SIZE]);
PIC_MUST_USE int pic_box_unwrap(const uint8_t wrapped[static PIC_BOX_WRAPPED_SIZE],
                                const struct pic_dh_pair *reader, struct pic_secret *key);

/* Anything sealed to an X25519 public key, without the sender's identity (crypto_box_seal): 48
 * bytes more than plain. PIC_EDECRYPT as above, PIC_EFORMAT (too short) or PIC_ELIMIT. */
PIC_MUST_USE int pic_seal_to(const uint8_t reader[static PIC_KEY_SIZE], struct pic_span plain,
                             struct pic_buf *out);
PIC_MUST_USE int pic_seal_open(const struct pic_dh_pair *reader, struct pic_span sealed,
                               struct pic_buf *out);

#endif
