/* upgrade: a plain copy of pic.db beside itself, before another version of the program changes it.
 */
#ifndef PIC_AGENT_BACKUP_UPGRADE_H
#define PIC_AGENT_BACKUP_UPGRADE_H

#include "schema/store/db.h"

enum { PIC_UPGRADE_COPIES = 3 }; /* kept; older ones are removed */

/* Copies db to folder/copies/pic-<now_ms, 15 digits>.db, durably. Where a copy cannot be made the
 * upgrade must not begin. PIC_EDISK_FULL, PIC_EIO, PIC_EFILE. */
PIC_MUST_USE int pic_upgrade_copy(struct pic_db *db, const char *folder, int64_t now_ms,
                                  struct pic_err *err);
/* Whether the scripts of migrate would change a database that has something in it. */
PIC_MUST_USE int pic_upgrade_is_due(struct pic_db *db, int script_n, bool *due,
                                    struct pic_err *err);

#endif
