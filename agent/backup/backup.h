/* backup: copies of one laptop's store: sealed ones that a person asks for, and plain ones that
 * stay beside the store before an upgrade changes it.
 *
 * A sealed copy holds pic.db as it is at one moment, the documents, and cles.pic; it is of use only
 * to who knows the passphrase. An older copy that is put back heals at its first contact: what the
 * server holds comes back, and what it does not hold yet goes after it. */
#ifndef PIC_AGENT_BACKUP_H
#define PIC_AGENT_BACKUP_H

#include "agent/keyring.h"
#include "agent/store.h"

struct pic_backup_made {
    uint64_t files, bytes;
};

/* Writes a sealed copy to path, which must not exist, reads it again and compares it with what was
 * meant. It has another name until that is done. PIC_EEXISTS, PIC_EDISK_FULL, PIC_EIO, PIC_EFILE;
 * PIC_EHASH: the medium gives back something else. */
PIC_MUST_USE int pic_backup_save(struct pic_agent *agent, const struct pic_keys *keys,
                                 const char *path, struct pic_backup_made *made,
                                 struct pic_err *err);

/* Puts a copy into folder, which must not exist, whole or not at all. passphrase as
 * pic_passphrase_check leaves it: the one of the day of the copy. PIC_EPASSPHRASE; PIC_ESIGNATURE,
 * PIC_EFORMAT and PIC_EDECRYPT: altered, or no copy; PIC_EVERSION, PIC_EEXISTS, PIC_EDISK_FULL… */
PIC_MUST_USE int pic_backup_restore(const char *path, struct pic_span passphrase,
                                    const char *folder, struct pic_backup_made *made,
                                    struct pic_err *err);

#endif
