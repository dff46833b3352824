#include "tests/lib/crash_vfs.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "tests/lib/generator.h"

enum {
    NAME_SIZE = 128,
    SHM_REGIONS = 64,
    SECTOR_SIZE_TOLD = 4096, /* what SQLite's own layer for Unix tells */
    UNIX_EPOCH_JULIAN_MS_HIGH = 210866760,
};

/* The index of a log, shared by the connections to one database; dead ones may hold it longer. */
struct shared {
    int references;
    uint8_t *regions[SHM_REGIONS];
};

struct bytes {
    uint8_t *p;
    size_t n, cap; /* between n and cap: zero */
};

struct file {
    struct file *next;
    char name[NAME_SIZE]; /* "": anonymous, gone once closed */
    bool exists, durably_exists;
    struct bytes now, durable;
    size_t shortest; /* that it was cut to since the last sync; SIZE_MAX: never */
    size_t *dirty;   /* sectors that may differ between the two */
    size_t dirty_n, dirty_cap;
    uint8_t *is_dirty; /* one byte a sector */
    size_t sectors;    /* of is_dirty */
    struct shared *shared;
    struct handle *handles;
};

struct handle {
    sqlite3_file base;
    struct handle *next; /* on the same file */
    struct crash_vfs *disk;
    struct file *file;
    uint64_t life; /* of the machine it was opened in */
    int lock;
    bool syncs_folder; /* with its next sync */
    bool delete_on_close;
    struct shared *shared;
    unsigned shm_shared, shm_exclusive; /* slots locked */
};

struct crash_vfs {
    sqlite3_vfs base;
    char name[NAME_SIZE];
    struct generator random;
    struct file *files;
    uint64_t life, operations, until_fault, limit;
    enum crash_fault fault;
    bool hit;
};

static void *resize(void *p, size_t n)
{
    void *grown = realloc(p, n);
    if (grown == NULL)
        abort();
    return grown;
}

static void *zeroed(size_t n)
{
    void *p = calloc(1, n);
    if (p == NULL)
        abort();
    return p;
}

static bool coin(struct crash_vfs *disk)
{
    return (generator_next(&disk->random) >> 63) != 0;
}

/* --- bytes and sectors ------------------------------------------------------------------------ */

static void bytes_reserve(struct bytes *b, size_t n)
{
    if (n <= b->cap)
        return;
    size_t cap = b->cap == 0 ? SECTOR_SIZE_TOLD : b->cap;
    while (cap < n)
        cap *= 2;
    b->p = resize(b->p, cap);
    memset(b->p + b->cap, 0, cap - b->cap);
    b->cap = cap;
}

static void bytes_set_size(struct bytes *b, size_t n)
{
    bytes_reserve(b, n);
    if (n < b->n)
        memset(b->p + n, 0, b->n - n);
    b->n = n;
}

/* Makes one sector of `to` as it is in `from`, whatever the sizes. */
static void copy_sector(struct bytes *to, struct bytes *from, size_t sector)
{
    size_t end = (sector + 1) * CRASH_SECTOR;
    bytes_reserve(to, end);
    bytes_reserve(from, end);
    memcpy(to->p + end - CRASH_SECTOR, from->p + end - CRASH_SECTOR, CRASH_SECTOR);
}

static void mark_dirty(struct file *f, size_t from, size_t to)
{
    for (size_t s = from / CRASH_SECTOR; s * CRASH_SECTOR < to; s++) {
        if (s >= f->sectors) {
            size_t n = 2 * s + 8;
            f->is_dirty = resize(f->is_dirty, n);
            memset(f->is_dirty + f->sectors, 0, n - f->sectors);
            f->sectors = n;
        }
        if (f->is_dirty[s] != 0)
            continue;
        if (f->dirty_n == f->dirty_cap) {
            f->dirty_cap = 2 * f->dirty_cap + 8;
            f->dirty = resize(f->dirty, f->dirty_cap * sizeof *f->dirty);
        }
        f->is_dirty[s] = 1;
        f->dirty[f->dirty_n++] = s;
    }
}

static void mark_clean(struct file *f)
{
    for (size_t i = 0; i < f->dirty_n; i++)
        f->is_dirty[f->dirty[i]] = 0;
    f->dirty_n = 0;
}

static void set_size(struct file *f, size_t n)
{
    if (n < f->now.n)
        mark_dirty(f, n, f->now.n);
    if (n < f->now.n && n < f->shortest)
        f->shortest = n;
    bytes_set_size(&f->now, n);
}

static void sync_content(struct file *f)
{
    for (size_t i = 0; i < f->dirty_n; i++)
        copy_sector(&f->durable, &f->now, f->dirty[i]);
    bytes_set_size(&f->durable, f->now.n);
    mark_clean(f);
    f->shortest = SIZE_MAX;
}

static void sync_names(struct crash_vfs *disk)
{
    for (struct file *f = disk->files; f != NULL; f = f->next)
        f->durably_exists = f->exists;
}

/* What is on the disk of this file after a power cut. Cutting a file is one change of the file
 * system: where it is lost, what was beyond is as it was, with all that was written there since. */
static void lose_content(struct crash_vfs *disk, struct file *f, bool some)
{
    bool cut = f->shortest < f->durable.n && some && coin(disk);
    bool uncut = f->shortest < f->durable.n && !cut;
    if (cut)
        bytes_set_size(&f->durable, f->shortest);
    size_t size = some && !uncut && coin(disk) ? f->now.n : f->durable.n;
    for (size_t i = 0; i < f->dirty_n; i++) {
        size_t start = f->dirty[i] * CRASH_SECTOR;
        size_t end = start + CRASH_SECTOR < f->now.n ? start + CRASH_SECTOR : f->now.n;
        bool survives = some && coin(disk) && !(uncut && start + CRASH_SECTOR > f->shortest);
        if (!survives)
            copy_sector(&f->now, &f->durable, f->dirty[i]);
        else if (end > size && end > start)
            size = end;
    }
    bytes_reserve(&f->now, size);
    f->now.n = f->now.cap; /* so that what is beyond size becomes zero */
    bytes_set_size(&f->now, size);
    sync_content(f);
}

static void lose(struct crash_vfs *disk, struct file *f, bool some)
{
    if (f->exists != f->durably_exists && (!some || coin(disk))) {
        f->exists = f->durably_exists;
        if (f->exists) { /* a deletion undone: the content is as it was last synced */
            mark_clean(f);
            f->shortest = SIZE_MAX;
            bytes_set_size(&f->now, 0);
            bytes_set_size(&f->now, f->durable.n);
            if (f->durable.n > 0)
                memcpy(f->now.p, f->durable.p, f->durable.n);
        }
    } else if (f->exists) {
        lose_content(disk, f, some);
    }
    f->durably_exists = f->exists;
    if (!f->exists) {
        set_size(f, 0);
        sync_content(f);
    }
}

/* --- faults ----------------------------------------------------------------------------------- */

/* Counts an operation. SQLITE_OK, or what it fails with: full where it needs room, else error. */
static int operate(struct crash_vfs *disk, bool needs_room, int error)
{
    bool due = disk->fault != CRASH_FAULT_NONE && disk->until_fault == 0;
    if (disk->fault != CRASH_FAULT_NONE && !due)
        disk->until_fault--;
    if (!due) {
        disk->operations++;
        return SQLITE_OK;
    }
    bool full = disk->fault == CRASH_FAULT_FULL && needs_room;
    disk->hit = true;
    if (disk->fault != CRASH_FAULT_CUT)
        disk->fault = CRASH_FAULT_NONE;
    return full ? SQLITE_FULL : error;
}

static bool is_dead(const struct handle *h)
{
    bool cut = h->disk->fault == CRASH_FAULT_CUT && h->disk->hit;
    return cut || h->life != h->disk->life;
}

/* --- files ------------------------------------------------------------------------------------ */

static struct handle *handle_of(sqlite3_file *file)
{
    return (struct handle *)file;
}

static struct crash_vfs *disk_of(sqlite3_vfs *vfs)
{
    return vfs->pAppData;
}

static void shared_release(struct handle *h)
{
    struct shared *s = h->shared;
    h->shared = NULL;
    h->shm_shared = h->shm_exclusive = 0;
    if (s == NULL || --s->references > 0)
        return;
    if (h->file->shared == s)
        h->file->shared = NULL;
    for (int i = 0; i < SHM_REGIONS; i++)
        free(s->regions[i]);
    free(s);
}

static void file_free(struct file *f)
{
    free(f->now.p);
    free(f->durable.p);
    free(f->dirty);
    free(f->is_dirty);
    free(f);
}

static int file_close(sqlite3_file *file)
{
    struct handle *h = handle_of(file);
    struct file *f = h->file;
    shared_release(h);
    struct handle **at = &f->handles;
    while (*at != h)
        at = &(*at)->next;
    *at = h->next;
    if (f->name[0] == '\0') {
        file_free(f);
    } else if (h->delete_on_close && !is_dead(h)) {
        f->exists = false;
        set_size(f, 0);
    }
    return SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *out, int n, sqlite3_int64 offset)
{
    struct handle *h = handle_of(file);
    size_t from = (size_t)offset;
    size_t want = (size_t)n;
    if (is_dead(h))
        return SQLITE_IOERR_READ;
    size_t has = from < h->file->now.n ? h->file->now.n - from : 0;
    has = has < want ? has : want;
    if (has > 0)
        memcpy(out, h->file->now.p + from, has);
    memset((uint8_t *)out + has, 0, want - has);
    return has == want ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *file, const void *in, int n, sqlite3_int64 offset)
{
    struct handle *h = handle_of(file);
    struct file *f = h->file;
    if (is_dead(h))
        return SQLITE_IOERR_WRITE;
    bool cut_now = h->disk->fault == CRASH_FAULT_CUT;
    int code = operate(h->disk, true, SQLITE_IOERR_WRITE);
    /* The power goes during the write: the coin decides about each of its sectors. */
    if (code != SQLITE_OK && !cut_now)
        return code;
    size_t from = (size_t)offset;
    size_t to = from + (size_t)n;
    if (h->disk->limit > 0 && to > f->now.n &&
        crash_vfs_used(h->disk) + (to - f->now.n) > h->disk->limit)
        return SQLITE_FULL;
    if (from > f->now.n)
        mark_dirty(f, f->now.n, from);
    if (to > f->now.n)
        bytes_set_size(&f->now, to);
    memcpy(f->now.p + from, in, (size_t)n);
    mark_dirty(f, from, to);
    return code;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct handle *h = handle_of(file);
    int code = is_dead(h) ? SQLITE_IOERR_TRUNCATE : operate(h->disk, false, SQLITE_IOERR_TRUNCATE);
    if (code == SQLITE_OK)
        set_size(h->file, (size_t)size);
    return code;
}

static int file_sync(sqlite3_file *file, int flags)
{
    (void)flags;
    struct handle *h = handle_of(file);
    int code = is_dead(h) ? SQLITE_IOERR_FSYNC : operate(h->disk, false, SQLITE_IOERR_FSYNC);
    if (code != SQLITE_OK)
        return code;
    sync_content(h->file);
    if (h->syncs_folder)
        sync_names(h->disk);
    h->syncs_folder = false;
    return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *out)
{
    struct handle *h = handle_of(file);
    *out = (sqlite3_int64)h->file->now.n;
    return is_dead(h) ? SQLITE_IOERR_FSTAT : SQLITE_OK;
}

/* Whether another living connection to the file holds at least this lock. */
static bool others_hold(const struct handle *h, int lock)
{
    for (const struct handle *o = h->file->handles; o != NULL; o = o->next)
        if (o != h && o->life == h->life && o->lock >= lock)
            return true;
    return false;
}

static int file_lock(sqlite3_file *file, int lock)
{
    struct handle *h = handle_of(file);
    if (is_dead(h))
        return SQLITE_IOERR_LOCK;
    if (lock <= h->lock)
        return SQLITE_OK;
    if (others_hold(h, lock == SQLITE_LOCK_SHARED ? SQLITE_LOCK_PENDING : SQLITE_LOCK_RESERVED))
        return SQLITE_BUSY;
    if (lock == SQLITE_LOCK_EXCLUSIVE && others_hold(h, SQLITE_LOCK_SHARED)) {
        h->lock = SQLITE_LOCK_PENDING;
        return SQLITE_BUSY;
    }
    h->lock = lock;
    return SQLITE_OK;
}

static int file_unlock(sqlite3_file *file, int lock)
{
    struct handle *h = handle_of(file);
    if (lock < h->lock)
        h->lock = lock;
    return SQLITE_OK;
}

static int file_is_reserved(sqlite3_file *file, int *out)
{
    struct handle *h = handle_of(file);
    *out = h->lock >= SQLITE_LOCK_RESERVED || others_hold(h, SQLITE_LOCK_RESERVED);
    return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
    (void)file;
    (void)operation;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *file)
{
    (void)file;
    return SECTOR_SIZE_TOLD;
}

static int file_characteristics(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* --- shared memory ---------------------------------------------------------------------------- */

static int shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
    struct handle *h = handle_of(file);
    *out = NULL;
    if (is_dead(h) || region >= SHM_REGIONS)
        return SQLITE_IOERR_SHMMAP;
    if (h->shared == NULL) {
        if (h->file->shared == NULL)
            h->file->shared = zeroed(sizeof *h->file->shared);
        h->shared = h->file->shared;
        h->shared->references++;
    }
    if (h->shared->regions[region] == NULL && extend != 0)
        h->shared->regions[region] = zeroed((size_t)size);
    *out = h->shared->regions[region];
    return SQLITE_OK;
}

static int shm_lock(sqlite3_file *file, int first, int n, int flags)
{
    struct handle *h = handle_of(file);
    unsigned slots = ((1U << (unsigned)n) - 1U) << (unsigned)first;
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
        h->shm_shared &= ~slots;
        h->shm_exclusive &= ~slots;
        return SQLITE_OK;
    }
    if (is_dead(h))
        return SQLITE_IOERR_SHMLOCK;
    bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    for (const struct handle *o = h->file->handles; o != NULL; o = o->next) {
        unsigned against = o->shm_exclusive | (exclusive ? o->shm_shared : 0U);
        if (o != h && o->life == h->life && (against & slots) != 0)
            return SQLITE_BUSY;
    }
    if (exclusive)
        h->shm_exclusive |= slots;
    else
        h->shm_shared |= slots;
    return SQLITE_OK;
}

static void shm_barrier(sqlite3_file *file)
{
    (void)file; /* one thread */
}

static int shm_unmap(sqlite3_file *file, int delete)
{
    (void)delete; /* it goes with its last user anyway */
    shared_release(handle_of(file));
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_is_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

/* --- the disk --------------------------------------------------------------------------------- */

static bool is_cut(const struct crash_vfs *disk)
{
    return disk->fault == CRASH_FAULT_CUT && disk->hit;
}

static struct file *find(struct crash_vfs *disk, const char *name)
{
    struct file *f = disk->files;
    while (f != NULL && strcmp(f->name, name) != 0)
        f = f->next;
    return f;
}

/* A file of this name, new and empty where there is none. */
static struct file *make(struct crash_vfs *disk, const char *name)
{
    struct file *f = name == NULL ? NULL : find(disk, name);
    if (f == NULL) {
        f = zeroed(sizeof *f);
        f->shortest = SIZE_MAX;
        if (name != NULL) {
            (void)snprintf(f->name, sizeof f->name, "%s", name);
            f->next = disk->files;
            disk->files = f;
        }
    }
    if (!f->exists) {
        /* File systems keep the order of deletions and creations: what was there is gone. */
        set_size(f, 0);
        sync_content(f);
        f->exists = true;
        f->durably_exists = false;
    }
    return f;
}

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *out_flags)
{
    struct crash_vfs *disk = disk_of(vfs);
    struct handle *h = handle_of(file);
    memset(h, 0, sizeof *h);
    struct file *f = name == NULL ? NULL : find(disk, name);
    bool is_new = f == NULL || !f->exists;
    if (is_cut(disk) || (is_new && (flags & SQLITE_OPEN_CREATE) == 0))
        return SQLITE_CANTOPEN;
    f = is_new ? make(disk, name) : f;
    *h = (struct handle){
        .base.pMethods = &methods,
        .next = f->handles,
        .disk = disk,
        .file = f,
        .life = disk->life,
        /* Also where the file was there: a program that was killed may have made it. */
        .syncs_folder =
            (flags & SQLITE_OPEN_CREATE) != 0 &&
            (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0,
        .delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0,
    };
    f->handles = h;
    if (out_flags != NULL)
        *out_flags = flags;
    return SQLITE_OK;
}

static int disk_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    struct crash_vfs *disk = disk_of(vfs);
    struct file *f = find(disk, name);
    if (is_cut(disk))
        return SQLITE_IOERR_DELETE;
    if (f == NULL || !f->exists)
        return SQLITE_IOERR_DELETE_NOENT;
    int code = operate(disk, false, SQLITE_IOERR_DELETE);
    if (code != SQLITE_OK)
        return code;
    f->exists = false;
    set_size(f, 0);
    if (sync_folder != 0)
        sync_names(disk);
    return SQLITE_OK;
}

static int disk_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    struct crash_vfs *disk = disk_of(vfs);
    struct file *f = find(disk, name);
    /* As on Unix: an empty file might as well not be there. */
    *out = f != NULL && f->exists && (flags != SQLITE_ACCESS_EXISTS || f->now.n > 0);
    return is_cut(disk) ? SQLITE_IOERR_ACCESS : SQLITE_OK;
}

static int disk_full_path(sqlite3_vfs *vfs, const char *name, int n, char *out)
{
    (void)vfs;
    int length = snprintf(out, (size_t)n, "%s", name);
    return length >= 0 && length < n && length < NAME_SIZE ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int disk_randomness(sqlite3_vfs *vfs, int n, char *out)
{
    struct crash_vfs *disk = disk_of(vfs);
    for (int i = 0; i < n; i++)
        out[i] = (char)generator_below(&disk->random, UINT8_MAX);
    return n;
}

static int disk_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds;
}

/* 1 January 1970, for ever: no query of this program asks SQLite for the time. */
static int disk_time(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
    (void)vfs;
    *out = (sqlite3_int64)UNIX_EPOCH_JULIAN_MS_HIGH * 1000000;
    return SQLITE_OK;
}

static int disk_last_error(sqlite3_vfs *vfs, int n, char *out)
{
    (void)vfs;
    (void)n;
    (void)out;
    return 0;
}

struct crash_vfs *crash_vfs_new(const char *name, uint64_t seed)
{
    struct crash_vfs *disk = zeroed(sizeof *disk);
    (void)snprintf(disk->name, sizeof disk->name, "%s", name);
    disk->random = generator_from(seed);
    disk->base = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = sizeof(struct handle),
        .mxPathname = NAME_SIZE,
        .zName = disk->name,
        .pAppData = disk,
        .xOpen = disk_open,
        .xDelete = disk_delete,
        .xAccess = disk_access,
        .xFullPathname = disk_full_path,
        .xRandomness = disk_randomness,
        .xSleep = disk_sleep,
        .xGetLastError = disk_last_error,
        .xCurrentTimeInt64 = disk_time,
    };
    if (sqlite3_vfs_find(name) != NULL || sqlite3_vfs_register(&disk->base, 0) != SQLITE_OK)
        abort();
    return disk;
}

void crash_vfs_free(struct crash_vfs *disk)
{
    if (disk == NULL)
        return;
    (void)sqlite3_vfs_unregister(&disk->base);
    while (disk->files != NULL) {
        struct file *f = disk->files;
        disk->files = f->next;
        if (f->handles != NULL)
            abort(); /* a connection is still open */
        file_free(f);
    }
    free(disk);
}

const char *crash_vfs_name(const struct crash_vfs *disk)
{
    return disk->name;
}

void crash_vfs_standard(struct crash_vfs *disk)
{
    if (sqlite3_vfs_register(&disk->base, 1) != SQLITE_OK)
        abort();
}

uint64_t crash_vfs_used(const struct crash_vfs *disk)
{
    uint64_t used = 0;
    for (const struct file *f = disk->files; f != NULL; f = f->next)
        used += f->exists ? f->now.n : 0;
    return used;
}

void crash_vfs_limit(struct crash_vfs *disk, uint64_t bytes)
{
    disk->limit = bytes;
}

void crash_vfs_copy(const struct crash_vfs *from, const char *from_folder, struct crash_vfs *to,
                    const char *to_folder)
{
    const size_t n = strlen(from_folder);
    for (struct file *f = to->files; f != NULL; f = f->next) {
        f->exists = f->durably_exists = false;
        set_size(f, 0);
        sync_content(f);
    }
    for (const struct file *f = from->files; f != NULL; f = f->next) {
        char name[2 * NAME_SIZE];
        if (!f->exists || strncmp(f->name, from_folder, n) != 0)
            continue;
        (void)snprintf(name, sizeof name, "%s%s", to_folder, f->name + n);
        if (strlen(name) >= NAME_SIZE)
            abort();
        struct file *copy = make(to, name);
        set_size(copy, f->now.n);
        if (f->now.n > 0)
            memcpy(copy->now.p, f->now.p, f->now.n);
        mark_dirty(copy, 0, f->now.n);
        sync_content(copy);
        copy->durably_exists = true;
    }
}

void crash_vfs_crash(struct crash_vfs *disk, enum crash_kind kind)
{
    disk->life++;
    disk->fault = CRASH_FAULT_NONE;
    for (struct file *f = disk->files; f != NULL; f = f->next) {
        f->shared = NULL;
        if (kind != CRASH_PROCESS)
            lose(disk, f, kind == CRASH_POWER_SOME);
    }
}

uint64_t crash_vfs_operations(const struct crash_vfs *disk)
{
    return disk->operations;
}

void crash_vfs_arm(struct crash_vfs *disk, enum crash_fault fault, uint64_t n)
{
    disk->fault = fault;
    disk->until_fault = n;
    disk->hit = false;
}

int crash_vfs_has_hit(const struct crash_vfs *disk)
{
    return disk->hit;
}
