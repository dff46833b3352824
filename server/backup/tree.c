#include "server/backup/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 14, OPEN_FILES = 16 };

static int fail(struct pic_err *err, const char *path, int error)
{
    char why[128];
    int status = PIC_EFILE;
    if (error == ENOSPC || error == EDQUOT || error == EFBIG)
        status = PIC_EDISK_FULL;
    else if (error == EIO)
        status = PIC_EIO;
    else if (error == ENOENT)
        status = PIC_ENOT_FOUND;
    else if (error == EEXIST || error == ENOTEMPTY)
        status = PIC_EEXISTS;
    return pic_fail(err, status, path, strerror_r(error, why, sizeof why), NULL);
}

int pic_tree_join(const char *folder, const char *name, char out[static PIC_TREE_PATH_MAX],
                  struct pic_err *err)
{
    int n = snprintf(out, PIC_TREE_PATH_MAX, "%s/%s", folder, name);
    return n > 0 && n < PIC_TREE_PATH_MAX ? PIC_OK : pic_fail(err, PIC_ELIMIT, folder, NULL);
}

int pic_tree_make(const char *folder, struct pic_err *err)
{
    char path[PIC_TREE_PATH_MAX];
    int status = pic_tree_join(folder, ".", path, err);
    for (char *at = path + 1; status == PIC_OK && *at != '\0'; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        if (mkdir(path, S_IRWXU) != 0 && errno != EEXIST)
            status = fail(err, path, errno);
        *at = '/';
    }
    return status;
}

static int write_all(int fd, const uint8_t *bytes, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t put = write(fd, bytes + done, n - done);
        if (put < 0 && errno != EINTR)
            return errno;
        done += put > 0 ? (size_t)put : 0;
    }
    return 0;
}

/* From in to the end, into out unless it is negative. Returns an errno; *reading tells which side
 * failed. */
static int pass(int in, int out, uint8_t hash[static PIC_HASH_SIZE], uint64_t *size, bool *reading)
{
    uint8_t piece[PIECE];
    struct pic_hasher hasher;
    ssize_t n;
    int error = 0;
    *size = 0;
    *reading = false;
    pic_hasher_init(&hasher);
    while (error == 0 && (n = read(in, piece, sizeof piece)) != 0) {
        if (n < 0) {
            *reading = errno != EINTR;
            error = errno == EINTR ? 0 : errno;
            continue;
        }
        pic_hasher_update(&hasher, pic_span_of(piece, (size_t)n));
        *size += (uint64_t)n;
        if (out >= 0)
            error = write_all(out, piece, (size_t)n);
    }
    pic_hasher_final(&hasher, hash);
    pic_wipe(piece, sizeof piece); /* keys pass here too */
    return error;
}

static int open_new(const char *path)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    char folder[PIC_TREE_PATH_MAX];
    int fd = open(path, flags, S_IRUSR | S_IWUSR);
    const char *slash = strrchr(path, '/');
    if (fd >= 0 || errno != ENOENT || slash == NULL)
        return fd;
    (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    if (pic_tree_make(folder, NULL) != PIC_OK)
        return -1;
    return open(path, flags, S_IRUSR | S_IWUSR);
}

int pic_tree_copy(const char *from, const char *to, uint8_t hash[static PIC_HASH_SIZE],
                  uint64_t *size, struct pic_err *err)
{
    bool reading;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return fail(err, from, errno);
    int out = open_new(to);
    int error = out < 0 ? errno : pass(in, out, hash, size, &reading);
    if (out < 0)
        reading = false;
    if (out >= 0 && close(out) != 0 && error == 0)
        error = errno;
    (void)close(in);
    return error == 0 ? PIC_OK : fail(err, reading ? from : to, error);
}

int pic_tree_hash(const char *path, uint8_t hash[static PIC_HASH_SIZE], uint64_t *size,
                  struct pic_err *err)
{
    bool reading;
    int in = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (in < 0)
        return fail(err, path, errno);
    int error = pass(in, -1, hash, size, &reading);
    (void)close(in);
    return error == 0 ? PIC_OK : fail(err, path, error);
}

static int sync_with(const char *folder, int (*how)(int fd), struct pic_err *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(err, folder, errno);
    int error = how(fd) == 0 ? 0 : errno;
    (void)close(fd);
    return error == 0 ? PIC_OK : fail(err, folder, error);
}

int pic_tree_sync(const char *folder, struct pic_err *err)
{
    return sync_with(folder, syncfs, err);
}

int pic_tree_name(const char *from, const char *to, struct pic_err *err)
{
    char parent[PIC_TREE_PATH_MAX];
    struct stat there;
    if (lstat(to, &there) == 0) /* rename would replace an empty folder */
        return fail(err, to, EEXIST);
    if (rename(from, to) != 0)
        return fail(err, to, errno);
    int status = pic_tree_join(to, "..", parent, err);
    return status == PIC_OK ? sync_with(parent, fsync, err) : status;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *at)
{
    (void)about;
    (void)kind;
    (void)at;
    (void)remove(path);
    return 0;
}

void pic_tree_remove(const char *folder)
{
    (void)nftw(folder, remove_one, OPEN_FILES, FTW_DEPTH | FTW_PHYS);
}
