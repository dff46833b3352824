#include "protocol/net/frame.h"

#include <string.h>

enum { MAGIC_SIZE = 4, PIECE = 1023 /* 1 KiB with the spare byte of a buffer */ };

static const char magic[] = "PIC1";

void pic_frame_reader_init(struct pic_frame_reader *r)
{
    memset(r, 0, sizeof *r);
    pic_buf_init(&r->payload, PIC_FRAME_MAX);
}

void pic_frame_reader_release(struct pic_frame_reader *r)
{
    pic_buf_release(&r->payload);
}

bool pic_frame_is_whole(const struct pic_frame_reader *r)
{
    return r->header_len == PIC_FRAME_HEADER && r->payload.len == r->length;
}

size_t pic_frame_weight(const struct pic_frame_reader *r)
{
    return r->payload.len >= PIECE && r->length > PIECE ? r->length : 0;
}

uint8_t *pic_frame_want(struct pic_frame_reader *r, size_t *n)
{
    if (r->header_len < PIC_FRAME_HEADER) {
        *n = PIC_FRAME_HEADER - r->header_len;
        return r->header + r->header_len;
    }
    size_t until = r->payload.len < PIECE && r->length > PIECE ? PIECE : r->length;
    *n = until - r->payload.len;
    return pic_buf_room(&r->payload, *n);
}

static int header_took(struct pic_frame_reader *r, size_t n)
{
    r->header_len += n;
    size_t seen = r->header_len < MAGIC_SIZE ? r->header_len : MAGIC_SIZE;
    if (memcmp(r->header, magic, seen) != 0)
        return PIC_EFORMAT;
    if (r->header_len < PIC_FRAME_HEADER)
        return PIC_OK;
    struct pic_cursor c = pic_cursor_of(r->header + MAGIC_SIZE, PIC_FRAME_HEADER - MAGIC_SIZE);
    r->length = pic_cursor_u32(&c);
    return r->length <= PIC_FRAME_MAX ? PIC_OK : PIC_ELIMIT;
}

int pic_frame_took(struct pic_frame_reader *r, size_t n)
{
    if (r->header_len < PIC_FRAME_HEADER)
        return header_took(r, n);
    r->payload.len += n;
    return PIC_OK;
}

struct pic_buf pic_frame_take(struct pic_frame_reader *r)
{
    struct pic_buf payload = r->payload;
    pic_frame_reader_init(r);
    return payload;
}

int pic_frame_put(struct pic_span payload, struct pic_buf *out)
{
    if (payload.n > PIC_FRAME_MAX)
        return PIC_ELIMIT;
    pic_buf_text(out, magic);
    pic_buf_u32(out, (uint32_t)payload.n);
    pic_buf_bytes(out, payload.p, payload.n);
    return pic_buf_status(out);
}
