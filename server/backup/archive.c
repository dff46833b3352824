#include "server/backup/archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "schema/store/copy.h"
#include "server/backup/manifest.h"
#include "server/backup/tree.h"
#include "server/file.h"
#include "server/keyring.h"
#include "server/registry.h"

enum {
    HEX_SIZE = 2 * PIC_HASH_SIZE,
    STAMP_SIZE = 20, /* 20261124T023000123Z and its end */
    BUSY_MS = 30000,
    MS_PER_S = 1000,
    FIRST_NAMES = 32,
};

/* One archive that is being made. */
struct making {
    const char *folder, *to;
    char part[PIC_TREE_PATH_MAX];   /* where it grows */
    char before[PIC_TREE_PATH_MAX]; /* the documents of the copy before, or "" */
    struct pic_buf files;           /* of the manifest */
    struct pic_manifest manifest;
    struct pic_archive_made *made;
    struct pic_err *err;
};

/* --- names --- */

static void stamp_of(int64_t ms, char out[static STAMP_SIZE])
{
    struct tm utc = {0};
    char text[16];
    time_t seconds = (time_t)(ms / MS_PER_S);
    (void)gmtime_r(&seconds, &utc);
    (void)strftime(text, sizeof text, "%Y%m%dT%H%M%S", &utc);
    (void)snprintf(out, STAMP_SIZE, "%.15s%03uZ", text, (unsigned)(ms % MS_PER_S) % MS_PER_S);
}

/* False when it is not a stamp. */
static bool time_of(const char *stamp, int64_t *ms)
{
    char again[STAMP_SIZE];
    char seconds[STAMP_SIZE];
    struct tm utc = {0};
    if (strlen(stamp) != STAMP_SIZE - 1)
        return false;
    (void)snprintf(seconds, sizeof seconds, "%.15s", stamp);
    const char *end = strptime(seconds, "%Y%m%dT%H%M%S", &utc);
    if (end == NULL || *end != '\0')
        return false;
    *ms = (int64_t)timegm(&utc) * MS_PER_S + strtol(stamp + 15, NULL, 10);
    stamp_of(*ms, again);
    return *ms >= 0 && strcmp(again, stamp) == 0;
}

static int newest_first(const void *a, const void *b)
{
    const struct pic_archive_name *left = a;
    const struct pic_archive_name *right = b;
    return strcmp(right->name, left->name);
}

static bool add_name(struct pic_archive_name **names, size_t *n, size_t *cap, const char *name,
                     int64_t time_ms)
{
    if (*n == *cap) {
        size_t more = *cap == 0 ? FIRST_NAMES : *cap * 2;
        struct pic_archive_name *grown = realloc(*names, more * sizeof *grown);
        if (grown == NULL)
            return false;
        *names = grown;
        *cap = more;
    }
    struct pic_archive_name *at = &(*names)[(*n)++];
    (void)snprintf(at->name, sizeof at->name, "%.*s", (int)sizeof at->name - 1, name);
    at->time_ms = time_ms;
    return true;
}

int pic_archive_list(const char *to, const char *prefix, struct pic_archive_name **names, size_t *n,
                     struct pic_err *err)
{
    size_t cap = 0;
    const struct dirent *entry;
    int64_t time_ms;
    int status = PIC_OK;
    *names = NULL;
    *n = 0;
    DIR *dir = opendir(to);
    if (dir == NULL)
        return errno == ENOENT ? PIC_OK : pic_fail(err, PIC_EFILE, to, strerror(errno), NULL);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): each directory is read by one thread
    while (status == PIC_OK && (entry = readdir(dir)) != NULL) {
        bool ours = strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
                    time_of(entry->d_name + strlen(prefix), &time_ms);
        if (ours && !add_name(names, n, &cap, entry->d_name, time_ms))
            status = pic_fail(err, PIC_EMEMORY, NULL);
    }
    (void)closedir(dir);
    if (*n > 0)
        qsort(*names, *n, sizeof **names, newest_first);
    return status;
}

/* --- files --- */

static void add_file(struct making *m, const char *name, const uint8_t hash[static PIC_HASH_SIZE],
                     uint64_t size)
{
    struct pic_manifest_file file = {.size = size};
    memcpy(file.hash, hash, PIC_HASH_SIZE);
    (void)snprintf(file.name, sizeof file.name, "%s", name);
    pic_manifest_add(&m->files, &file);
    m->manifest.count++;
    m->made->bytes += size;
}

static int copy_from(struct making *m, const char *from, const char *name)
{
    char to[PIC_TREE_PATH_MAX];
    uint8_t hash[PIC_HASH_SIZE];
    uint64_t size;
    int status = pic_tree_join(m->part, name, to, m->err);
    if (status == PIC_OK)
        status = pic_tree_copy(from, to, hash, &size, m->err);
    if (status == PIC_OK)
        add_file(m, name, hash, size);
    return status;
}

/* A file of the server that must be there. */
static int copy_file(struct making *m, const char *name)
{
    char from[PIC_TREE_PATH_MAX];
    int status = pic_tree_join(m->folder, name, from, m->err);
    return status == PIC_OK ? copy_from(m, from, name) : status;
}

static int copy_database(struct making *m, const char *name)
{
    char path[PIC_TREE_PATH_MAX];
    uint8_t hash[PIC_HASH_SIZE];
    uint64_t size;
    struct pic_db db = {0};
    const struct pic_db_options options = {
        .durability = PIC_DURABLE, .read_only = true, .busy_ms = BUSY_MS};
    int status = pic_tree_join(m->folder, name, path, m->err);
    if (status == PIC_OK)
        status = pic_db_open(path, &options, &db, m->err);
    if (status == PIC_OK)
        status = pic_tree_join(m->part, name, path, m->err);
    if (status == PIC_OK)
        status = pic_db_copy(&db, path, m->err);
    pic_db_close(&db);
    if (status == PIC_OK)
        status = pic_tree_hash(path, hash, &size, m->err);
    if (status == PIC_OK)
        add_file(m, name, hash, size);
    return status;
}

/* --- documents --- */

static void document_name(const uint8_t hash[static PIC_HASH_SIZE],
                          char out[static PIC_MANIFEST_NAME_MAX])
{
    static const char digits[] = "0123456789abcdef";
    char hex[HEX_SIZE + 1] = "";
    for (size_t i = 0; i < PIC_HASH_SIZE; i++) {
        hex[2 * i] = digits[hash[i] >> 4U];
        hex[2 * i + 1] = digits[hash[i] & 0xFU];
    }
    (void)snprintf(out, PIC_MANIFEST_NAME_MAX, "documents/%.2s/%s", hex, hex + 2);
}

/* Shares a document with the copy before, if that one is still what it was. */
static bool share(struct making *m, const char *name, const char *to,
                  const uint8_t hash[static PIC_HASH_SIZE], uint64_t *size)
{
    char from[PIC_TREE_PATH_MAX];
    uint8_t found[PIC_HASH_SIZE];
    if (m->before[0] == '\0' || pic_tree_join(m->before, name, from, NULL) != PIC_OK ||
        pic_tree_hash(from, found, size, NULL) != PIC_OK || memcmp(found, hash, PIC_HASH_SIZE) != 0)
        return false;
    if (link(from, to) == 0)
        return true;
    char folder[PIC_TREE_PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(to, '/') - to), to);
    return pic_tree_make(folder, NULL) == PIC_OK && link(from, to) == 0;
}

static int copy_document(struct making *m, const uint8_t hash[static PIC_HASH_SIZE])
{
    char name[PIC_MANIFEST_NAME_MAX];
    char from[PIC_TREE_PATH_MAX];
    char to[PIC_TREE_PATH_MAX];
    uint8_t found[PIC_HASH_SIZE];
    uint64_t size;
    document_name(hash, name);
    int status = pic_tree_join(m->folder, name, from, m->err);
    if (status == PIC_OK)
        status = pic_tree_join(m->part, name, to, m->err);
    if (status != PIC_OK)
        return status;
    if (share(m, name, to, hash, &size)) {
        m->made->shared++;
    } else {
        status = pic_tree_copy(from, to, found, &size, m->err);
        bool lost = status == PIC_ENOT_FOUND;
        if (status == PIC_OK && memcmp(found, hash, PIC_HASH_SIZE) != 0)
            lost = unlink(to) == 0;
        m->made->missing += lost;
        if (lost || status != PIC_OK)
            return lost ? PIC_OK : status;
    }
    m->made->documents++;
    add_file(m, name, hash, size);
    return PIC_OK;
}

/* The documents that the copied journal holds, and how far it goes. */
static int copy_documents(struct making *m)
{
    char path[PIC_TREE_PATH_MAX];
    uint8_t hash[PIC_HASH_SIZE] = {0};
    struct pic_db db = {0};
    struct pic_journal *journal = NULL;
    struct pic_registry *registry = NULL;
    const struct pic_db_options options = {
        .durability = PIC_DURABLE, .read_only = true, .busy_ms = BUSY_MS};
    int status = pic_tree_join(m->part, "journal.db", path, m->err);
    if (status == PIC_OK)
        status = pic_db_open(path, &options, &db, m->err);
    if (status == PIC_OK)
        status = pic_journal_new(&db, &journal, m->err);
    if (status == PIC_OK)
        status = pic_registry_new(&db, journal, true, &registry, m->err);
    if (status == PIC_OK)
        status = pic_journal_position(journal, &m->manifest.position);
    while (status == PIC_OK) {
        status = pic_registry_document_next(registry, hash);
        if (status == PIC_OK)
            status = copy_document(m, hash);
        else if (status == PIC_ENOT_FOUND)
            break;
    }
    pic_registry_free(registry);
    pic_journal_free(journal);
    pic_db_close(&db);
    return status == PIC_ENOT_FOUND ? PIC_OK : status;
}

/* --- one archive --- */

static int copy_data(struct making *m)
{
    int status = copy_database(m, "journal.db");
    if (status == PIC_OK)
        status = copy_documents(m);
    return status == PIC_OK ? copy_file(m, "authority.pub") : status;
}

static int copy_keys(struct making *m)
{
    char path[PIC_TREE_PATH_MAX];
    char identity[PIC_KEYRING_PATH_MAX];
    int status = pic_keyring_identity_path(m->folder, identity);
    if (status == PIC_OK)
        status = copy_from(m, identity, "identity.key");
    if (status == PIC_OK)
        status = copy_file(m, "transport.keys");
    if (status == PIC_OK)
        status = pic_tree_join(m->folder, "cles.db", path, m->err);
    if (status == PIC_OK && access(path, F_OK) == 0)
        status = copy_database(m, "cles.db");
    return status;
}

static int put_manifest(struct making *m, const struct pic_signer *identity)
{
    char path[PIC_TREE_PATH_MAX];
    struct pic_buf bytes;
    pic_buf_init(&bytes, PIC_MANIFEST_MAX);
    pic_manifest_seal(&m->manifest, pic_buf_view(&m->files), identity, &bytes);
    int status = pic_buf_status(&m->files);
    if (status == PIC_OK)
        status = pic_buf_status(&bytes);
    if (status == PIC_OK)
        status = pic_tree_join(m->part, "manifest", path, m->err);
    if (status == PIC_OK)
        status = pic_file_put(path, pic_buf_view(&bytes), PIC_FILE_SECRET, m->err);
    pic_buf_release(&bytes);
    return status;
}

/* Makes one archive of a pair under its own name, or none. */
static int make_one(struct making *m, enum pic_manifest_kind kind, const char *stamp,
                    const struct pic_signer *identity)
{
    char name[PIC_ARCHIVE_NAME_MAX + 1];
    char path[PIC_TREE_PATH_MAX];
    bool keys = kind == PIC_MANIFEST_KEYS;
    pic_buf_init(&m->files, PIC_MANIFEST_MAX);
    m->manifest = (struct pic_manifest){.kind = kind, .time_ms = m->made->time_ms};
    (void)snprintf(name, sizeof name, "%s%s", keys ? PIC_ARCHIVE_KEYS : PIC_ARCHIVE_DATA, stamp);
    (void)snprintf(path, sizeof path, "%s%s", PIC_ARCHIVE_SCRATCH, name);
    int status = pic_tree_join(m->to, path, m->part, m->err);
    if (status == PIC_OK)
        status = pic_tree_make(m->part, m->err);
    if (status == PIC_OK)
        status = keys ? copy_keys(m) : copy_data(m);
    if (status == PIC_OK)
        status = put_manifest(m, identity);
    if (status == PIC_OK)
        status = pic_tree_sync(m->part, m->err);
    if (status == PIC_OK)
        status = pic_tree_join(m->to, name, path, m->err);
    if (status == PIC_OK)
        status = pic_tree_name(m->part, path, m->err);
    if (status != PIC_OK)
        pic_tree_remove(m->part);
    pic_buf_release(&m->files);
    if (!keys)
        memcpy(m->made->name, name, sizeof name);
    return status;
}

/* --- the folder of all of them --- */

/* The lock goes with the process, however it ends; what is partial while we hold it is left over.
 */
int pic_archive_lock(const char *to, int *lock, struct pic_err *err)
{
    char path[PIC_TREE_PATH_MAX];
    const struct dirent *entry;
    *lock = -1;
    int status = pic_tree_join(to, ".verrou", path, err);
    if (status != PIC_OK)
        return status;
    *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (*lock < 0)
        return pic_fail(err, errno == ENOSPC ? PIC_EDISK_FULL : PIC_EFILE, path, strerror(errno),
                        NULL);
    if (flock(*lock, LOCK_EX | LOCK_NB) != 0) {
        (void)close(*lock);
        *lock = -1;
        return pic_fail(err, PIC_ESTORE_IN_USE, NULL);
    }
    DIR *dir = opendir(to);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): each directory is read by one thread
    while (dir != NULL && (entry = readdir(dir)) != NULL)
        if (strncmp(entry->d_name, PIC_ARCHIVE_SCRATCH, sizeof PIC_ARCHIVE_SCRATCH - 1) == 0 &&
            pic_tree_join(to, entry->d_name, path, NULL) == PIC_OK)
            pic_tree_remove(path);
    if (dir != NULL)
        (void)closedir(dir);
    return PIC_OK;
}

static int find_before(struct making *m)
{
    size_t n;
    struct pic_archive_name *names;
    int status = pic_archive_list(m->to, PIC_ARCHIVE_DATA, &names, &n, m->err);
    m->before[0] = '\0';
    if (status == PIC_OK && n > 0)
        status = pic_tree_join(m->to, names[0].name, m->before, m->err);
    free(names);
    return status;
}

int pic_archive_make(const char *folder, const char *to, int64_t now_ms,
                     struct pic_archive_made *out, struct pic_err *err)
{
    char stamp[STAMP_SIZE];
    struct pic_keyring keys;
    struct making m = {.folder = folder, .to = to, .made = out, .err = err};
    int lock = -1;
    *out = (struct pic_archive_made){.time_ms = now_ms};
    int status = pic_keyring_open(folder, &keys, err);
    if (status != PIC_OK)
        return status == PIC_ENOT_FOUND ? pic_fail(err, PIC_ENO_SERVER, folder, NULL) : status;
    stamp_of(now_ms, stamp);
    status = pic_tree_make(to, err);
    if (status == PIC_OK)
        status = pic_archive_lock(to, &lock, err);
    if (status == PIC_OK)
        status = find_before(&m);
    /* The keys first: data never stay without what opens them. */
    if (status == PIC_OK)
        status = make_one(&m, PIC_MANIFEST_KEYS, stamp, &keys.identity);
    if (status == PIC_OK)
        status = make_one(&m, PIC_MANIFEST_DATA, stamp, &keys.identity);
    out->position = m.manifest.position;
    if (lock >= 0)
        (void)close(lock);
    pic_keyring_release(&keys);
    return status;
}

/* --- rotation --- */

/* Under another name first, so that what is half removed never looks like a copy. */
static int remove_one(const char *to, const char *name, struct pic_err *err)
{
    char from[PIC_TREE_PATH_MAX];
    char part[PIC_TREE_PATH_MAX];
    char hidden[PIC_ARCHIVE_NAME_MAX + sizeof PIC_ARCHIVE_SCRATCH + 8];
    (void)snprintf(hidden, sizeof hidden, "%sfin-%s", PIC_ARCHIVE_SCRATCH, name);
    int status = pic_tree_join(to, name, from, err);
    if (status == PIC_OK)
        status = pic_tree_join(to, hidden, part, err);
    if (status == PIC_OK)
        status = pic_tree_name(from, part, err);
    if (status == PIC_OK)
        pic_tree_remove(part);
    return status;
}

static int rotate_kind(const char *to, const char *prefix, const struct pic_retention *policy,
                       size_t *removed, struct pic_err *err)
{
    size_t n;
    struct pic_archive_name *names;
    int status = pic_archive_list(to, prefix, &names, &n, err);
    int64_t *times = calloc(n + 1, sizeof *times);
    bool *keep = calloc(n + 1, sizeof *keep);
    if (times == NULL || keep == NULL) {
        status = pic_fail(err, PIC_EMEMORY, NULL);
    } else if (status == PIC_OK) {
        for (size_t i = 0; i < n; i++)
            times[i] = names[i].time_ms;
        pic_retention_choose(policy, times, n, keep);
        for (size_t i = 0; status == PIC_OK && i < n; i++) {
            if (keep[i])
                continue;
            status = remove_one(to, names[i].name, err);
            *removed += status == PIC_OK;
        }
    }
    free(names);
    free(times);
    free(keep);
    return status;
}

int pic_archive_rotate(const char *to, const struct pic_retention *policy, size_t *removed,
                       struct pic_err *err)
{
    const struct pic_retention days = {.days = policy->days};
    int lock = -1;
    *removed = 0;
    int status = pic_archive_lock(to, &lock, err);
    if (status == PIC_OK)
        status = rotate_kind(to, PIC_ARCHIVE_DATA, policy, removed, err);
    if (status == PIC_OK)
        status = rotate_kind(to, PIC_ARCHIVE_KEYS, &days, removed, err);
    if (lock >= 0)
        (void)close(lock);
    return status;
}
