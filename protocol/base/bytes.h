/* bytes: the only way this program reads or writes binary data.
 *
 * A cursor reads and a buffer writes; both are sticky: after the first failure every call does
 * nothing and reads as zero, so code checks once, at the end. Integers are little-endian; varints
 * are LEB128 of at most 10 bytes, and only the shortest form is accepted. A buffer never grows
 * above the ceiling it is born with. May call nothing but libc. */
#ifndef PIC_BASE_BYTES_H
#define PIC_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/base/status.h"

/* Borrowed bytes: valid as long as what they point into. */
struct pic_span {
    const uint8_t *p;
    size_t n;
};

struct pic_cursor {
    const uint8_t *p, *end;
    bool bad;
};

struct pic_buf {
    uint8_t *data;
    size_t len, cap, max;
    bool bad; /* the ceiling was reached or memory ran out */
};

static inline struct pic_span pic_span_of(const void *p, size_t n)
{
    return (struct pic_span){p, n};
}

/* The text without its final NUL, which must be there. */
struct pic_span pic_span_text(const char *text);
bool pic_span_equal(struct pic_span a, struct pic_span b);

static inline struct pic_cursor pic_cursor_of(const void *p, size_t n)
{
    const uint8_t *start = n == 0 ? (const uint8_t *)"" : p; /* C forbids even NULL + 0 */
    return (struct pic_cursor){start, start + n, false};
}

static inline size_t pic_cursor_left(const struct pic_cursor *c)
{
    return (size_t)(c->end - c->p);
}

uint8_t pic_cursor_u8(struct pic_cursor *c);
uint16_t pic_cursor_u16(struct pic_cursor *c);
uint32_t pic_cursor_u32(struct pic_cursor *c);
uint64_t pic_cursor_u64(struct pic_cursor *c);
uint64_t pic_cursor_varint(struct pic_cursor *c);
/* A varint that must be at most max, else the cursor turns bad. */
uint64_t pic_cursor_varint_max(struct pic_cursor *c, uint64_t max);
int64_t pic_cursor_zigzag(struct pic_cursor *c);
/* The next n bytes, borrowed; NULL and bad when fewer are left. */
const uint8_t *pic_cursor_bytes(struct pic_cursor *c, size_t n);
/* varint length, then bytes; the length must be at most max. */
struct pic_span pic_cursor_span(struct pic_cursor *c, size_t max);
void pic_cursor_copy(struct pic_cursor *c, void *out, size_t n);
/* PIC_OK when all was read and nothing is left over, else PIC_EFORMAT. */
PIC_MUST_USE int pic_cursor_end(const struct pic_cursor *c);

/* A buffer that will hold at most max bytes. Nothing is allocated before the first put. */
void pic_buf_init(struct pic_buf *b, size_t max);
/* Frees; the buffer is as after pic_buf_init. A zeroed buffer may be released too. */
void pic_buf_release(struct pic_buf *b);
/* Forgets the content and clears bad; keeps the memory. */
void pic_buf_clear(struct pic_buf *b);
/* Room for n more bytes at data + len, or NULL and bad. The caller adds to len what it wrote. */
uint8_t *pic_buf_room(struct pic_buf *b, size_t n);
void pic_buf_u8(struct pic_buf *b, uint8_t v);
void pic_buf_u16(struct pic_buf *b, uint16_t v);
void pic_buf_u32(struct pic_buf *b, uint32_t v);
void pic_buf_u64(struct pic_buf *b, uint64_t v);
void pic_buf_varint(struct pic_buf *b, uint64_t v);
void pic_buf_zigzag(struct pic_buf *b, int64_t v);
void pic_buf_bytes(struct pic_buf *b, const void *p, size_t n);
/* varint length, then bytes. */
void pic_buf_span(struct pic_buf *b, struct pic_span s);
void pic_buf_text(struct pic_buf *b, const char *text); /* the bytes alone, no length, no NUL */
void pic_buf_printf(struct pic_buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The content as a C string: a NUL is kept after it, outside len. "" when bad or empty. */
const char *pic_buf_string(struct pic_buf *b);
/* PIC_OK, or PIC_ELIMIT when bad. */
PIC_MUST_USE int pic_buf_status(const struct pic_buf *b);

static inline struct pic_span pic_buf_view(const struct pic_buf *b)
{
    return (struct pic_span){b->data, b->len};
}

static inline uint64_t pic_zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
}

static inline int64_t pic_unzigzag(uint64_t v)
{
    return (int64_t)((v >> 1) ^ ((v & 1) != 0 ? UINT64_MAX : 0));
}

#endif
