#include "server/backup/manifest.h"

#include <string.h>

static const char magic[] = "PICM";
static const char label[] = "pic/1 backup";
enum { MAGIC = sizeof magic - 1, FILE_VERSION = 1 };

void pic_manifest_add(struct pic_buf *files, const struct pic_manifest_file *file)
{
    pic_buf_bytes(files, file->hash, PIC_HASH_SIZE);
    pic_buf_varint(files, file->size);
    pic_buf_span(files, pic_span_text(file->name));
}

void pic_manifest_seal(const struct pic_manifest *m, struct pic_span files,
                       const struct pic_signer *signer, struct pic_buf *out)
{
    uint8_t hash[PIC_HASH_SIZE];
    uint8_t signature[PIC_SIGNATURE_SIZE];
    pic_buf_text(out, magic);
    pic_buf_u8(out, FILE_VERSION);
    pic_buf_u8(out, (uint8_t)m->kind);
    pic_buf_bytes(out, signer->public, PIC_KEY_SIZE);
    pic_buf_u64(out, (uint64_t)m->time_ms);
    pic_buf_u64(out, m->position);
    pic_buf_varint(out, m->count);
    pic_buf_bytes(out, files.p, files.n);
    pic_hash(pic_buf_view(out), hash);
    pic_sign(signer, label, pic_span_of(hash, sizeof hash), signature);
    pic_buf_bytes(out, signature, sizeof signature);
}

int pic_manifest_open(struct pic_span bytes, struct pic_manifest *out)
{
    uint8_t hash[PIC_HASH_SIZE];
    if (bytes.n < MAGIC + 1 + PIC_SIGNATURE_SIZE || memcmp(bytes.p, magic, MAGIC) != 0)
        return PIC_EFORMAT;
    if (bytes.p[MAGIC] != FILE_VERSION)
        return PIC_EVERSION;
    const size_t signed_n = bytes.n - PIC_SIGNATURE_SIZE;
    struct pic_cursor c = pic_cursor_of(bytes.p, signed_n);
    (void)pic_cursor_bytes(&c, MAGIC + 1);
    uint8_t kind = pic_cursor_u8(&c);
    pic_cursor_copy(&c, out->identity, PIC_KEY_SIZE);
    out->kind = kind == PIC_MANIFEST_KEYS ? PIC_MANIFEST_KEYS : PIC_MANIFEST_DATA;
    out->time_ms = (int64_t)pic_cursor_u64(&c);
    out->position = pic_cursor_u64(&c);
    out->count = pic_cursor_varint(&c);
    out->files = c;
    if (c.bad || kind < PIC_MANIFEST_DATA || kind > PIC_MANIFEST_KEYS || out->time_ms < 0)
        return PIC_EFORMAT;
    pic_hash(pic_span_of(bytes.p, signed_n), hash);
    return pic_verify(out->identity, label, pic_span_of(hash, sizeof hash), bytes.p + signed_n);
}

/* Only steps down, each of them with a name. */
static bool stays_inside(const char *name)
{
    const char *end;
    for (const char *step = name; *step != '\0'; step = *end == '\0' ? end : end + 1) {
        end = step + strcspn(step, "/");
        bool dots = step[0] == '.' && (end == step + 1 || (end == step + 2 && step[1] == '.'));
        if (end == step || dots || (*end == '/' && end[1] == '\0'))
            return false;
    }
    return *name != '\0';
}

int pic_manifest_next(struct pic_manifest *m, struct pic_manifest_file *out, bool *done)
{
    *done = m->count == 0;
    if (*done)
        return pic_cursor_end(&m->files);
    m->count--;
    pic_cursor_copy(&m->files, out->hash, PIC_HASH_SIZE);
    out->size = pic_cursor_varint(&m->files);
    struct pic_span name = pic_cursor_span(&m->files, PIC_MANIFEST_NAME_MAX);
    if (m->files.bad || memchr(name.p, '\0', name.n) != NULL)
        return PIC_EFORMAT;
    memcpy(out->name, name.p, name.n);
    out->name[name.n] = '\0';
    return stays_inside(out->name) ? PIC_OK : PIC_EFORMAT;
}
