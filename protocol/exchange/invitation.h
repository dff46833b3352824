/* invitation: how a laptop comes to trust a server and the server to know the laptop.
 *
 * As a file (.picx) it carries all that is needed to work before the first contact:
 *
 *     "PICX" | version u8 1 | server name | addresses u8, each a text | transport key[144]
 *     | authority[32] | device varint | organisation varint | organisation name | role varint
 *     | expires_ms varint | code[15] | feed | signature[64]
 *     text = length varint, bytes           feed = as in a sync reply, from position 0
 *     signature = Ed25519("pic/1 invitation" || BLAKE2b-256(everything before it)), by the identity
 *     key that the transport key names
 *
 * As a code, PIC-7KQ2M-4XDTR-9WNPA, it carries 75 random bits; everything else comes with the
 * reply. The id by which the server finds it, and the secret that both sides prove to hold, are
 * derived from the code. A file is self-signed: what ties it to the right server is the four
 * control words that two people compare by phone. Reading is total and bounded by
 * PIC_INVITATION_MAX. */
#ifndef PIC_EXCHANGE_INVITATION_H
#define PIC_EXCHANGE_INVITATION_H

#include "protocol/exchange/message.h"

enum {
    PIC_CODE_LENGTH = 15, /* Crockford base32 characters, 75 bits */
    PIC_CODE_SHOWN_SIZE = sizeof "PIC-00000-00000-00000",
    PIC_INVITATION_ID_SIZE = 8,
    PIC_CONTROL_WORDS = 4,
};

struct pic_code {
    char text[PIC_CODE_LENGTH + 1]; /* canonical: upper case, no dash, no I L O U */
};

struct pic_invitation {
    struct pic_span server_name;
    unsigned address_n;
    struct pic_span addresses[PIC_ADDRESSES_MAX]; /* URLs, best first */
    struct pic_transport transport;               /* names the identity key to pin */
    uint8_t authority[PIC_KEY_SIZE];              /* X25519, the control authority */
    uint32_t device;
    uint64_t organisation;
    struct pic_span organisation_name;
    uint32_t role;
    int64_t expires_ms;
    struct pic_code code;
    struct pic_feed feed; /* reference data; the cursor after it is its last position */
};

/* Appends the signed file. identity must be the key that vouches for the transport key. */
void pic_invitation_put(const struct pic_invitation *invitation, const struct pic_signer *identity,
                        struct pic_buf *out);
/* Parses and verifies; spans borrow bytes. Expiry is the caller's to judge. PIC_EFORMAT,
 * PIC_EVERSION, PIC_ELIMIT, PIC_ESIGNATURE. */
PIC_MUST_USE int pic_invitation_read(struct pic_span bytes, struct pic_invitation *out);

void pic_code_new(const struct pic_random *random, struct pic_code *out);
/* Reads a code as people type it: with or without PIC, any case, O as 0, I and L as 1, dashes and
 * spaces anywhere. PIC_EFORMAT. */
PIC_MUST_USE int pic_code_parse(const char *typed, struct pic_code *out);
/* "PIC-7KQ2M-4XDTR-9WNPA". */
void pic_code_show(const struct pic_code *code, char out[static PIC_CODE_SHOWN_SIZE]);
/* id = first 8 bytes of BLAKE2b-256("pic/1 invitation id" || code). */
void pic_code_id(const struct pic_code *code, uint8_t out[static PIC_INVITATION_ID_SIZE]);
/* secret = BLAKE2b-256("pic/1 invitation secret" || code). The caller wipes it. */
void pic_code_secret(const struct pic_code *code, struct pic_secret *out);

/* Four French words from BLAKE2b-256("pic/1 control words" || identity || code): byte i of it names
 * word i of control_words.def. Constants, never freed. */
void pic_control_words(const uint8_t identity[static PIC_KEY_SIZE], const struct pic_code *code,
                       const char *out[static PIC_CONTROL_WORDS]);
/* Appends the word of each byte, separated by spaces: any fingerprint, to be read aloud. */
void pic_control_spell(struct pic_span bytes, struct pic_buf *out);

#endif
