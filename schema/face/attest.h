/* attest: what a receipt proves, said in the same words by both programs: what a person gives is
 * read, checked, and shown as a card and as sentences. */
#ifndef PIC_FACE_ATTEST_H
#define PIC_FACE_ATTEST_H

#include "protocol/log/voucher.h"
#include "schema/face/command.h"

/* The columns of the card. The last one is for who holds the journal, and may be left out. */
enum { PIC_ATTEST_CARD = 11, PIC_ATTEST_WITH_JOURNAL };
extern const struct pic_column pic_attest_columns[PIC_ATTEST_WITH_JOURNAL];
/* The option --cle, for the tables of the programs. */
#define PIC_ATTEST_KEY_OPTION                                                                       \
    {                                                                                               \
        .name = "cle", .argument = "CLÉ", .help = "Clé du serveur, telle que la Région la publie" \
    }

/* Reads the voucher that the call's first argument names ("-" is stdin) into bytes, and checks it
 * under --cle, else under pinned (NULL: none), else under the key inside. Errors are in call->err:
 * PIC_EFILE, PIC_EUSAGE, PIC_EMISSING_OPTION, and those of voucher.h. */
PIC_MUST_USE int pic_attest_read(struct pic_call *call, const uint8_t *pinned,
                                 struct pic_buf *bytes, struct pic_voucher *out);
/* Appends the first PIC_ATTEST_CARD cells of a row. */
void pic_attest_fill(const struct pic_voucher *voucher, int64_t now_ms, struct pic_sheet *sheet);
/* Says what it proves, what it does not, and, where only the file told the key, what to compare. */
void pic_attest_tell(const struct pic_call *call, const struct pic_voucher *voucher,
                     bool key_inside);

#endif
