/* archive: copies of a server, made while it serves. Two folders each time, beside each other:
 *
 *     pic-20261124T023000123Z/    journal.db, documents/, authority.pub, manifest
 *     cles-20261124T023000123Z/   identity.key, transport.keys, cles.db where there is one,
 * manifest
 *
 * The second holds what opens things: it is kept for a few days only and belongs elsewhere, locked.
 * A wrapped key that was destroyed is so gone once the copies of those days are.
 *
 * The journal is copied as it is at one moment; the documents that it names never change, and are
 * all there before it names them. Documents that the copy before holds, and still holds well, are
 * shared with it by hard links. A copy has another name until it is whole and on the disk. */
#ifndef PIC_SERVER_BACKUP_ARCHIVE_H
#define PIC_SERVER_BACKUP_ARCHIVE_H

#include "protocol/crypto/keys.h"
#include "server/backup/retention.h"

#define PIC_ARCHIVE_DATA "pic-"
#define PIC_ARCHIVE_KEYS "cles-"

enum { PIC_ARCHIVE_NAME_MAX = 63 };

struct pic_archive_made {
    char name[PIC_ARCHIVE_NAME_MAX + 1]; /* of the folder with the data */
    int64_t time_ms;
    uint64_t position, bytes;
    uint64_t documents, shared; /* held here; of them, shared with the copy before */
    uint64_t missing;           /* held according to the journal, absent or altered on the disk */
};

/* Copies the server of folder into a new pair below to, which is made where needed. One at a time:
 * PIC_ESTORE_IN_USE. PIC_ENO_SERVER, PIC_EEXISTS (two in one millisecond), PIC_EDISK_FULL,
 * PIC_EFILE… */
PIC_MUST_USE int pic_archive_make(const char *folder, const char *to, int64_t now_ms,
                                  struct pic_archive_made *out, struct pic_err *err);

/* The copies below to, newest first: *names becomes an array of *n, freed by the caller with free.
 * prefix is one of the two above. None is PIC_OK. */
struct pic_archive_name {
    char name[PIC_ARCHIVE_NAME_MAX + 1];
    int64_t time_ms;
};
PIC_MUST_USE int pic_archive_list(const char *to, const char *prefix,
                                  struct pic_archive_name **names, size_t *n, struct pic_err *err);

/* Removes the copies that the policy does not keep; keys follow its days alone. *removed counts
 * folders. */
PIC_MUST_USE int pic_archive_rotate(const char *to, const struct pic_retention *policy,
                                    size_t *removed, struct pic_err *err);

/* Whoever works below to holds this: one at a time. What a killed one left is removed. *lock is a
 * file descriptor to close when done. PIC_ESTORE_IN_USE, PIC_EFILE. Scratch folders begin with
 * PIC_ARCHIVE_SCRATCH, so that they are found again. */
#define PIC_ARCHIVE_SCRATCH ".partiel-"
PIC_MUST_USE int pic_archive_lock(const char *to, int *lock, struct pic_err *err);

#endif
