/* blob_file: the bytes of one blob that is open, as they are or put away under a key (cloak.h).
 * Offsets and sizes are those of the document, whatever the file adds to it. Inner to this folder.
 */
#ifndef PIC_STORE_BLOB_FILE_H
#define PIC_STORE_BLOB_FILE_H

#include "protocol/crypto/cloak.h"

/* For whom files are put away, if they are. */
struct pic_blob_owner {
    bool cloaked;
    uint8_t key[PIC_KEY_SIZE];        /* X25519, public */
    const struct pic_dh_pair *reader; /* the same with its secret, borrowed; NULL while locked */
};

struct pic_blob_file {
    const struct pic_blob_owner *owner;
    int fd; /* the caller's */
    struct pic_secret key;
    bool keyed;
    uint8_t *sealed, *plain; /* one chunk each; NULL until needed */
};

void pic_blob_file_init(struct pic_blob_file *file, const struct pic_blob_owner *owner, int fd);
/* Wipes; closes nothing. */
void pic_blob_file_release(struct pic_blob_file *file);

/* Size of the document in a file of file_size bytes. */
uint64_t pic_blob_file_size(const struct pic_blob_owner *owner, uint64_t file_size);
/* Empties the file; what is appended next is its beginning, under a key of its own. */
PIC_MUST_USE int pic_blob_file_begin(struct pic_blob_file *file);
/* Adds at the end; *held, the size of the document, grows by what was written, also when not all
 * could be. PIC_ELOCKED (the key is not there), PIC_EDECRYPT (what is there is not ours),
 * PIC_EDISK_FULL, PIC_EIO, PIC_EMEMORY. */
PIC_MUST_USE int pic_blob_file_append(struct pic_blob_file *file, struct pic_span bytes,
                                      uint64_t *held);
/* Reads up to n bytes at offset; *got is less only at the end. Errors as append. */
PIC_MUST_USE int pic_blob_file_read(struct pic_blob_file *file, uint64_t offset, uint8_t *out,
                                    size_t n, size_t *got);

/* Status of a failed system call. */
int pic_blob_failure(void);

#endif
