/* identities: the boxes of persons on the server, with the wrapped keys that they begin with, in a
 * database of their own (cles.db). They never touch the blob store: what is erased here is nowhere
 * else, and a backup of everything but this file opens nobody. The server has no key that opens
 * any of them; it knows of each only that a change named it.
 *
 * Each open handle belongs to one thread. Pages that are freed are overwritten (secure_delete). */
#ifndef PIC_SERVER_IDENTITIES_H
#define PIC_SERVER_IDENTITIES_H

#include "protocol/crypto/identity.h"
#include "schema/store/db.h"

struct pic_identities;

enum pic_box_state { PIC_BOX_AWAITED, PIC_BOX_HELD, PIC_BOX_ERASED };

/* Opens folder/cles.db, made where needed unless read_only. PIC_ESTORE_NEWER, PIC_EIO… */
PIC_MUST_USE int pic_identities_new(const char *folder, bool read_only, struct pic_identities **out,
                                    struct pic_err *err);
void pic_identities_free(struct pic_identities *identities); /* NULL is a no-op */

/* A change names this box: from now on it belongs here. Known ones stay as they are. */
PIC_MUST_USE int pic_identities_expect(struct pic_identities *identities,
                                       const uint8_t hash[static PIC_HASH_SIZE]);
/* PIC_ENOT_FOUND: no identity. */
PIC_MUST_USE int pic_identities_state(struct pic_identities *identities,
                                      const uint8_t hash[static PIC_HASH_SIZE],
                                      enum pic_box_state *state);
/* As pic_blobs_put and pic_blobs_read, durable when it returns. What comes for an erased one is
 * taken as complete and thrown away. PIC_ENOT_FOUND, PIC_EGAP, PIC_EHASH, PIC_ELIMIT. */
PIC_MUST_USE int pic_identities_put(struct pic_identities *identities,
                                    const uint8_t hash[static PIC_HASH_SIZE], uint64_t total,
                                    uint64_t offset, struct pic_span bytes, uint64_t *held,
                                    bool *complete);
PIC_MUST_USE int pic_identities_read(struct pic_identities *identities,
                                     const uint8_t hash[static PIC_HASH_SIZE], uint64_t offset,
                                     size_t max, uint64_t *total, struct pic_buf *out);
/* PIC_OK also for an erased one; PIC_EHASH, PIC_ENOT_FOUND. */
PIC_MUST_USE int pic_identities_verify(struct pic_identities *identities,
                                       const uint8_t hash[static PIC_HASH_SIZE]);

/* Destroys boxes (32 bytes of hash each), whether they were held or not. */
PIC_MUST_USE int pic_identities_erase(struct pic_identities *identities, struct pic_span hashes);
/* Makes sure that nothing erased is left in the write-ahead log either. PIC_ESTORE_IN_USE: someone
 * is reading; again later. */
PIC_MUST_USE int pic_identities_scrub(struct pic_identities *identities);

#endif
