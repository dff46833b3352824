#include "tests/lib/crash_vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 32, PATH_BYTES = 512, SECTOR = 512, SHM_REGIONS = 16, SHM_LOCKS = 8 };

/* A write, or a truncation (bytes NULL), that no sync has followed yet. */
struct pending {
    struct pending *next;
    uint64_t offset, size;
    uint8_t *bytes;
};

struct image {
    uint8_t *bytes;
    uint64_t size, room;
};

/* What connections share beside the file: the index of the write-ahead log and its locks. */
struct shared {
    void *regions[SHM_REGIONS];
    int readers[SHM_LOCKS];
    bool writer[SHM_LOCKS];
    int connections;
};

struct disk_file {
    struct disk_file *next;
    char path[PATH_BYTES];
    struct image seen, synced; /* a file of no bytes does not exist after a cut */
    struct pending *first, **last;
    bool exists;
    int opened, shared_locks;
    bool reserved, exclusive;
    struct shared shm;
};

struct crash_disk {
    sqlite3_vfs vfs;
    char name[NAME_MAX_BYTES];
    struct disk_file *files;
    struct generator random;
    int64_t (*now_ms)(void *context);
    void *context;
    uint64_t fuse, limit, operations;
    bool cut;
};

/* An open file, in memory that SQLite owns. */
struct handle {
    sqlite3_file base;
    struct crash_disk *disk;
    struct disk_file *file;
    int lock;
    bool remove_at_end, in_shm;
    unsigned shm_shared, shm_exclusive; /* a bit for each lock held */
};

/* --- images --- */

static bool image_reserve(struct image *image, uint64_t size)
{
    if (size <= image->room)
        return true;
    uint64_t room = image->room < SECTOR ? SECTOR : image->room;
    while (room < size)
        room *= 2;
    uint8_t *bytes = realloc(image->bytes, room);
    if (bytes == NULL)
        return false;
    image->bytes = bytes;
    image->room = room;
    return true;
}

static bool image_resize(struct image *image, uint64_t size)
{
    if (!image_reserve(image, size))
        return false;
    if (size > image->size)
        memset(image->bytes + image->size, 0, size - image->size);
    image->size = size;
    return true;
}

static bool image_write(struct image *image, uint64_t offset, const uint8_t *bytes, uint64_t size)
{
    if (offset + size > image->size && !image_resize(image, offset + size))
        return false;
    memcpy(image->bytes + offset, bytes, size);
    return true;
}

static bool image_copy(const struct image *from, struct image *to)
{
    if (!image_resize(to, from->size))
        return false;
    if (from->size > 0)
        memcpy(to->bytes, from->bytes, from->size);
    return true;
}

/* --- what no sync has followed --- */

static bool note(struct disk_file *file, uint64_t offset, const uint8_t *bytes, uint64_t size)
{
    struct pending *p = malloc(sizeof *p + (bytes == NULL ? 0 : size));
    if (p == NULL)
        return false;
    *p = (struct pending){.offset = offset, .size = size};
    if (bytes != NULL) {
        p->bytes = (uint8_t *)(p + 1);
        memcpy(p->bytes, bytes, size);
    }
    *file->last = p;
    file->last = &p->next;
    return true;
}

static void forget(struct disk_file *file)
{
    for (struct pending *p = file->first, *next; p != NULL; p = next) {
        next = p->next;
        free(p);
    }
    file->first = NULL;
    file->last = &file->first;
}

static bool lucky(struct generator *luck)
{
    return luck == NULL || generator_below(luck, 2) == 0;
}

/* Whole writes mostly all reach the disk or mostly do not: a coin each, then one for each sector of
 * those that were torn. */
static bool replay_write(struct image *image, const struct pending *p, struct generator *luck)
{
    enum { KEPT, LOST, TORN, FATES };
    unsigned fate = luck == NULL ? KEPT : generator_below(luck, FATES);
    bool done = true;
    if (fate == KEPT)
        return image_write(image, p->offset, p->bytes, p->size);
    for (uint64_t at = 0; fate == TORN && done && at < p->size;) {
        uint64_t n = SECTOR - (p->offset + at) % SECTOR;
        n = n < p->size - at ? n : p->size - at;
        if (lucky(luck))
            done = image_write(image, p->offset + at, p->bytes + at, n);
        at += n;
    }
    return done;
}

static bool replay(struct disk_file *file, struct generator *luck)
{
    bool done = true;
    for (const struct pending *p = file->first; done && p != NULL; p = p->next) {
        if (p->bytes != NULL)
            done = replay_write(&file->synced, p, luck);
        else if (lucky(luck) && p->size < file->synced.size)
            done = image_resize(&file->synced, p->size);
    }
    forget(file);
    return done;
}

/* --- power --- */

/* True when the operation may take place. */
static bool powered(struct crash_disk *disk)
{
    if (disk->cut)
        return false;
    disk->operations++;
    if (disk->fuse > 0 && --disk->fuse == 0)
        disk->cut = true;
    return !disk->cut;
}

void crash_disk_fuse(struct crash_disk *disk, uint64_t n)
{
    disk->fuse = n;
}

void crash_disk_cut(struct crash_disk *disk)
{
    disk->cut = true;
}

bool crash_disk_is_cut(const struct crash_disk *disk)
{
    return disk->cut;
}

void crash_disk_restart(struct crash_disk *disk, struct generator *luck)
{
    bool done = true;
    for (struct disk_file *file = disk->files; file != NULL; file = file->next) {
        done = done && replay(file, luck) && image_copy(&file->synced, &file->seen);
        file->exists = file->seen.size > 0;
    }
    if (!done)
        abort(); /* out of memory: no history goes on from half a disk */
    disk->cut = false;
    disk->fuse = 0;
}

void crash_disk_limit(struct crash_disk *disk, uint64_t bytes)
{
    disk->limit = bytes;
}

uint64_t crash_disk_used(const struct crash_disk *disk)
{
    uint64_t used = 0;
    for (const struct disk_file *file = disk->files; file != NULL; file = file->next)
        used += file->seen.size;
    return used;
}

uint64_t crash_disk_operations(const struct crash_disk *disk)
{
    return disk->operations;
}

/* --- files --- */

static struct disk_file *find(struct crash_disk *disk, const char *path)
{
    struct disk_file *file = disk->files;
    while (file != NULL && strcmp(file->path, path) != 0)
        file = file->next;
    return file;
}

static struct disk_file *find_or_make(struct crash_disk *disk, const char *path)
{
    static unsigned unnamed;
    char own[NAME_MAX_BYTES];
    if (path == NULL) {
        (void)snprintf(own, sizeof own, "unnamed-%u", ++unnamed);
        path = own;
    }
    struct disk_file *file = find(disk, path);
    if (file != NULL || strlen(path) >= PATH_BYTES)
        return file;
    file = calloc(1, sizeof *file);
    if (file == NULL)
        return NULL;
    memcpy(file->path, path, strlen(path) + 1);
    file->last = &file->first;
    file->next = disk->files;
    disk->files = file;
    return file;
}

static void shm_clear(struct disk_file *file)
{
    for (int i = 0; i < SHM_REGIONS; i++)
        free(file->shm.regions[i]);
    memset(&file->shm, 0, sizeof file->shm);
}

static void empty(struct disk_file *file)
{
    forget(file);
    file->seen.size = file->synced.size = 0;
    file->exists = false;
}

bool crash_disk_move(const struct crash_disk *from, const char *from_folder, struct crash_disk *to,
                     const char *to_folder)
{
    bool done = true;
    size_t n = strlen(from_folder);
    for (struct disk_file *file = to->files; file != NULL; file = file->next)
        empty(file);
    for (const struct disk_file *file = from->files; done && file != NULL; file = file->next) {
        char path[PATH_BYTES];
        if (!file->exists || strncmp(file->path, from_folder, n) != 0)
            continue;
        done = snprintf(path, sizeof path, "%s%s", to_folder, file->path + n) < (int)sizeof path;
        struct disk_file *copy = done ? find_or_make(to, path) : NULL;
        done = copy != NULL && image_copy(&file->seen, &copy->seen) &&
               image_copy(&file->seen, &copy->synced);
        if (done)
            copy->exists = true;
    }
    return done;
}

bool crash_disk_copy(const struct crash_disk *from, struct crash_disk *to)
{
    return crash_disk_move(from, "", to, "");
}

/* --- methods of an open file --- */

static struct handle *handle_of(sqlite3_file *base)
{
    return (struct handle *)(void *)base;
}

static int x_read(sqlite3_file *base, void *out, int n, sqlite3_int64 offset)
{
    struct handle *h = handle_of(base);
    const struct image *image = &h->file->seen;
    if (h->disk->cut)
        return SQLITE_IOERR_READ;
    uint64_t at = (uint64_t)offset;
    uint64_t wanted = (uint64_t)n;
    uint64_t there = at >= image->size ? 0 : image->size - at;
    uint64_t got = there < wanted ? there : wanted;
    if (got > 0)
        memcpy(out, image->bytes + at, got);
    if (got == wanted)
        return SQLITE_OK;
    memset((uint8_t *)out + got, 0, wanted - got);
    return SQLITE_IOERR_SHORT_READ;
}

static int x_write(sqlite3_file *base, const void *bytes, int n, sqlite3_int64 offset)
{
    struct handle *h = handle_of(base);
    struct image *image = &h->file->seen;
    uint64_t at = (uint64_t)offset;
    uint64_t end = at + (uint64_t)n;
    if (!powered(h->disk))
        return SQLITE_IOERR_WRITE;
    uint64_t growth = end > image->size ? end - image->size : 0;
    if (h->disk->limit > 0 && growth > 0 && crash_disk_used(h->disk) + growth > h->disk->limit)
        return SQLITE_FULL;
    bool done = image_write(image, at, bytes, (uint64_t)n) &&
                note(h->file, at, bytes, (uint64_t)n);
    h->file->exists = true;
    return done ? SQLITE_OK : SQLITE_IOERR_NOMEM;
}

static int x_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct handle *h = handle_of(base);
    if (!powered(h->disk))
        return SQLITE_IOERR_TRUNCATE;
    bool done = image_resize(&h->file->seen, (uint64_t)size) &&
                note(h->file, 0, NULL, (uint64_t)size);
    return done ? SQLITE_OK : SQLITE_IOERR_NOMEM;
}

static int x_sync(sqlite3_file *base, int flags)
{
    struct handle *h = handle_of(base);
    (void)flags;
    if (!powered(h->disk))
        return SQLITE_IOERR_FSYNC;
    return replay(h->file, NULL) ? SQLITE_OK : SQLITE_IOERR_NOMEM;
}

static int x_file_size(sqlite3_file *base, sqlite3_int64 *out)
{
    struct handle *h = handle_of(base);
    if (h->disk->cut)
        return SQLITE_IOERR_FSTAT;
    *out = (sqlite3_int64)h->file->seen.size;
    return SQLITE_OK;
}

static int x_lock(sqlite3_file *base, int level)
{
    struct handle *h = handle_of(base);
    struct disk_file *f = h->file;
    if (level <= h->lock)
        return SQLITE_OK;
    int others = f->shared_locks - (h->lock >= SQLITE_LOCK_SHARED);
    bool reserved = f->reserved && h->lock < SQLITE_LOCK_RESERVED;
    if (f->exclusive || (level >= SQLITE_LOCK_RESERVED && reserved) ||
        (level == SQLITE_LOCK_EXCLUSIVE && others > 0))
        return SQLITE_BUSY;
    if (h->lock < SQLITE_LOCK_SHARED)
        f->shared_locks++;
    f->reserved = f->reserved || level >= SQLITE_LOCK_RESERVED;
    f->exclusive = level == SQLITE_LOCK_EXCLUSIVE;
    h->lock = level;
    return SQLITE_OK;
}

static int x_unlock(sqlite3_file *base, int level)
{
    struct handle *h = handle_of(base);
    if (h->lock >= SQLITE_LOCK_RESERVED && level < SQLITE_LOCK_RESERVED)
        h->file->reserved = h->file->exclusive = false;
    if (h->lock >= SQLITE_LOCK_SHARED && level < SQLITE_LOCK_SHARED)
        h->file->shared_locks--;
    if (level < h->lock)
        h->lock = level;
    return SQLITE_OK;
}

static int x_check_reserved(sqlite3_file *base, int *out)
{
    *out = handle_of(base)->file->reserved;
    return SQLITE_OK;
}

static int x_control(sqlite3_file *base, int op, void *arg)
{
    (void)base;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int x_sector_size(sqlite3_file *base)
{
    (void)base;
    return SECTOR;
}

/* As SQLite assumes of any disk: bytes beside those written are left alone by a cut. */
static int x_characteristics(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* --- the shared index of a write-ahead log --- */

static int x_shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **out)
{
    struct handle *h = handle_of(base);
    struct shared *shm = &h->file->shm;
    *out = NULL;
    if (h->disk->cut || region >= SHM_REGIONS)
        return SQLITE_IOERR_SHMMAP;
    if (!h->in_shm) {
        h->in_shm = true;
        shm->connections++;
    }
    if (shm->regions[region] == NULL && extend)
        shm->regions[region] = calloc(1, (size_t)size);
    if (shm->regions[region] == NULL && extend)
        return SQLITE_IOERR_NOMEM;
    *out = shm->regions[region];
    return SQLITE_OK;
}

static void shm_release(struct handle *h, int i)
{
    struct shared *shm = &h->file->shm;
    unsigned bit = 1U << i;
    if ((h->shm_exclusive & bit) != 0)
        shm->writer[i] = false;
    if ((h->shm_shared & bit) != 0)
        shm->readers[i]--;
    h->shm_exclusive &= ~bit;
    h->shm_shared &= ~bit;
}

static int x_shm_lock(sqlite3_file *base, int offset, int n, int flags)
{
    struct handle *h = handle_of(base);
    struct shared *shm = &h->file->shm;
    bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
        for (int i = offset; i < offset + n; i++)
            shm_release(h, i);
        return SQLITE_OK;
    }
    for (int i = offset; i < offset + n; i++) {
        int others = shm->readers[i] - ((h->shm_shared >> i & 1U) != 0);
        bool mine = (h->shm_exclusive >> i & 1U) != 0;
        if ((shm->writer[i] && !mine) || (exclusive && others > 0))
            return SQLITE_BUSY;
    }
    for (int i = offset; i < offset + n; i++) {
        shm_release(h, i);
        if (exclusive) {
            shm->writer[i] = true;
            h->shm_exclusive |= 1U << i;
        } else {
            shm->readers[i]++;
            h->shm_shared |= 1U << i;
        }
    }
    return SQLITE_OK;
}

/* One thread: nothing to order. */
static void x_shm_barrier(sqlite3_file *base)
{
    (void)base;
}

static int x_shm_unmap(sqlite3_file *base, int remove)
{
    struct handle *h = handle_of(base);
    (void)remove;
    for (int i = 0; i < SHM_LOCKS; i++)
        shm_release(h, i);
    if (h->in_shm && --h->file->shm.connections == 0)
        shm_clear(h->file);
    h->in_shm = false;
    return SQLITE_OK;
}

static int x_close(sqlite3_file *base)
{
    struct handle *h = handle_of(base);
    (void)x_shm_unmap(base, 0);
    (void)x_unlock(base, SQLITE_LOCK_NONE);
    h->file->opened--;
    if (h->remove_at_end && h->file->opened == 0)
        empty(h->file);
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = x_close,
    .xRead = x_read,
    .xWrite = x_write,
    .xTruncate = x_truncate,
    .xSync = x_sync,
    .xFileSize = x_file_size,
    .xLock = x_lock,
    .xUnlock = x_unlock,
    .xCheckReservedLock = x_check_reserved,
    .xFileControl = x_control,
    .xSectorSize = x_sector_size,
    .xDeviceCharacteristics = x_characteristics,
    .xShmMap = x_shm_map,
    .xShmLock = x_shm_lock,
    .xShmBarrier = x_shm_barrier,
    .xShmUnmap = x_shm_unmap,
};

/* --- methods of the disk --- */

static struct crash_disk *disk_of(sqlite3_vfs *vfs)
{
    return vfs->pAppData;
}

static int x_open(sqlite3_vfs *vfs, sqlite3_filename path, sqlite3_file *base, int flags, int *out)
{
    struct crash_disk *disk = disk_of(vfs);
    struct handle *h = handle_of(base);
    memset(h, 0, sizeof *h);
    if (disk->cut)
        return SQLITE_CANTOPEN;
    struct disk_file *file = path == NULL ? NULL : find(disk, path);
    if ((file == NULL || !file->exists) && (flags & SQLITE_OPEN_CREATE) == 0)
        return SQLITE_CANTOPEN;
    file = file != NULL ? file : find_or_make(disk, path);
    if (file == NULL)
        return SQLITE_NOMEM;
    file->exists = true;
    file->opened++;
    h->disk = disk;
    h->file = file;
    h->remove_at_end = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    h->base.pMethods = &methods;
    if (out != NULL)
        *out = flags;
    return SQLITE_OK;
}

static int x_delete(sqlite3_vfs *vfs, const char *path, int durable)
{
    struct crash_disk *disk = disk_of(vfs);
    struct disk_file *file = find(disk, path);
    if (file == NULL || !file->exists)
        return SQLITE_IOERR_DELETE_NOENT;
    if (!powered(disk))
        return SQLITE_IOERR_DELETE;
    bool done = image_resize(&file->seen, 0) && note(file, 0, NULL, 0);
    if (done && durable)
        done = replay(file, NULL);
    file->exists = false;
    return done ? SQLITE_OK : SQLITE_IOERR_NOMEM;
}

static int x_access(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
    const struct disk_file *file = find(disk_of(vfs), path);
    (void)flags;
    if (disk_of(vfs)->cut)
        return SQLITE_IOERR_ACCESS;
    *out = file != NULL && file->exists && file->seen.size > 0;
    return SQLITE_OK;
}

static int x_full_pathname(sqlite3_vfs *vfs, const char *path, int n, char *out)
{
    (void)vfs;
    return snprintf(out, (size_t)n, "%s", path) < n ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int x_randomness(sqlite3_vfs *vfs, int n, char *out)
{
    for (int i = 0; i < n; i++)
        out[i] = (char)generator_next(&disk_of(vfs)->random);
    return n;
}

/* Whoever would wait for another connection waits for ever: there is one thread. */
static int x_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    return us;
}

static int x_current_time_64(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
    const struct crash_disk *disk = disk_of(vfs);
    static const sqlite3_int64 epoch_ms = INT64_C(210866760000000); /* 1970 since noon, -4713 */
    *out = epoch_ms + (disk->now_ms == NULL ? 0 : disk->now_ms(disk->context));
    return SQLITE_OK;
}

static int x_current_time(sqlite3_vfs *vfs, double *out)
{
    static const double day_ms = 86400000.0;
    sqlite3_int64 ms;
    (void)x_current_time_64(vfs, &ms);
    *out = (double)ms / day_ms;
    return SQLITE_OK;
}

static int x_last_error(sqlite3_vfs *vfs, int n, char *out)
{
    (void)vfs;
    (void)n;
    (void)out;
    return 0;
}

struct crash_disk *crash_disk_new(const char *name, bool standard)
{
    struct crash_disk *disk = calloc(1, sizeof *disk);
    if (disk == NULL)
        return NULL;
    (void)snprintf(disk->name, sizeof disk->name, "%s", name);
    disk->random = generator_from(1);
    disk->vfs = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = sizeof(struct handle),
        .mxPathname = PATH_BYTES,
        .zName = disk->name,
        .pAppData = disk,
        .xOpen = x_open,
        .xDelete = x_delete,
        .xAccess = x_access,
        .xFullPathname = x_full_pathname,
        .xRandomness = x_randomness,
        .xSleep = x_sleep,
        .xCurrentTime = x_current_time,
        .xGetLastError = x_last_error,
        .xCurrentTimeInt64 = x_current_time_64,
    };
    if (sqlite3_vfs_register(&disk->vfs, standard) == SQLITE_OK)
        return disk;
    free(disk);
    return NULL;
}

void crash_disk_free(struct crash_disk *disk)
{
    if (disk == NULL)
        return;
    (void)sqlite3_vfs_unregister(&disk->vfs);
    for (struct disk_file *file = disk->files, *next; file != NULL; file = next) {
        next = file->next;
        forget(file);
        shm_clear(file);
        free(file->seen.bytes);
        free(file->synced.bytes);
        free(file);
    }
    free(disk);
}

const char *crash_disk_name(const struct crash_disk *disk)
{
    return disk->name;
}

void crash_disk_clock(struct crash_disk *disk, int64_t (*now_ms)(void *context), void *context)
{
    disk->now_ms = now_ms;
    disk->context = context;
}
