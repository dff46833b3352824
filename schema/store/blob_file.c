#include "schema/store/blob_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file that the system refuses to let grow is a matter of quota: size_max is far below what any
 * file system holds. */
int pic_blob_failure(void)
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

void pic_blob_file_init(struct pic_blob_file *file, const struct pic_blob_owner *owner, int fd)
{
    *file = (struct pic_blob_file){.owner = owner, .fd = fd};
}

void pic_blob_file_release(struct pic_blob_file *file)
{
    pic_secret_wipe(&file->key);
    if (file->plain != NULL)
        pic_wipe(file->plain, PIC_CLOAK_CHUNK);
    free(file->plain);
    free(file->sealed);
    *file = (struct pic_blob_file){.fd = -1};
}

uint64_t pic_blob_file_size(const struct pic_blob_owner *owner, uint64_t file_size)
{
    return owner->cloaked ? pic_cloak_plain_size(file_size) : file_size;
}

/* --- bytes on disk --- */

static int read_at(int fd, uint64_t offset, uint8_t *out, size_t n, size_t *got)
{
    *got = 0;
    while (*got < n) {
        ssize_t r = pread(fd, out + *got, n - *got, (off_t)(offset + *got));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return pic_blob_failure();
        if (r == 0)
            break;
        *got += (size_t)r;
    }
    return PIC_OK;
}

/* *written also when not all could be. */
static int write_at(int fd, uint64_t offset, struct pic_span bytes, size_t *written)
{
    *written = 0;
    while (*written < bytes.n) {
        ssize_t w = pwrite(fd, bytes.p + *written, bytes.n - *written, (off_t)(offset + *written));
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return pic_blob_failure();
        *written += (size_t)w;
    }
    return PIC_OK;
}

/* --- under a key --- */

static int chunks_ready(struct pic_blob_file *file)
{
    if (file->plain == NULL)
        file->plain = malloc(PIC_CLOAK_CHUNK);
    if (file->sealed == NULL)
        file->sealed = malloc(PIC_CLOAK_CHUNK + PIC_CLOAK_EXTRA);
    return file->plain != NULL && file->sealed != NULL ? PIC_OK : PIC_EMEMORY;
}

/* The key that the head carries, once. */
static int find_key(struct pic_blob_file *file)
{
    uint8_t head[PIC_CLOAK_HEAD];
    size_t got = 0;
    if (file->keyed)
        return PIC_OK;
    if (file->owner->reader == NULL)
        return PIC_ELOCKED;
    int status = read_at(file->fd, 0, head, sizeof head, &got);
    if (status == PIC_OK)
        status =
            got < sizeof head ? PIC_EDECRYPT : pic_cloak_key(head, file->owner->reader, &file->key);
    file->keyed = status == PIC_OK;
    return status;
}

/* The plain bytes of one chunk; none past the end. */
static int load_chunk(struct pic_blob_file *file, uint64_t index, size_t *plain_n)
{
    size_t got = 0;
    *plain_n = 0;
    int status = read_at(file->fd, pic_cloak_offset(index), file->sealed,
                         PIC_CLOAK_CHUNK + PIC_CLOAK_EXTRA, &got);
    if (status != PIC_OK || got == 0)
        return status;
    status = pic_cloak_open(&file->key, index, pic_span_of(file->sealed, got), file->plain);
    if (status == PIC_OK)
        *plain_n = got - PIC_CLOAK_EXTRA;
    return status == PIC_EFORMAT ? PIC_EDECRYPT : status;
}

static int begin_cloaked(struct pic_blob_file *file)
{
    uint8_t head[PIC_CLOAK_HEAD];
    size_t written;
    int status = pic_cloak_new(file->owner->key, pic_random_system(), &file->key, head);
    file->keyed = status == PIC_OK;
    return status == PIC_OK ? write_at(file->fd, 0, pic_span_of(head, sizeof head), &written)
                            : status;
}

/* A chunk that is not full grows: opened, completed, and sealed again in its place. */
static int append_cloaked(struct pic_blob_file *file, struct pic_span bytes, uint64_t *held)
{
    int status = *held == 0 && !file->keyed ? begin_cloaked(file) : find_key(file);
    while (status == PIC_OK && bytes.n > 0) {
        uint64_t index = *held / PIC_CLOAK_CHUNK;
        size_t known = (size_t)(*held % PIC_CLOAK_CHUNK);
        size_t there = 0;
        if (known > 0)
            status = load_chunk(file, index, &there);
        if (status == PIC_OK && there != known)
            status = PIC_EDECRYPT;
        if (status != PIC_OK)
            break;
        size_t room = PIC_CLOAK_CHUNK - known;
        size_t n = bytes.n < room ? bytes.n : room;
        size_t written;
        memcpy(file->plain + known, bytes.p, n);
        pic_cloak_seal(&file->key, index, pic_random_system(), pic_span_of(file->plain, known + n),
                       file->sealed);
        status = write_at(file->fd, pic_cloak_offset(index),
                          pic_span_of(file->sealed, known + n + PIC_CLOAK_EXTRA), &written);
        if (status == PIC_OK) {
            *held += n;
            bytes = pic_span_of(bytes.p + n, bytes.n - n);
        }
    }
    return status;
}

static int read_cloaked(struct pic_blob_file *file, uint64_t offset, uint8_t *out, size_t n,
                        size_t *got)
{
    int status = find_key(file);
    *got = 0;
    while (status == PIC_OK && *got < n) {
        uint64_t at = offset + *got;
        size_t skip = (size_t)(at % PIC_CLOAK_CHUNK);
        size_t there = 0;
        status = load_chunk(file, at / PIC_CLOAK_CHUNK, &there);
        if (status != PIC_OK || there <= skip)
            break;
        size_t take = there - skip < n - *got ? there - skip : n - *got;
        memcpy(out + *got, file->plain + skip, take);
        *got += take;
        if (there < PIC_CLOAK_CHUNK)
            break;
    }
    return status;
}

/* --- either --- */

int pic_blob_file_begin(struct pic_blob_file *file)
{
    if (ftruncate(file->fd, 0) != 0)
        return pic_blob_failure();
    if (!file->owner->cloaked)
        return PIC_OK;
    int status = chunks_ready(file);
    return status == PIC_OK ? begin_cloaked(file) : status;
}

int pic_blob_file_append(struct pic_blob_file *file, struct pic_span bytes, uint64_t *held)
{
    size_t written = 0;
    if (file->owner->cloaked) {
        int status = chunks_ready(file);
        return status == PIC_OK ? append_cloaked(file, bytes, held) : status;
    }
    int status = write_at(file->fd, *held, bytes, &written);
    *held += written;
    return status;
}

int pic_blob_file_read(struct pic_blob_file *file, uint64_t offset, uint8_t *out, size_t n,
                       size_t *got)
{
    if (!file->owner->cloaked)
        return read_at(file->fd, offset, out, n, got);
    int status = chunks_ready(file);
    return status == PIC_OK ? read_cloaked(file, offset, out, n, got) : status;
}
