#include "protocol/exchange/proof.h"

#include <string.h>

#define SIGN_LABEL   "pic/1 enrol"
#define SERVER_LABEL "pic/1 server"

/* An enrolment's payload is some 300 bytes; what is longer is none. */
struct covered {
    uint8_t bytes[1024];
    size_t n;
};

static int cover(struct covered *c, const uint8_t h[static PIC_NOISE_HASH_SIZE],
                 struct pic_span before)
{
    if (before.n > sizeof c->bytes - PIC_NOISE_HASH_SIZE)
        return PIC_ELIMIT;
    memcpy(c->bytes, h, PIC_NOISE_HASH_SIZE);
    memcpy(c->bytes + PIC_NOISE_HASH_SIZE, before.p, before.n);
    c->n = PIC_NOISE_HASH_SIZE + before.n;
    return PIC_OK;
}

int pic_proof_of_agent(const struct pic_secret *secret, const uint8_t h[static PIC_NOISE_HASH_SIZE],
                       struct pic_span before, uint8_t out[static PIC_PROOF_SIZE])
{
    struct covered c;
    int rc = cover(&c, h, before);
    if (rc == PIC_OK)
        pic_hash_keyed(secret->bytes, pic_span_of(c.bytes, c.n), out);
    return rc;
}

int pic_proof_sign(const struct pic_signer *signer, const uint8_t h[static PIC_NOISE_HASH_SIZE],
                   struct pic_span before, uint8_t out[static PIC_SIGNATURE_SIZE])
{
    struct covered c;
    int rc = cover(&c, h, before);
    if (rc == PIC_OK)
        pic_sign(signer, SIGN_LABEL, pic_span_of(c.bytes, c.n), out);
    return rc;
}

int pic_proof_verify(const uint8_t sign_key[static PIC_KEY_SIZE],
                     const uint8_t h[static PIC_NOISE_HASH_SIZE], struct pic_span before,
                     const uint8_t signature[static PIC_SIGNATURE_SIZE])
{
    struct covered c;
    if (cover(&c, h, before) != PIC_OK)
        return PIC_ESIGNATURE;
    return pic_verify(sign_key, SIGN_LABEL, pic_span_of(c.bytes, c.n), signature);
}

void pic_proof_of_server(const struct pic_secret *secret,
                         const uint8_t h[static PIC_NOISE_HASH_SIZE],
                         const uint8_t identity[static PIC_KEY_SIZE],
                         uint8_t out[static PIC_PROOF_SIZE])
{
    enum { LABEL = sizeof SERVER_LABEL - 1 };
    uint8_t in[LABEL + PIC_NOISE_HASH_SIZE + PIC_KEY_SIZE];
    memcpy(in, SERVER_LABEL, LABEL);
    memcpy(in + LABEL, h, PIC_NOISE_HASH_SIZE);
    memcpy(in + LABEL + PIC_NOISE_HASH_SIZE, identity, PIC_KEY_SIZE);
    pic_hash_keyed(secret->bytes, pic_span_of(in, sizeof in), out);
}
