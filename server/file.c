#include "server/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

static int fail(struct pic_err *err, const char *path, int error)
{
    char why[128];
    int status = error == ENOSPC || error == EDQUOT ? PIC_EDISK_FULL : PIC_EFILE;
    return pic_fail(err, status, path, strerror_r(error, why, sizeof why), NULL);
}

static int write_all(int fd, struct pic_span bytes)
{
    size_t done = 0;
    while (done < bytes.n) {
        ssize_t n = write(fd, bytes.p + done, bytes.n - done);
        if (n < 0 && errno != EINTR)
            return errno;
        done += n > 0 ? (size_t)n : 0;
    }
    return fsync(fd) == 0 ? 0 : errno;
}

/* Makes a rename in the folder of path durable. */
static int sync_folder(const char *path)
{
    char folder[PATH_SIZE];
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : (size_t)(slash - path);
    (void)snprintf(folder, sizeof folder, "%.*s%s", (int)n, path, slash == path ? "/" : "");
    int fd = open(n == 0 && slash == NULL ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int error = fsync(fd) == 0 ? 0 : errno;
    (void)close(fd);
    return error;
}

int pic_file_put(const char *path, struct pic_span bytes, unsigned flags, struct pic_err *err)
{
    char beside[PATH_SIZE];
    mode_t mode = (flags & PIC_FILE_SECRET) != 0 ? S_IRUSR | S_IWUSR : S_IRUSR | S_IWUSR | S_IRGRP;
    if (snprintf(beside, sizeof beside, "%s.%ld.new", path, (long)getpid()) >= (int)sizeof beside)
        return fail(err, path, ENAMETOOLONG);
    (void)unlink(beside);
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return fail(err, path, errno);
    int error = write_all(fd, bytes);
    if (close(fd) != 0 && error == 0)
        error = errno;
    if (error == 0 && (flags & PIC_FILE_NEW) != 0)
        error = link(beside, path) == 0 ? 0 : errno;
    else if (error == 0)
        error = rename(beside, path) == 0 ? 0 : errno;
    if (error == 0)
        error = sync_folder(path);
    (void)unlink(beside);
    if (error == EEXIST)
        return pic_fail(err, PIC_EEXISTS, path, NULL);
    return error == 0 ? PIC_OK : fail(err, path, error);
}

/* Reads n bytes, or fewer where the file became shorter. */
static int read_all(int fd, uint8_t *out, size_t n, size_t *done)
{
    *done = 0;
    while (*done < n) {
        ssize_t got = read(fd, out + *done, n - *done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (got == 0)
            break;
        *done += (size_t)got;
    }
    return 0;
}

int pic_file_get(const char *path, struct pic_buf *out, struct pic_err *err)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? pic_fail(err, PIC_ENOT_FOUND, path, NULL) : fail(err, path, errno);
    int error = fstat(fd, &about) == 0 ? 0 : errno;
    size_t size = error == 0 && about.st_size > 0 ? (size_t)about.st_size : 0;
    size_t done = 0;
    uint8_t *room = size > 0 ? pic_buf_room(out, size) : NULL;
    if (error == 0 && room != NULL)
        error = read_all(fd, room, size, &done);
    (void)close(fd);
    if (error != 0)
        return fail(err, path, error);
    out->len += done;
    return out->bad ? pic_fail(err, PIC_ELIMIT, path, NULL) : PIC_OK;
}
