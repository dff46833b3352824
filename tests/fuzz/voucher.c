/* voucher: whatever is given as a receipt to check never reads out of bounds, and what is accepted
 * is what the key signed: written again in its form, it is accepted again and says the same. */
#include <stdlib.h>
#include <string.h>

#include "protocol/log/retype.h"
#include "protocol/log/voucher.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const struct pic_voucher *voucher, struct pic_span receipt,
                        struct pic_buf *out)
{
    if (voucher->form == PIC_VOUCHER_FILE)
        pic_voucher_put_file(voucher, receipt, out);
    else if (voucher->form == PIC_VOUCHER_CODE)
        pic_voucher_put_code(receipt, out);
    else
        pic_retype_put(receipt, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pic_signer signer;
    struct pic_voucher voucher;
    struct pic_voucher again;
    struct pic_buf receipt;
    struct pic_buf text;
    unsigned line = 0;
    if (pic_crypto_start() != PIC_OK)
        return 0;
    memset(signer.seed.bytes, 1, PIC_KEY_SIZE);
    pic_signer_from_seed(&signer);
    if (pic_voucher_read(pic_span_of(data, size), signer.public, &voucher, &line) != PIC_OK)
        return 0;
    pic_buf_init(&receipt, PIC_RECEIPT_MAX);
    pic_buf_init(&text, PIC_VOUCHER_TEXT_MAX);
    pic_receipt_put(&voucher.receipt, &signer, &receipt);
    write_again(&voucher, pic_buf_view(&receipt), &text);
    if (pic_voucher_read(pic_buf_view(&text), signer.public, &again, &line) != PIC_OK ||
        again.form != voucher.form || again.receipt.number != voucher.receipt.number ||
        again.receipt.seq != voucher.receipt.seq)
        abort();
    if (voucher.form == PIC_VOUCHER_FILE &&
        !pic_span_equal(pic_buf_view(&text), pic_span_of(data, size)))
        abort();
    pic_buf_release(&receipt);
    pic_buf_release(&text);
    return 0;
}
