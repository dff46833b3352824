#include "schema/face/posted.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "protocol/base/limits.h"
#include "protocol/base/text.h"

enum {
    HEAD_MAX = 8192,
    HELD_MAX = 1 << 20,
    NAME_MAX_BYTES = 128,
    FILE_NAME_MAX = 128,
    FILE_MODE = 0600,
    BOUNDARY_MAX = 70,
    HEX_DIGITS = 2,
    HEX_BASE = 16,
};

void pic_posted_init(struct pic_posted *posted)
{
    memset(posted, 0, sizeof *posted);
    pic_buf_init(&posted->bytes, PIC_POSTED_BYTES_MAX);
}

void pic_posted_release(struct pic_posted *posted)
{
    for (size_t i = 0; i < posted->file_n; i++) {
        (void)unlink(posted->files[i].path);
        (void)rmdir(posted->files[i].folder);
    }
    posted->file_n = 0;
    posted->n = 0;
    pic_buf_release(&posted->bytes);
}

/* --- names and texts --- */

int pic_posted_put(struct pic_posted *posted, const char *name, struct pic_span text)
{
    if (posted->n == PIC_POSTED_MAX)
        return PIC_ELIMIT;
    if (text.n > 0 && memchr(text.p, '\0', text.n) != NULL)
        return PIC_EFORMAT;
    posted->items[posted->n].name = posted->bytes.len;
    pic_buf_bytes(&posted->bytes, name, strlen(name) + 1);
    posted->items[posted->n].text = posted->bytes.len;
    if (text.n > 0)
        pic_buf_bytes(&posted->bytes, text.p, text.n);
    pic_buf_u8(&posted->bytes, 0);
    int status = pic_buf_status(&posted->bytes);
    posted->n += status == PIC_OK;
    return status;
}

static int hex_digit(uint8_t c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
    return at == NULL ? -1 : (int)(at - digits);
}

static int decode(struct pic_span s, struct pic_buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '%') {
            pic_buf_u8(out, s.p[i] == '+' ? ' ' : s.p[i]);
            continue;
        }
        if (s.n - i <= HEX_DIGITS)
            return PIC_EFORMAT;
        int high = hex_digit(s.p[i + 1]);
        int low = hex_digit(s.p[i + 2]);
        if (high < 0 || low < 0 || (high == 0 && low == 0))
            return PIC_EFORMAT;
        pic_buf_u8(out, (uint8_t)(high * HEX_BASE + low));
        i += HEX_DIGITS;
    }
    return pic_buf_status(out);
}

static int read_pair(struct pic_posted *posted, struct pic_span pair)
{
    const uint8_t *equal = memchr(pair.p, '=', pair.n);
    size_t name_n = equal == NULL ? pair.n : (size_t)(equal - pair.p);
    struct pic_span rest = {pair.p + name_n + (equal != NULL), pair.n - name_n - (equal != NULL)};
    struct pic_buf name;
    struct pic_buf text;
    pic_buf_init(&name, NAME_MAX_BYTES);
    pic_buf_init(&text, PIC_POSTED_BYTES_MAX);
    int status = decode(pic_span_of(pair.p, name_n), &name);
    if (status == PIC_OK)
        status = decode(rest, &text);
    if (status == PIC_OK)
        status = pic_posted_put(posted, pic_buf_string(&name), pic_buf_view(&text));
    pic_buf_release(&name);
    pic_buf_release(&text);
    return status;
}

int pic_posted_read(struct pic_posted *posted, struct pic_span encoded)
{
    int status = PIC_OK;
    while (status == PIC_OK && encoded.n > 0) {
        const uint8_t *end = memchr(encoded.p, '&', encoded.n);
        size_t n = end == NULL ? encoded.n : (size_t)(end - encoded.p);
        if (n > 0)
            status = read_pair(posted, pic_span_of(encoded.p, n));
        n += end != NULL;
        encoded = pic_span_of(encoded.p + n, encoded.n - n);
    }
    return status;
}

const char *pic_posted_name_of(const struct pic_posted *posted, size_t item)
{
    return (const char *)posted->bytes.data + posted->items[item].name;
}

const char *pic_posted_text_of(const struct pic_posted *posted, size_t item)
{
    return (const char *)posted->bytes.data + posted->items[item].text;
}

const char *pic_posted_at(const struct pic_posted *posted, const char *name, size_t index)
{
    for (size_t i = 0; i < posted->n; i++)
        if (strcmp(pic_posted_name_of(posted, i), name) == 0 && index-- == 0)
            return pic_posted_text_of(posted, i);
    return NULL;
}

const char *pic_posted_text(const struct pic_posted *posted, const char *name)
{
    return pic_posted_at(posted, name, 0);
}

const struct pic_posted_file *pic_posted_file(const struct pic_posted *posted, const char *name)
{
    for (size_t i = 0; i < posted->file_n; i++)
        if (strcmp((const char *)posted->bytes.data + posted->files[i].name, name) == 0)
            return &posted->files[i];
    return NULL;
}

/* --- a form in parts --- */

int pic_multipart_init(struct pic_multipart *m, struct pic_posted *posted, const char *content_type,
                       const char *folder)
{
    *m = (struct pic_multipart){.posted = posted, .folder = folder, .file = -1};
    pic_buf_init(&m->held, HELD_MAX);
    pic_buf_init(&m->name, NAME_MAX_BYTES);
    pic_buf_init(&m->text, PIC_POSTED_BYTES_MAX);
    const char *at = strcasestr(content_type, "boundary=");
    if (at == NULL)
        return PIC_EFORMAT;
    at += strlen("boundary=");
    bool quoted = *at == '"';
    at += quoted;
    size_t n = strcspn(at, quoted ? "\"" : "; \t");
    if (n == 0 || n > BOUNDARY_MAX)
        return PIC_EFORMAT;
    (void)snprintf(m->delimiter, sizeof m->delimiter, "\r\n--%.*s", (int)n, at);
    m->delimiter_n = strlen(m->delimiter);
    pic_buf_text(&m->held, "\r\n"); /* so that the first delimiter is like the others */
    return PIC_OK;
}

void pic_multipart_release(struct pic_multipart *m)
{
    if (m->posted != NULL && m->file >= 0)
        (void)close(m->file);
    pic_buf_release(&m->held);
    pic_buf_release(&m->name);
    pic_buf_release(&m->text);
    *m = (struct pic_multipart){.file = -1};
}

int pic_multipart_end(const struct pic_multipart *m)
{
    return m->at == PIC_PART_END ? PIC_OK : PIC_EFORMAT;
}

/* The value of name="…" or filename="…" in a head; false when it is not there. */
static bool parameter(const char *head, const char *name, struct pic_buf *out)
{
    size_t n = strlen(name);
    for (const char *at = strcasestr(head, name); at != NULL; at = strcasestr(at + 1, name)) {
        bool whole =
            at > head && (at[-1] == ' ' || at[-1] == ';') && at[n] == '=' && at[n + 1] == '"';
        if (!whole)
            continue;
        for (at += n + 2; *at != '\0' && *at != '"'; at++)
            pic_buf_u8(out, (uint8_t)*at);
        return *at == '"';
    }
    return false;
}

/* The last part of a name, without what no file system wants; "fichier" when nothing is left. */
static void safe_name(const char *name, char out[static FILE_NAME_MAX])
{
    const char *last = name;
    size_t n = 0;
    for (const char *c = name; *c != '\0'; c++)
        if (*c == '/' || *c == '\\')
            last = c + 1;
    for (; *last != '\0' && n < FILE_NAME_MAX - 1; last++)
        if ((unsigned char)*last >= ' ' && *last != 0x7F)
            out[n++] = *last;
    while (n > 0 && ((unsigned char)out[n - 1] & 0xC0U) == 0x80U && n == FILE_NAME_MAX - 1)
        n--;
    out[n] = '\0';
    bool usable = n > 0 && out[0] != '.' && pic_text_is_clean(pic_span_of(out, n));
    if (!usable)
        (void)snprintf(out, FILE_NAME_MAX, "fichier");
}

static int open_file(struct pic_multipart *m, const char *file_name)
{
    struct pic_posted *posted = m->posted;
    char name[FILE_NAME_MAX];
    if (posted->file_n == PIC_POSTED_FILES_MAX)
        return PIC_ELIMIT;
    struct pic_posted_file *file = &posted->files[posted->file_n];
    safe_name(file_name, name);
    int n = snprintf(file->folder, sizeof file->folder, "%s/recu-XXXXXX", m->folder);
    if (n < 0 || (size_t)n + 2 + strlen(name) > sizeof file->path)
        return PIC_ELIMIT;
    if (mkdtemp(file->folder) == NULL)
        return errno == ENOSPC ? PIC_EDISK_FULL : PIC_EIO;
    memcpy(file->path, file->folder, (size_t)n);
    (void)snprintf(file->path + n, sizeof file->path - (size_t)n, "/%s", name);
    file->size = 0;
    file->name = posted->bytes.len;
    pic_buf_bytes(&posted->bytes, pic_buf_string(&m->name), m->name.len);
    pic_buf_u8(&posted->bytes, 0);
    posted->file_n++; /* from here on its release removes it */
    m->file = open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (m->file < 0)
        return errno == ENOSPC ? PIC_EDISK_FULL : PIC_EIO;
    return pic_buf_status(&posted->bytes);
}

static int begin_part(struct pic_multipart *m, const char *head)
{
    struct pic_buf file_name;
    pic_buf_init(&file_name, HEAD_MAX);
    pic_buf_clear(&m->name);
    pic_buf_clear(&m->text);
    int status = parameter(head, "name", &m->name) && !m->name.bad ? PIC_OK : PIC_EFORMAT;
    bool file = status == PIC_OK && parameter(head, "filename", &file_name);
    m->skipped = file && file_name.len == 0; /* no file was chosen */
    if (status == PIC_OK && file && !m->skipped)
        status = open_file(m, pic_buf_string(&file_name));
    m->at = PIC_PART_BODY;
    pic_buf_release(&file_name);
    return status;
}

static int take(struct pic_multipart *m, struct pic_span bytes)
{
    if (m->skipped || bytes.n == 0)
        return PIC_OK;
    if (m->file < 0) {
        pic_buf_bytes(&m->text, bytes.p, bytes.n);
        return pic_buf_status(&m->text);
    }
    struct pic_posted_file *file = &m->posted->files[m->posted->file_n - 1];
    file->size += bytes.n;
    if (file->size > PIC_BLOB_MAX)
        return PIC_ELIMIT;
    if (write(m->file, bytes.p, bytes.n) != (ssize_t)bytes.n)
        return errno == ENOSPC ? PIC_EDISK_FULL : PIC_EIO;
    return PIC_OK;
}

static int end_part(struct pic_multipart *m)
{
    int status = PIC_OK;
    if (m->file >= 0)
        status = close(m->file) == 0 ? PIC_OK : PIC_EIO;
    else if (!m->skipped)
        status = pic_posted_put(m->posted, pic_buf_string(&m->name), pic_buf_view(&m->text));
    m->file = -1;
    return status;
}

static void drop(struct pic_buf *held, size_t n)
{
    held->len -= n;
    if (held->len > 0)
        memmove(held->data, held->data + n, held->len);
}

/* One step over what is held; *more when there may be another. */
static int step(struct pic_multipart *m, bool *more)
{
    struct pic_buf *held = &m->held;
    *more = false;
    if (held->len == 0 || m->at == PIC_PART_END)
        return PIC_OK;
    if (m->at == PIC_PART_HEAD) { /* from after the delimiter to the empty line */
        if (held->len >= 2 && memcmp(held->data, "--", 2) == 0) {
            m->at = PIC_PART_END;
            return PIC_OK;
        }
        const uint8_t *end = memmem(held->data, held->len, "\r\n\r\n", 4);
        if (end == NULL)
            return held->len > HEAD_MAX ? PIC_ELIMIT : PIC_OK;
        size_t n = (size_t)(end - held->data) + 4;
        char head[HEAD_MAX + 1];
        if (n > HEAD_MAX || memchr(held->data, '\0', n) != NULL)
            return PIC_EFORMAT;
        memcpy(head, held->data, n);
        head[n] = '\0';
        drop(held, n);
        *more = true;
        return begin_part(m, head);
    }
    const uint8_t *found = memmem(held->data, held->len, m->delimiter, m->delimiter_n);
    size_t keep = m->delimiter_n - 1;
    size_t n = found != NULL       ? (size_t)(found - held->data)
               : held->len <= keep ? 0
                                   : held->len - keep;
    int status = m->at == PIC_PART_BODY ? take(m, pic_span_of(held->data, n)) : PIC_OK;
    if (status == PIC_OK && found != NULL && m->at == PIC_PART_BODY)
        status = end_part(m);
    drop(held, found != NULL ? n + m->delimiter_n : n);
    if (found != NULL)
        m->at = PIC_PART_HEAD;
    *more = found != NULL;
    return status;
}

int pic_multipart_feed(struct pic_multipart *m, struct pic_span bytes)
{
    bool more = true;
    pic_buf_bytes(&m->held, bytes.p, bytes.n);
    int status = pic_buf_status(&m->held);
    while (status == PIC_OK && more)
        status = step(m, &more);
    return status;
}
