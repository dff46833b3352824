#include "agent/backup/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/backup/capsule.h"
#include "schema/store/copy.h"

/* What is in the capsule: count times (name length u16 | name | size u64 | content), then a name of
 * length 0. */
enum {
    NAME_MAX_SIZE = 200,
    PATH_SIZE = PIC_AGENT_PATH_MAX + NAME_MAX_SIZE,
    PIECE = 1 << 14,
    FOLDER_MODE = 0700,
    OPEN_FILES = 16,
    NUMBERS = 16,
};

static const char partial[] = ".partiel";

struct saving {
    struct pic_hasher content; /* of all that goes in */
    struct pic_capsule capsule;
    const struct pic_keys *keys;
    const char *folder;
    struct pic_backup_made *made;
    struct pic_err *err;
};

static int fail_file(struct pic_err *err, const char *path)
{
    int status = errno == ENOSPC || errno == EDQUOT ? PIC_EDISK_FULL
                 : errno == EIO                     ? PIC_EIO
                                                    : PIC_EFILE;
    return pic_fail(err, status, path, strerror(errno), NULL);
}

static int join(char out[static PATH_SIZE], const char *folder, const char *name,
                struct pic_err *err)
{
    int n = snprintf(out, PATH_SIZE, "%s%s", folder, name);
    return n > 0 && n < PATH_SIZE ? PIC_OK : pic_fail(err, PIC_ELIMIT, folder, NULL);
}

/* --- saving --- */

static int put(struct saving *s, struct pic_span bytes)
{
    pic_hasher_update(&s->content, bytes);
    int status = pic_capsule_write(&s->capsule, s->keys->box.public, bytes);
    return status == PIC_OK ? PIC_OK : pic_fail(s->err, status, NULL);
}

static int put_head(struct saving *s, const char *name, uint64_t size)
{
    struct pic_buf head;
    size_t n = strlen(name);
    pic_buf_init(&head, NUMBERS + NAME_MAX_SIZE);
    pic_buf_u16(&head, (uint16_t)n);
    pic_buf_bytes(&head, name, n);
    if (n > 0)
        pic_buf_u64(&head, size);
    int status = pic_buf_status(&head);
    status = status == PIC_OK ? put(s, pic_buf_view(&head)) : pic_fail(s->err, status, name, NULL);
    pic_buf_release(&head);
    return status;
}

/* A file as large as it is now; one that grows meanwhile is not one of ours. */
static int put_file(struct saving *s, const char *path, const char *name)
{
    uint8_t piece[PIECE];
    struct stat about;
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return fail_file(s->err, path);
    int status = fstat(fileno(file), &about) == 0 ? PIC_OK : fail_file(s->err, path);
    uint64_t left = status == PIC_OK ? (uint64_t)about.st_size : 0;
    if (status == PIC_OK)
        status = put_head(s, name, left);
    s->made->files++;
    s->made->bytes += left;
    while (status == PIC_OK && left > 0) {
        size_t want = left < sizeof piece ? (size_t)left : sizeof piece;
        if (fread(piece, 1, want, file) != want)
            status = fail_file(s->err, path);
        else
            status = put(s, pic_span_of(piece, want));
        left -= want;
    }
    (void)fclose(file);
    pic_wipe(piece, sizeof piece);
    return status;
}

static int put_database(struct saving *s, struct pic_agent *agent)
{
    char path[PATH_SIZE];
    int status = join(path, agent->folder, "/pic.db.copie", s->err);
    if (status != PIC_OK)
        return status;
    (void)unlink(path);
    status = pic_db_copy(&agent->db, path, s->err);
    if (status == PIC_OK)
        status = put_file(s, path, "pic.db");
    (void)unlink(path);
    return status;
}

/* Every whole document: ab/cdef…, in the order of their names. */
static int put_documents(struct saving *s)
{
    char path[PATH_SIZE];
    struct stat about;
    int status = join(path, s->folder, "/documents", s->err);
    for (unsigned i = 0; status == PIC_OK && i <= UINT8_MAX; i++) {
        struct dirent **names = NULL;
        char below[PATH_SIZE];
        char name[NAME_MAX_SIZE];
        (void)snprintf(name, sizeof name, "/documents/%02x", i);
        status = join(below, s->folder, name, s->err);
        int n = status == PIC_OK ? scandir(below, &names, NULL, alphasort) : 0;
        for (int k = 0; k < n; k++) {
            int length = snprintf(name, sizeof name, "/documents/%02x/%s", i, names[k]->d_name);
            bool whole = length < NAME_MAX_SIZE && names[k]->d_name[0] != '.' &&
                         strchr(names[k]->d_name, '.') == NULL;
            if (status == PIC_OK && whole)
                status = join(path, s->folder, name, s->err);
            if (status == PIC_OK && whole && lstat(path, &about) == 0 && S_ISREG(about.st_mode))
                status = put_file(s, path, name + 1);
            free(names[k]);
        }
        free(names);
    }
    return status;
}

static int put_all(struct saving *s, struct pic_agent *agent)
{
    int status = put_database(s, agent);
    if (status == PIC_OK)
        status = put_documents(s);
    if (status == PIC_OK)
        status = put_head(s, "", 0);
    if (status == PIC_OK) {
        status = pic_capsule_finish(&s->capsule, s->keys->box.public, &s->keys->sign);
        status = status == PIC_OK ? PIC_OK : pic_fail(s->err, status, NULL);
    }
    return status;
}

static int read_lock(const char *folder, struct pic_buf *out, struct pic_err *err)
{
    char path[PATH_SIZE];
    uint8_t bytes[PIC_CAPSULE_LOCK_MAX];
    int status = join(path, folder, "/cles.pic", err);
    if (status != PIC_OK)
        return status;
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return fail_file(err, path);
    size_t n = fread(bytes, 1, sizeof bytes, file);
    pic_buf_bytes(out, bytes, n);
    (void)fclose(file);
    return pic_buf_status(out);
}

/* --- reading --- */

struct reading {
    struct pic_hasher content;
    struct pic_capsule capsule;
    const struct pic_keys *keys;
    const char *folder; /* where to; NULL: nowhere, it is only read */
    struct pic_backup_made *made;
    struct pic_err *err;
};

static int get(struct reading *r, void *out, size_t n)
{
    int status = pic_capsule_read(&r->capsule, &r->keys->box, out, n);
    if (status != PIC_OK)
        return pic_fail(r->err, status, NULL);
    pic_hasher_update(&r->content, pic_span_of(out, n));
    return PIC_OK;
}

/* The names that save gives, and no other. */
static bool is_ours(const char *name)
{
    static const char hex[] = "0123456789abcdef";
    static const char documents[] = "documents/";
    if (strcmp(name, "pic.db") == 0)
        return true;
    const char *at = name + sizeof documents - 1;
    return strncmp(name, documents, sizeof documents - 1) == 0 && strspn(at, hex) == 2 &&
           at[2] == '/' && at[3] != '\0' && at[3 + strspn(at + 3, hex)] == '\0';
}

static FILE *make_file(struct reading *r, const char *name, char path[static PATH_SIZE])
{
    char with_slash[NAME_MAX_SIZE + 2];
    (void)snprintf(with_slash, sizeof with_slash, "/%s", name);
    if (join(path, r->folder, with_slash, r->err) != PIC_OK)
        return NULL;
    for (char *at = path + strlen(r->folder) + 1; *at != '\0'; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        (void)mkdir(path, FOLDER_MODE); /* whether it worked shows when the file is made */
        *at = '/';
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    return fd < 0 ? NULL : fdopen(fd, "wb");
}

static int get_file(struct reading *r, const char *name, uint64_t size)
{
    uint8_t piece[PIECE];
    char path[PATH_SIZE] = "";
    FILE *file = r->folder == NULL ? NULL : make_file(r, name, path);
    if (r->folder != NULL && file == NULL)
        return fail_file(r->err, path);
    int status = PIC_OK;
    while (status == PIC_OK && size > 0) {
        size_t n = size < sizeof piece ? (size_t)size : sizeof piece;
        status = get(r, piece, n);
        if (status == PIC_OK && file != NULL && fwrite(piece, 1, n, file) != n)
            status = fail_file(r->err, path);
        size -= n;
    }
    if (file != NULL) {
        if (status == PIC_OK && (fflush(file) != 0 || fsync(fileno(file)) != 0))
            status = fail_file(r->err, path);
        (void)fclose(file);
    }
    pic_wipe(piece, sizeof piece);
    return status;
}

static int get_all(struct reading *r)
{
    for (;;) {
        uint8_t numbers[sizeof(uint64_t)];
        char name[NAME_MAX_SIZE + 1];
        int status = get(r, numbers, sizeof(uint16_t));
        struct pic_cursor c = pic_cursor_of(numbers, sizeof numbers);
        size_t n = status == PIC_OK ? pic_cursor_u16(&c) : 0;
        if (status == PIC_OK && n == 0)
            return pic_capsule_end(&r->capsule, &r->keys->box);
        if (status == PIC_OK && n > NAME_MAX_SIZE)
            status = PIC_EFORMAT;
        if (status == PIC_OK)
            status = get(r, name, n);
        if (status == PIC_OK)
            status = get(r, numbers, sizeof numbers);
        if (status != PIC_OK)
            return pic_fail(r->err, status, NULL);
        name[n] = '\0';
        c = pic_cursor_of(numbers, sizeof numbers);
        uint64_t size = pic_cursor_u64(&c);
        r->made->files++;
        r->made->bytes += size;
        status = is_ours(name) ? get_file(r, name, size) : pic_fail(r->err, PIC_EFORMAT, NULL);
        if (status != PIC_OK)
            return status;
    }
}

/* Opens, verifies and reads a capsule to its end. */
static int read_all(struct reading *r, const char *path)
{
    pic_hasher_init(&r->content);
    int status = pic_capsule_open(&r->capsule, path, r->err);
    if (status == PIC_OK) {
        status = pic_capsule_check(&r->capsule, r->keys->sign.public);
        status = status == PIC_OK ? get_all(r) : pic_fail(r->err, status, path, NULL);
    }
    return status;
}

/* --- saving, as a whole --- */

static int reread(struct saving *s, const char *path)
{
    uint8_t meant[PIC_HASH_SIZE];
    uint8_t found[PIC_HASH_SIZE];
    struct pic_backup_made seen = {0};
    struct reading r = {.keys = s->keys, .made = &seen, .err = s->err};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) { /* from the medium, not from memory */
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        (void)close(fd);
    }
    int status = read_all(&r, path);
    pic_capsule_close(&r.capsule);
    pic_hasher_final(&s->content, meant);
    pic_hasher_final(&r.content, found);
    if (status == PIC_OK && !pic_same_bytes(meant, found, sizeof meant))
        status = pic_fail(s->err, PIC_EHASH, path, NULL);
    return status;
}

/* Its name, where there is nothing of that name yet. */
static int give_name(const char *from, const char *to, struct pic_err *err)
{
    if (link(from, to) == 0)
        return unlink(from) == 0 ? PIC_OK : fail_file(err, from);
    if (errno == EEXIST || access(to, F_OK) == 0)
        return pic_fail(err, PIC_EEXISTS, to, NULL);
    return rename(from, to) == 0 ? PIC_OK : fail_file(err, to); /* no links on this file system */
}

int pic_backup_save(struct pic_agent *agent, const struct pic_keys *keys, const char *path,
                    struct pic_backup_made *made, struct pic_err *err)
{
    char part[PATH_SIZE];
    struct pic_buf lock;
    struct saving s = {.keys = keys, .folder = agent->folder, .made = made, .err = err};
    *made = (struct pic_backup_made){0};
    if (access(path, F_OK) == 0)
        return pic_fail(err, PIC_EEXISTS, path, NULL);
    int status = join(part, path, partial, err);
    if (status != PIC_OK)
        return status;
    pic_buf_init(&lock, PIC_CAPSULE_LOCK_MAX);
    pic_hasher_init(&s.content);
    status = read_lock(agent->folder, &lock, err);
    (void)unlink(part);
    if (status == PIC_OK)
        status =
            pic_capsule_create(&s.capsule, part, pic_buf_view(&lock), &agent->world->random, err);
    if (status == PIC_OK)
        status = put_all(&s, agent);
    pic_capsule_close(&s.capsule);
    if (status == PIC_OK)
        status = reread(&s, part);
    if (status == PIC_OK)
        status = give_name(part, path, err);
    if (status != PIC_OK)
        (void)unlink(part);
    pic_buf_release(&lock);
    return status;
}

/* --- restoring --- */

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *at)
{
    (void)about;
    (void)kind;
    (void)at;
    (void)remove(path);
    return 0;
}

/* The lock becomes cles.pic again, and opens. */
static int put_lock(const char *path, const char *part, struct pic_span passphrase,
                    struct pic_keys *keys, struct pic_err *err)
{
    char file_path[PATH_SIZE];
    struct pic_capsule capsule;
    struct reading r = {.folder = part, .err = err};
    int status = pic_capsule_open(&capsule, path, err);
    FILE *file = status == PIC_OK ? make_file(&r, "cles.pic", file_path) : NULL;
    if (status == PIC_OK && file == NULL)
        status = fail_file(err, part);
    if (file != NULL) {
        const struct pic_buf *lock = &capsule.lock;
        bool written = fwrite(lock->data, 1, lock->len, file) == lock->len && fflush(file) == 0 &&
                       fsync(fileno(file)) == 0;
        if (!written)
            status = fail_file(err, file_path);
        (void)fclose(file);
    }
    pic_capsule_close(&capsule);
    return status == PIC_OK ? pic_keys_load(keys, part, passphrase, err) : status;
}

static int sync_folder(const char *folder, struct pic_err *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int status = fd >= 0 && syncfs(fd) == 0 ? PIC_OK : fail_file(err, folder);
    if (fd >= 0)
        (void)close(fd);
    return status;
}

int pic_backup_restore(const char *path, struct pic_span passphrase, const char *folder,
                       struct pic_backup_made *made, struct pic_err *err)
{
    char part[PATH_SIZE];
    struct pic_keys keys = {0};
    struct reading r = {.keys = &keys, .folder = part, .made = made, .err = err};
    *made = (struct pic_backup_made){0};
    int status = join(part, folder, partial, err);
    if (status != PIC_OK)
        return status;
    if (access(folder, F_OK) == 0)
        return pic_fail(err, PIC_EEXISTS, folder, NULL);
    (void)nftw(part, remove_one, OPEN_FILES, FTW_DEPTH | FTW_PHYS);
    if (mkdir(part, FOLDER_MODE) != 0)
        return fail_file(err, part);
    status = put_lock(path, part, passphrase, &keys, err);
    if (status == PIC_OK)
        status = read_all(&r, path);
    pic_capsule_close(&r.capsule);
    if (status == PIC_OK)
        status = sync_folder(part, err);
    if (status == PIC_OK && rename(part, folder) != 0)
        status = fail_file(err, folder);
    if (status != PIC_OK)
        (void)nftw(part, remove_one, OPEN_FILES, FTW_DEPTH | FTW_PHYS);
    pic_keys_wipe(&keys);
    return status;
}
