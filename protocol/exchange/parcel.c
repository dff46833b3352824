#include "protocol/exchange/parcel.h"

#include <string.h>

static const char magic[] = {'P', 'I', 'C', 'O'};

enum { LENGTH_SIZE = 4 };

void pic_parcel_server(const uint8_t identity[static PIC_KEY_SIZE],
                       uint8_t out[static PIC_PARCEL_ID_SIZE])
{
    uint8_t hash[PIC_HASH_SIZE];
    pic_hash(pic_span_of(identity, PIC_KEY_SIZE), hash);
    memcpy(out, hash, PIC_PARCEL_ID_SIZE);
}

/* The check moves on over bytes. */
static void advance(struct pic_parcel *parcel, struct pic_span bytes)
{
    uint8_t hash[PIC_HASH_SIZE];
    pic_hash2(pic_span_of(parcel->check, PIC_PARCEL_CHECK_SIZE), bytes, hash);
    memcpy(parcel->check, hash, PIC_PARCEL_CHECK_SIZE);
}

/* Ends what began at start with its check. */
static void put_check(struct pic_parcel *parcel, size_t start, struct pic_buf *out)
{
    if (out->bad)
        return;
    advance(parcel, pic_span_of(out->data + start, out->len - start));
    pic_buf_bytes(out, parcel->check, PIC_PARCEL_CHECK_SIZE);
}

void pic_parcel_start(struct pic_parcel *parcel, struct pic_buf *out)
{
    size_t start = out->len;
    memset(parcel->check, 0, PIC_PARCEL_CHECK_SIZE);
    parcel->items = 0;
    pic_buf_bytes(out, magic, sizeof magic);
    pic_buf_u8(out, PIC_PARCEL_VERSION);
    pic_buf_u8(out, (uint8_t)parcel->kind);
    pic_buf_bytes(out, parcel->server, PIC_PARCEL_ID_SIZE);
    pic_buf_bytes(out, parcel->id, PIC_PARCEL_ID_SIZE);
    put_check(parcel, start, out);
}

void pic_parcel_put(struct pic_parcel *parcel, struct pic_span payload, struct pic_buf *out)
{
    size_t start = out->len;
    if (payload.n == 0 || payload.n > PIC_FRAME_MAX || parcel->items == PIC_PARCEL_ITEMS_MAX) {
        out->bad = true;
        return;
    }
    pic_buf_u32(out, (uint32_t)payload.n);
    pic_buf_bytes(out, payload.p, payload.n);
    put_check(parcel, start, out);
    parcel->items++;
}

void pic_parcel_end(struct pic_parcel *parcel, struct pic_buf *out)
{
    size_t start = out->len;
    pic_buf_u32(out, 0);
    put_check(parcel, start, out);
}

/* --- reading --- */

static bool pull(const struct pic_parcel_source *source, void *out, size_t n)
{
    return source->read(source->context, out, n) == n;
}

int pic_parcel_open(struct pic_parcel *parcel, const struct pic_parcel_source *source)
{
    uint8_t head[PIC_PARCEL_HEAD_SIZE];
    const size_t covered = sizeof head - PIC_PARCEL_CHECK_SIZE;
    memset(parcel, 0, sizeof *parcel);
    if (!pull(source, head, sizeof head) || memcmp(head, magic, sizeof magic) != 0)
        return PIC_EFORMAT;
    struct pic_cursor c = pic_cursor_of(head + sizeof magic, covered - sizeof magic);
    uint8_t version = pic_cursor_u8(&c);
    uint8_t kind = pic_cursor_u8(&c);
    pic_cursor_copy(&c, parcel->server, PIC_PARCEL_ID_SIZE);
    pic_cursor_copy(&c, parcel->id, PIC_PARCEL_ID_SIZE);
    advance(parcel, pic_span_of(head, covered));
    if (version != PIC_PARCEL_VERSION)
        return PIC_EVERSION;
    if (memcmp(parcel->check, head + covered, PIC_PARCEL_CHECK_SIZE) != 0)
        return PIC_EHASH;
    if (kind != PIC_PARCEL_REQUESTS && kind != PIC_PARCEL_REPLIES)
        return PIC_EFORMAT;
    parcel->kind = (enum pic_parcel_kind)kind;
    return PIC_OK;
}

int pic_parcel_next(struct pic_parcel *parcel, const struct pic_parcel_source *source,
                    struct pic_buf *item, struct pic_span *payload, bool *more)
{
    pic_buf_clear(item);
    uint8_t *room = pic_buf_room(item, LENGTH_SIZE);
    if (room == NULL || !pull(source, room, LENGTH_SIZE))
        return PIC_EHASH;
    struct pic_cursor c = pic_cursor_of(room, LENGTH_SIZE);
    const size_t length = pic_cursor_u32(&c);
    if (length > PIC_FRAME_MAX || (length > 0 && parcel->items == PIC_PARCEL_ITEMS_MAX))
        return PIC_EHASH;
    item->len = LENGTH_SIZE;
    room = pic_buf_room(item, length + PIC_PARCEL_CHECK_SIZE);
    if (room == NULL || !pull(source, room, length + PIC_PARCEL_CHECK_SIZE))
        return PIC_EHASH;
    item->len += length;
    advance(parcel, pic_buf_view(item));
    if (memcmp(parcel->check, room + length, PIC_PARCEL_CHECK_SIZE) != 0)
        return PIC_EHASH;
    *payload = pic_span_of(item->data + LENGTH_SIZE, length);
    *more = length > 0;
    parcel->items += *more;
    return PIC_OK;
}
