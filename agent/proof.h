/* proof: a receipt as a small file that anyone can check without a store and without a network.
 *
 *     "PICA" | version u8 1 | server identity[32] | server name | association | person
 *     | receipt | BLAKE2b-256(everything before it)             text and receipt = length varint,
 * bytes
 *
 * The signature inside proves the receipt; the hash at the end makes one altered bit anywhere show.
 * What ties the identity to the right server is its fingerprint, which the server publishes. */
#ifndef PIC_AGENT_PROOF_H
#define PIC_AGENT_PROOF_H

#include "agent/store.h"

enum { PIC_PROOF_FILE_MAX = 4096, PIC_FINGERPRINT_BYTES = 10 };

struct pic_proof {
    uint8_t identity[PIC_KEY_SIZE];
    struct pic_span server_name, organisation_name, person; /* borrowed from the bytes */
    struct pic_receipt receipt;
};

/* Appends the file of one kept receipt, the latest when number is 0. PIC_ENOT_FOUND. */
PIC_MUST_USE int pic_proof_write(struct pic_agent *agent, uint64_t number, struct pic_buf *out);
/* PIC_EFORMAT, PIC_EVERSION, PIC_EHASH, PIC_ESIGNATURE. */
PIC_MUST_USE int pic_proof_read(struct pic_span bytes, struct pic_proof *out);
/* Appends the fingerprint of an identity key: 16 letters and digits in groups of four. */
void pic_proof_fingerprint(const uint8_t identity[static PIC_KEY_SIZE], struct pic_buf *out);

#endif
