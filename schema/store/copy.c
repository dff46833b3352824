#include "schema/store/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_file(const char *path, struct pic_err *err)
{
    int status = errno == EEXIST                      ? PIC_EEXISTS
                 : errno == ENOSPC || errno == EDQUOT ? PIC_EDISK_FULL
                                                      : PIC_EFILE;
    return pic_fail(err, status, path, NULL);
}

/* All pages in one step, so that the copy is of one moment. SQLite waits for the disk before the
 * copy counts as done. */
static int copy_pages(struct pic_db *from, const char *path, struct pic_err *err)
{
    struct pic_db to = {NULL};
    int code =
        sqlite3_open_v2(path, &to.handle,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(to.handle, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
    sqlite3_backup *backup =
        code == SQLITE_OK ? sqlite3_backup_init(to.handle, "main", from->handle, "main") : NULL;
    if (backup != NULL) {
        code = sqlite3_backup_step(backup, -1);
        int finished = sqlite3_backup_finish(backup);
        code = code == SQLITE_DONE ? finished : code;
    } else if (code == SQLITE_OK) {
        code = sqlite3_errcode(to.handle);
    }
    if (code == SQLITE_OK) /* it says of itself that it has a log: no more */
        code = sqlite3_exec(to.handle, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    int status = code == SQLITE_OK ? PIC_OK : pic_db_fail(&to, code, err);
    pic_db_close(&to);
    return status;
}

int pic_db_copy(struct pic_db *from, const char *path, struct pic_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return fail_file(path, err);
    (void)close(fd);
    int status = copy_pages(from, path, err);
    if (status == PIC_OK) {
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fsync(fd) != 0)
            status = fail_file(path, err);
        if (fd >= 0)
            (void)close(fd);
    }
    if (status != PIC_OK)
        (void)unlink(path);
    return status;
}
