/* keyring: the server's own keys on disk. The identity key is for ever; transport keys live 30 days
 * and are deleted 60 days later, so that a stolen disk opens no older traffic. Files are written
 * beside, fsynced and renamed, readable by their owner alone; what they held is wiped from memory
 * when the keyring is released. */
#ifndef PIC_SERVER_KEYRING_H
#define PIC_SERVER_KEYRING_H

#include "protocol/exchange/answer.h"

enum { PIC_KEYRING_MAX = 8 };

#define PIC_TRANSPORT_LIFE_MS  (INT64_C(30) * 24 * 3600 * 1000)
#define PIC_TRANSPORT_GRACE_MS (INT64_C(60) * 24 * 3600 * 1000)

struct pic_keyring {
    struct pic_signer identity;
    uint8_t authority[PIC_KEY_SIZE];             /* X25519, public */
    struct pic_answer_key keys[PIC_KEYRING_MAX]; /* the current one first */
    size_t key_n;
};

/* Writes the files of a new keyring: an identity, a first transport key, the authority's public
 * key. PIC_EEXISTS, PIC_EIO, PIC_EDISK_FULL. */
PIC_MUST_USE int pic_keyring_create(const char *folder,
                                    const uint8_t authority[static PIC_KEY_SIZE], int64_t now_ms,
                                    struct pic_err *err);
/* Where the identity key of a folder is: there, or, when it is not, where systemd handed it over
 * ($CREDENTIALS_DIRECTORY). */
enum { PIC_KEYRING_PATH_MAX = 512 };
PIC_MUST_USE int pic_keyring_identity_path(const char *folder,
                                           char out[static PIC_KEYRING_PATH_MAX]);
/* PIC_ENOT_FOUND (no keyring here), PIC_ESTORE_DAMAGED (a file that says something else than it
 * should), PIC_EIO. */
PIC_MUST_USE int pic_keyring_open(const char *folder, struct pic_keyring *out, struct pic_err *err);
/* Makes a new transport key when the current one has lived its life, deletes those past their
 * grace, and writes the file before anything else changes. *rotated tells whether it did. */
PIC_MUST_USE int pic_keyring_rotate(const char *folder, struct pic_keyring *keys, int64_t now_ms,
                                    bool *rotated, struct pic_err *err);
void pic_keyring_release(struct pic_keyring *keys);

#endif
