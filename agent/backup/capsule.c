#include "agent/backup/capsule.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[] = "PICB";
static const char label[] = "pic/1 copy";

enum {
    MAGIC = sizeof magic - 1,
    FILE_VERSION = 1,
    PIECE_HEAD = PIC_CAPSULE_ID + 8,
    PIECE_MAX = PIECE_HEAD + PIC_CAPSULE_PIECE,
    SEALED_MAX = PIECE_MAX + 48,
    LENGTH = 4,
    HEAD_MAX = MAGIC + 1 + PIC_CAPSULE_ID + 3, /* before the lock; its length is 1 to 3 bytes */
};

static int failure(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EFBIG ? PIC_EDISK_FULL
           : error == EEXIST                                    ? PIC_EEXISTS
           : error == EIO                                       ? PIC_EIO
                                                                : PIC_EFILE;
}

static void init(struct pic_capsule *c)
{
    memset(c, 0, sizeof *c);
    pic_buf_init(&c->lock, PIC_CAPSULE_LOCK_MAX);
    pic_buf_init(&c->plain, PIECE_MAX);
    pic_buf_init(&c->sealed, SEALED_MAX);
    (void)pic_buf_room(&c->plain, PIECE_MAX); /* once, so that no copy is left behind */
    pic_hasher_init(&c->hasher);
}

void pic_capsule_close(struct pic_capsule *c)
{
    if (c->file != NULL)
        (void)fclose(c->file);
    pic_buf_release(&c->lock);
    pic_buf_wipe(&c->plain);
    pic_buf_release(&c->sealed);
    memset(c, 0, sizeof *c);
}

/* --- writing --- */

static int put(struct pic_capsule *c, struct pic_span bytes)
{
    pic_hasher_update(&c->hasher, bytes);
    return fwrite(bytes.p, 1, bytes.n, c->file) == bytes.n ? PIC_OK : failure(errno);
}

static void begin_piece(struct pic_capsule *c)
{
    pic_buf_clear(&c->plain);
    pic_buf_bytes(&c->plain, c->id, sizeof c->id);
    pic_buf_u64(&c->plain, c->index++);
}

int pic_capsule_create(struct pic_capsule *c, const char *path, struct pic_span lock,
                       const struct pic_random *random, struct pic_err *err)
{
    struct pic_buf head;
    init(c);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    c->file = fd < 0 ? NULL : fdopen(fd, "w+b");
    if (c->file == NULL)
        return pic_fail(err, failure(errno), path, strerror(errno), NULL);
    random->fill(random->context, c->id, sizeof c->id);
    pic_buf_init(&head, HEAD_MAX + PIC_CAPSULE_LOCK_MAX);
    pic_buf_text(&head, magic);
    pic_buf_u8(&head, FILE_VERSION);
    pic_buf_bytes(&head, c->id, sizeof c->id);
    pic_buf_span(&head, lock);
    int status = pic_buf_status(&head);
    if (status == PIC_OK)
        status = put(c, pic_buf_view(&head));
    pic_buf_release(&head);
    begin_piece(c);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, path, NULL);
}

static int put_length(struct pic_capsule *c, size_t n)
{
    struct pic_buf length;
    pic_buf_init(&length, LENGTH);
    pic_buf_u32(&length, (uint32_t)n);
    int status = pic_buf_status(&length);
    if (status == PIC_OK)
        status = put(c, pic_buf_view(&length));
    pic_buf_release(&length);
    return status;
}

static int put_piece(struct pic_capsule *c, const uint8_t owner[static PIC_KEY_SIZE])
{
    if (c->plain.len == PIECE_HEAD)
        return PIC_OK;
    pic_buf_clear(&c->sealed);
    int status = pic_seal_to(owner, pic_buf_view(&c->plain), &c->sealed);
    if (status == PIC_OK)
        status = put_length(c, c->sealed.len);
    if (status == PIC_OK)
        status = put(c, pic_buf_view(&c->sealed));
    begin_piece(c);
    return status;
}

int pic_capsule_write(struct pic_capsule *c, const uint8_t owner[static PIC_KEY_SIZE],
                      struct pic_span bytes)
{
    int status = PIC_OK;
    for (size_t done = 0; status == PIC_OK && done < bytes.n;) {
        size_t room = PIECE_MAX - c->plain.len;
        size_t n = bytes.n - done < room ? bytes.n - done : room;
        pic_buf_bytes(&c->plain, bytes.p + done, n);
        done += n;
        if (c->plain.len == PIECE_MAX)
            status = put_piece(c, owner);
    }
    return status;
}

int pic_capsule_finish(struct pic_capsule *c, const uint8_t owner[static PIC_KEY_SIZE],
                       const struct pic_signer *signer)
{
    uint8_t hash[PIC_HASH_SIZE];
    uint8_t signature[PIC_SIGNATURE_SIZE];
    int status = put_piece(c, owner);
    if (status == PIC_OK)
        status = put_length(c, 0);
    pic_hasher_final(&c->hasher, hash);
    pic_sign(signer, label, pic_span_of(hash, sizeof hash), signature);
    if (status == PIC_OK && (fwrite(signature, 1, sizeof signature, c->file) != sizeof signature ||
                             fflush(c->file) != 0 || fsync(fileno(c->file)) != 0))
        status = failure(errno);
    return status;
}

/* --- reading --- */

static int get(struct pic_capsule *c, void *out, size_t n)
{
    if (fread(out, 1, n, c->file) == n)
        return PIC_OK;
    return ferror(c->file) != 0 ? PIC_EFILE : PIC_EFORMAT;
}

/* Where the pieces begin. */
static int read_head(struct pic_capsule *c)
{
    uint8_t head[HEAD_MAX + PIC_CAPSULE_LOCK_MAX];
    rewind(c->file);
    size_t n = fread(head, 1, sizeof head, c->file);
    struct pic_cursor in = pic_cursor_of(head, n);
    const uint8_t *name = pic_cursor_bytes(&in, MAGIC);
    if (name == NULL || memcmp(name, magic, MAGIC) != 0)
        return PIC_EFORMAT;
    if (pic_cursor_u8(&in) != FILE_VERSION)
        return in.bad ? PIC_EFORMAT : PIC_EVERSION;
    pic_cursor_copy(&in, c->id, sizeof c->id);
    struct pic_span lock = pic_cursor_span(&in, PIC_CAPSULE_LOCK_MAX);
    if (in.bad)
        return PIC_EFORMAT;
    pic_buf_clear(&c->lock);
    pic_buf_bytes(&c->lock, lock.p, lock.n);
    size_t used = n - pic_cursor_left(&in);
    pic_hasher_init(&c->hasher);
    pic_hasher_update(&c->hasher, pic_span_of(head, used));
    c->index = 0;
    c->ended = false;
    pic_buf_clear(&c->plain);
    c->taken = 0;
    return fseek(c->file, (long)used, SEEK_SET) == 0 ? pic_buf_status(&c->lock) : PIC_EFILE;
}

int pic_capsule_open(struct pic_capsule *c, const char *path, struct pic_err *err)
{
    init(c);
    c->file = fopen(path, "rbe");
    if (c->file == NULL)
        return pic_fail(err, PIC_EFILE, path, strerror(errno), NULL);
    int status = read_head(c);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, path, NULL);
}

/* The sealed bytes of the next piece; none at the end. */
static int next_sealed(struct pic_capsule *c)
{
    uint8_t bytes[LENGTH];
    int status = get(c, bytes, sizeof bytes);
    if (status != PIC_OK)
        return status;
    struct pic_cursor in = pic_cursor_of(bytes, sizeof bytes);
    uint32_t n = pic_cursor_u32(&in);
    if (n > SEALED_MAX)
        return PIC_EFORMAT;
    pic_hasher_update(&c->hasher, pic_span_of(bytes, sizeof bytes));
    pic_buf_clear(&c->sealed);
    c->ended = n == 0;
    uint8_t *room = n == 0 ? NULL : pic_buf_room(&c->sealed, n);
    if (n > 0)
        status = room == NULL ? PIC_EMEMORY : get(c, room, n);
    if (status == PIC_OK)
        c->sealed.len = n;
    pic_hasher_update(&c->hasher, pic_buf_view(&c->sealed));
    return status;
}

int pic_capsule_check(struct pic_capsule *c, const uint8_t signer[static PIC_KEY_SIZE])
{
    uint8_t hash[PIC_HASH_SIZE];
    uint8_t signature[PIC_SIGNATURE_SIZE];
    int status = read_head(c);
    while (status == PIC_OK && !c->ended)
        status = next_sealed(c);
    if (status == PIC_OK)
        status = get(c, signature, sizeof signature);
    if (status == PIC_OK && fgetc(c->file) != EOF)
        status = PIC_EFORMAT;
    if (status != PIC_OK)
        return status;
    pic_hasher_final(&c->hasher, hash);
    status = pic_verify(signer, label, pic_span_of(hash, sizeof hash), signature);
    return status == PIC_OK ? read_head(c) : status;
}

/* Opens the next piece: it must be of this capsule, and the next one. */
static int next_piece(struct pic_capsule *c, const struct pic_dh_pair *owner)
{
    int status = c->ended ? PIC_EFORMAT : next_sealed(c);
    if (status != PIC_OK || c->ended)
        return status;
    pic_buf_clear(&c->plain);
    status = pic_seal_open(owner, pic_buf_view(&c->sealed), &c->plain);
    if (status != PIC_OK)
        return status;
    struct pic_cursor in = pic_cursor_of(c->plain.data, c->plain.len);
    const uint8_t *id = pic_cursor_bytes(&in, PIC_CAPSULE_ID);
    uint64_t index = pic_cursor_u64(&in);
    c->taken = PIECE_HEAD;
    bool fits = !in.bad && memcmp(id, c->id, PIC_CAPSULE_ID) == 0 && index == c->index++;
    return fits && pic_cursor_left(&in) > 0 ? PIC_OK : PIC_EFORMAT;
}

int pic_capsule_read(struct pic_capsule *c, const struct pic_dh_pair *owner, void *out, size_t n)
{
    uint8_t *to = out;
    int status = PIC_OK;
    while (status == PIC_OK && n > 0) {
        size_t left = c->plain.len - c->taken;
        size_t now = n < left ? n : left;
        if (now == 0) {
            status = next_piece(c, owner);
            if (status == PIC_OK && c->ended)
                status = PIC_EFORMAT;
            continue;
        }
        memcpy(to, c->plain.data + c->taken, now);
        c->taken += now;
        to += now;
        n -= now;
    }
    return status;
}

int pic_capsule_end(struct pic_capsule *c, const struct pic_dh_pair *owner)
{
    if (c->taken != c->plain.len)
        return PIC_EFORMAT;
    int status = next_piece(c, owner);
    return status == PIC_OK && !c->ended ? PIC_EFORMAT : status;
}
