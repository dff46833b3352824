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

/* Status of a failed system call. A file that the system refuses to let grow is a matter of quota:
 * size_max is far below what any file system holds. */
static int failure(void)
{
    switch (errno) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return PIC_EDISK_FULL;
    case ENOMEM:
        return PIC_EMEMORY;
    default:
        return PIC_EIO;
    }
}

static int sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return failure();
    int status = fsync(fd) == 0 ? PIC_OK : failure();
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
        return failure();
    }
    struct stat info;
    if (stat(folder, &info) != 0 || !S_ISDIR(info.st_mode))
        return PIC_EIO;
    *blobs = made;
    return PIC_OK;
}

/* Size of a file; PIC_ENOT_FOUND. */
static int size_of(const char *path, uint64_t *size)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return errno == ENOENT ? PIC_ENOT_FOUND : failure();
    *size = (uint64_t)info.st_size;
    return PIC_OK;
}

static int held_under(const struct names *names, uint64_t *held, bool *complete)
{
    uint64_t size = 0;
    int status = size_of(names->whole, &size);
    bool whole = status == PIC_OK;
    if (status == PIC_ENOT_FOUND)
        status = size_of(names->part, &size);
    if (status != PIC_OK && status != PIC_ENOT_FOUND)
        return status;
    *held = size;
    *complete = whole;
    return PIC_OK;
}

int pic_blobs_held(const struct pic_blobs *blobs, const uint8_t hash[static PIC_HASH_SIZE],
                   uint64_t *held, bool *complete)
{
    struct names names = names_of(blobs, hash);
    return held_under(&names, held, complete);
}

/* Reads up to n bytes at offset; *got is less only at the end of the file. */
static int read_at(int fd, uint64_t offset, uint8_t *out, size_t n, size_t *got)
{
    *got = 0;
    while (*got < n) {
        ssize_t r = pread(fd, out + *got, n - *got, (off_t)(offset + *got));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return failure();
        if (r == 0)
            break;
        *got += (size_t)r;
    }
    return PIC_OK;
}

/* Hash and size of a whole open file. PIC_ELIMIT over size_max. */
static int hash_file(int fd, uint64_t size_max, uint8_t hash[static PIC_HASH_SIZE], uint64_t *size)
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
        status = read_at(fd, done, piece, PIECE, &got);
        pic_hasher_update(&hasher, pic_span_of(piece, got));
        done += got;
        if (status == PIC_OK && done > size_max)
            status = PIC_ELIMIT;
    } while (status == PIC_OK && got == PIECE);
    pic_hasher_final(&hasher, hash);
    free(piece);
    *size = done;
    return status;
}

/* Opens the blob in progress for one writer at a time. PIC_ENOT_FOUND where it is not there and may
 * not be made; PIC_EEXISTS where another writer has just completed it. */
static int open_part(const struct names *names, bool make, int *out)
{
    if (make && mkdir(names->folder, S_IRWXU) != 0 && errno != EEXIST)
        return failure();
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (make ? O_CREAT : 0);
    for (;;) {
        uint64_t size;
        if (size_of(names->whole, &size) == PIC_OK)
            return PIC_EEXISTS;
        int fd = open(names->part, flags, S_IRUSR | S_IWUSR);
        if (fd < 0)
            return !make && errno == ENOENT ? PIC_ENOT_FOUND : failure();
        struct stat mine;
        struct stat named;
        int locked;
        do
            locked = flock(fd, LOCK_EX);
        while (locked != 0 && errno == EINTR);
        if (locked != 0 || fstat(fd, &mine) != 0) {
            int status = failure();
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

/* Adds at the end; *held grows by what was written, also when not all could be. */
static int append(int fd, struct pic_span bytes, uint64_t *held)
{
    while (bytes.n > 0) {
        ssize_t w = pwrite(fd, bytes.p, bytes.n, (off_t)*held);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return failure();
        *held += (uint64_t)w;
        bytes = pic_span_of(bytes.p + w, bytes.n - (size_t)w);
    }
    return PIC_OK;
}

/* Makes the name of a whole blob durable. */
static int sync_name(const struct pic_blobs *blobs, const struct names *names)
{
    int status = sync_folder(names->folder);
    return status == PIC_OK ? sync_folder(blobs->folder) : status;
}

/* Turns a part that lacks nothing into the blob, or throws it away. The order makes it durable
 * before it has its name, and its name durable before anybody is told. */
static int complete_part(const struct pic_blobs *blobs, const struct names *names, int fd,
                         const uint8_t hash[static PIC_HASH_SIZE])
{
    uint8_t found[PIC_HASH_SIZE];
    uint64_t size;
    int status = hash_file(fd, UINT64_MAX, found, &size);
    if (status != PIC_OK)
        return status;
    if (memcmp(found, hash, PIC_HASH_SIZE) != 0)
        return unlink(names->part) == 0 ? PIC_EHASH : failure();
    if (fsync(fd) != 0 || rename(names->part, names->whole) != 0)
        return failure();
    return sync_name(blobs, names);
}

/* Adds to an open part, whose size becomes *held. */
static int add(int fd, uint64_t total, uint64_t offset, struct pic_span bytes, uint64_t *held)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return failure();
    *held = (uint64_t)info.st_size;
    if (*held > total) {
        if (ftruncate(fd, 0) != 0)
            return failure();
        *held = 0;
    }
    if (offset > *held)
        return PIC_EGAP;
    uint64_t known = *held - offset;
    if (known >= bytes.n)
        return PIC_OK;
    return append(fd, pic_span_of(bytes.p + known, bytes.n - (size_t)known), held);
}

int pic_blobs_put(const struct pic_blobs *blobs, const uint8_t hash[static PIC_HASH_SIZE],
                  uint64_t total, uint64_t offset, struct pic_span bytes, uint64_t *held,
                  bool *complete)
{
    struct names names = names_of(blobs, hash);
    int fd;
    if (total > blobs->size_max || offset > total || bytes.n > total - offset)
        return PIC_ELIMIT;
    int status = open_part(&names, bytes.n > 0 || total == 0, &fd);
    if (status == PIC_EEXISTS) {
        /* Whoever gave it its name may have been stopped before the name was durable. */
        status = sync_name(blobs, &names);
        return status == PIC_OK ? held_under(&names, held, complete) : status;
    }
    if (status != PIC_OK && status != PIC_ENOT_FOUND)
        return status;
    *held = 0;
    *complete = false;
    if (status == PIC_ENOT_FOUND)
        return offset > 0 ? PIC_EGAP : PIC_OK;
    status = add(fd, total, offset, bytes, held);
    if (status == PIC_OK && *held == total) {
        status = complete_part(blobs, &names, fd, hash);
        *complete = status == PIC_OK;
        if (status == PIC_EHASH)
            *held = 0;
    }
    (void)close(fd);
    return status;
}

int pic_blobs_read(const struct pic_blobs *blobs, const uint8_t hash[static PIC_HASH_SIZE],
                   uint64_t offset, size_t max, struct pic_buf *out)
{
    struct names names = names_of(blobs, hash);
    int fd = open(names.whole, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? PIC_ENOT_FOUND : failure();
    struct stat info;
    int status = fstat(fd, &info) == 0 ? PIC_OK : failure();
    uint64_t size = status == PIC_OK ? (uint64_t)info.st_size : 0;
    if (status == PIC_OK && offset < size) {
        size_t n = size - offset < max ? (size_t)(size - offset) : max;
        size_t got = 0;
        uint8_t *room = pic_buf_room(out, n);
        status = room == NULL ? PIC_ELIMIT : read_at(fd, offset, room, n, &got);
        if (status == PIC_OK && got < n)
            status = PIC_EIO;
        if (status == PIC_OK)
            out->len += n;
    }
    (void)close(fd);
    return status;
}

/* Feeds put from an open file, starting after what is held. */
static int pour(const struct pic_blobs *blobs, int fd, uint8_t *piece,
                const uint8_t hash[static PIC_HASH_SIZE], uint64_t size)
{
    uint64_t held = 0;
    bool complete = false;
    int status = pic_blobs_put(blobs, hash, size, 0, pic_span_of(piece, 0), &held, &complete);
    while (status == PIC_OK && !complete) {
        uint64_t left = size - held;
        size_t want = left < PIECE ? (size_t)left : PIECE;
        size_t got;
        if (read_at(fd, held, piece, want, &got) != PIC_OK || got < want)
            return PIC_EFILE;
        status = pic_blobs_put(blobs, hash, size, held, pic_span_of(piece, got), &held, &complete);
    }
    return status;
}

int pic_blobs_take(const struct pic_blobs *blobs, const char *path,
                   uint8_t hash[static PIC_HASH_SIZE], uint64_t *size)
{
    /* Without O_NONBLOCK a named pipe would be waited for. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return PIC_EFILE;
    struct stat info;
    uint8_t found[PIC_HASH_SIZE];
    uint64_t n = 0;
    uint8_t *piece = malloc(PIECE);
    int status = piece == NULL ? PIC_EMEMORY : PIC_OK;
    if (status == PIC_OK && (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)))
        status = PIC_EFILE;
    if (status == PIC_OK)
        status = hash_file(fd, blobs->size_max, found, &n);
    if (status == PIC_EIO)
        status = PIC_EFILE;
    if (status == PIC_OK)
        status = pour(blobs, fd, piece, found, n);
    /* What was held of it may have been wrong: it is gone now. A second time it is the file. */
    if (status == PIC_EHASH)
        status = pour(blobs, fd, piece, found, n);
    free(piece);
    (void)close(fd);
    if (status != PIC_OK)
        return status == PIC_EHASH ? PIC_EFILE : status;
    memcpy(hash, found, PIC_HASH_SIZE);
    *size = n;
    return PIC_OK;
}

int pic_blobs_take_bytes(const struct pic_blobs *blobs, struct pic_span bytes,
                         uint8_t hash[static PIC_HASH_SIZE])
{
    uint8_t found[PIC_HASH_SIZE];
    uint64_t held;
    bool complete;
    pic_hash(bytes, found);
    int status = pic_blobs_put(blobs, found, bytes.n, 0, bytes, &held, &complete);
    if (status == PIC_EHASH) /* as in take */
        status = pic_blobs_put(blobs, found, bytes.n, 0, bytes, &held, &complete);
    if (status == PIC_OK)
        memcpy(hash, found, PIC_HASH_SIZE);
    return status;
}

int pic_blobs_verify(const struct pic_blobs *blobs, const uint8_t hash[static PIC_HASH_SIZE])
{
    struct names names = names_of(blobs, hash);
    int fd = open(names.whole, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? PIC_ENOT_FOUND : failure();
    uint8_t found[PIC_HASH_SIZE];
    uint64_t size;
    int status = hash_file(fd, UINT64_MAX, found, &size);
    (void)close(fd);
    if (status != PIC_OK)
        return status;
    return memcmp(found, hash, PIC_HASH_SIZE) == 0 ? PIC_OK : PIC_EHASH;
}
