/* identity: what is known of a person, sealed for those who may read it and for nobody else.
 *
 *     blob = version u8 1 | readers u8 | wrapped key[80] each | box                       (box.h)
 *
 * The box's key is wrapped once for each reader: the association, the laptop that sealed, the
 * control authority. Destroying the blob destroys all of them at once; a log holds its hash only.
 *
 * A counting token says whether two sealed persons are the same within one operation, and nothing
 * beyond it:
 *
 *     key   = BLAKE2b-256 keyed with the association's secret, of "pic/1 count" | operation u64
 *     token = BLAKE2b-256 keyed with key, of the name's words without accents, in capitals and in
 *             order, each and the day of birth (days since 1970, decimal) followed by a newline
 *
 * What is typed is "name ; day of birth ; anything else". */
#ifndef PIC_CRYPTO_IDENTITY_H
#define PIC_CRYPTO_IDENTITY_H

#include "protocol/crypto/box.h"

enum {
    PIC_IDENTITY_MAX = 4096, /* bytes of what is sealed */
    PIC_IDENTITY_READERS_MAX = 8,
    PIC_IDENTITY_BLOB_MAX =
        2 + PIC_IDENTITY_READERS_MAX * PIC_BOX_WRAPPED_SIZE + PIC_IDENTITY_MAX + PIC_BOX_OVERHEAD,
};

/* Appends the blob. PIC_ELIMIT (too long, no reader or too many), PIC_EDECRYPT (a reader's key is
 * none). */
PIC_MUST_USE int pic_identity_seal(struct pic_span plain, const uint8_t *const *readers, size_t n,
                                   const struct pic_random *random, struct pic_buf *blob);
/* Appends what was sealed, with the first of n keys that fits. The caller wipes out. PIC_EDECRYPT
 * (for none of them, or altered), PIC_EFORMAT, PIC_EVERSION, PIC_ELIMIT. */
PIC_MUST_USE int pic_identity_open(struct pic_span blob, const struct pic_dh_pair *keys, size_t n,
                                   struct pic_buf *out);

/* words: the name's words, ready and sorted, each followed by a newline. */
void pic_identity_token(const struct pic_secret *organisation, uint64_t operation,
                        struct pic_span words, int64_t born_day, uint8_t out[static PIC_HASH_SIZE]);

#endif
