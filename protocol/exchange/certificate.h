/* certificate: the two things that the server's identity key vouches for: a device, and the X25519
 * transport key under which requests are sealed.
 *
 *     device    version u8 1 | device varint | organisation varint | role varint | time_ms varint
 *               | sign_key[32] | transport_key[32] | box_key[32] | signature[64]
 *               signature = Ed25519("pic/1 device" || everything before it)
 *     transport key[32] | valid_from_ms u64 | valid_to_ms u64 | identity[32] | signature[64]
 *               signature = Ed25519("pic/1 transport key" || everything before it) */
#ifndef PIC_EXCHANGE_CERTIFICATE_H
#define PIC_EXCHANGE_CERTIFICATE_H

#include "protocol/crypto/keys.h"

enum {
    PIC_ROLE_MAX = 255,
    PIC_CERTIFICATE_MAX = 256,
    PIC_TRANSPORT_SIZE = PIC_KEY_SIZE + 8 + 8 + PIC_KEY_SIZE + PIC_SIGNATURE_SIZE,
};

struct pic_certificate {
    uint32_t device;                     /* 1..PIC_DEVICE_MAX */
    uint64_t organisation;               /* entity id; 0: the central team */
    uint32_t role;                       /* number of the role in the dictionary */
    int64_t time_ms;                     /* when it was issued, by the server's clock */
    uint8_t sign_key[PIC_KEY_SIZE];      /* Ed25519: who signs the log */
    uint8_t transport_key[PIC_KEY_SIZE]; /* X25519: who asks */
    uint8_t box_key[PIC_KEY_SIZE];       /* X25519: the organisation's boxes; zero when not told */
};

/* Appends the signed bytes. */
void pic_certificate_put(const struct pic_certificate *certificate,
                         const struct pic_signer *identity, struct pic_buf *out);
/* Parses and verifies. PIC_EFORMAT, PIC_EVERSION, PIC_ESIGNATURE. */
PIC_MUST_USE int pic_certificate_read(struct pic_span bytes,
                                      const uint8_t identity[static PIC_KEY_SIZE],
                                      struct pic_certificate *out);

struct pic_transport {
    uint8_t key[PIC_KEY_SIZE];
    int64_t valid_from_ms, valid_to_ms;
    uint8_t identity[PIC_KEY_SIZE]; /* Ed25519 public key of who signs */
};

/* Appends PIC_TRANSPORT_SIZE bytes; identity is written from the signer. */
void pic_transport_put(const struct pic_transport *transport, const struct pic_signer *identity,
                       struct pic_buf *out);
/* Parses and verifies. identity: the pinned key, or NULL to take the one told (enrolment by code,
 * where the proof in the reply decides). PIC_EFORMAT, PIC_ESIGNATURE. */
PIC_MUST_USE int pic_transport_read(struct pic_span bytes, const uint8_t *identity,
                                    struct pic_transport *out);

#endif
