#include "agent/session.h"

#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "protocol/base/text.h"

enum {
    NAME_SIZE = 32,
    NAME_BYTES = 8,
    PATH_SIZE = 640,
    REAL_SIZE = 8 * PATH_SIZE,
    FILE_MODE = 0600,
    OTHERS = 077,
};

/* View, read, write, search, link and set attributes: for processes of this user, nobody else. A
 * session of the desktop need not have the user's keyring among its own. */
#define OWN_RIGHTS 0x3f3f0000L

/* "pic-" and a hash of where the store is: one entry a store. */
static int name_of(const char *folder, char out[static NAME_SIZE])
{
    uint8_t hash[PIC_HASH_SIZE];
    char real[REAL_SIZE];
    struct pic_buf name;
    if (realpath(folder, real) == NULL)
        return PIC_ELOCKED;
    pic_hash(pic_span_text(real), hash);
    pic_buf_init(&name, NAME_SIZE);
    pic_text_hex(pic_span_of(hash, NAME_BYTES), &name);
    (void)snprintf(out, NAME_SIZE, "pic-%s", pic_buf_string(&name));
    pic_buf_release(&name);
    return PIC_OK;
}

/* --- the kernel's keyring of this user --- */

static long find_key(const char *name)
{
    return syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", name, 0);
}

static bool kernel_put(const char *name, struct pic_span plain)
{
    long key = syscall(SYS_add_key, "user", name, plain.p, plain.n, KEY_SPEC_USER_KEYRING);
    if (key < 0)
        return false;
    if (syscall(SYS_keyctl, KEYCTL_SETPERM, key, OWN_RIGHTS) == 0 &&
        syscall(SYS_keyctl, KEYCTL_SET_TIMEOUT, key, PIC_SESSION_S) == 0)
        return true;
    (void)syscall(SYS_keyctl, KEYCTL_REVOKE, key);
    return false;
}

static int kernel_get(const char *name, struct pic_buf *out)
{
    long key = find_key(name);
    uint8_t *room = pic_buf_room(out, PIC_KEYS_SIZE);
    if (key < 0 || room == NULL)
        return PIC_ELOCKED;
    long n = syscall(SYS_keyctl, KEYCTL_READ, key, room, PIC_KEYS_SIZE);
    if (n <= 0 || n > PIC_KEYS_SIZE)
        return PIC_ELOCKED;
    out->len += (size_t)n;
    (void)syscall(SYS_keyctl, KEYCTL_SET_TIMEOUT, key,
                  PIC_SESSION_S); /* counts from its last use */
    return PIC_OK;
}

static bool kernel_end(const char *name)
{
    long key = find_key(name);
    return key >= 0 && syscall(SYS_keyctl, KEYCTL_INVALIDATE, key) == 0;
}

/* --- a file in memory, where the kernel has no keyring --- */

/* Nobody else may read what is in runtime, and it is on no disk. */
static bool is_private(const char *runtime)
{
    struct stat s;
    struct statfs fs;
    return stat(runtime, &s) == 0 && S_ISDIR(s.st_mode) && s.st_uid == geteuid() &&
           (s.st_mode & OTHERS) == 0 && statfs(runtime, &fs) == 0 &&
           (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

static int path_of(const char *name, const char *runtime, char out[static PATH_SIZE])
{
    if (runtime == NULL || *runtime != '/' || !is_private(runtime))
        return PIC_ELOCKED;
    int n = snprintf(out, PATH_SIZE, "%s/%s", runtime, name);
    return n > 0 && n < PATH_SIZE ? PIC_OK : PIC_ELOCKED;
}

static void file_put(const char *name, const char *runtime, struct pic_span plain)
{
    char path[PATH_SIZE];
    if (path_of(name, runtime, path) != PIC_OK)
        return;
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (file < 0)
        return;
    bool whole = write(file, plain.p, plain.n) == (ssize_t)plain.n;
    if (close(file) != 0 || !whole)
        (void)unlink(path);
}

static int file_get(const char *name, const char *runtime, struct pic_buf *out)
{
    char path[PATH_SIZE];
    struct stat s;
    if (path_of(name, runtime, path) != PIC_OK)
        return PIC_ELOCKED;
    int file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return PIC_ELOCKED;
    uint8_t *room = pic_buf_room(out, PIC_KEYS_SIZE);
    bool own = room != NULL && fstat(file, &s) == 0 && s.st_uid == geteuid() &&
               (s.st_mode & OTHERS) == 0 && time(NULL) - s.st_mtime < PIC_SESSION_S;
    ssize_t n = own ? read(file, room, PIC_KEYS_SIZE) : -1;
    if (n > 0) {
        out->len += (size_t)n;
        (void)futimens(file, NULL);
    }
    (void)close(file);
    return n > 0 ? PIC_OK : PIC_ELOCKED;
}

static bool file_end(const char *name, const char *runtime)
{
    char path[PATH_SIZE];
    static const uint8_t nothing[PIC_KEYS_SIZE];
    if (path_of(name, runtime, path) != PIC_OK)
        return false;
    int file = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return false;
    bool wiped = write(file, nothing, sizeof nothing) == (ssize_t)sizeof nothing;
    bool closed = close(file) == 0;
    return unlink(path) == 0 || (wiped && closed);
}

/* --- either --- */

void pic_session_save(const struct pic_keys *keys, const char *folder, const char *runtime)
{
    char name[NAME_SIZE];
    struct pic_buf plain;
    if (name_of(folder, name) != PIC_OK)
        return;
    pic_keys_buf(&plain);
    pic_keys_put(keys, &plain);
    if (pic_buf_status(&plain) == PIC_OK && !kernel_put(name, pic_buf_view(&plain)))
        file_put(name, runtime, pic_buf_view(&plain));
    pic_buf_wipe(&plain);
}

int pic_session_load(struct pic_keys *keys, const char *folder, const char *runtime)
{
    char name[NAME_SIZE];
    struct pic_buf plain;
    if (name_of(folder, name) != PIC_OK)
        return PIC_ELOCKED;
    pic_keys_buf(&plain);
    int status = kernel_get(name, &plain);
    if (status != PIC_OK)
        status = file_get(name, runtime, &plain);
    if (status == PIC_OK)
        status = pic_keys_get(pic_buf_view(&plain), keys);
    pic_buf_wipe(&plain);
    return status == PIC_OK ? PIC_OK : PIC_ELOCKED;
}

void pic_session_end(const char *folder, const char *runtime, bool *was)
{
    char name[NAME_SIZE];
    *was = false;
    if (name_of(folder, name) != PIC_OK)
        return;
    bool kernel = kernel_end(name);
    *was = file_end(name, runtime) || kernel;
}
