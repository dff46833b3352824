/* blobs: documents and sealed boxes as files named by their BLAKE2b-256, in a two-level folder
 * (ab/cdef…). A blob in progress is ab/cdef….part and grows at its end only; it becomes a blob once
 * its whole content has the announced hash: written, fsynced, renamed, folder fsynced. What does
 * not match is thrown away. Paths are built from hashes alone, never from outside text.
 *
 * On a laptop the files are put away under a key (cloak.h): the names are still the hashes of the
 * documents themselves. Taking a document in needs the owner's public key alone; reading one, or
 * adding to one in progress, takes its secret half, without which it is PIC_ELOCKED. */
#ifndef PIC_STORE_BLOBS_H
#define PIC_STORE_BLOBS_H

#include "schema/store/blob_file.h"

struct pic_blobs {
    char folder[512];
    uint64_t size_max; /* of one blob */
    struct pic_blob_owner owner;
};

/* Creates the folder where needed, for its owner only; size_max is PIC_BLOB_MAX until the caller
 * says otherwise. PIC_EIO, PIC_EDISK_FULL, PIC_ELIMIT (path too long). */
PIC_MUST_USE int pic_blobs_init(struct pic_blobs *blobs, const char *folder);
/* From now on files are put away for owner. */
void pic_blobs_cloak(struct pic_blobs *blobs, const uint8_t owner[static PIC_KEY_SIZE]);
/* Bytes held: the whole size, or what a blob in progress has; *complete tells which. 0 for none. */
PIC_MUST_USE int pic_blobs_held(const struct pic_blobs *blobs,
                                const uint8_t hash[static PIC_HASH_SIZE], uint64_t *held,
                                bool *complete);
/* Adds bytes at offset. An offset at or below what is held is accepted and only the new part
 * written; above it: PIC_EGAP. *held and *complete as after, also on PIC_EGAP and PIC_EDISK_FULL.
 * Without bytes it only says what is held, or completes what lacks nothing. PIC_EHASH (whole, and
 * wrong: thrown away), PIC_ELIMIT (total over size_max, or bytes beyond total), PIC_EDISK_FULL,
 * PIC_EIO. A blob in progress that is longer than total is thrown away first. Several threads and
 * programs may add to the same blob. */
PIC_MUST_USE int pic_blobs_put(const struct pic_blobs *blobs,
                               const uint8_t hash[static PIC_HASH_SIZE], uint64_t total,
                               uint64_t offset, struct pic_span bytes, uint64_t *held,
                               bool *complete);
/* Appends at most max bytes from offset. PIC_ENOT_FOUND, PIC_EIO. */
PIC_MUST_USE int pic_blobs_read(const struct pic_blobs *blobs,
                                const uint8_t hash[static PIC_HASH_SIZE], uint64_t offset,
                                size_t max, struct pic_buf *out);
/* Copies a file in: its hash and size. PIC_EFILE (cannot be read, no regular file, or changed
 * meanwhile), PIC_ELIMIT (over size_max), and as put. */
PIC_MUST_USE int pic_blobs_take(const struct pic_blobs *blobs, const char *path,
                                uint8_t hash[static PIC_HASH_SIZE], uint64_t *size);
/* The same from memory. */
PIC_MUST_USE int pic_blobs_take_bytes(const struct pic_blobs *blobs, struct pic_span bytes,
                                      uint8_t hash[static PIC_HASH_SIZE]);
/* Overwrites and removes a blob, whole or in progress; one that is not there is no error. PIC_EIO.
 */
PIC_MUST_USE int pic_blobs_erase(const struct pic_blobs *blobs,
                                 const uint8_t hash[static PIC_HASH_SIZE]);
/* Reads the whole blob again: PIC_OK, PIC_ENOT_FOUND or PIC_EHASH. */
PIC_MUST_USE int pic_blobs_verify(const struct pic_blobs *blobs,
                                  const uint8_t hash[static PIC_HASH_SIZE]);

#endif
