/* frame: the 8 bytes before each message, and reading them from a stream that arrives in any
 * pieces.
 *
 *     "PIC1" | length u32 little-endian | payload of length bytes, 0..PIC_FRAME_MAX
 *
 * A reader never asks for a byte beyond the frame it is reading, so what a peer pipelines stays in
 * the stream. It takes a first piece of 1 KiB at most; only when that has come is the rest of a
 * longer frame allocated, at once, and touched as it comes. Pure: the caller brings the bytes. */
#ifndef PIC_NET_FRAME_H
#define PIC_NET_FRAME_H

#include "protocol/base/bytes.h"
#include "protocol/base/limits.h"

enum { PIC_FRAME_HEADER = 8 };

struct pic_frame_reader {
    uint8_t header[PIC_FRAME_HEADER];
    size_t header_len;
    size_t length; /* of the payload, once the header is whole */
    struct pic_buf payload;
};

void pic_frame_reader_init(struct pic_frame_reader *r);
void pic_frame_reader_release(struct pic_frame_reader *r);

/* Where the next bytes go: 1..*n of them at the address returned, valid until the next call. NULL
 * when memory runs out. Not to be called once the frame is whole. */
uint8_t *pic_frame_want(struct pic_frame_reader *r, size_t *n);
/* n bytes, at most what was wanted, were written there. PIC_EFORMAT as soon as one byte of the
 * magic is wrong, PIC_ELIMIT when the declared length is above PIC_FRAME_MAX; the stream is then
 * lost. */
PIC_MUST_USE int pic_frame_took(struct pic_frame_reader *r, size_t n);
/* What the frame will hold in memory, 0 while that is its first piece at most: it is short, or more
 * of it is still to come before that matters. */
size_t pic_frame_weight(const struct pic_frame_reader *r);
bool pic_frame_is_whole(const struct pic_frame_reader *r);
/* The payload of a whole frame, now the caller's; the reader is ready for the next frame. */
struct pic_buf pic_frame_take(struct pic_frame_reader *r);

/* Appends the frame of payload to out. PIC_ELIMIT: the payload, or out's ceiling. */
PIC_MUST_USE int pic_frame_put(struct pic_span payload, struct pic_buf *out);

#endif
