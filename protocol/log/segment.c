#include "protocol/log/segment.h"

#include "protocol/log/preset.h"

#define SEGMENT_LABEL "pic/1 segment"

static void read_header(struct pic_cursor *c, struct pic_segment *out)
{
    const uint64_t seq_max = (UINT64_C(1) << PIC_SEQ_BITS) - 1;
    out->device = (uint32_t)pic_cursor_varint_max(c, PIC_DEVICE_MAX);
    out->audience = pic_cursor_varint_max(c, INT64_MAX);
    out->first_seq = pic_cursor_varint_max(c, seq_max);
    uint64_t span = pic_cursor_varint_max(c, seq_max - out->first_seq);
    out->last_seq = out->first_seq + span;
    out->count = (uint32_t)pic_cursor_varint_max(c, PIC_SEGMENT_CHANGES_MAX);
    pic_cursor_copy(c, out->previous, PIC_HASH_SIZE);
    out->dictionary = (uint32_t)pic_cursor_varint_max(c, UINT16_MAX);
    out->compression = pic_cursor_u8(c);
    out->inflated = (uint32_t)pic_cursor_varint_max(c, PIC_SEGMENT_INFLATED_MAX);
    out->body = pic_cursor_span(c, PIC_SEGMENT_MAX);
    if (out->device == 0 || out->first_seq == 0 || out->count == 0 || span < out->count - 1U)
        c->bad = true;
}

int pic_segment_read(struct pic_span bytes, struct pic_segment *out)
{
    if (bytes.n > PIC_SEGMENT_MAX)
        return PIC_ELIMIT;
    struct pic_cursor c = pic_cursor_of(bytes.p, bytes.n);
    struct pic_segment s = {.bytes = bytes};
    uint8_t version = pic_cursor_u8(&c);
    if (!c.bad && version != PIC_SEGMENT_VERSION)
        return PIC_EVERSION;
    read_header(&c, &s);
    size_t hashed = (size_t)(c.p - bytes.p);
    s.signature = pic_cursor_bytes(&c, PIC_SIGNATURE_SIZE);
    if (pic_cursor_end(&c) != PIC_OK)
        return PIC_EFORMAT;
    struct pic_span preset;
    if (pic_preset(s.compression, &preset) != PIC_OK)
        return PIC_EVERSION;
    pic_hash(pic_span_of(bytes.p, hashed), s.hash);
    *out = s;
    return PIC_OK;
}

int pic_segment_verify(const struct pic_segment *segment, const uint8_t signer[static PIC_KEY_SIZE])
{
    return pic_verify(signer, SEGMENT_LABEL, pic_span_of(segment->hash, PIC_HASH_SIZE),
                      segment->signature);
}
