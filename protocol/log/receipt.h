/* receipt: the server's signed word that it holds a device's log up to a change, durably.
 *
 *     version u8 1 | number varint | device varint | seq varint | head hash[32] | position varint
 *     | time_ms varint | changes varint | documents varint | documents digest[32] | signature[64]
 *     signature = Ed25519("pic/1 receipt" || everything before it), by the server's identity key
 *
 * Nothing local becomes deletable before a verified receipt covers it. Ed25519 is deterministic:
 * the same facts always give the same bytes, so the server keeps facts only. */
#ifndef PIC_LOG_RECEIPT_H
#define PIC_LOG_RECEIPT_H

#include "protocol/crypto/keys.h"

enum { PIC_RECEIPT_MAX = 256 };

struct pic_receipt {
    uint64_t number; /* counts all receipts of this server; people see year-number */
    uint32_t device;
    uint64_t seq; /* head of the device's log */
    uint8_t head[PIC_HASH_SIZE];
    uint64_t position;  /* journal position of the head's segment */
    int64_t time_ms;    /* server time */
    uint64_t changes;   /* cumulated number of changes from this device */
    uint64_t documents; /* cumulated number of documents held for this device */
    /* Running digest: BLAKE2b-256(previous digest || document hash), from zero, in order held. */
    uint8_t documents_digest[PIC_HASH_SIZE];
};

/* Appends the signed bytes. */
void pic_receipt_put(const struct pic_receipt *receipt, const struct pic_signer *server,
                     struct pic_buf *out);
/* Parses and verifies. PIC_EFORMAT, PIC_EVERSION, PIC_ESIGNATURE. */
PIC_MUST_USE int pic_receipt_read(struct pic_span bytes, const uint8_t server[static PIC_KEY_SIZE],
                                  struct pic_receipt *out);
/* Appends "2026-000412": the year, in universal time, and the number. */
void pic_receipt_print(const struct pic_receipt *receipt, struct pic_buf *out);

#endif
