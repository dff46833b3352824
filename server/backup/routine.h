/* routine: what is done every day: a copy, the removal of old ones, the rehearsal of a restore;
 * each noted as a milestone once it succeeded. */
#ifndef PIC_SERVER_BACKUP_ROUTINE_H
#define PIC_SERVER_BACKUP_ROUTINE_H

#include "server/backup/archive.h"
#include "server/backup/restore.h"

/* Makes a copy, removes those that the policy does not keep, notes it. As pic_archive_make. */
PIC_MUST_USE int pic_routine_backup(const char *folder, const char *to,
                                    const struct pic_retention *policy,
                                    struct pic_archive_made *made, size_t *removed,
                                    struct pic_err *err);
/* Rehearses the newest copy below to, and notes it when nothing is wrong with it. PIC_ENOT_FOUND:
 * there is none; PIC_ESTORE_IN_USE; as pic_restore_rehearse. */
PIC_MUST_USE int pic_routine_rehearse(const char *folder, const char *to,
                                      const struct pic_verify_options *options,
                                      struct pic_restored *restored,
                                      struct pic_verify_report *report, struct pic_err *err);

/* Whether the daily work is due: it was last done before the latest moment that is so many minutes
 * after a local midnight. So a server that slept through that moment does it when it wakes. */
bool pic_routine_is_due(int64_t last_ms, int64_t now_ms, unsigned minutes);

#endif
