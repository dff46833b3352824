#include "protocol/base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VARINT_MAX = 10, BUF_FIRST = 64 };

struct pic_span pic_span_text(const char *text)
{
    return pic_span_of(text, strlen(text));
}

bool pic_span_equal(struct pic_span a, struct pic_span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static uint64_t little_endian(struct pic_cursor *c, size_t n)
{
    const uint8_t *p = pic_cursor_bytes(c, n);
    uint64_t v = 0;
    if (p == NULL)
        return 0;
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

uint8_t pic_cursor_u8(struct pic_cursor *c)
{
    return (uint8_t)little_endian(c, 1);
}

uint16_t pic_cursor_u16(struct pic_cursor *c)
{
    return (uint16_t)little_endian(c, 2);
}

uint32_t pic_cursor_u32(struct pic_cursor *c)
{
    return (uint32_t)little_endian(c, 4);
}

uint64_t pic_cursor_u64(struct pic_cursor *c)
{
    return little_endian(c, 8);
}

uint64_t pic_cursor_varint(struct pic_cursor *c)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < VARINT_MAX && !c->bad && c->p < c->end; i++) {
        uint8_t byte = *c->p++;
        bool overflows = i == VARINT_MAX - 1 && byte > 1;
        bool padded = i > 0 && byte == 0;
        if (overflows || padded)
            break;
        v |= (uint64_t)(byte & 0x7FU) << (7 * i);
        if ((byte & 0x80U) == 0)
            return v;
    }
    c->bad = true;
    return 0;
}

uint64_t pic_cursor_varint_max(struct pic_cursor *c, uint64_t max)
{
    uint64_t v = pic_cursor_varint(c);
    if (v > max) {
        c->bad = true;
        return 0;
    }
    return v;
}

int64_t pic_cursor_zigzag(struct pic_cursor *c)
{
    return pic_unzigzag(pic_cursor_varint(c));
}

const uint8_t *pic_cursor_bytes(struct pic_cursor *c, size_t n)
{
    if (c->bad || pic_cursor_left(c) < n) {
        c->bad = true;
        return NULL;
    }
    const uint8_t *p = c->p;
    c->p += n;
    return p;
}

struct pic_span pic_cursor_span(struct pic_cursor *c, size_t max)
{
    size_t n = (size_t)pic_cursor_varint_max(c, max);
    const uint8_t *p = pic_cursor_bytes(c, n);
    return p == NULL ? pic_span_of(NULL, 0) : pic_span_of(p, n);
}

void pic_cursor_copy(struct pic_cursor *c, void *out, size_t n)
{
    const uint8_t *p = pic_cursor_bytes(c, n);
    if (p == NULL)
        memset(out, 0, n);
    else
        memcpy(out, p, n);
}

int pic_cursor_end(const struct pic_cursor *c)
{
    return c->bad || c->p != c->end ? PIC_EFORMAT : PIC_OK;
}

void pic_buf_init(struct pic_buf *b, size_t max)
{
    *b = (struct pic_buf){.max = max};
}

void pic_buf_release(struct pic_buf *b)
{
    free(b->data);
    pic_buf_init(b, b->max);
}

void pic_buf_clear(struct pic_buf *b)
{
    b->len = 0;
    b->bad = false;
}

uint8_t *pic_buf_room(struct pic_buf *b, size_t n)
{
    if (b->bad || n > b->max - b->len) {
        b->bad = true;
        return NULL;
    }
    if (n >= b->cap - b->len) {
        size_t cap = b->cap == 0 ? BUF_FIRST : b->cap;
        while (cap - b->len <= n)
            cap *= 2;
        if (cap > b->max + 1)
            cap = b->max + 1; /* one more for the NUL of pic_buf_string */
        uint8_t *data = realloc(b->data, cap);
        if (data == NULL) {
            b->bad = true;
            return NULL;
        }
        b->data = data;
        b->cap = cap;
    }
    return b->data + b->len;
}

void pic_buf_bytes(struct pic_buf *b, const void *p, size_t n)
{
    uint8_t *room = n == 0 ? NULL : pic_buf_room(b, n);
    if (room == NULL)
        return;
    memcpy(room, p, n);
    b->len += n;
}

static void put_little_endian(struct pic_buf *b, uint64_t v, size_t n)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(v >> (8 * i));
    pic_buf_bytes(b, bytes, n);
}

void pic_buf_u8(struct pic_buf *b, uint8_t v)
{
    put_little_endian(b, v, 1);
}

void pic_buf_u16(struct pic_buf *b, uint16_t v)
{
    put_little_endian(b, v, 2);
}

void pic_buf_u32(struct pic_buf *b, uint32_t v)
{
    put_little_endian(b, v, 4);
}

void pic_buf_u64(struct pic_buf *b, uint64_t v)
{
    put_little_endian(b, v, 8);
}

void pic_buf_varint(struct pic_buf *b, uint64_t v)
{
    uint8_t bytes[VARINT_MAX];
    size_t n = 0;
    while (v >= 0x80U) {
        bytes[n++] = (uint8_t)(v | 0x80U);
        v >>= 7;
    }
    bytes[n++] = (uint8_t)v;
    pic_buf_bytes(b, bytes, n);
}

void pic_buf_zigzag(struct pic_buf *b, int64_t v)
{
    pic_buf_varint(b, pic_zigzag(v));
}

void pic_buf_span(struct pic_buf *b, struct pic_span s)
{
    pic_buf_varint(b, s.n);
    pic_buf_bytes(b, s.p, s.n);
}

void pic_buf_text(struct pic_buf *b, const char *text)
{
    pic_buf_bytes(b, text, strlen(text));
}

void pic_buf_printf(struct pic_buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0) {
        b->bad = true;
    } else {
        uint8_t *room = pic_buf_room(b, (size_t)n);
        if (room != NULL) { /* room is always followed by one spare byte for the NUL */
            (void)vsnprintf((char *)room, (size_t)n + 1, format, again);
            b->len += (size_t)n;
        }
    }
    va_end(again);
}

const char *pic_buf_string(struct pic_buf *b)
{
    if (b->bad || b->len == 0)
        return "";
    b->data[b->len] = '\0';
    return (const char *)b->data;
}

int pic_buf_status(const struct pic_buf *b)
{
    return b->bad ? PIC_ELIMIT : PIC_OK;
}
