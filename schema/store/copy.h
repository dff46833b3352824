/* copy: a whole database into a new file, as it is at one moment, while others write to it. */
#ifndef PIC_STORE_COPY_H
#define PIC_STORE_COPY_H

#include "schema/store/db.h"

/* Copies what from holds in one read transaction of its own, page by page, to a file that must not
 * exist; it is fsynced, readable by its owner only, and whole without a log beside it. What was
 * begun is removed on failure. from must be in no transaction. PIC_EEXISTS, PIC_EDISK_FULL,
 * PIC_EIO, PIC_ESTORE_DAMAGED. Source: sqlite3_backup. */
PIC_MUST_USE int pic_db_copy(struct pic_db *from, const char *path, struct pic_err *err);

#endif
