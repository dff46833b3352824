#include "schema/face/package.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_SIZE = 1024 };

static int fail_at(const char *path, int cause, struct pic_err *err)
{
    if (cause == EEXIST)
        return pic_fail(err, PIC_EEXISTS, path, NULL);
    if (cause == ENOSPC || cause == EDQUOT)
        return pic_fail(err, PIC_EDISK_FULL, path, NULL);
    return pic_fail(err, PIC_EFILE, path, strerror(cause), NULL);
}

static int make_folder(const char *path, struct pic_err *err)
{
    return mkdir(path, S_IRWXU) == 0 || errno == EEXIST ? PIC_OK : fail_at(path, errno, err);
}

static int write_file(const char *path, struct pic_span content, struct pic_err *err)
{
    FILE *file = fopen(path, "wbx");
    if (file == NULL)
        return fail_at(path, errno, err);
    bool written = fwrite(content.p, 1, content.n, file) == content.n;
    int cause = written ? 0 : errno;
    if (fclose(file) != 0 && cause == 0)
        cause = errno;
    return cause == 0 ? PIC_OK : fail_at(path, cause, err);
}

/* Names of a container hold no way out of the folder, and at most one folder inside. */
static int write_in(const char *folder, struct pic_span name, struct pic_span content,
                    struct pic_err *err)
{
    char path[PATH_SIZE];
    int n = snprintf(path, sizeof path, "%s/%.*s", folder, (int)name.n, (const char *)name.p);
    if (n < 0 || (size_t)n >= sizeof path)
        return pic_fail(err, PIC_ELIMIT, folder, NULL);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    int status = make_folder(path, err);
    *slash = '/';
    return status == PIC_OK ? write_file(path, content, err) : status;
}

int pic_package_write(const char *folder, const struct pic_container *files, struct pic_span sealed,
                      struct pic_err *err)
{
    int status = make_folder(folder, err);
    for (size_t i = 0; status == PIC_OK && i < files->file_n; i++)
        status = write_in(folder, files->files[i].name, files->files[i].content, err);
    if (status == PIC_OK)
        status = write_in(folder, pic_span_text(PIC_PACKAGE_SIGNED), sealed, err);
    return status;
}
