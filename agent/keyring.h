/* keyring: the secrets of one laptop, and how they are unlocked.
 *
 *     cles.pic = vault of: version u8 1 | signing seed[32] | transport secret[32] | box secret[32]
 *                          | invitation code[15], zero once used
 *
 * Recording needs none of them; sealing, sending and opening a sealed identity do. Once unlocked,
 * they can stay in a session file of a folder that lives in memory and belongs to the user
 * ($XDG_RUNTIME_DIR), until `pic verrouiller` or the end of the session. Every copy is wiped. */
#ifndef PIC_AGENT_KEYRING_H
#define PIC_AGENT_KEYRING_H

#include "protocol/exchange/invitation.h"

enum { PIC_KEYRING_UNLOCK_MS = 500 }; /* what unlocking costs on the machine that sealed */

struct pic_keys {
    struct pic_signer sign;
    struct pic_dh_pair transport;
    struct pic_dh_pair box;
    struct pic_code code; /* of the invitation, until the certificate has come; else "" */
};

void pic_keys_new(struct pic_keys *keys, const struct pic_random *random);
void pic_keys_wipe(struct pic_keys *keys);

/* Normalises a passphrase and wipes what it was. PIC_EPASSPHRASE_WEAK: fewer than four words and
 * shorter than 20 characters; PIC_ETEXT. */
PIC_MUST_USE int pic_passphrase_check(char *typed, struct pic_buf *out, struct pic_err *err);

/* Writes folder/cles.pic, through a temporary file, fsynced. passphrase as typed. */
PIC_MUST_USE int pic_keys_save(const struct pic_keys *keys, const char *folder,
                               struct pic_span passphrase, uint32_t passes,
                               const struct pic_random *random, struct pic_err *err);
/* PIC_EPASSPHRASE, PIC_EFILE, PIC_EFORMAT, PIC_EMEMORY. */
PIC_MUST_USE int pic_keys_load(struct pic_keys *keys, const char *folder,
                               struct pic_span passphrase, struct pic_err *err);

/* The session file of a store. runtime: the folder in memory, NULL when there is none. load:
 * PIC_ELOCKED when it is not there, not the user's alone, or not in memory. */
void pic_session_save(const struct pic_keys *keys, const char *folder, const char *runtime);
PIC_MUST_USE int pic_session_load(struct pic_keys *keys, const char *folder, const char *runtime);
/* Overwrites and removes it; *was says whether it was there. */
void pic_session_end(const char *folder, const char *runtime, bool *was);

#endif
