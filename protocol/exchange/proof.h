/* proof: what ties an enrolment to its invitation, to the keys it names and to this very handshake.
 *
 *     h                  handshake hash, 64 bytes, as it stands before the request's payload
 *     agent's proof      BLAKE2b-256, keyed with the secret, of h || payload before the proof
 *     agent's signature  Ed25519("pic/1 enrol" || h || payload before the signature)
 *     server's proof     BLAKE2b-256, keyed with the secret, of "pic/1 server" || h || identity key
 *
 * h binds both transport keys and the request's ephemeral key, so nothing here can be used again in
 * another handshake. */
#ifndef PIC_EXCHANGE_PROOF_H
#define PIC_EXCHANGE_PROOF_H

#include "protocol/crypto/noise.h"

enum { PIC_PROOF_SIZE = PIC_HASH_SIZE };

/* before: the payload's bytes before the field that is made. PIC_ELIMIT when they are too many. */
PIC_MUST_USE int pic_proof_of_agent(const struct pic_secret *secret,
                                    const uint8_t h[static PIC_NOISE_HASH_SIZE],
                                    struct pic_span before, uint8_t out[static PIC_PROOF_SIZE]);
PIC_MUST_USE int pic_proof_sign(const struct pic_signer *signer,
                                const uint8_t h[static PIC_NOISE_HASH_SIZE], struct pic_span before,
                                uint8_t out[static PIC_SIGNATURE_SIZE]);
/* PIC_OK or PIC_ESIGNATURE. */
PIC_MUST_USE int pic_proof_verify(const uint8_t sign_key[static PIC_KEY_SIZE],
                                  const uint8_t h[static PIC_NOISE_HASH_SIZE],
                                  struct pic_span before,
                                  const uint8_t signature[static PIC_SIGNATURE_SIZE]);
void pic_proof_of_server(const struct pic_secret *secret,
                         const uint8_t h[static PIC_NOISE_HASH_SIZE],
                         const uint8_t identity[static PIC_KEY_SIZE],
                         uint8_t out[static PIC_PROOF_SIZE]);

#endif
