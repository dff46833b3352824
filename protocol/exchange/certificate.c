#include "protocol/exchange/certificate.h"

#include <string.h>

#define DEVICE_LABEL    "pic/1 device"
#define TRANSPORT_LABEL "pic/1 transport key"

enum { CERTIFICATE_VERSION = 1 };

/* Signs what was appended to out since start, and appends the signature. */
static void sign_from(size_t start, const char *label, const struct pic_signer *identity,
                      struct pic_buf *out)
{
    if (out->bad)
        return;
    uint8_t signature[PIC_SIGNATURE_SIZE];
    pic_sign(identity, label, pic_span_of(out->data + start, out->len - start), signature);
    pic_buf_bytes(out, signature, sizeof signature);
}

void pic_certificate_put(const struct pic_certificate *certificate,
                         const struct pic_signer *identity, struct pic_buf *out)
{
    size_t start = out->len;
    pic_buf_u8(out, CERTIFICATE_VERSION);
    pic_buf_varint(out, certificate->device);
    pic_buf_varint(out, certificate->organisation);
    pic_buf_varint(out, certificate->role);
    pic_buf_varint(out, (uint64_t)certificate->time_ms);
    pic_buf_bytes(out, certificate->sign_key, PIC_KEY_SIZE);
    pic_buf_bytes(out, certificate->transport_key, PIC_KEY_SIZE);
    pic_buf_bytes(out, certificate->box_key, PIC_KEY_SIZE);
    sign_from(start, DEVICE_LABEL, identity, out);
}

int pic_certificate_read(struct pic_span bytes, const uint8_t identity[static PIC_KEY_SIZE],
                         struct pic_certificate *out)
{
    struct pic_cursor c = pic_cursor_of(bytes.p, bytes.n);
    struct pic_certificate r = {0};
    uint8_t version = pic_cursor_u8(&c);
    if (!c.bad && version != CERTIFICATE_VERSION)
        return PIC_EVERSION;
    r.device = (uint32_t)pic_cursor_varint_max(&c, PIC_DEVICE_MAX);
    r.organisation = pic_cursor_varint_max(&c, INT64_MAX);
    r.role = (uint32_t)pic_cursor_varint_max(&c, PIC_ROLE_MAX);
    r.time_ms = (int64_t)pic_cursor_varint_max(&c, INT64_MAX);
    pic_cursor_copy(&c, r.sign_key, PIC_KEY_SIZE);
    pic_cursor_copy(&c, r.transport_key, PIC_KEY_SIZE);
    pic_cursor_copy(&c, r.box_key, PIC_KEY_SIZE);
    size_t signed_n = bytes.n - pic_cursor_left(&c);
    const uint8_t *signature = pic_cursor_bytes(&c, PIC_SIGNATURE_SIZE);
    if (pic_cursor_end(&c) != PIC_OK || r.device == 0)
        return PIC_EFORMAT;
    int rc = pic_verify(identity, DEVICE_LABEL, pic_span_of(bytes.p, signed_n), signature);
    if (rc == PIC_OK)
        *out = r;
    return rc;
}

void pic_transport_put(const struct pic_transport *transport, const struct pic_signer *identity,
                       struct pic_buf *out)
{
    size_t start = out->len;
    pic_buf_bytes(out, transport->key, PIC_KEY_SIZE);
    pic_buf_u64(out, (uint64_t)transport->valid_from_ms);
    pic_buf_u64(out, (uint64_t)transport->valid_to_ms);
    pic_buf_bytes(out, identity->public, PIC_KEY_SIZE);
    sign_from(start, TRANSPORT_LABEL, identity, out);
}

int pic_transport_read(struct pic_span bytes, const uint8_t *identity, struct pic_transport *out)
{
    struct pic_cursor c = pic_cursor_of(bytes.p, bytes.n);
    struct pic_transport r = {0};
    pic_cursor_copy(&c, r.key, PIC_KEY_SIZE);
    uint64_t from = pic_cursor_u64(&c);
    uint64_t to = pic_cursor_u64(&c);
    pic_cursor_copy(&c, r.identity, PIC_KEY_SIZE);
    size_t signed_n = bytes.n - pic_cursor_left(&c);
    const uint8_t *signature = pic_cursor_bytes(&c, PIC_SIGNATURE_SIZE);
    if (pic_cursor_end(&c) != PIC_OK || to > INT64_MAX || from >= to)
        return PIC_EFORMAT;
    r.valid_from_ms = (int64_t)from;
    r.valid_to_ms = (int64_t)to;
    if (identity != NULL && memcmp(identity, r.identity, PIC_KEY_SIZE) != 0)
        return PIC_ESIGNATURE;
    int rc = pic_verify(r.identity, TRANSPORT_LABEL, pic_span_of(bytes.p, signed_n), signature);
    if (rc == PIC_OK)
        *out = r;
    return rc;
}
