/* noise: Noise_IK_25519_ChaChaPoly_BLAKE2b, one request and one reply.
 *
 *     IK:  <- s                         (the agent knows the server's transport key)
 *          -> e, es, s, ss   + request  (message 1)
 *          <- e, ee, se      + reply    (message 2)
 *
 * Source: The Noise Protocol Framework, revision 34. Each side is one struct that holds the whole
 * state and is wiped by its release. Both messages are at most PIC_NOISE_MAX bytes. A call that
 * fails ends the handshake: it wipes the state and leaves out as it was. Writing fails with
 * PIC_ELIMIT (too much payload, or no room in out) or PIC_EDECRYPT (the other's key is of low
 * order); reading fails with PIC_EDECRYPT (not for this key, or altered), PIC_EFORMAT (too short,
 * too long) or PIC_ELIMIT (no room in out). */
#ifndef PIC_CRYPTO_NOISE_H
#define PIC_CRYPTO_NOISE_H

#include "protocol/crypto/keys.h"

enum { PIC_NOISE_HASH_SIZE = 64 };

#define PIC_NOISE_PROLOGUE "pic/1"

/* CipherState: one direction's key and counter. */
struct pic_noise_cipher {
    struct pic_secret key;
    uint64_t n;
    bool has_key;
};

struct pic_noise {
    struct pic_noise_cipher cipher;
    uint8_t chaining_key[PIC_NOISE_HASH_SIZE];
    uint8_t hash[PIC_NOISE_HASH_SIZE]; /* the handshake hash so far */
    struct pic_dh_pair static_pair;
    struct pic_dh_pair ephemeral;
    uint8_t remote_static[PIC_KEY_SIZE];
    uint8_t remote_ephemeral[PIC_KEY_SIZE];
};

/* Agent: own static pair, and the server's transport key. prologue is PIC_NOISE_PROLOGUE outside
 * the vector tests. */
void pic_noise_init_agent(struct pic_noise *n, struct pic_span prologue,
                          const struct pic_dh_pair *own, const uint8_t server[static PIC_KEY_SIZE]);
/* Server: own static pair. */
void pic_noise_init_server(struct pic_noise *n, struct pic_span prologue,
                           const struct pic_dh_pair *own);
void pic_noise_release(struct pic_noise *n);

/* Message 1. The proof of an enrolment is a keyed hash over the handshake hash as it stands just
 * before the payload is encrypted: pic_noise_ask_start writes e and s, the caller may read n->hash,
 * and pic_noise_ask_finish appends the encrypted payload. */
PIC_MUST_USE int pic_noise_ask_start(struct pic_noise *n, const struct pic_random *random,
                                     struct pic_buf *out);
PIC_MUST_USE int pic_noise_ask_finish(struct pic_noise *n, struct pic_span payload,
                                      struct pic_buf *out);
/* The server's reading of message 1: appends the payload to out; n->remote_static then names the
 * agent. hash_before, if not NULL, receives the handshake hash as it stood before the payload. */
PIC_MUST_USE int pic_noise_ask_read(struct pic_noise *n, struct pic_span message,
                                    uint8_t hash_before[PIC_NOISE_HASH_SIZE], struct pic_buf *out);

/* Message 2, and its reading by the agent. */
PIC_MUST_USE int pic_noise_answer(struct pic_noise *n, const struct pic_random *random,
                                  struct pic_span payload, struct pic_buf *out);
PIC_MUST_USE int pic_noise_answer_read(struct pic_noise *n, struct pic_span message,
                                       struct pic_buf *out);

/* An agent that will read its reply much later keeps the state after message 1 apart from its keys:
 * 160 secret bytes, good for that one reply. resume sets n up from them; c turns bad when they are
 * too few. */
enum { PIC_NOISE_PARKED_SIZE = PIC_KEY_SIZE + 2 * PIC_NOISE_HASH_SIZE };
void pic_noise_park(const struct pic_noise *n, struct pic_buf *out);
void pic_noise_resume(struct pic_noise *n, const struct pic_dh_pair *own, struct pic_cursor *c);

/* Split: the two transport ciphers (agent to server, server to agent). The exchange uses none; they
 * are here because a handshake is only proven by the messages that follow it. A message that does
 * not open leaves its cipher as it was. */
void pic_noise_split(const struct pic_noise *n, struct pic_noise_cipher *from_agent,
                     struct pic_noise_cipher *from_server);
PIC_MUST_USE int pic_noise_cipher_seal(struct pic_noise_cipher *c, struct pic_span plain,
                                       struct pic_buf *out);
PIC_MUST_USE int pic_noise_cipher_open(struct pic_noise_cipher *c, struct pic_span sealed,
                                       struct pic_buf *out);

#endif
