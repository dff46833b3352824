/* voucher: a receipt as people carry it, in three forms that anyone can check without a network.
 *
 *     file    "PICA" | version u8 1 | server identity[32] | server name | association | person
 *             | receipt | BLAKE2b-256(everything before it)
 *             text and receipt = length varint, bytes
 *     code    "PICA:" | base32(receipt | first 5 bytes of BLAKE2b-256("pic/1 code" || receipt))
 *     lines   retype.h of the receipt
 *
 * The signature inside proves the receipt, and nothing else: names are in the file for its reader's
 * comfort. The hashes make one altered bit anywhere show. What ties the identity to the right
 * server is that its owner publishes it: as a text to type, and as a fingerprint to compare. */
#ifndef PIC_LOG_VOUCHER_H
#define PIC_LOG_VOUCHER_H

#include "protocol/log/receipt.h"

enum {
    PIC_VOUCHER_NAME_MAX = 256, /* bytes of the names of a server, an association, a person */
    PIC_VOUCHER_FILE_MAX = 4096,
    PIC_VOUCHER_CODE_MAX = 512,
    PIC_VOUCHER_TEXT_MAX = 1 << 18, /* whatever a person gives to be checked: a page at most */
    PIC_FINGERPRINT_BYTES = 10,
};

enum pic_voucher_form { PIC_VOUCHER_FILE, PIC_VOUCHER_CODE, PIC_VOUCHER_LINES };

struct pic_voucher {
    enum pic_voucher_form form;
    uint8_t identity[PIC_KEY_SIZE]; /* the key that the receipt verifies under */
    /* Borrowed from the bytes; not proved; empty but in a file. */
    struct pic_span server_name, organisation_name, person;
    struct pic_receipt receipt;
};

/* Appends the file. receipt: as it was signed. Of the voucher, the key and the names count. */
void pic_voucher_put_file(const struct pic_voucher *voucher, struct pic_span receipt,
                          struct pic_buf *out);
/* Appends the text of a QR code: digits, capitals and one colon. */
void pic_voucher_put_code(struct pic_span receipt, struct pic_buf *out);

/* Reads any of the three; blanks around a code do not count. identity: the key that must have
 * signed; NULL: the one in the file. *line is the line in error where PIC_ERETYPED. Else
 * PIC_EFORMAT, PIC_EVERSION, PIC_EHASH, PIC_ESIGNATURE, or PIC_EMISSING_OPTION: no key was given
 * and there is none inside. */
PIC_MUST_USE int pic_voucher_read(struct pic_span bytes, const uint8_t *identity,
                                  struct pic_voucher *out, unsigned *line);

/* An identity key as a text to type, which has its own check, and back. PIC_ERETYPED. */
void pic_voucher_put_key(const uint8_t identity[static PIC_KEY_SIZE], struct pic_buf *out);
PIC_MUST_USE int pic_voucher_read_key(const char *typed, uint8_t out[static PIC_KEY_SIZE]);
/* What two people compare of an identity key: the first bytes of its hash. */
void pic_voucher_fingerprint(const uint8_t identity[static PIC_KEY_SIZE],
                             uint8_t out[static PIC_FINGERPRINT_BYTES]);
/* Appends it as 16 letters and digits in groups of four. */
void pic_voucher_put_fingerprint(const uint8_t identity[static PIC_KEY_SIZE], struct pic_buf *out);

#endif
