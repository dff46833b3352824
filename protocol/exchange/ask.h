/* ask: the agent's half of the exchange, without I/O: a request to bytes, reply bytes to facts.
 *
 * One struct pic_ask for each request in flight, as many as the pipeline holds; replies come in the
 * order of the requests. Whatever the other side sends, reading ends in an error or in a reply that
 * the holder of the transport key wrote for this request, with a receipt and keys that the pinned
 * identity signed. */
#ifndef PIC_EXCHANGE_ASK_H
#define PIC_EXCHANGE_ASK_H

#include "protocol/crypto/noise.h"
#include "protocol/exchange/invitation.h"
#include "protocol/exchange/message.h"

/* Who asks, and whom. */
struct pic_ask_party {
    const struct pic_dh_pair *own;      /* the device's transport pair */
    const struct pic_transport *server; /* its key seals requests; its identity is pinned */
    uint32_t device;                    /* own number; 0: not known before enrolment */
    const struct pic_random *random;
};

/* A request in flight. Wiped by pic_ask_release, which may be called at any time, and twice. */
struct pic_ask {
    struct pic_noise noise;
    struct pic_transport server; /* as it was when the request was made */
    uint32_t device;
    enum pic_request_type type;
    uint64_t cursor, offset, max;   /* sync, get: what was asked */
    uint8_t sign_key[PIC_KEY_SIZE]; /* enrol: what the certificate must name */
    uint8_t own_key[PIC_KEY_SIZE];
    uint8_t hash[PIC_NOISE_HASH_SIZE]; /* enrol: what the proofs cover */
    struct pic_secret secret;          /* enrol: the invitation's */
};
void pic_ask_release(struct pic_ask *ask);

/* Appends the payload of a frame that asks request, and sets *ask up to read its reply. Not for
 * enrol. PIC_ELIMIT, or PIC_EDECRYPT when the server's key is unusable. */
PIC_MUST_USE int pic_ask(struct pic_ask *ask, const struct pic_ask_party *party,
                         const struct pic_request *request, struct pic_buf *out);
/* The same for enrolment: invitation, sign_key, signature and proof are filled in here, the rest of
 * request is the caller's. */
PIC_MUST_USE int pic_ask_enrol(struct pic_ask *ask, const struct pic_ask_party *party,
                               const struct pic_code *code, const struct pic_signer *signer,
                               const struct pic_enrol_request *request, struct pic_buf *out);

/* A request whose reply comes another day (parcel.h): appends what reading it needs besides the
 * party, all of it secret, good for that one reply. resume sets ask up again; the party's server
 * key may be a newer one by then. PIC_EFORMAT. */
enum { PIC_ASK_PARKED_MAX = 320 };
void pic_ask_park(const struct pic_ask *ask, struct pic_buf *out);
PIC_MUST_USE int pic_ask_resume(struct pic_ask *ask, const struct pic_ask_party *party,
                                struct pic_span parked);

struct pic_asked {
    struct pic_reply reply; /* spans borrow plain */
    bool has_receipt;
    struct pic_receipt receipt; /* verified, of this device; its bytes are in reply */
    bool has_transport;
    struct pic_transport transport;     /* verified and newer: use it from now on */
    struct pic_certificate certificate; /* enrol, status ok: verified, of these keys */
    uint64_t feed_start;                /* sync: position from which reply.sync.feed counts */
};

/* Reads the payload of the frame that answers, and releases ask. plain is cleared, then holds the
 * decrypted reply. PIC_OK: a genuine reply; its status is in reply.status (a verified receipt may
 * come with any status). PIC_ESTALE_KEY: nothing was done; out->transport is the key to ask again
 * with. PIC_EBUSY, PIC_EUPGRADE…: said in clear, so by anyone; ask again later. PIC_EFORMAT,
 * PIC_EDECRYPT, PIC_ESIGNATURE: not a reply, treat the connection as broken. */
PIC_MUST_USE int pic_ask_read(struct pic_ask *ask, struct pic_span payload, struct pic_buf *plain,
                              struct pic_asked *out);

/* In clear: the server's current transport key. identity as in pic_transport_read. */
void pic_ask_key(struct pic_buf *out);
PIC_MUST_USE int pic_ask_key_read(struct pic_span payload, const uint8_t *identity,
                                  struct pic_transport *out);

#endif
