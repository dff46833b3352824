/* rescue: the recovery sheet: the association's secret key on paper, and what to do with it.
 *
 *     line n = 8 bytes of the key | first 2 bytes of BLAKE2b-256("pic/1 secours" | n u8 | the 8)
 *     shown as "K7QD 9W2X 4M1T 8RVA": base32, four groups of four, for n = 1 to 4
 *
 * Each line is checked by itself, so that a person who retypes it is told which one is wrong. That
 * it is the right association's is told by the public half. Pure: files and questions are the
 * caller's. */
#ifndef PIC_AGENT_RESCUE_H
#define PIC_AGENT_RESCUE_H

#include "protocol/crypto/keys.h"

enum {
    PIC_RESCUE_LINES = 4,
    PIC_RESCUE_LINE_SIZE = sizeof "0000 0000 0000 0000",
    PIC_RESCUE_SHEET_MAX = 1 << 16, /* bytes of a whole sheet */
};

/* line: 1 to PIC_RESCUE_LINES. The caller wipes out. */
void pic_rescue_line(const struct pic_secret *secret, unsigned line,
                     char out[static PIC_RESCUE_LINE_SIZE]);
/* Reads one line as a person types it and puts its part into the secret. PIC_ERESCUE_LINE. */
PIC_MUST_USE int pic_rescue_take(const char *typed, unsigned line, struct pic_secret *out);
/* The same from a text that holds all of them, each after its number: the sheet itself, as text.
 * *line is the first that is missing or wrong. PIC_ERESCUE_LINE. */
PIC_MUST_USE int pic_rescue_read(struct pic_span text, struct pic_secret *out, unsigned *line);

/* What the sheet says besides the key. */
struct pic_rescue_facts {
    const char *organisation, *computer, *person, *server_name;
    uint32_t device;
    uint8_t server[PIC_KEY_SIZE]; /* its identity key */
    const char *day;              /* of printing */
};

enum pic_rescue_form { PIC_RESCUE_PAGE, PIC_RESCUE_TEXT }; /* a web page that prints on A4; text */

/* Appends the sheet, two pages. out holds the secret: reserve it whole, then wipe it. */
void pic_rescue_put(const struct pic_rescue_facts *facts, const struct pic_secret *secret,
                    enum pic_rescue_form form, struct pic_buf *out);
/* Appends the words of a server, the same on the sheet and on the laptop that restores. */
void pic_rescue_server_words(const uint8_t identity[static PIC_KEY_SIZE], struct pic_buf *out);

#endif
