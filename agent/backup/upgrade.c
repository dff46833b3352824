#include "agent/backup/upgrade.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/store/copy.h"

enum { PATH_SIZE = 1024, FOLDER_MODE = 0700, NAME_LENGTH = sizeof "pic-000000000000000.db" - 1 };

static int is_copy(const struct dirent *entry)
{
    return strncmp(entry->d_name, "pic-", 4) == 0 && strlen(entry->d_name) == NAME_LENGTH &&
           strspn(entry->d_name + 4, "0123456789") == NAME_LENGTH - 7;
}

/* The newest stay: names are in the order of time. */
static void rotate(const char *copies)
{
    struct dirent **names = NULL;
    char path[PATH_SIZE];
    int n = scandir(copies, &names, is_copy, alphasort);
    for (int i = 0; i < n; i++) {
        int length = snprintf(path, sizeof path, "%s/%s", copies, names[i]->d_name);
        if (i < n - PIC_UPGRADE_COPIES && length < (int)sizeof path)
            (void)unlink(path);
        free(names[i]);
    }
    free(names);
}

int pic_upgrade_copy(struct pic_db *db, const char *folder, int64_t now_ms, struct pic_err *err)
{
    char copies[PATH_SIZE / 2];
    char path[PATH_SIZE];
    int n = snprintf(copies, sizeof copies, "%s/copies", folder);
    if (n < 0 || n >= (int)sizeof copies)
        return pic_fail(err, PIC_ELIMIT, folder, NULL);
    if (mkdir(copies, FOLDER_MODE) != 0 && errno != EEXIST)
        return pic_fail(err, errno == ENOSPC ? PIC_EDISK_FULL : PIC_EFILE, copies, strerror(errno),
                        NULL);
    (void)snprintf(path, sizeof path, "%s/pic-%015" PRId64 ".db", copies, now_ms);
    int status = pic_db_copy(db, path, err);
    if (status == PIC_EEXISTS) /* made in this very millisecond */
        status = PIC_OK;
    if (status == PIC_OK)
        rotate(copies);
    return status;
}

int pic_upgrade_is_due(struct pic_db *db, int script_n, bool *due, struct pic_err *err)
{
    bool row = false;
    sqlite3_stmt *stmt = pic_db_prepare(db, "PRAGMA user_version", err);
    if (stmt == NULL)
        return pic_db_status(sqlite3_errcode(db->handle));
    int status = pic_db_step(stmt, &row);
    int version = row ? sqlite3_column_int(stmt, 0) : 0;
    (void)sqlite3_finalize(stmt);
    *due = version > 0 && version < script_n;
    return status;
}
