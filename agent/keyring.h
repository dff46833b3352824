/* keyring: the secrets of one laptop, and how they are unlocked.
 *
 *     cles.pic = vault of: version u8 1 | signing seed[32] | transport secret[32] | box secret[32]
 *                          | invitation code[15], zero once used
 *
 * Recording needs none of them; sealing, sending and opening a document or a sealed identity do.
 * Once unlocked, session.h keeps them for a while. Memory that holds them is locked out of swap
 * where the system allows it, and every copy is wiped. */
#ifndef PIC_AGENT_KEYRING_H
#define PIC_AGENT_KEYRING_H

#include "protocol/exchange/invitation.h"

enum {
    PIC_KEYRING_UNLOCK_MS = 500, /* what unlocking costs on the machine that sealed */
    PIC_KEYS_SIZE = 1 + 3 * PIC_KEY_SIZE + PIC_CODE_LENGTH,
};

struct pic_keys {
    struct pic_signer sign;
    struct pic_dh_pair transport;
    struct pic_dh_pair box;
    struct pic_code code; /* of the invitation, until the certificate has come; else "" */
};

void pic_keys_new(struct pic_keys *keys, const struct pic_random *random);
void pic_keys_wipe(struct pic_keys *keys);

/* The keys as bytes, in a buffer of their size that never moves; pic_buf_wipe it. get: PIC_EFORMAT,
 * PIC_EVERSION. */
void pic_keys_buf(struct pic_buf *out);
void pic_keys_put(const struct pic_keys *keys, struct pic_buf *out);
PIC_MUST_USE int pic_keys_get(struct pic_span bytes, struct pic_keys *out);

/* Normalises a passphrase and wipes what it was. PIC_EPASSPHRASE_WEAK: fewer than four words and
 * shorter than 20 characters; PIC_ETEXT. */
PIC_MUST_USE int pic_passphrase_check(char *typed, struct pic_buf *out, struct pic_err *err);

/* Writes folder/cles.pic, through a temporary file, fsynced; what it replaces is overwritten.
 * passphrase as pic_passphrase_check leaves it. */
PIC_MUST_USE int pic_keys_save(const struct pic_keys *keys, const char *folder,
                               struct pic_span passphrase, uint32_t passes,
                               const struct pic_random *random, struct pic_err *err);
/* Destroys folder/cles.pic: what it protected can be read by nobody from then on. PIC_EIO; none
 * there is no error. */
PIC_MUST_USE int pic_keys_destroy(const char *folder);
/* PIC_EPASSPHRASE, PIC_EFILE, PIC_EFORMAT, PIC_EMEMORY. */
PIC_MUST_USE int pic_keys_load(struct pic_keys *keys, const char *folder,
                               struct pic_span passphrase, struct pic_err *err);

#endif
