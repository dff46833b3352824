/* capsule: one sealed file that only its owner's keys open, written and read as a stream.
 *
 *     "PICB" | version u8 1 | id[16] | lock span | pieces | u32 0 | signature[64]
 *     piece = u32 length | crypto_box_seal(owner's box key, id[16] | index u64 | up to 64 KiB)
 *
 * lock is a vault that opens to the owner's keys with the passphrase (cles.pic as it was). The
 * signature is the owner's, over the hash of all before it: nobody else can make a capsule, leave
 * out a piece, or put one of another capsule in its place. */
#ifndef PIC_AGENT_BACKUP_CAPSULE_H
#define PIC_AGENT_BACKUP_CAPSULE_H

#include <stdio.h>

#include "protocol/crypto/box.h"

enum { PIC_CAPSULE_ID = 16, PIC_CAPSULE_LOCK_MAX = 4096, PIC_CAPSULE_PIECE = 1 << 16 };

struct pic_capsule {
    struct pic_hasher hasher;
    FILE *file;
    uint64_t index;       /* of the next piece */
    struct pic_buf lock;  /* the vault */
    struct pic_buf plain; /* what the current piece holds; from taken on, when reading */
    struct pic_buf sealed;
    size_t taken;
    uint8_t id[PIC_CAPSULE_ID];
    bool ended;
};

/* Writing. create: path must not exist (PIC_EEXISTS). Any other failure: PIC_EDISK_FULL, PIC_EIO,
 * PIC_EFILE. finish also waits for the disk. Close in any case; what was not finished is of no use
 * to anybody, and the caller removes it. */
PIC_MUST_USE int pic_capsule_create(struct pic_capsule *c, const char *path, struct pic_span lock,
                                    const struct pic_random *random, struct pic_err *err);
PIC_MUST_USE int pic_capsule_write(struct pic_capsule *c, const uint8_t owner[static PIC_KEY_SIZE],
                                   struct pic_span bytes);
PIC_MUST_USE int pic_capsule_finish(struct pic_capsule *c, const uint8_t owner[static PIC_KEY_SIZE],
                                    const struct pic_signer *signer);

/* Reading. open finds the lock; check reads all of it and verifies the signature, then begins
 * again; read gives exactly n bytes. PIC_EFILE, PIC_EFORMAT, PIC_EVERSION, PIC_ESIGNATURE,
 * PIC_EDECRYPT. end: PIC_OK when nothing is left. */
PIC_MUST_USE int pic_capsule_open(struct pic_capsule *c, const char *path, struct pic_err *err);
PIC_MUST_USE int pic_capsule_check(struct pic_capsule *c,
                                   const uint8_t signer[static PIC_KEY_SIZE]);
PIC_MUST_USE int pic_capsule_read(struct pic_capsule *c, const struct pic_dh_pair *owner, void *out,
                                  size_t n);
PIC_MUST_USE int pic_capsule_end(struct pic_capsule *c, const struct pic_dh_pair *owner);

void pic_capsule_close(struct pic_capsule *c); /* a zeroed one is a no-op */

#endif
