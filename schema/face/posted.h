/* posted: what a browser sent, as names and texts: a query, a form, or a form in parts with files.
 *
 * Texts become clean C strings: a NUL in one refuses the whole. Files never enter memory: each is
 * written, as it comes, in a fresh folder of its own under the name it came with (its last part,
 * without control characters), and removed on release. What arrives is hostile: parts, names and
 * sizes all have ceilings. Sources: RFC 7578, WHATWG URL (application/x-www-form-urlencoded). */
#ifndef PIC_FACE_POSTED_H
#define PIC_FACE_POSTED_H

#include "protocol/base/bytes.h"

enum {
    PIC_POSTED_MAX = 256,           /* names, repetitions counted */
    PIC_POSTED_BYTES_MAX = 1 << 20, /* of names and texts together */
    PIC_POSTED_FILES_MAX = 8,       /* in one form */
    PIC_POSTED_BODY_MAX = 34 << 20, /* one document (PIC_BLOB_MAX), and the rest of its form */
    PIC_POSTED_PATH_MAX = 700,
};

struct pic_posted_file {
    size_t name;                      /* of the field, as an offset in bytes */
    char folder[PIC_POSTED_PATH_MAX]; /* its own, made for it */
    char path[PIC_POSTED_PATH_MAX];
    uint64_t size;
};

struct pic_posted {
    struct pic_buf bytes;
    size_t n;
    struct {
        size_t name, text; /* offsets in bytes */
    } items[PIC_POSTED_MAX];
    size_t file_n;
    struct pic_posted_file files[PIC_POSTED_FILES_MAX];
};

void pic_posted_init(struct pic_posted *posted);
/* Also removes the files. A zeroed one may be released. */
void pic_posted_release(struct pic_posted *posted);

/* Reads a=b&c=d. PIC_EFORMAT (a bad escape, a NUL), PIC_ELIMIT. */
PIC_MUST_USE int pic_posted_read(struct pic_posted *posted, struct pic_span encoded);
PIC_MUST_USE int pic_posted_put(struct pic_posted *posted, const char *name, struct pic_span text);

/* The text of a name, the first or the index-th; NULL when it was not sent. Borrowed until the next
 * change. */
const char *pic_posted_text(const struct pic_posted *posted, const char *name);
const char *pic_posted_at(const struct pic_posted *posted, const char *name, size_t index);
/* In the order in which they came. */
const char *pic_posted_name_of(const struct pic_posted *posted, size_t item);
const char *pic_posted_text_of(const struct pic_posted *posted, size_t item);
/* A file of this field that has a name, or NULL. */
const struct pic_posted_file *pic_posted_file(const struct pic_posted *posted, const char *name);

/* A form in parts, as it comes. */
struct pic_multipart {
    struct pic_posted *posted;
    const char *folder; /* where files may be written */
    char delimiter[80]; /* \r\n--boundary */
    size_t delimiter_n;
    enum { PIC_PART_BEFORE, PIC_PART_HEAD, PIC_PART_BODY, PIC_PART_END } at;
    struct pic_buf held;
    struct pic_buf name, text;
    int file; /* open file of the part, or -1 */
    bool skipped;
};

/* content_type is the header's. PIC_EFORMAT when it has no usable boundary. */
PIC_MUST_USE int pic_multipart_init(struct pic_multipart *m, struct pic_posted *posted,
                                    const char *content_type, const char *folder);
/* PIC_EFORMAT, PIC_ELIMIT, PIC_EDISK_FULL, PIC_EIO. */
PIC_MUST_USE int pic_multipart_feed(struct pic_multipart *m, struct pic_span bytes);
/* PIC_OK when the form was whole. */
PIC_MUST_USE int pic_multipart_end(const struct pic_multipart *m);
void pic_multipart_release(struct pic_multipart *m);

#endif
