#include "schema/store/blobs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    HEX_SIZE = 2 * PIC_HASH_SIZE,
    PATH_SIZE = 512 + HEX_SIZE + sizeof "//.part",
    PIECE = 1 << 16, /* bytes read at a time */
};

struct names {
    char folder[PATH_SIZE]; /* …/ab */
    char whole[PATH_SIZE];  /* …/ab/cdef… */
    char part[PATH_SIZE];   /* …/ab/cdef….part */
};

static struct names names_of(const struct pic_blobs *blobs,
                             const uint8_t hash[static PIC_HASH_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    char hex[HEX_SIZE + 1] = "";
    for (size_t i = 0; i < PIC_HASH_SIZE; i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 0xF];
    }
    struct names names;
    (void)snprintf(names.folder, PATH_SIZE, "%s/%.2s", blobs->folder, hex);
    (void)snprintf(names.whole, PATH_SIZE, "%s/%.2s/%s", blobs->folder, hex, hex + 2);
    (void)snprintf(names.part, PATH_SIZE, "%s/%.2s/%s.part", blobs->folder, hex, hex + 2);
    return names;
}

static int sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return pic_blob_failure();
    int status = fsync(fd) == 0 ? PIC_OK : pic_blob_failure();
    (void)close(fd);
    return status;
}

int pic_blobs_init(struct pic_blobs *blobs, const char *folder)
{
    struct pic_blobs made = {.size_max = PIC_BLOB_MAX};
    size_t n = strlen(folder);
    if (n >= sizeof made.folder)
        return PIC_ELIMIT;
    memcpy(made.folder, folder, n);
    if (mkdir(folder, S_IRWXU) == 0) {
        char parent[PATH_SIZE];
        (void)snprintf(parent, sizeof parent, "%s/..", folder);
        int status = sync_folder(parent);
        if (status != PIC_OK)
            return status;
    } else if (errno != EEXIST) {
        return pic_blob_failure();
    }
    struct stat info;
    if (stat(folder, &info) != 0 || !S_ISDIR(info.st_mode))
        return PIC_EIO;
    *blobs = made;
    return PIC_OK;
}

void pic_blobs_cloak(struct pic_blobs *blobs, const uint8_t owner[static PIC_KEY_SIZE])
{
    blobs->owner.cloaked = true;
    memcpy(blobs->owner.key, owner, PIC_KEY_SIZE);
}

/* Size of a file; PIC_ENOT_FOUND. */
static int size_of(const char *path, uint64_t *size)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return errno == ENOENT ? PIC_ENOT_FOUND : pic_blob_failure();
    *size = (uint64_t)info.st_size;
    return PIC_OK;
}

static int held_under(const struct pic_blobs *blobs, const struct names *names, uint64_t *held,
                      bool *complete)
{
    uint64_t size = 0;
    int status = size_of(names->whole, &size);
    bool whole = status == PIC_OK;
    if (status == PIC_ENOT_FOUND)
        status = size_of(names->part, &size);
    if (status != PIC_OK && status != PIC_ENOT_FOUND)
        return status;
    *held = pic_blob_file_size(&blobs->owner, size);
    *complete = whole;
    return PIC_OK;
}

int pic_blobs_held(const struct pic_blobs *blobs, const uint8_t hash[static PIC_HASH_SIZE],
                   uint64_t *held, bool *complete)
{
    struct names names = names_of(blobs, hash);
    return held_under(blobs, &names, held, complete);
}

/* Hash and size of a whole open file. PIC_ELIMIT over size_max. */
static int hash_file(struct pic_blob_file *file, uint64_t size_max,
                     uint8_t hash[static PIC_HASH_SIZE], uint64_t *size)
{
    uint8_t *piece = malloc(PIECE);
    if (piece == NULL)
        return PIC_EMEMORY;
    struct pic_hasher hasher;
    pic_hasher_init(&hasher);
    uint64_t done = 0;
    size_t got;
    int status;
    do {
        status = pic_blob_file_read(file, done, piece, PIECE, &got);
        pic_hasher_update(&hasher, pic_span_of(piece, got));
        done += got;
        if (status == PIC_OK && done > size_max)
            status = PIC_ELIMIT;
    } while (status == PIC_OK && got == PIECE);
    pic_hasher_final(&hasher, hash);
    pic_wipe(piece, PIECE);
    free(piece);
    *size = done;
    return status;
}

/* Opens the blob in progress for one writer at a time. PIC_ENOT_FOUND where it is not there and may
 * not be made; PIC_EEXISTS where another writer has just completed it. */
static int open_part(const struct names *names, bool make, int *out)
{
    if (make && mkdir(names->folder, S_IRWXU) != 0 && errno != EEXIST)
        return pic_blob_failure();
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (make ? O_CREAT : 0);
    for (;;) {
        uint64_t size;
        if (size_of(names->whole, &size) == PIC_OK)
            return PIC_EEXISTS;
        int fd = open(names->part, flags, S_IRUSR | S_IWUSR);
        if (fd < 0)
            return !make && errno == ENOENT ? PIC_ENOT_FOUND : pic_blob_failure();
        struct stat mine;
        struct stat named;
        int locked;
        do
            locked = flock(fd, LOCK_EX);
        while (locked != 0 && errno == EINTR);
        if (locked != 0 || fstat(fd, &mine) != 0) {
            int status = pic_blob_failure();
            (void)close(fd);
            return status;
        }
        if (stat(names->part, &named) == 0 && named.st_ino == mine.st_ino &&
            named.st_dev == mine.st_dev) {
            *out = fd;
            return PIC_OK;
        }
        (void)close(fd); /* the writer before this one renamed it or threw it away */
    }
}

/* Makes the name of a whole blob durable. */
static int sync_name(const struct pic_blobs *blobs, const struct names *names)
{
    int status = sync_folder(names->folder);
    return status == PIC_OK ? sync_folder(blobs->folder) : status;
}

/* Turns a part that lacks nothing into the blob, or throws it away. The order makes it durable
 * before it has its name, and its name durable before anybody is told. */
static int complete_part(const struct pic_blobs *blobs, const struct names *names,
                         struct pic_blob_file *file, const uint8_t hash[static PIC_HASH_SIZE])
{
    uint8_t found[PIC_HASH_SIZE];
    uint64_t size;
    int status = hash_file(file, UINT64_MAX, found, &size);
    if (status != PIC_OK && status != PIC_EDECRYPT)
        return status;
    if (status == PIC_EDECRYPT || memcmp(found, hash, PIC_HASH_SIZE) != 0)
        return unlink(names->part) == 0 ? PIC_EHASH : pic_blob_failure();
    if (fsync(file->fd) != 0 || rename(names->part, names->whole) != 0)
        return pic_blob_failure();
    return sync_name(blobs, names);
}

/* Adds to an open part, whose size becomes *held. */
static int add(struct pic_blob_file *file, uint64_t total, uint64_t offset, struct pic_span bytes,
               uint64_t *held)
{
    struct stat info;
    if (fstat(file->fd, &info) != 0)
        return pic_blob_failure();
    *held = pic_blob_file_size(file->owner, (uint64_t)info.st_size);
    if (*held > total) {
        int status = pic_blob_file_begin(file);
        if (status != PIC_OK)
            return status;
        *held = 0;
    }
    if (offset > *held)
        return PIC_EGAP;
    uint64_t known = *held - offset;
    if (known >= bytes.n)
        return PIC_OK;
    int status =
        pic_blob_file_append(file, pic_span_of(bytes.p + known, bytes.n - (size_t)known), held);
    if (status != PIC_EDECRYPT)
        return status;
    /* A chunk that a power cut left half written, or a head that is no longer ours: again. */
    *held = 0;
    status = pic_blob_file_begin(file);
    return status == PIC_OK ? PIC_EGAP : status;
}

int pic_blobs_put(const struct pic_blobs *blobs, const uint8_t hash[static PIC_HASH_SIZE],
                  uint64_t total, uint64_t offset, struct pic_span bytes, uint64_t *held,
                  bool *complete)
{
    struct names names = names_of(blobs, hash);
    struct pic_blob_file file;
    int fd;
    if (total > blobs->size_max || offset > total || bytes.n > total - offset)
        return PIC_ELIMIT;
    int status = open_part(&names, bytes.n > 0 || total == 0, &fd);
    if (status == PIC_EEXISTS) {
        /* Whoever gave it its name may have been stopped before the name was durable. */
        status = sync_name(blobs, &names);
        return status == PIC_OK ? held_under(blobs, &names, held, complete) : status;
    }
    if (status != PIC_OK && status != PIC_ENOT_FOUND)
        return status;
    *held = 0;
    *complete = false;
    if (status == PIC_ENOT_FOUND)
        return offset > 0 ? PIC_EGAP : PIC_OK;
    pic_blob_file_init(&file, &blobs->owner, fd);
    status = add(&file, total, offset, bytes, held);
    if (status == PIC_OK && *held == total) {
        status = complete_part(blobs, &names, &file, hash);
        *complete = status == PIC_OK;
        if (status == PIC_EHASH)
            *held = 0;
    }
    pic_blob_file_release(&file);
    (void)close(fd);
    return status;
}

int pic_blobs_read(const struct pic_blobs *blobs, const uint8_t hash[static PIC_HASH_SIZE],
                   uint64_t offset, size_t max, struct pic_buf *out)
{
    struct names names = names_of(blobs, hash);
    int fd = open(names.whole, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? PIC_ENOT_FOUND : pic_blob_failure();
    struct stat info;
    struct pic_blob_file file;
    pic_blob_file_init(&file, &blobs->owner, fd);
    int status = fstat(fd, &info) == 0 ? PIC_OK : pic_blob_failure();
    uint64_t size =
        status == PIC_OK ? pic_blob_file_size(&blobs->owner, (uint64_t)info.st_size) : 0;
    if (status == PIC_OK && offset < size) {
        size_t n = size - offset < max ? (size_t)(size - offset) : max;
        size_t got = 0;
        uint8_t *room = pic_buf_room(out, n);
        status = room == NULL ? PIC_ELIMIT : pic_blob_file_read(&file, offset, room, n, &got);
        if (status == PIC_OK && got < n)
            status = PIC_EIO;
        if (status == PIC_OK)
            out->len += n;
    }
    pic_blob_file_release(&file);
    (void)close(fd);
    return status;
}

/* Where the bytes of a new blob come from: a file, or memory (fd < 0). */
struct source {
    int fd;
    struct pic_span bytes;
};

/* Reads what follows done bytes of a source, at most PIECE. */
static int next_piece(const struct source *from, uint64_t done, uint8_t *piece,
                      struct pic_span *out)
{
    size_t got = 0;
    *out = pic_span_of(piece, 0);
    if (from->fd < 0) {
        size_t left = from->bytes.n - (size_t)done;
        *out = pic_span_of(from->bytes.p + done, left < PIECE ? left : PIECE);
        return PIC_OK;
    }
    while (got < PIECE) {
        ssize_t r = pread(from->fd, piece + got, PIECE - got, (off_t)(done + got));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return PIC_EFILE;
        if (r == 0)
            break;
        got += (size_t)r;
    }
    *out = pic_span_of(piece, got);
    return PIC_OK;
}

/* Hash and size of what a source holds. PIC_ELIMIT over size_max. */
static int hash_source(const struct source *from, uint64_t size_max, uint8_t *piece,
                       uint8_t hash[static PIC_HASH_SIZE], uint64_t *size)
{
    struct pic_hasher hasher;
    struct pic_span bytes;
    int status;
    pic_hasher_init(&hasher);
    *size = 0;
    do {
        status = next_piece(from, *size, piece, &bytes);
        pic_hasher_update(&hasher, bytes);
        *size += bytes.n;
        if (status == PIC_OK && *size > size_max)
            status = PIC_ELIMIT;
    } while (status == PIC_OK && bytes.n == PIECE);
    pic_hasher_final(&hasher, hash);
    return status;
}

/* Writes a whole blob at once; what was held of it makes no difference. */
static int fill(const struct pic_blobs *blobs, const struct source *from, uint8_t *piece,
                const uint8_t hash[static PIC_HASH_SIZE])
{
    struct names names = names_of(blobs, hash);
    struct pic_blob_file file;
    struct pic_span bytes = {piece, PIECE};
    uint64_t held = 0;
    int fd = -1;
    int status = open_part(&names, true, &fd);
    if (status == PIC_EEXISTS) /* its name may not be durable yet */
        return sync_name(blobs, &names);
    if (status != PIC_OK)
        return status;
    pic_blob_file_init(&file, &blobs->owner, fd);
    status = pic_blob_file_begin(&file);
    while (status == PIC_OK && bytes.n == PIECE) {
        status = next_piece(from, held, piece, &bytes);
        if (status == PIC_OK)
            status = pic_blob_file_append(&file, bytes, &held);
    }
    if (status == PIC_OK)
        status = complete_part(blobs, &names, &file, hash);
    pic_blob_file_release(&file);
    (void)close(fd);
    return status;
}

static int take(const struct pic_blobs *blobs, const struct source *from,
                uint8_t hash[static PIC_HASH_SIZE], uint64_t *size)
{
    uint8_t found[PIC_HASH_SIZE];
    uint64_t n = 0;
    uint8_t *piece = malloc(PIECE);
    int status = piece == NULL ? PIC_EMEMORY : hash_source(from, blobs->size_max, piece, found, &n);
    if (status == PIC_OK)
        status = fill(blobs, from, piece, found);
    if (piece != NULL)
        pic_wipe(piece, PIECE);
    free(piece);
    if (status != PIC_OK) /* a file that changed meanwhile is not what its hash says */
        return status == PIC_EHASH ? PIC_EFILE : status;
    memcpy(hash, found, PIC_HASH_SIZE);
    *size = n;
    return PIC_OK;
}

int pic_blobs_take(const struct pic_blobs *blobs, const char *path,
                   uint8_t hash[static PIC_HASH_SIZE], uint64_t *size)
{
    /* Without O_NONBLOCK a named pipe would be waited for. */
    const struct source from = {.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    struct stat info;
    if (from.fd < 0)
        return PIC_EFILE;
    bool regular = fstat(from.fd, &info) == 0 && S_ISREG(info.st_mode);
    int status = regular ? take(blobs, &from, hash, size) : PIC_EFILE;
    (void)close(from.fd);
    return status;
}

int pic_blobs_take_bytes(const struct pic_blobs *blobs, struct pic_span bytes,
                         uint8_t hash[static PIC_HASH_SIZE])
{
    const struct source from = {.fd = -1, .bytes = bytes};
    uint64_t size;
    return take(blobs, &from, hash, &size);
}

/* Zeros in the place of what was there, as far as the disk writes where it is told. */
static bool overwrite(int fd, off_t size)
{
    static const uint8_t nothing[4096];
    for (off_t at = 0; at < size;) {
        size_t n = size - at < (off_t)sizeof nothing ? (size_t)(size - at) : sizeof nothing;
        ssize_t w = pwrite(fd, nothing, n, at);
        if (w < 0)
            return false;
        at += w;
    }
    return fsync(fd) == 0;
}

int pic_blobs_erase(const struct pic_blobs *blobs, const uint8_t hash[static PIC_HASH_SIZE])
{
    struct names names = names_of(blobs, hash);
    const char *const paths[] = {names.whole, names.part};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        int fd = open(paths[i], O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 && errno == ENOENT)
            continue;
        struct stat info;
        bool done = fd >= 0 && fstat(fd, &info) == 0 && overwrite(fd, info.st_size) &&
                    unlink(paths[i]) == 0;
        if (fd >= 0)
            (void)close(fd);
        if (!done)
            return pic_blob_failure();
    }
    int status = sync_folder(names.folder);
    return access(names.folder, F_OK) == 0 ? status : PIC_OK;
}

int pic_blobs_verify(const struct pic_blobs *blobs, const uint8_t hash[static PIC_HASH_SIZE])
{
    struct names names = names_of(blobs, hash);
    struct pic_blob_file file;
    int fd = open(names.whole, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? PIC_ENOT_FOUND : pic_blob_failure();
    uint8_t found[PIC_HASH_SIZE];
    uint64_t size;
    pic_blob_file_init(&file, &blobs->owner, fd);
    int status = hash_file(&file, UINT64_MAX, found, &size);
    pic_blob_file_release(&file);
    (void)close(fd);
    if (status != PIC_OK)
        return status == PIC_EDECRYPT ? PIC_EHASH : status;
    return memcmp(found, hash, PIC_HASH_SIZE) == 0 ? PIC_OK : PIC_EHASH;
}
