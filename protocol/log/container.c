#include "protocol/log/container.h"

#include <string.h>

static const char label[] = "pic/1 summary";
static const uint8_t magic[4] = {'P', 'I', 'C', 'S'};

static int compare(struct pic_span a, struct pic_span b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n == 0 ? 0 : memcmp(a.p, b.p, n);
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* A relative path of plain names: no part is empty or begins with a point. */
static bool is_name(struct pic_span name)
{
    if (name.n == 0 || name.n > PIC_CONTAINER_NAME_MAX || name.p[name.n - 1] == '/')
        return false;
    bool begins = true;
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];
        bool inside = c == '.' || c == '/' || c == '_' || c == '-';
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!plain && (!inside || begins))
            return false;
        begins = c == '/';
    }
    return true;
}

static bool is_next_name(const struct pic_container *c, size_t at)
{
    return is_name(c->files[at].name) &&
           (at == 0 || compare(c->files[at - 1].name, c->files[at].name) < 0);
}

int pic_container_put(const struct pic_container *container, const struct pic_signer *signer,
                      struct pic_buf *out)
{
    size_t start = out->len;
    uint8_t hash[PIC_HASH_SIZE];
    uint8_t signature[PIC_SIGNATURE_SIZE];
    if (container->file_n > PIC_CONTAINER_FILES_MAX)
        return PIC_ELIMIT;
    pic_buf_bytes(out, magic, sizeof magic);
    pic_buf_u8(out, PIC_CONTAINER_VERSION);
    pic_buf_varint(out, container->file_n);
    for (size_t i = 0; i < container->file_n; i++) {
        if (!is_next_name(container, i))
            return PIC_EFORMAT;
        pic_buf_span(out, container->files[i].name);
        pic_buf_span(out, container->files[i].content);
    }
    if (out->bad)
        return PIC_ELIMIT;
    pic_hash(pic_span_of(out->data + start, out->len - start), hash);
    pic_sign(signer, label, pic_span_of(hash, sizeof hash), signature);
    pic_buf_bytes(out, signature, sizeof signature);
    return pic_buf_status(out);
}

int pic_container_get(struct pic_span bytes, const uint8_t identity[static PIC_KEY_SIZE],
                      struct pic_container *out)
{
    struct pic_cursor c = pic_cursor_of(bytes.p, bytes.n);
    uint8_t hash[PIC_HASH_SIZE];
    const uint8_t *begins = pic_cursor_bytes(&c, sizeof magic);
    if (begins == NULL || memcmp(begins, magic, sizeof magic) != 0)
        return PIC_EFORMAT;
    if (pic_cursor_u8(&c) != PIC_CONTAINER_VERSION)
        return c.bad ? PIC_EFORMAT : PIC_EVERSION;
    out->file_n = (size_t)pic_cursor_varint_max(&c, PIC_CONTAINER_FILES_MAX);
    for (size_t i = 0; i < out->file_n; i++) {
        out->files[i].name = pic_cursor_span(&c, PIC_CONTAINER_NAME_MAX);
        out->files[i].content = pic_cursor_span(&c, PIC_CONTAINER_MAX);
        if (c.bad || !is_next_name(out, i))
            return PIC_EFORMAT;
    }
    size_t signed_n = bytes.n - pic_cursor_left(&c);
    const uint8_t *signature = pic_cursor_bytes(&c, PIC_SIGNATURE_SIZE);
    if (signature == NULL || pic_cursor_end(&c) != PIC_OK)
        return PIC_EFORMAT;
    pic_hash(pic_span_of(bytes.p, signed_n), hash);
    return pic_verify(identity, label, pic_span_of(hash, sizeof hash), signature);
}

const struct pic_container_file *pic_container_find(const struct pic_container *container,
                                                    const char *name)
{
    for (size_t i = 0; i < container->file_n; i++)
        if (pic_span_equal(container->files[i].name, pic_span_text(name)))
            return &container->files[i];
    return NULL;
}
