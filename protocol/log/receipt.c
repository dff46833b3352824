#include "protocol/log/receipt.h"

#include <time.h>

#define RECEIPT_LABEL "pic/1 receipt"

enum { RECEIPT_VERSION = 1, MS_PER_S = 1000, YEAR_ZERO = 1900 };

void pic_receipt_put(const struct pic_receipt *receipt, const struct pic_signer *server,
                     struct pic_buf *out)
{
    size_t start = out->len;
    pic_buf_u8(out, RECEIPT_VERSION);
    pic_buf_varint(out, receipt->number);
    pic_buf_varint(out, receipt->device);
    pic_buf_varint(out, receipt->seq);
    pic_buf_bytes(out, receipt->head, PIC_HASH_SIZE);
    pic_buf_varint(out, receipt->position);
    pic_buf_varint(out, (uint64_t)receipt->time_ms);
    pic_buf_varint(out, receipt->changes);
    pic_buf_varint(out, receipt->documents);
    pic_buf_bytes(out, receipt->documents_digest, PIC_HASH_SIZE);
    if (out->bad)
        return;
    uint8_t signature[PIC_SIGNATURE_SIZE];
    pic_sign(server, RECEIPT_LABEL, pic_span_of(out->data + start, out->len - start), signature);
    pic_buf_bytes(out, signature, sizeof signature);
}

int pic_receipt_read(struct pic_span bytes, const uint8_t server[static PIC_KEY_SIZE],
                     struct pic_receipt *out)
{
    struct pic_cursor c = pic_cursor_of(bytes.p, bytes.n);
    struct pic_receipt r = {0};
    uint8_t version = pic_cursor_u8(&c);
    if (!c.bad && version != RECEIPT_VERSION)
        return PIC_EVERSION;
    r.number = pic_cursor_varint_max(&c, INT64_MAX);
    r.device = (uint32_t)pic_cursor_varint_max(&c, PIC_DEVICE_MAX);
    r.seq = pic_cursor_varint_max(&c, (UINT64_C(1) << PIC_SEQ_BITS) - 1);
    pic_cursor_copy(&c, r.head, PIC_HASH_SIZE);
    r.position = pic_cursor_varint_max(&c, INT64_MAX);
    r.time_ms = (int64_t)pic_cursor_varint_max(&c, INT64_MAX);
    r.changes = pic_cursor_varint_max(&c, INT64_MAX);
    r.documents = pic_cursor_varint_max(&c, INT64_MAX);
    pic_cursor_copy(&c, r.documents_digest, PIC_HASH_SIZE);
    size_t signed_n = bytes.n - pic_cursor_left(&c);
    const uint8_t *signature = pic_cursor_bytes(&c, PIC_SIGNATURE_SIZE);
    if (pic_cursor_end(&c) != PIC_OK || r.device == 0)
        return PIC_EFORMAT;
    int rc = pic_verify(server, RECEIPT_LABEL, pic_span_of(bytes.p, signed_n), signature);
    if (rc == PIC_OK)
        *out = r;
    return rc;
}

void pic_receipt_print(const struct pic_receipt *receipt, struct pic_buf *out)
{
    struct tm utc;
    time_t seconds = (time_t)(receipt->time_ms / MS_PER_S);
    int year = gmtime_r(&seconds, &utc) == NULL ? 0 : utc.tm_year + YEAR_ZERO;
    pic_buf_printf(out, "%04d-%06llu", year, (unsigned long long)receipt->number);
}
