/* manifest: what a backup holds, signed: the name, size and hash of every file.
 *
 *     "PICM" | version u8 1 | kind u8 | identity[32] | time_ms u64 | position u64 | count varint |
 *     count times (hash[32] | size varint | name span) | signature[64]
 *
 * The signature is the server's, over the hash of all before it. Names are relative, without ".."
 * and without an empty step, so that a manifest never points outside its folder. */
#ifndef PIC_SERVER_BACKUP_MANIFEST_H
#define PIC_SERVER_BACKUP_MANIFEST_H

#include "protocol/crypto/keys.h"

enum pic_manifest_kind { PIC_MANIFEST_DATA = 1, PIC_MANIFEST_KEYS = 2 };

enum { PIC_MANIFEST_NAME_MAX = 200, PIC_MANIFEST_MAX = 256 << 20 };

struct pic_manifest {
    enum pic_manifest_kind kind;
    uint8_t identity[PIC_KEY_SIZE];
    int64_t time_ms;
    uint64_t position; /* greatest of the journal; 0 for keys */
    uint64_t count;
    struct pic_cursor files; /* to be read with pic_manifest_next; borrowed */
};

struct pic_manifest_file {
    uint8_t hash[PIC_HASH_SIZE];
    uint64_t size;
    char name[PIC_MANIFEST_NAME_MAX + 1];
};

/* Writing: files are added to a buffer of the caller's, in any order, then signed as a whole:
 * m->count says how many they are. */
void pic_manifest_add(struct pic_buf *files, const struct pic_manifest_file *file);
void pic_manifest_seal(const struct pic_manifest *m, struct pic_span files,
                       const struct pic_signer *signer, struct pic_buf *out);
/* Reads and verifies under the identity that it names; whose that is, the caller knows.
 * PIC_EFORMAT, PIC_EVERSION, PIC_ESIGNATURE. */
PIC_MUST_USE int pic_manifest_open(struct pic_span bytes, struct pic_manifest *out);
/* The next file. *done at the end. PIC_EFORMAT. */
PIC_MUST_USE int pic_manifest_next(struct pic_manifest *m, struct pic_manifest_file *out,
                                   bool *done);

#endif
